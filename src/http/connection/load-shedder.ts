import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { CorsHeaders } from '../request/cors-headers';
import { headerOf } from '../request/header-of';
import { toRequestId } from '../request/request-id';
import { PROBE_PATHS } from './probes';

/** Settings of the load shedder. */
export interface LoadShedderOptions {
  readonly maxConcurrentRequests: number;
  /** Null before the server listens. */
  readonly cors: () => CorsHeaders | null;
  /** Told of every request that is refused. */
  readonly onShed: () => void;
}

/** When a refused client may try again, in seconds (RFC 9110, section 10.2.3). What is under way is answered by then. */
const RETRY_AFTER_SECONDS = 1;
const BODY = JSON.stringify({
  errors: [
    {
      message: 'The gateway is answering as many requests as it can. Try again in a moment.',
      extensions: { code: 'OVERLOADED', retryAfterSeconds: RETRY_AFTER_SECONDS },
    },
  ],
});

/** How many requests are refused in one turn of the event loop: so many at least, and this share of those that are to be refused. */
const REFUSED_A_TURN = 64;
const REFUSED_SHARE = 1 / 8;
/** More than these are refused in the same turn: they take memory. */
const MAX_TO_REFUSE = 4096;

/** What is under way on one connection: HTTP/1.1 pipelining allows several requests at once. */
interface ConnectionLoad {
  requests: number;
  isClosed: boolean;
}
const LOAD = Symbol('requests under way');
type CountedSocket = Socket & { [LOAD]: ConnectionLoad | undefined };

/**
 * Bounds the requests that are under way at once. Beyond the bound a request is answered with 503 and `Retry-After`
 * from its headers alone, before anything of it is parsed: what is queued beyond the capacity only makes
 * every response late, the probes' included.
 *
 * A request counts from its last byte on, so that clients who send their bodies slowly take nobody's place.
 */
export class LoadShedder {
  readonly #options: LoadShedderOptions;
  /** Responses to requests that are to be refused, in the order in which they came. */
  readonly #refused: ServerResponse[] = [];
  #underWay = 0;

  constructor(options: LoadShedderOptions) {
    this.#options = options;
  }

  /** Requests that were received completely and are not answered yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Whether one more request would be refused. */
  get isFull(): boolean {
    return this.#underWay >= this.#options.maxConcurrentRequests;
  }

  /** Whether the request may go on. Otherwise it is refused soon. */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    if (isExempt(request)) return true;
    if (this.isFull) {
      if (this.#refused.push(response) === 1) setImmediate(this.#refuseSome);
      return false;
    }
    if (!hasBody(request)) this.#enter(response);
    else {
      request.once('end', () => {
        // Refused before its body was read.
        if (!response.writableEnded) this.#enter(response);
      });
    }
    return true;
  }

  #enter(response: ServerResponse): void {
    const socket = response.req.socket as CountedSocket;
    const load = (socket[LOAD] ??= this.#watch(socket));
    if (load.isClosed) return;
    load.requests++;
    this.#underWay++;
    response.once('close', () => {
      if (load.isClosed) return;
      load.requests--;
      this.#underWay--;
    });
  }

  /** Of pipelined requests, only the first one's response is told that its connection has closed. */
  #watch(socket: Socket): ConnectionLoad {
    const load = { requests: 0, isClosed: socket.destroyed };
    socket.once('close', () => {
      load.isClosed = true;
      this.#underWay -= load.requests;
    });
    return load;
  }

  /**
   * Refuses some of those that are to be, when the turn's sockets have been read. Clients that were refused while they are read, and ask
   * again at once, would keep the event loop reading: with more than a thousand of them it came to nothing else for seconds. And
   * who asks again waits for the next refusal, so that most of each turn is left for those who are served.
   */
  readonly #refuseSome = (): void => {
    const { length } = this.#refused;
    const count = Math.max(REFUSED_A_TURN, length * REFUSED_SHARE, length - MAX_TO_REFUSE);
    for (const response of this.#refused.splice(0, Math.ceil(count))) this.#refuse(response);
    if (this.#refused.length > 0) setImmediate(this.#refuseSome);
  };

  #refuse(response: ServerResponse): void {
    const request = response.req;
    this.#options.onShed();
    const cors = this.#options.cors()?.of(headerOf(request.headers, 'origin'));
    response.writeHead(503, [
      'content-type',
      'application/json; charset=utf-8',
      'cache-control',
      'no-store',
      'retry-after',
      String(RETRY_AFTER_SECONDS),
      'x-request-id',
      toRequestId(request.headers),
      ...(cors ? [...cors.allow, ...cors.vary] : []),
      'content-length',
      String(BODY.length),
    ]);
    response.end(request.method === 'HEAD' ? undefined : BODY);
  }
}

/** Probes answer under any load; a preflight that fails would hide the 503 from the page that is to read it. */
function isExempt({ method, url = '' }: IncomingMessage): boolean {
  return method === 'OPTIONS' || (method === 'GET' && PROBE_PATHS.includes(url.split('?', 1)[0] ?? ''));
}

/** Whether a body follows (RFC 9112, section 6). */
function hasBody({ headers }: IncomingMessage): boolean {
  const length = headerOf(headers, 'content-length');
  return (length !== undefined && length !== '0') || headerOf(headers, 'transfer-encoding') !== undefined;
}
