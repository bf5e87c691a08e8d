import { BillingError } from '../../billing/model/billing-error';
import { contractKey } from '../../billing/model/customer';
import type { BillsRequest, CallContext } from '../../billing/ports/billing-source';
import type { TracedAttempt, TracedStep } from '../../billing/ports/operation-trace';
import type { UpstreamObserver } from '../../telemetry/observers/upstream-observer';
import { isErrorBody, readErrorMessage } from '../bills/error-message';
import { AttemptFailure, isOutage, NoRoom, toFailure, toReason } from '../errors/failures';
import { Abandoned } from '../http/abandoned';
import type { HttpAnswer } from '../http/http-response';
import type { ResponseReceiver, Transport } from '../http/transport';
import type { AcceptedTokenSet } from './accepted-tokens';
import type { AdaptiveLimit } from './adaptive-limit';
import type { CircuitBreaker } from './circuit-breaker';
import type { Health } from './failure-window';
import type { FairLimiter, Place, Waiter } from './fair-limiter';
import type { TokenLimits } from './token-limits';

/** A call to the billing API, of which attempts are made. */
export interface UpstreamCall {
  readonly request: BillsRequest;
  /** The request's path and query. */
  readonly path: string;
}

/** What all attempts go through, and what they are noted in. */
export interface AttemptWays {
  readonly transport: Transport;
  /** Where an error body has its message; without it, as the contract has it. */
  readonly errorMessage: readonly string[] | undefined;
  readonly observer: UpstreamObserver;
  readonly limit: AdaptiveLimit;
  readonly tokenLimits: TokenLimits;
  readonly accepted: AcceptedTokenSet;
  readonly limiter: FairLimiter;
  readonly circuit: CircuitBreaker;
}

/** Whom an attempt tells of its end; it does so once. */
export interface AttemptEnd {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One attempt at a call, from its wait for a place to its end. It is all that lives for the attempt, besides the one promise
 * of who makes it: while many calls wait, a promise or a closure for each step is what the garbage collector copies.
 */
export class Attempt implements Waiter, ResponseReceiver {
  readonly context: CallContext;
  readonly #ways: AttemptWays;
  readonly #call: UpstreamCall;
  readonly #resends: number;
  readonly #end: AttemptEnd;
  /** When it was sent, or began to wait. */
  #startedMs = 0;
  #place: Place | null = null;
  #isProbe = false;
  /** Whether its response has found no room before. */
  #isRepeated = false;
  #queueStep: TracedStep | undefined = undefined;
  #trace: TracedAttempt | undefined = undefined;

  /** @param resends attempts at the same call before this one. */
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

  /** Sends it now, or as soon as there is a place for it. */
  start(): void {
    const { circuit, limiter } = this.#ways;
    const refusal = circuit.state === 'closed' ? null : circuit.refusal(performance.now());
    if (refusal) {
      this.#refuse(refusal);
      return;
    }
    const place = limiter.tryEnter(this.context);
    if (place) this.#send(place);
    else this.#wait();
  }

  /** There is a place for it, and room for its response. */
  admit(place: Place): void {
    const { context } = this;
    const { circuit, limiter } = this.#ways;
    this.#endWait();
    const nowMs = performance.now();
    context.noteQueued?.(nowMs - this.#startedMs);
    const refusal = circuit.refusal(nowMs);
    if (!refusal) {
      this.#send(place);
      return;
    }
    context.memory?.give(place.reservedBytes);
    limiter.leave(place);
    this.#refuse(refusal);
  }

  /** It gets no place. */
  refuse(error: Error): void {
    this.#endWait();
    const failure = error instanceof BillingError ? error.failure : null;
    const { observer, circuit } = this.#ways;
    if (failure === 'budget-exceeded') observer.callRefused?.('memory');
    else if (failure === 'unavailable') observer.callRefused?.(circuit.state === 'closed' ? 'queue' : 'circuit');
    // Otherwise its token was refused, which says nothing about load.
    this.#end.reject(error);
  }

  /** Called when the signal aborts while it waits. */
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
      // Nobody above would learn of it.
      this.#end.reject(error as Error);
      return;
    }
    if (failure) this.#end.reject(failure);
    else this.#end.resolve(answer);
  }

  failed(failure: Error): void {
    // What one abort ends has ended as a whole before the places are free for others.
    queueMicrotask(() => this.#fail(failure));
  }

  #wait(): void {
    const { context } = this;
    const { signal } = context;
    if (signal.aborted) {
      this.#end.reject(signal.reason);
      return;
    }
    this.#queueStep = context.trace?.startQueue();
    this.#startedMs = performance.now();
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

  #send(place: Place): void {
    const { circuit, transport } = this.#ways;
    const { caller, signal, requestId, memory, trace } = this.context;
    const { reservedBytes } = place;
    this.#place = place;
    this.#isProbe = circuit.begin();
    this.#startedMs = performance.now();
    this.#trace = trace?.startAttempt(this.#resends);
    try {
      transport.send({ path: this.#call.path, caller, signal, requestId, trace: this.#trace?.headers, memory, reservedBytes }, this);
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
    // What waits of an operation that holds as much as it may would find no room either.
    if (failure instanceof BillingError && failure.failure === 'budget-exceeded')
      this.#ways.limiter.refuse((waiting) => (waiting.memory === memory ? failure : null));
    if (!(failure instanceof NoRoom) || this.#isRepeated) {
      this.#end.reject(failure);
      return;
    }
    // Once more, when there is that much room, so that it is not in vain a second time.
    this.#isRepeated = true;
    memory?.expect(failure.mostBytes);
    this.#wait();
  }

  #failureOf({ status, headers, body }: HttpAnswer): AttemptFailure | null {
    // Which of the statuses of 2xx can be used is for those to say who read the body.
    if ((status >= 200 && status < 300) || status === 404) return null;
    const { transport, errorMessage } = this.#ways;
    return toFailure(status, {
      message:
        status === 400 ? readErrorMessage(body, { token: this.context.caller.token, address: transport.baseUrl }, errorMessage) : null,
      retryAfter: headers['retry-after'],
      isErrorBody: (status === 400 || status === 403) && isErrorBody(body, errorMessage),
      challenge: headers['www-authenticate'],
    });
  }

  /** Notes its end in all that depends on how attempts end, and gives its place back. */
  #note(answer: HttpAnswer | null, failure: Error | null, abandoned: Abandoned | null = null): void {
    const nowMs = performance.now();
    const durationMs = nowMs - this.#startedMs;
    const { context } = this;
    this.#noteHealth(failure, nowMs);
    this.#noteLimits(failure, { durationMs, nowMs });
    this.#leave(failure, abandoned);
    const outcome = toOutcome(answer, failure, context);
    const status = answer?.status ?? null;
    const reason = failure === null || outcome === 'aborted' ? null : toReason(failure);
    const { requestId } = context;
    this.#ways.observer.attemptEnded?.({ requestId, outcome, status, reason, durationMs, isRetry: this.#resends > 0 });
    this.#trace?.end(outcome, status);
  }

  #noteHealth(failure: Error | null, nowMs: number): void {
    const { circuit } = this.#ways;
    const health = toHealth(failure);
    if (this.#isProbe) circuit.endProbe(health === 'ok', nowMs);
    else if (this.#resends === 0 && health !== null) {
      const { customer, contractNumber } = this.#call.request;
      const contract = (): string => contractKey(customer, contractNumber);
      circuit.note({ health, token: this.context.caller.token, contract }, nowMs);
    }
  }

  #noteLimits(failure: Error | null, { durationMs, nowMs }: { durationMs: number; nowMs: number }): void {
    const { accepted, limiter, tokenLimits, limit } = this.#ways;
    const { caller } = this.context;
    if (failure === null) {
      if (accepted.accept(caller)) limiter.moveAccepted(caller.token);
      tokenLimits.noteAnswer(caller.token, limit.current);
    }
    const status = failure instanceof BillingError ? failure.status : null;
    // How fast a failure came says nothing about how busy the API is.
    if (failure === null || (failure instanceof AttemptFailure && failure.failure === 'timeout'))
      limit.noteLatency(durationMs, limiter.inFlight, nowMs);
    else if (status === 429) {
      tokenLimits.noteRefusal(caller.token, limit.current, nowMs);
      // Made-up tokens must not shrink the limit of all others.
      if (accepted.has(caller)) limit.noteRefusal(caller.token, nowMs);
    } else if (status === 401) accepted.refuse(caller);
  }

  /** Gives its place back. */
  #leave(failure: Error | null, abandoned: Abandoned | null): void {
    const { limiter } = this.#ways;
    const place = this.#place as Place;
    if (abandoned) {
      // Until its response has come the API is busy with it, and so is its connection.
      limiter.keep(place, abandoned);
      return;
    }
    const isRefusedToken = failure instanceof BillingError && failure.status === 401;
    if (!isRefusedToken || limiter.waiting === 0) {
      limiter.leave(place);
      return;
    }
    // The operation learns of its refused token in the turns after this one; its waiting calls must not be sent before.
    const { token } = this.context.caller;
    setImmediate(() => {
      limiter.refuse((waiting) => (waiting.caller.token === token ? waiting.deadToken : null));
      limiter.leave(place);
    });
  }
}

/** What an attempt's end says about the API's health; null where we ended it before it had shown anything. */
function toHealth(failure: Error | null): Health | null {
  if (isOutage(failure)) return 'outage';
  if (failure instanceof AttemptFailure) return failure.status !== null && failure.status >= 500 ? 'error' : 'ok';
  // An answer that cannot be used is an answer: one odd contract must not take the API from all others.
  return failure === null || (failure instanceof BillingError && failure.failure === 'invalid-response') ? 'ok' : null;
}

function toOutcome(answer: HttpAnswer | null, failure: Error | null, { signal }: CallContext): string {
  if (failure !== null && failure === signal.reason) return 'aborted';
  if (failure instanceof NoRoom) return 'no-room';
  if (failure instanceof BillingError) return failure.failure;
  return answer?.status === 404 ? 'not-found' : failure === null ? 'ok' : 'error';
}
