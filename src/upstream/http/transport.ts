import { BillingError, tooManyBytes } from '../../billing/model/billing-error';
import type { Caller } from '../../billing/model/caller';
import type { CallerCache } from '../../billing/ports/caller-caches';
import { startDeadline, type Deadline, type DeadlineListener } from '../../runtime/deadlines';
import { TurnQueue } from '../../runtime/turns/turn-queue';
import { withoutStacks } from '../../runtime/without-stacks';
import type { UpstreamObserver } from '../../telemetry/observers/upstream-observer';
import type { Connection, PendingRequest } from './connection';
import { Connections, type ConnectionBound, type ConnectionSharing } from './connection-pool';
import { createConnector, type ConnectorOptions } from '../sockets/connector';
import { decodeContent, isEncoded, type ContentCodingOptions } from './content-coding';
import { Abandoned } from './abandoned';
import { createRequestHead, type RequestHeadOptions, type TransportRequest } from './request-head';
import { AttemptFailure, invalidResponse, NoRoom, timedOut, unreachable } from '../errors/failures';
import { bodyBytesOf, type HttpAnswer } from './http-response';

/** Settings of the connection to the billing API. */
export interface TransportOptions extends RequestHeadOptions, Omit<ConnectorOptions, 'origin' | 'observer'> {
  /** Connections that are open at once, at most. */
  readonly connections: ConnectionBound;
  /** Largest body that is read, in bytes. */
  readonly maxBodyBytes: number;
  /** How long one attempt may take, in milliseconds, from asking to the body's last byte. */
  readonly timeoutMs: number;
  readonly sharing: ConnectionSharing;
  /** How long a connection may be used, in milliseconds; a tenth more or less, at random. */
  readonly maxAgeMs: number;
  readonly observer?: Pick<UpstreamObserver, 'requestResent' | 'strayBytesCame' | 'nameUnresolved'>;
  /** What is cached from a connection on which stray bytes came is evicted here. */
  readonly caches?: CallerCache;
}

/** Receives the outcome of a request. Exactly one method is called, once. */
export interface ResponseReceiver {
  /** The response is complete, and decompressed. */
  answered(answer: HttpAnswer): void;
  /** @param failure a BillingError, or Abandoned. */
  failed(failure: Error): void;
}

/** Carries requests to the billing API. */
export interface Transport {
  /** Where the billing API is. */
  readonly baseUrl: URL;
  /**
   * Sends one GET. If the server closes a reused connection before the first byte of a response, or answers 408, the request is
   * sent again at once on a new connection, within the same time limit. Redirects are not followed. Fails with BillingError:
   * `timeout`; `unavailable` if there was no connection or it was lost; `invalid-response` for a response that is too large;
   * `budget-exceeded` or NoRoom if the body does not fit into `memory`; or the reason of `signal`, wrapped in Abandoned if the
   * response is still being read. A deadline that passes after more than half of `timeoutMs` counts as a `timeout`.
   * @throws Error if part of the request contains a line break or another forbidden character; the receiver is not called then.
   */
  send(request: TransportRequest, receiver: ResponseReceiver): void;
  close(): Promise<void>;
}

/** Opens a pool of kept-alive connections to the billing API. */
export function createTransport(options: TransportOptions): Transport {
  const { baseUrl } = options;
  const connections = new Connections(createConnector({ ...options, origin: baseUrl }), {
    bound: options.connections,
    sharing: options.sharing,
    maxAgeMs: options.maxAgeMs,
    maxBodyBytes: options.maxBodyBytes,
    onResend: options.observer?.requestResent,
    onStray: ({ callers, isInFlight }) => {
      options.observer?.strayBytesCame?.({ isInFlight });
      for (const caller of callers) options.caches?.evictCaller(caller);
    },
  });
  const ways: ExchangeWays = { ...options, ended: new TurnQueue<Exchange>((exchange) => exchange.deliver()) };
  const toHead = createRequestHead(options);
  return {
    baseUrl,
    send: (request, receiver) => {
      if (request.signal.aborted) {
        request.memory?.give(request.reservedBytes ?? 0);
        receiver.failed(request.signal.reason);
      } else connections.dispatch(new Exchange({ request, head: toHead(request) }, receiver, ways));
    },
    close: () => {
      // Does not wait for pending requests: a stalled response must not delay shutdown.
      connections.close();
      return Promise.resolve();
    },
  };
}

const NO_BODY = Buffer.alloc(0);
/** Limits for reading the response to an abandoned request: time in milliseconds, body size in bytes. */
const ABANDONED_MS = 1000;
const ABANDONED_BYTES = 256 * 1024;

/** What all exchanges share. */
interface ExchangeWays extends ContentCodingOptions {
  /** Time limit of one exchange, in milliseconds. */
  readonly timeoutMs: number;
  /** Complete responses, delivered at the end of the turn of the event loop. */
  readonly ended: TurnQueue<Exchange>;
}

/** One request and its response, with a time limit. */
class Exchange implements PendingRequest, DeadlineListener {
  readonly #request: TransportRequest;
  readonly #head: string;
  readonly #receiver: ResponseReceiver;
  readonly #ways: ExchangeWays;
  readonly #deadline: Deadline;
  /** Cuts the connection of an abandoned request. */
  #cutTimer: NodeJS.Timeout | undefined;
  #connection: Connection | null = null;
  #answer: HttpAnswer | null = null;
  /** Bytes reserved or taken in `memory`. */
  #heldBytes: number;
  #isOver = false;
  /** Set once the request is abandoned; called when its response is complete. */
  #onEnded: (() => void) | null = null;

  constructor({ request, head }: { request: TransportRequest; head: string }, receiver: ResponseReceiver, ways: ExchangeWays) {
    this.#request = request;
    this.#head = head;
    this.#receiver = receiver;
    this.#ways = ways;
    this.#heldBytes = request.reservedBytes ?? 0;
    request.signal.addEventListener('abort', this, { once: true });
    this.#deadline = startDeadline(ways.timeoutMs, this, request.startedMs);
  }

  handleDeadline(): void {
    this.#giveUp(timedOut(this.#missingAfter(`${this.#ways.timeoutMs} ms`)));
  }

  /** Called when the signal aborts. */
  handleEvent(): void {
    this.#abort(this.#toAbortFailure(this.#request.signal.reason));
  }

  get caller(): Caller {
    return this.#request.caller;
  }

  get startedMs(): number {
    return this.#request.startedMs;
  }

  get subject(): string {
    return this.#request.subject ?? '';
  }

  get isAbandoned(): boolean {
    return this.#onEnded !== null;
  }

  sendOn(connection: Connection): boolean {
    if (this.#isOver) return false;
    this.#connection = connection;
    connection.send(this.#head, this);
    return true;
  }

  holds(bytes: number, mostBytes: number): BillingError | null {
    if (this.isAbandoned)
      return bytes > ABANDONED_BYTES ? invalidResponse('the response to an abandoned request is too large to read on') : null;
    const { memory } = this.#request;
    const more = bytes - this.#heldBytes;
    if (!memory || more <= 0) return null;
    const taken = memory.take(more);
    if (taken === 'holder-full') return tooManyBytes(memory.maxBytes);
    if (taken === 'budget-full') return new NoRoom(mostBytes);
    this.#heldBytes += more;
    return null;
  }

  answered(answer: HttpAnswer): void {
    // A body that is to be decompressed needs more room, and what is set aside for it.
    if (!this.isAbandoned) {
      if (isEncoded(answer)) this.#end();
      else this.#settle(bodyBytesOf(answer));
    }
    this.#answer = answer;
    this.#ways.ended.add(this);
  }

  failed(failure: BillingError): void {
    if (this.#endAbandoned()) return;
    this.#settle(0);
    this.#receiver.failed(failure);
  }

  /** Passes the complete response on, decompressed. */
  deliver(): void {
    if (this.#endAbandoned()) return;
    const receiver = this.#receiver;
    const answer = this.#answer as HttpAnswer;
    if (!isEncoded(answer)) receiver.answered(answer);
    else
      decodeContent(answer, this.#ways, (bytes, mostBytes) => this.holds(bytes, mostBytes)).then(
        (decoded) => {
          this.#land(bodyBytesOf(decoded));
          receiver.answered(decoded);
        },
        (failure: unknown) => {
          this.#land(0);
          // The body of an error response is only used for its message.
          if (answer.status < 300 || answer.status === 404) receiver.failed(failure as BillingError);
          else receiver.answered({ ...answer, body: NO_BODY });
        },
      );
  }

  /** Ends the exchange because its caller has gone or the API did not respond in time. */
  #abort(failure: BillingError): void {
    const connection = this.#connection;
    // A lost connection no longer carries the request, which is waiting for another one.
    if (failure instanceof AttemptFailure || !connection?.carries(this)) this.#giveUp(failure);
    else this.#abandon(failure, connection);
  }

  /** Reports the failure, and reads the rest of the response so that the connection can be reused, within the request's time limit. */
  #abandon(reason: BillingError, connection: Connection): void {
    this.#settle(0);
    connection.discardBody();
    const cut = (): void => {
      if (connection.carries(this)) connection.destroy();
      this.#endAbandoned();
    };
    const cutAfter = (ms: number): void => {
      clearTimeout(this.#cutTimer);
      this.#cutTimer = setTimeout(cut, ms);
    };
    const ended = new Promise<void>((resolve) => (this.#onEnded = resolve));
    cutAfter(Math.min(this.#ways.timeoutMs - (performance.now() - this.startedMs), ABANDONED_MS));
    this.#receiver.failed(withoutStacks(() => new Abandoned(reason, { ended, cutAfter })));
  }

  /** Ends the exchange where it was abandoned, and returns whether it was. */
  #endAbandoned(): boolean {
    if (!this.#onEnded) return false;
    clearTimeout(this.#cutTimer);
    this.#onEnded();
    return true;
  }

  /** Fails the exchange at once and closes its connection, on which a response could still arrive. */
  #giveUp(failure: BillingError): void {
    this.#connection?.destroy();
    this.failed(failure);
  }

  #settle(landedBytes: number): void {
    this.#end();
    this.#land(landedBytes);
  }

  #end(): void {
    this.#isOver = true;
    this.#deadline.clear();
    this.#request.signal.removeEventListener('abort', this);
  }

  /** Keeps so many of the held bytes, which have arrived, and gives back the others. */
  #land(bytes: number): void {
    const { memory } = this.#request;
    const landed = Math.min(bytes, this.#heldBytes);
    memory?.land(landed);
    memory?.give(this.#heldBytes - landed);
  }

  /** A deadline that left the API a fair share of its time limit counts as the API's failure to respond. */
  #toAbortFailure(reason: Error): BillingError {
    if (!(reason instanceof BillingError)) return unreachable(reason);
    const hadTime = performance.now() - this.startedMs >= this.#ways.timeoutMs / 2;
    return reason.failure === 'timeout' && hadTime ? timedOut(this.#missingAfter("the operation's time")) : reason;
  }

  /** What was missing when the time was up, for the log: a network that drops packets is not a slow billing API. */
  #missingAfter(time: string): string {
    const connection = this.#connection;
    const obstacle = connection ? connection.obstacle : 'none is free';
    if (obstacle !== null) return `no connection within ${time}: ${obstacle}`;
    return `no whole answer within ${time}${connection?.isAnswering ? ', but a part of one' : ''}`;
  }
}
