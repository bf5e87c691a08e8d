import { BillingError } from '../../billing/model/billing-error';
import type { Caller } from '../../billing/model/caller';
import type { CallerCache } from '../../billing/ports/caller-caches';
import type { CancelSignal } from '../../runtime/cancellation';
import { withoutTrailingSlashes } from '../../runtime/trailing-slashes';
import { TurnQueue } from '../../runtime/turn-queue';
import type { UpstreamObserver } from '../../telemetry/observers/upstream-observer';
import type { Connection, PendingRequest } from './connection';
import { Connections, type ConnectionSharing } from './connection-pool';
import { timedOut, unreachable } from '../errors/failures';
import type { HttpAnswer } from './http-response';

/** Settings of the connection to the billing API. */
export interface TransportOptions {
  /** Base address; a path in it is kept in front of every request's path. */
  readonly baseUrl: URL;
  /** Connections that are open at once. */
  readonly connections: number;
  /** Largest body that is read, in bytes. */
  readonly maxBodyBytes: number;
  /** How long one attempt may take, in milliseconds, from asking to the body's last byte. */
  readonly timeoutMs: number;
  readonly sharing: ConnectionSharing;
  readonly observer?: Pick<UpstreamObserver, 'requestResent' | 'strayBytesCame'>;
  /** What is cached from a connection on which stray bytes came is evicted here. */
  readonly caches?: CallerCache;
}

/** A GET on behalf of a caller. */
export interface TransportRequest {
  /** Path and query. */
  readonly path: string;
  readonly caller: Caller;
  readonly signal: CancelSignal;
  /** Headers that tell the billing API of the attempt's trace; names and values in turn. */
  readonly trace?: readonly string[] | undefined;
}

/** Carries requests to the billing API. */
export interface Transport {
  /** Where the billing API is. */
  readonly baseUrl: URL;
  /**
   * Sends one GET. A request that meets the end of an idle connection (closed without a byte of a response, or answered
   * 408) is sent again at once, on a new connection and within the same time. Redirects are not followed. Rejects with
   * BillingError: `timeout`, `unavailable` where no connection was had or kept, `invalid-response` for what is larger than
   * the limit, or the reason of `signal`. Where the signal's deadline came after half of `timeoutMs`, that counts as a
   * `timeout` of the attempt.
   */
  get(request: TransportRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

// RFC 9112, section 3.2, and RFC 9110, section 5.5: anything else could end the line, and begin another header or another request.
const PATH = /^[\x21-\x7e]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Opens a pool of kept-alive connections to the billing API. */
export function createTransport(options: TransportOptions): Transport {
  const { baseUrl } = options;
  const connections = new Connections(baseUrl, {
    max: options.connections,
    sharing: options.sharing,
    maxBodyBytes: options.maxBodyBytes,
    onResend: options.observer?.requestResent,
    onStray: ({ callers, isInFlight }) => {
      options.observer?.strayBytesCame?.({ isInFlight });
      for (const caller of callers) options.caches?.evictCaller(caller);
    },
  });
  const ended = new TurnQueue<Exchange>((exchange) => exchange.deliver());
  const prefix = withoutTrailingSlashes(baseUrl.pathname);
  return {
    baseUrl,
    get: ({ path, caller, signal, trace }) =>
      new Promise<HttpAnswer>((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const head = toHead(baseUrl.host, prefix + path, caller.authorization, trace);
        connections.dispatch(new Exchange({ head, caller, signal, timeoutMs: options.timeoutMs }, { resolve, reject, ended }));
      }),
    close: () => {
      // Not until all have ended: a stalled answer must not hold up the stop.
      connections.close();
      return Promise.resolve();
    },
  };
}

/**
 * A request of no body (RFC 9112, section 3). No header of the client's goes along but its token; those of a trace are
 * made anew for each attempt.
 * @throws Error where something in it would not stay in its line.
 */
function toHead(host: string, path: string, authorization: string, trace: readonly string[] = []): string {
  if (!PATH.test(path) || !FIELD_VALUE.test(authorization) || !trace.every((part) => FIELD_VALUE.test(part)))
    throw new Error('A request to the billing API holds a character that no head may hold.');
  let head = `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\naccept: application/json\r\nauthorization: ${authorization}\r\n`;
  for (let i = 0; i < trace.length; i += 2) head += `${trace[i] as string}: ${trace[i + 1] as string}\r\n`;
  return `${head}\r\n`;
}

/** What is asked for, and until when. */
interface Question {
  readonly head: string;
  readonly caller: Caller;
  readonly signal: CancelSignal;
  readonly timeoutMs: number;
}

/** Whom an exchange tells of its end. */
interface Asker {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: BillingError) => void;
  /** Where whole answers wait for the end of the turn. */
  readonly ended: TurnQueue<Exchange>;
}

/** One request and its answer, within its time. */
class Exchange implements PendingRequest {
  readonly #question: Question;
  readonly #asker: Asker;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort: () => void;
  readonly #startedMs = performance.now();
  #connection: Connection | null = null;
  #answer: HttpAnswer | null = null;
  #isOver = false;

  constructor(question: Question, asker: Asker) {
    this.#question = question;
    this.#asker = asker;
    const { signal, timeoutMs } = question;
    this.#onAbort = () => this.#giveUp(this.#toAbortFailure(signal.reason));
    signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = setTimeout(() => this.#giveUp(timedOut(`no whole answer within ${timeoutMs} ms`)), timeoutMs);
  }

  get caller(): Caller {
    return this.#question.caller;
  }

  sendOn(connection: Connection): boolean {
    if (this.#isOver) return false;
    this.#connection = connection;
    connection.send(this.#question.head, this);
    return true;
  }

  answered(answer: HttpAnswer): void {
    this.#settle();
    this.#answer = answer;
    this.#asker.ended.add(this);
  }

  failed(failure: BillingError): void {
    this.#settle();
    this.#asker.reject(failure);
  }

  /** Hands the whole answer over. */
  deliver(): void {
    this.#asker.resolve(this.#answer as HttpAnswer);
  }

  /** Ends the exchange from our side: the caller is told at once, and the connection, on which an answer may still come, is closed. */
  #giveUp(failure: BillingError): void {
    this.#connection?.destroy();
    this.failed(failure);
  }

  #settle(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#question.signal.removeEventListener('abort', this.#onAbort);
  }

  /** An abort for lack of time, after the API had a fair share of it, is the API's failure to answer. */
  #toAbortFailure(reason: Error): BillingError {
    if (!(reason instanceof BillingError)) return unreachable(reason);
    const hadTime = performance.now() - this.#startedMs >= this.#question.timeoutMs / 2;
    return reason.failure === 'timeout' && hadTime ? timedOut("no whole answer within the operation's time") : reason;
  }
}
