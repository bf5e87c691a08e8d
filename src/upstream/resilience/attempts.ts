import { BillingError } from '../../billing/model/billing-error';
import type { AcceptedTokens } from '../../billing/ports/accepted-tokens';
import { contractKey } from '../../billing/model/customer';
import type { BillsRequest, CallContext } from '../../billing/ports/billing-source';
import type { TracedAttempt } from '../../billing/ports/operation-trace';
import type { ByteBudget } from '../../runtime/byte-budget';
import type { UpstreamObserver, UpstreamState } from '../../telemetry/observers/upstream-observer';
import { isErrorBody, readErrorMessage } from '../bills/error-message';
import { AttemptFailure, isOutage, NoRoom, toFailure, toReason } from '../errors/failures';
import { Abandoned } from '../http/abandoned';
import type { HttpAnswer } from '../http/http-response';
import type { Transport } from '../http/transport';
import { AcceptedTokenSet } from './accepted-tokens';
import { AdaptiveLimit } from './adaptive-limit';
import { CircuitBreaker } from './circuit-breaker';
import type { Health } from './failure-window';
import { FairLimiter, type Place } from './fair-limiter';
import { TokenLimits } from './token-limits';

/** Settings of the attempts at the billing API. */
export interface AttemptsOptions {
  /** Attempts that are under way at once, at most: the transport's connections. */
  readonly connections: number;
  /** Calls that one operation may make: so many must find room to wait, and some more. */
  readonly callBudget: number;
  /** Where an error body has its message; without it, as the contract has it. */
  readonly errorMessage?: readonly string[];
  readonly observer?: UpstreamObserver;
  /** Bounds the bytes of responses that are held. */
  readonly memory?: ByteBudget;
}

/** Calls that may wait for a place, for each connection: with answers in 50 ms that is under a second of waiting. */
const WAITING_PER_CONNECTION = 16;
/** Operations that ask for all they may, and find room to wait even where there are few connections. */
const WAITING_OPERATIONS = 4;

/** A call to the billing API, of which attempts are made. */
export interface UpstreamCall {
  readonly request: BillsRequest;
  /** The request's path and query. */
  readonly path: string;
}

/** Makes attempts at the billing API. In front of each are the circuit breaker and the limits on attempts in flight. */
export class Attempts {
  readonly #transport: Transport;
  readonly #errorMessage: readonly string[] | undefined;
  readonly #observer: UpstreamObserver;
  readonly #limit: AdaptiveLimit;
  readonly #tokenLimits = new TokenLimits();
  readonly #accepted = new AcceptedTokenSet();
  readonly #limiter: FairLimiter;
  readonly #circuit: CircuitBreaker;
  readonly #memory: ByteBudget | undefined;

  constructor(transport: Transport, options: AttemptsOptions) {
    this.#transport = transport;
    this.#errorMessage = options.errorMessage;
    this.#observer = options.observer ?? {};
    this.#limit = new AdaptiveLimit(options.connections);
    this.#limiter = new FairLimiter({
      limit: this.#limit,
      tokenLimits: this.#tokenLimits,
      accepted: this.#accepted,
      maxWaiting: Math.max(options.connections * WAITING_PER_CONNECTION, options.callBudget * WAITING_OPERATIONS),
    });
    this.#memory = options.memory;
    this.#memory?.onRoom(() => this.#limiter.admitWaiting());
    this.#circuit = new CircuitBreaker((state) => {
      this.#observer.circuitChanged?.(state);
      // A call that waits for a place would wait for nothing.
      if (state === 'open') this.#limiter.refuse(() => this.#circuit.refusal(performance.now()));
    });
  }

  get state(): UpstreamState {
    return {
      circuit: this.#circuit.state,
      inFlight: this.#limiter.inFlight,
      waiting: this.#limiter.waiting,
      limit: this.#limit.current,
      heldBytes: this.#memory?.heldBytes ?? 0,
    };
  }

  /** Whether an attempt would be made now: false while the circuit is open, until it is time for a probe. */
  get isReady(): boolean {
    return this.#circuit.refusal(performance.now()) === null;
  }

  /** The tokens that the billing API has accepted. */
  get acceptedTokens(): AcceptedTokens {
    return this.#accepted;
  }

  /**
   * Makes one attempt: an answer of 2xx or 404. Rejects with AttemptFailure where the billing API failed or refused,
   * and with another BillingError where the attempt was not made or was ended: the circuit is open, too many calls wait,
   * or the reason of the context's signal.
   * @param resends attempts at the same call before this one.
   */
  make(call: UpstreamCall, context: CallContext, resends: number): Promise<HttpAnswer> {
    const refusal = this.#circuit.refusal(performance.now());
    if (refusal) return this.#refuse(refusal);
    const place = this.#limiter.tryEnter(context);
    return place ? this.#attempt(call, context, { place, resends }) : this.#makeLater(call, context, { resends });
  }

  /** Makes the attempt when there is a place for it, and room for its response. */
  #makeLater(call: UpstreamCall, context: CallContext, making: Omit<Making, 'place'>): Promise<HttpAnswer> {
    const step = context.trace?.startQueue();
    const queuedAtMs = performance.now();
    return this.#limiter.enter(context).then(
      (entered) => {
        step?.end();
        context.noteQueued?.(performance.now() - queuedAtMs);
        // The circuit may have opened between the end of the wait and this moment.
        const late = this.#circuit.refusal(performance.now());
        if (!late) return this.#attempt(call, context, { ...making, place: entered });
        context.memory?.give(entered.reservedBytes);
        this.#limiter.leave(entered);
        return this.#refuse(late);
      },
      (error: unknown) => {
        step?.end();
        if (!context.signal.aborted) this.#noteRefusal(error);
        throw error;
      },
    );
  }

  #noteRefusal(error: unknown): void {
    const failure = error instanceof BillingError ? error.failure : null;
    if (failure === 'budget-exceeded') this.#observer.callRefused?.('memory');
    else if (failure === 'unavailable') this.#observer.callRefused?.(this.#circuit.state === 'closed' ? 'queue' : 'circuit');
    // Otherwise its token was refused, which says nothing about load.
  }

  #refuse(refusal: BillingError): Promise<never> {
    this.#observer.callRefused?.('circuit');
    return Promise.reject(refusal);
  }

  /** One promise in the healthy case: each layer of promises would live as long as the attempt is in flight. */
  #attempt(call: UpstreamCall, context: CallContext, making: Making): Promise<HttpAnswer> {
    const { place, resends } = making;
    const isProbe = this.#circuit.begin();
    const startedMs = performance.now();
    const trace = context.trace?.startAttempt(resends);
    const end = (answer: HttpAnswer | null, failure: unknown, abandoned: Abandoned | null = null): void =>
      this.#end(call, context, { answer, failure, abandoned, place, isProbe, resends, trace, startedMs });
    const { caller, signal, requestId, memory } = context;
    const { reservedBytes } = place;
    return this.#transport.get({ path: call.path, caller, signal, requestId, trace: trace?.headers, memory, reservedBytes }).then(
      (answer) => {
        const failure = this.#failureOf(answer, context);
        end(answer, failure);
        if (failure) throw failure;
        return answer;
      },
      (error: unknown) => {
        const abandoned = error instanceof Abandoned ? error : null;
        const failure = abandoned ? abandoned.reason : error;
        end(null, failure, abandoned);
        if (failure instanceof BillingError && failure.failure === 'budget-exceeded') this.#refuseRest(context, failure);
        if (failure instanceof NoRoom && !making.isRepeated) return this.#repeat(call, context, { resends, failure });
        throw failure;
      },
    );
  }

  /** Refuses what waits of an operation that holds as much as it may: the responses would find no room. */
  #refuseRest({ memory }: CallContext, failure: BillingError): void {
    this.#limiter.refuse((waiting) => (waiting.memory === memory ? failure : null));
  }

  /** Makes an attempt again whose response found no room. It waits for that room, so that it is not in vain a second time. */
  #repeat(call: UpstreamCall, context: CallContext, { resends, failure }: { resends: number; failure: NoRoom }): Promise<HttpAnswer> {
    context.memory?.expect(failure.mostBytes);
    return this.#makeLater(call, context, { resends, isRepeated: true });
  }

  #failureOf({ status, headers, body }: HttpAnswer, context: CallContext): AttemptFailure | null {
    // Which of the statuses of 2xx can be used is for those to say who read the body.
    if ((status >= 200 && status < 300) || status === 404) return null;
    return toFailure(status, {
      message:
        status === 400
          ? readErrorMessage(body, { token: context.caller.token, address: this.#transport.baseUrl }, this.#errorMessage)
          : null,
      retryAfter: headers['retry-after'],
      isErrorBody: status === 403 && isErrorBody(body, this.#errorMessage),
    });
  }

  #end(call: UpstreamCall, context: CallContext, attempt: EndedAttempt): void {
    const { answer, failure, resends, trace, startedMs } = attempt;
    const nowMs = performance.now();
    const durationMs = nowMs - startedMs;
    this.#noteHealth(call, context, attempt, nowMs);
    this.#noteLimits(context, failure, { durationMs, nowMs });
    this.#free(context, attempt);
    const outcome = toOutcome(answer, failure, context);
    const status = answer?.status ?? null;
    const reason = failure === null || outcome === 'aborted' ? null : toReason(failure);
    this.#observer.attemptEnded?.({ requestId: context.requestId, outcome, status, reason, durationMs, isRetry: resends > 0 });
    trace?.end(outcome, status);
  }

  #noteHealth({ request }: UpstreamCall, { caller }: CallContext, { failure, isProbe, resends }: EndedAttempt, nowMs: number): void {
    const health = toHealth(failure);
    if (isProbe) this.#circuit.endProbe(health === 'ok', nowMs);
    else if (resends === 0 && health !== null) {
      const contract = (): string => contractKey(request.customer, request.contractNumber);
      this.#circuit.note({ health, token: caller.token, contract }, nowMs);
    }
  }

  #noteLimits({ caller }: CallContext, failure: unknown, { durationMs, nowMs }: { durationMs: number; nowMs: number }): void {
    if (failure === null) {
      if (this.#accepted.accept(caller)) this.#limiter.moveAccepted(caller.token);
      this.#tokenLimits.noteAnswer(caller.token, this.#limit.current);
    }
    const status = failure instanceof BillingError ? failure.status : null;
    // How fast a failure came says nothing about how busy the API is.
    if (failure === null || (failure instanceof AttemptFailure && failure.failure === 'timeout'))
      this.#limit.noteLatency(durationMs, this.#limiter.inFlight, nowMs);
    else if (status === 429) {
      this.#tokenLimits.noteRefusal(caller.token, this.#limit.current, nowMs);
      // Made-up tokens must not shrink the limit of all others.
      if (this.#accepted.has(caller)) this.#limit.noteRefusal(caller.token, nowMs);
    } else if (status === 401) this.#accepted.refuse(caller);
  }

  #free(context: CallContext, { failure, abandoned, place }: EndedAttempt): void {
    if (abandoned) {
      // Until its response has come the API is busy with it, and so is its connection.
      if (this.#limiter.keep(place, abandoned.ended)) return;
      abandoned.cut();
    }
    const isRefusedToken = failure instanceof BillingError && failure.status === 401;
    if (!isRefusedToken || this.#limiter.waiting === 0) {
      this.#limiter.leave(place);
      return;
    }
    // The operation learns of its refused token in the turns after this one; its waiting calls must not be sent before.
    setImmediate(() => {
      this.#limiter.refuse((waiting) => (waiting.caller.token === context.caller.token ? waiting.deadToken : null));
      this.#limiter.leave(place);
    });
  }
}

/** An attempt that is made. */
interface Making {
  readonly place: Place;
  readonly resends: number;
  /** Whether the response to the same attempt found no room before. */
  readonly isRepeated?: boolean;
}

/** An attempt that has ended. */
interface EndedAttempt {
  readonly answer: HttpAnswer | null;
  readonly failure: unknown;
  readonly abandoned: Abandoned | null;
  readonly place: Place;
  readonly isProbe: boolean;
  readonly resends: number;
  readonly trace: TracedAttempt | undefined;
  readonly startedMs: number;
}

/** What an attempt's end says about the API's health; null where we ended it before it had shown anything. */
function toHealth(failure: unknown): Health | null {
  if (isOutage(failure)) return 'outage';
  if (failure instanceof AttemptFailure) return failure.status !== null && failure.status >= 500 ? 'error' : 'ok';
  // An answer that cannot be used is an answer: one odd contract must not take the API from all others.
  return failure === null || (failure instanceof BillingError && failure.failure === 'invalid-response') ? 'ok' : null;
}

function toOutcome(answer: HttpAnswer | null, failure: unknown, { signal }: CallContext): string {
  if (failure !== null && failure === signal.reason) return 'aborted';
  if (failure instanceof NoRoom) return 'no-room';
  if (failure instanceof BillingError) return failure.failure;
  return answer?.status === 404 ? 'not-found' : failure === null ? 'ok' : 'error';
}
