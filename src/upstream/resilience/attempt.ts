import { BillingError } from '../../billing/model/billing-error';
import { contractKey } from '../../billing/model/customer';
import type { BillsRequest, CallContext } from '../../billing/ports/billing-source';
import type { TracedAttempt, TracedStep } from '../../billing/ports/operation-trace';
import type { UpstreamObserver } from '../../telemetry/observers/upstream-observer';
import { toReadable } from '../bills/body-text';
import { isErrorBody, readErrorMessage } from '../bills/error-message';
import { AttemptFailure, GatewayStops, isOutage, NoRoom, toFailure, toReason } from '../errors/failures';
import { Abandoned } from '../http/abandoned';
import type { HttpAnswer } from '../http/http-response';
import type { ResponseReceiver, Transport } from '../http/transport';
import type { AcceptedTokenSet } from './accepted-tokens';
import type { AdaptiveLimit } from './adaptive-limit';
import type { CircuitBreaker } from './circuit-breaker';
import type { Health } from './failure-window';
import type { FairLimiter, Slot, Waiter } from './fair-limiter';
import type { TokenLimits } from './token-limits';

/** A call to the billing API; it may take several attempts. */
export interface UpstreamCall {
  readonly request: BillsRequest;
  /** Path and query of the request. */
  readonly path: string;
}

/** What all attempts share. */
export interface AttemptWays {
  readonly transport: Transport;
  /** Path of the message in an error body; undefined: as in the contract. */
  readonly errorMessage: readonly string[] | undefined;
  readonly observer: UpstreamObserver;
  readonly limit: AdaptiveLimit;
  readonly tokenLimits: TokenLimits;
  readonly accepted: AcceptedTokenSet;
  readonly limiter: FairLimiter;
  readonly circuit: CircuitBreaker;
}

/** Settles the attempt's promise, once. */
export interface AttemptEnd {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One attempt at a call, from waiting for a slot to its end. It is a single object with a single promise on purpose: while
 * hundreds of calls wait, a promise or closure per step is what the garbage collector spends its time copying.
 */
export class Attempt implements Waiter, ResponseReceiver {
  readonly context: CallContext;
  readonly #ways: AttemptWays;
  readonly #call: UpstreamCall;
  readonly #resends: number;
  readonly #end: AttemptEnd;
  /** When it was sent or, before that, when it started to wait. */
  #startedMs = 0;
  #slot: Slot | null = null;
  #isProbe = false;
  /** Whether this is the second try, after the response did not fit into memory. */
  #isRepeated = false;
  #queueStep: TracedStep | undefined = undefined;
  #trace: TracedAttempt | undefined = undefined;

  /** @param resends number of earlier attempts at the same call. */
  constructor(
    ways: AttemptWays,
    { call, context, resends }: { call: UpstreamCall; context: CallContext; resends: number },
    end: AttemptEnd,
  ) {
    this.#ways = ways;
    this.#call = call;
    this.context = context;
    this.#resends = resends;
    this.#end = end;
  }

  /** Sends the request now, or as soon as a slot is free. */
  start(): void {
    const { circuit, limiter } = this.#ways;
    const nowMs = performance.now();
    const refusal = circuit.refusal(nowMs);
    if (refusal) {
      this.#refuse(refusal);
      return;
    }
    const slot = limiter.tryEnter(this.context);
    if (slot) this.#send(slot, nowMs);
    else this.#wait(nowMs);
  }

  /** Called by the limiter: a slot is free, and there is room for the response. */
  admit(slot: Slot): void {
    const { context } = this;
    const { circuit, limiter } = this.#ways;
    this.#endWait();
    const nowMs = performance.now();
    context.noteQueued?.(nowMs - this.#startedMs);
    const refusal = circuit.refusal(nowMs);
    if (!refusal) {
      this.#send(slot, nowMs);
      return;
    }
    context.memory?.give(slot.reservedBytes);
    limiter.leave(slot);
    this.#refuse(refusal);
  }

  /** Called by the limiter: the call will not get a slot. */
  refuse(error: Error): void {
    this.#endWait();
    const failure = error instanceof BillingError ? error.failure : null;
    const { observer, circuit } = this.#ways;
    if (failure === 'budget-exceeded') observer.callRefused?.('memory');
    else if (failure === 'unavailable') observer.callRefused?.(circuit.state === 'closed' ? 'queue' : 'circuit');
    // Anything else means that the token was refused, which is not a matter of load.
    this.#end.reject(error);
  }

  /** Called when the signal aborts while the call is waiting. */
  handleEvent(): void {
    this.#ways.limiter.withdraw(this);
    this.#endWait();
    this.#end.reject(this.context.signal.reason);
  }

  answered(answer: HttpAnswer): void {
    let failure: AttemptFailure | null;
    try {
      failure = this.#failureOf(answer);
      this.#note(answer, failure);
    } catch (error) {
      // There is no caller on the stack to catch it.
      this.#end.reject(error as Error);
      return;
    }
    if (failure) this.#end.reject(failure);
    else this.#end.resolve(answer);
  }

  failed(failure: Error): void {
    // Deferred, so that everything one abort cancels is cancelled before its slots are given to other calls.
    queueMicrotask(() => this.#fail(failure));
  }

  #wait(nowMs: number): void {
    const { context } = this;
    const { signal } = context;
    if (signal.aborted) {
      this.#end.reject(signal.reason);
      return;
    }
    this.#queueStep = context.trace?.startQueue();
    this.#startedMs = nowMs;
    signal.addEventListener('abort', this, { once: true });
    this.#ways.limiter.enter(this);
  }

  #endWait(): void {
    this.context.signal.removeEventListener('abort', this);
    this.#queueStep?.end();
    this.#queueStep = undefined;
  }

  #refuse(refusal: BillingError): void {
    this.#ways.observer.callRefused?.('circuit');
    this.#end.reject(refusal);
  }

  #send(slot: Slot, nowMs: number): void {
    const { circuit, transport } = this.#ways;
    const { caller, signal, requestId, memory } = this.context;
    const { reservedBytes } = slot;
    this.#slot = slot;
    this.#isProbe = circuit.begin();
    this.#startedMs = nowMs;
    this.#trace = this.context.trace?.startAttempt(this.#resends);
    try {
      const { path, request } = this.#call;
      const subject = request.contractNumber;
      const trace = this.#trace?.headers;
      transport.send({ path, caller, startedMs: nowMs, subject, signal, requestId, trace, memory, reservedBytes }, this);
    } catch (error) {
      memory?.give(reservedBytes);
      this.failed(error as Error);
    }
  }

  #fail(error: Error): void {
    const { memory } = this.context;
    const abandoned = error instanceof Abandoned ? error : null;
    const failure = abandoned ? abandoned.reason : error;
    this.#note(null, failure, abandoned);
    // The operation's waiting calls would not find room for their responses either.
    if (failure instanceof BillingError && failure.failure === 'budget-exceeded')
      this.#ways.limiter.refuse((waiting) => (waiting.memory === memory ? failure : null));
    if (!(failure instanceof NoRoom) || this.#isRepeated) {
      this.#end.reject(failure);
      return;
    }
    // Try once more when there is that much room.
    this.#isRepeated = true;
    memory?.expect(failure.mostBytes);
    this.#wait(performance.now());
  }

  #failureOf({ status, headers, body }: HttpAnswer): AttemptFailure | null {
    // Which 2xx statuses are usable is decided when the body is decoded.
    if ((status >= 200 && status < 300) || status === 404) return null;
    const { transport, errorMessage } = this.#ways;
    const text = status === 400 || status === 403 ? toReadable(body, headers['content-type']) : null;
    const unspeakable = { token: this.context.caller.token, address: transport.baseUrl };
    return toFailure(status, {
      message: text && status === 400 ? readErrorMessage(text, unspeakable, errorMessage) : null,
      retryAfter: headers['retry-after'],
      isErrorBody: text !== null && isErrorBody(text, errorMessage),
      challenge: headers['www-authenticate'],
    });
  }

  /** Reports the outcome to the breaker, the limits and the observer, and returns the slot. */
  #note(answer: HttpAnswer | null, failure: Error | null, abandoned: Abandoned | null = null): void {
    const nowMs = answer?.endedMs ?? performance.now();
    const durationMs = nowMs - this.#startedMs;
    const { context } = this;
    const outcome = toOutcome(answer, failure, context);
    const reason = failure === null || outcome === 'aborted' ? null : toReason(failure);
    this.#noteHealth(failure, reason, nowMs);
    this.#noteLimits(failure, { durationMs, nowMs });
    this.#leave(failure, abandoned);
    const status = answer?.status ?? null;
    const { requestId } = context;
    this.#ways.observer.attemptEnded?.({ requestId, outcome, status, reason, durationMs, isRetry: this.#resends > 0 });
    this.#trace?.end(outcome, status);
  }

  #noteHealth(failure: Error | null, reason: string | null, nowMs: number): void {
    const { circuit } = this.#ways;
    const health = toHealth(failure);
    if (this.#isProbe) circuit.endProbe(health === 'ok', nowMs, reason);
    else if (this.#resends === 0 && health !== null) {
      const { customer, contractNumber } = this.#call.request;
      circuit.note({ health, token: this.context.caller.token, contract: () => contractKey(customer, contractNumber), reason }, nowMs);
    }
  }

  #noteLimits(failure: Error | null, { durationMs, nowMs }: { durationMs: number; nowMs: number }): void {
    const { accepted, limiter, tokenLimits, limit } = this.#ways;
    const { caller } = this.context;
    if (failure === null) tokenLimits.noteAnswer(caller.token, limit.current);
    const status = failure instanceof BillingError ? failure.status : null;
    // The latency of a failure says nothing about how busy the API is.
    if (failure === null || (failure instanceof AttemptFailure && failure.failure === 'timeout'))
      limit.noteLatency(durationMs, limiter.inFlight, nowMs);
    else if (status === 429) {
      tokenLimits.noteRefusal(caller.token, limit.current, nowMs);
      // Made-up tokens must not shrink the limit for everyone.
      if (accepted.has(caller)) limit.noteRefusal(caller.token, nowMs);
    } else if (status === 401) accepted.refuse(caller);
  }

  /** Returns the slot. */
  #leave(failure: Error | null, abandoned: Abandoned | null): void {
    const { limiter } = this.#ways;
    const slot = this.#slot as Slot;
    if (abandoned) {
      // The API and the connection stay busy until the response is complete.
      limiter.keep(slot, abandoned);
      return;
    }
    const isRefusedToken = failure instanceof BillingError && failure.status === 401;
    if (!isRefusedToken || limiter.waiting === 0) {
      limiter.leave(slot);
      return;
    }
    // The operation sees the refusal only in a later turn; its waiting calls must not be sent before that.
    const { token } = this.context.caller;
    setImmediate(() => {
      limiter.refuse((waiting) => (waiting.caller.token === token ? waiting.deadToken : null));
      limiter.leave(slot);
    });
  }
}

/** What the outcome says about the API's health; null if the gateway ended the attempt before it could show anything. */
function toHealth(failure: Error | null): Health | null {
  if (isOutage(failure)) return 'outage';
  if (failure instanceof AttemptFailure) return failure.status !== null && failure.status >= 500 ? 'error' : 'ok';
  // An unusable response is still a response: one malformed contract must not open the breaker for everyone.
  return failure === null || (failure instanceof BillingError && failure.failure === 'invalid-response') ? 'ok' : null;
}

function toOutcome(answer: HttpAnswer | null, failure: Error | null, { signal }: CallContext): string {
  if (failure !== null && (failure === signal.reason || failure instanceof GatewayStops)) return 'aborted';
  if (failure instanceof NoRoom) return 'no-room';
  if (failure instanceof BillingError) return failure.failure;
  return answer?.status === 404 ? 'not-found' : failure === null ? 'ok' : 'error';
}
