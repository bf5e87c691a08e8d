import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ShedToken } from '../../telemetry/observers/server-observer';
import type { CorsHeaders } from '../request/cors-headers';
import { headerOf } from '../request/header-of';
import { toRequestId } from '../request/request-id';
import { PROBE_PATHS } from './probes';
import { RequestSlots, UNACCEPTED, type RequestSlot } from './request-slots';

/** Settings of the load shedder. */
export interface LoadShedderOptions {
  readonly maxConcurrentRequests: number;
  /** Whose slots the request takes: an accepted token's, by a text that stands for it, or `UNACCEPTED`. */
  readonly ownerOf: (request: IncomingMessage) => string;
  /** Null before the server listens. */
  readonly cors: () => CorsHeaders | null;
  /** Called for every refused request. */
  readonly onShed: (token: ShedToken) => void;
}

/** When a refused client may try again, in seconds (RFC 9110, section 10.2.3). The requests in progress are answered by then. */
const RETRY_AFTER_SECONDS = 1;
const BODY = JSON.stringify({
  errors: [
    {
      message: 'The gateway is answering as many requests as it can. Try again in a moment.',
      extensions: { code: 'OVERLOADED', retryAfterSeconds: RETRY_AFTER_SECONDS },
    },
  ],
});

/** Requests refused in one turn of the event loop: at least this number, and this share of those waiting to be refused. */
const REFUSED_A_TURN = 64;
const REFUSED_SHARE = 1 / 8;
/** Requests waiting beyond this number are refused in the same turn, since they hold memory. */
const MAX_TO_REFUSE = 4096;

/** The slots that the requests of one connection hold. HTTP/1.1 pipelining allows several requests at once. */
interface ConnectionLoad {
  readonly slots: Set<RequestSlot>;
  isClosed: boolean;
}
const LOAD = Symbol('requests under way');
type CountedSocket = Socket & { [LOAD]: ConnectionLoad | undefined };

/**
 * Limits concurrent requests. Beyond the limit, or beyond its owner's share of it (`RequestSlots`), a request is answered with 503
 * and `Retry-After` as soon as its headers have arrived, before its body is read or parsed: queueing beyond the capacity would only
 * delay every response, including the probes'.
 *
 * A request takes a slot once its last byte has arrived, so that slow senders occupy no slots. If there is none left by then, it is
 * refused then.
 */
export class LoadShedder {
  readonly #options: LoadShedderOptions;
  readonly #slots: RequestSlots<IncomingMessage>;
  /** Responses to requests waiting to be refused, in order of arrival. */
  readonly #refused: ServerResponse[] = [];

  constructor(options: LoadShedderOptions) {
    this.#options = options;
    this.#slots = new RequestSlots(options.maxConcurrentRequests, options.ownerOf);
  }

  /** Number of requests that were received completely and are not answered yet. */
  get underWay(): number {
    return this.#slots.taken;
  }

  /** Whether there is a slot for the request, of which the headers have arrived. */
  hasSlot(request: IncomingMessage): boolean {
    return isExempt(request) || this.#slots.hasFree(request);
  }

  /** Returns whether the request, of which the headers have arrived, may proceed. Otherwise it will be refused shortly. */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    return this.hasSlot(request) || this.#shed(response);
  }

  /** Takes a slot for a request that has arrived completely. Returns whether it may proceed; otherwise it will be refused shortly. */
  enter(response: ServerResponse): boolean {
    const request = response.req;
    if (isExempt(request)) return true;
    const load = ((request.socket as CountedSocket)[LOAD] ??= this.#watch(request.socket));
    if (load.isClosed) return true;
    const slot = this.#slots.take(request);
    if (!slot) return this.#shed(response);
    load.slots.add(slot);
    // It comes once. `once` would make a listener around this one.
    response.on('close', () => {
      if (load.slots.delete(slot)) this.#slots.give(slot);
    });
    return true;
  }

  /** Watches the socket, since of pipelined responses only the first emits `close` when the connection closes. */
  #watch(socket: Socket): ConnectionLoad {
    const load = { slots: new Set<RequestSlot>(), isClosed: socket.destroyed };
    socket.once('close', () => {
      load.isClosed = true;
      for (const slot of load.slots) this.#slots.give(slot);
      load.slots.clear();
    });
    return load;
  }

  #shed(response: ServerResponse): false {
    if (this.#refused.push(response) === 1) setImmediate(this.#refuseSome);
    return false;
  }

  /**
   * Refuses some of the waiting requests, after the sockets of this turn have been read. Refused during the read phase, clients
   * that retry at once would keep the event loop reading: with more than a thousand of them it did nothing else for seconds.
   * Clients that retry wait for the next batch of refusals, which leaves most of each turn to admitted requests.
   */
  readonly #refuseSome = (): void => {
    const { length } = this.#refused;
    const count = Math.max(REFUSED_A_TURN, length * REFUSED_SHARE, length - MAX_TO_REFUSE);
    for (const response of this.#refused.splice(0, Math.ceil(count))) this.#refuse(response);
    if (this.#refused.length > 0) setImmediate(this.#refuseSome);
  };

  #refuse(response: ServerResponse): void {
    const request = response.req;
    const { ownerOf, onShed, cors: corsOf } = this.#options;
    onShed(ownerOf(request) === UNACCEPTED ? 'unaccepted' : 'accepted');
    const cors = corsOf()?.of(headerOf(request.headers, 'origin'));
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

/** Probes are answered under any load; a failed preflight would hide the 503 from the page that needs to read it. */
function isExempt({ method, url = '' }: IncomingMessage): boolean {
  return method === 'OPTIONS' || (method === 'GET' && PROBE_PATHS.includes(url.split('?', 1)[0] ?? ''));
}
