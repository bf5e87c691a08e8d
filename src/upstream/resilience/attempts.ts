import { BillingError } from '../../billing/model/billing-error';
import type { CallContext } from '../../billing/ports/billing-source';
import type { TracedAttempt } from '../../billing/ports/operation-trace';
import type { UpstreamObserver, UpstreamState } from '../../telemetry/observers/upstream-observer';
import { AdaptiveLimit } from './adaptive-limit';
import { CircuitBreaker } from './circuit-breaker';
import { readErrorMessage } from '../bills/error-message';
import { AttemptFailure, toFailure } from '../errors/failures';
import { FairLimiter } from './fair-limiter';
import type { HttpAnswer } from '../http/http-response';
import type { Transport } from '../http/transport';

/** Settings of the attempts at the billing API. */
export interface AttemptsOptions {
  /** Attempts that are under way at once, at most: the transport's connections. */
  readonly connections: number;
  /** Calls that one operation may make: so many must find room to wait, and some more. */
  readonly callBudget: number;
  readonly observer?: UpstreamObserver;
}

/** Calls that may wait for a place, for each connection: with answers in 50 ms that is under a second of waiting. */
const WAITING_PER_CONNECTION = 16;
/** Operations that ask for all they may, and find room to wait even where there are few connections. */
const WAITING_OPERATIONS = 4;

/** Makes attempts at the billing API. In front of each stand the circuit breaker and the bound on attempts at once. */
export class Attempts {
  readonly #transport: Transport;
  readonly #observer: UpstreamObserver;
  readonly #limit: AdaptiveLimit;
  readonly #limiter: FairLimiter;
  readonly #circuit: CircuitBreaker;

  constructor(transport: Transport, options: AttemptsOptions) {
    this.#transport = transport;
    this.#observer = options.observer ?? {};
    this.#limit = new AdaptiveLimit(options.connections);
    this.#limiter = new FairLimiter(
      this.#limit,
      Math.max(options.connections * WAITING_PER_CONNECTION, options.callBudget * WAITING_OPERATIONS),
    );
    this.#circuit = new CircuitBreaker((state) => {
      this.#observer.circuitChanged?.(state);
      // Who waits for a place would wait for nothing.
      if (state === 'open') this.#limiter.refuse(() => this.#circuit.refusal());
    });
  }

  get state(): UpstreamState {
    return { circuit: this.#circuit.state, underWay: this.#limiter.underWay, waiting: this.#limiter.waiting, limit: this.#limit.current };
  }

  /** Whether an attempt would be made now: false while the circuit is open, until it is time to probe. */
  get isReady(): boolean {
    return this.#circuit.refusal() === null;
  }

  /**
   * Makes one attempt: an answer of 200 or 404. Rejects with AttemptFailure where the billing API failed or refused,
   * and with another BillingError where the attempt was not made or was ended: the circuit is open, too many wait, or
   * the reason of the context's signal.
   * @param resends attempts at the same call before this one.
   */
  make(path: string, context: CallContext, resends: number): Promise<HttpAnswer> {
    const refusal = this.#circuit.refusal();
    if (refusal) {
      this.#observer.callRefused?.('circuit');
      return Promise.reject(refusal);
    }
    if (this.#limiter.tryEnter()) return this.#attempt(path, context, resends);
    const step = context.trace?.startQueue();
    return this.#limiter.enter(context).then(
      () => {
        step?.end();
        return this.#attempt(path, context, resends);
      },
      (error: unknown) => {
        step?.end();
        if (!context.signal.aborted) this.#observer.callRefused?.(this.#circuit.state === 'closed' ? 'queue' : 'circuit');
        throw error;
      },
    );
  }

  /** One promise for the healthy way: each layer of it would live as long as the attempt is under way. */
  #attempt(path: string, context: CallContext, resends: number): Promise<HttpAnswer> {
    const startedMs = performance.now();
    const trace = context.trace?.startAttempt(resends);
    return this.#send(path, context, resends, trace?.headers).then(
      (answer) => {
        const failure = this.#failureOf(answer, context);
        this.#end(context, { answer, failure, resends, trace, durationMs: performance.now() - startedMs });
        if (failure) throw failure;
        return answer;
      },
      (failure: unknown) => {
        this.#end(context, { answer: null, failure, resends, trace, durationMs: performance.now() - startedMs });
        throw failure;
      },
    );
  }

  #failureOf({ status, headers, body }: HttpAnswer, context: CallContext): AttemptFailure | null {
    if (status === 200 || status === 404) return null;
    return toFailure(
      status,
      status === 400 ? readErrorMessage(body, { token: context.caller.token, address: this.#transport.baseUrl }) : null,
      headers['retry-after'],
    );
  }

  #send(path: string, context: CallContext, resends: number, headers: readonly string[] | undefined): Promise<HttpAnswer> {
    const { authorization } = context.caller;
    // The circuit samples first attempts: counted with its retries, one odd contract would weigh three times.
    if (resends > 0 && this.#circuit.state === 'closed') return this.#transport.get(path, authorization, context.signal, headers);
    return this.#circuit.run(() => this.#transport.get(path, authorization, context.signal, headers));
  }

  #end(context: CallContext, { answer, failure, resends, trace, durationMs }: Outcome): void {
    this.#free(context, failure, durationMs);
    const outcome = toOutcome(answer, failure, context);
    const status = answer?.status ?? null;
    this.#observer.attemptEnded?.({ requestId: context.requestId, outcome, status, durationMs, isRetry: resends > 0 });
    trace?.end(outcome, status);
  }

  #free(context: CallContext, failure: unknown, durationMs: number): void {
    const status = failure instanceof BillingError ? failure.status : null;
    // How fast a failure came says nothing about how busy the API is.
    if (failure === null || (failure instanceof AttemptFailure && failure.failure === 'timeout'))
      this.#limit.noteLatency(durationMs, this.#limiter.underWay, performance.now());
    else if (status === 429) this.#limit.noteRefusal(performance.now());
    if (status !== 401 || this.#limiter.waiting === 0) {
      this.#limiter.leave();
      return;
    }
    // The operation learns of its dead token in the turns after this one; its waiting calls must not be sent before.
    setImmediate(() => {
      this.#limiter.refuse((waiting) => (waiting.caller.token === context.caller.token ? waiting.deadToken : null));
      this.#limiter.leave();
    });
  }
}

/** How an attempt ended. */
interface Outcome {
  readonly answer: HttpAnswer | null;
  readonly failure: unknown;
  readonly resends: number;
  readonly trace: TracedAttempt | undefined;
  readonly durationMs: number;
}

function toOutcome(answer: HttpAnswer | null, failure: unknown, { signal }: CallContext): string {
  if (failure !== null && failure === signal.reason) return 'aborted';
  if (failure instanceof BillingError) return failure.failure;
  return answer?.status === 404 ? 'not-found' : failure === null ? 'ok' : 'error';
}
