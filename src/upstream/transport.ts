import type { Client, Dispatcher } from 'undici';
import { BillingError } from '../billing/billing-error';
import type { CancelSignal } from '../billing/cancellation';
import { TurnQueue } from '../billing/turn-queue';
import { BodyBuffer } from './body-buffer';
import { Connections } from './connections';
import { invalidResponse, timedOut, unreachable } from './failures';

/** An answer as it came: any status, its whole body. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

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
}

/** Carries requests to the billing API. */
export interface Transport {
  /** Where the billing API is. */
  readonly baseUrl: URL;
  /**
   * Sends one GET. Redirects are not followed. Rejects with BillingError: `timeout`, `unavailable` where no
   * connection was had or kept, `invalid-response` for what is larger than the limit, or the reason of
   * `signal`. Where the signal's deadline came after half of `timeoutMs`, that counts as a `timeout` of the attempt.
   * @param trace headers that tell the billing API of the attempt's trace; names and values in turn.
   */
  get(path: string, authorization: string, signal: CancelSignal, trace?: readonly string[]): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** Opens a pool of kept-alive connections to the billing API. */
export function createTransport(options: TransportOptions): Transport {
  const connections = new Connections(options.baseUrl.origin, { max: options.connections, connectTimeoutMs: options.timeoutMs });
  const ended = new TurnQueue<Exchange>((exchange) => exchange.deliver());
  const prefix = options.baseUrl.pathname.replace(/\/+$/, '');
  return {
    baseUrl: options.baseUrl,
    get: (path, authorization, signal, trace) =>
      new Promise<HttpAnswer>((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const exchange = new Exchange(options, signal, { resolve, reject, ended });
        connections.use((client, release) => exchange.start(client, release, { path: prefix + path, authorization, trace }));
      }),
    // destroy, not close: a stalled answer must not hold up the stop.
    close: () => connections.close(),
  };
}

/** What is asked for, and for whom. */
interface Asked {
  readonly path: string;
  readonly authorization: string;
  readonly trace: readonly string[] | undefined;
}

/** Whom an exchange tells of its end. */
interface Recipient {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: BillingError) => void;
  /** Where whole answers wait for the end of the turn. */
  readonly ended: TurnQueue<Exchange>;
}

/** One request and its answer. Gathers the body's buffers without a stream object. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: TransportOptions;
  readonly #signal: CancelSignal;
  readonly #recipient: Recipient;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort: () => void;
  #controller: Dispatcher.DispatchController | null = null;
  #release: () => void = () => undefined;
  #failure: BillingError | null = null;
  #status = 0;
  #headers: Record<string, string | undefined> = {};
  readonly #startedMs = performance.now();
  readonly #body = new BodyBuffer();

  constructor(options: TransportOptions, signal: CancelSignal, recipient: Recipient) {
    this.#options = options;
    this.#signal = signal;
    this.#recipient = recipient;
    this.#onAbort = () => this.#fail(this.#toAbortFailure(signal.reason));
    signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = setTimeout(() => this.#fail(timedOut(`no whole answer within ${options.timeoutMs} ms`)), options.timeoutMs);
  }

  /** Sends the request, unless its time was over while it waited for the connection. */
  start(client: Client, release: () => void, { path, authorization, trace }: Asked): void {
    if (this.#failure) {
      release();
      return;
    }
    this.#release = release;
    const headers = ['accept', 'application/json', 'authorization', authorization];
    // No header of the client's goes along but this one; those of a trace are made anew for each attempt.
    if (trace) headers.push(...trace);
    client.dispatch({ method: 'GET', path, headers }, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The connection was being opened for longer than its time.
    if (this.#failure) controller.abort(this.#failure);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return; // an interim answer (RFC 9110, section 15.2): the real one follows
    this.#status = status;
    for (const name in headers) {
      const value = headers[name];
      this.#headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    // Refused before a byte of the body is read, where the length is told.
    if (Number(this.#headers['content-length']) > this.#options.maxBodyBytes) this.#fail(this.#tooLarge());
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#failure) return;
    this.#body.add(chunk);
    if (this.#body.length > this.#options.maxBodyBytes) this.#fail(this.#tooLarge());
  }

  onResponseEnd(): void {
    this.#release();
    if (this.#failure) return;
    this.#settle();
    this.#recipient.ended.add(this);
  }

  /** Hands the whole answer over. */
  deliver(): void {
    this.#recipient.resolve({ status: this.#status, headers: this.#headers, body: this.#body.take() });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    if (this.#failure) return;
    this.#settle();
    const { code } = error as NodeJS.ErrnoException;
    this.#recipient.reject(code === 'UND_ERR_HEADERS_OVERFLOW' ? invalidResponse('the headers are too large') : unreachable(error));
  }

  /** Ends the exchange from our side: the caller is told at once, the connection is closed where there is one. */
  #fail(failure: BillingError): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#settle();
    this.#body.take();
    this.#recipient.reject(failure);
    this.#controller?.abort(failure);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
  }

  /** An abort for lack of time, after the API had a fair share of it, is the API's failure to answer. */
  #toAbortFailure(reason: Error): BillingError {
    if (!(reason instanceof BillingError)) return unreachable(reason);
    const hadTime = performance.now() - this.#startedMs >= this.#options.timeoutMs / 2;
    return reason.failure === 'timeout' && hadTime ? timedOut('no whole answer within the operation\'s time') : reason;
  }

  #tooLarge(): BillingError {
    return invalidResponse(`the body is larger than ${this.#options.maxBodyBytes} bytes`);
  }
}
