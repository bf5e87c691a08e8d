import type { Caller } from '../../billing/model/caller';
import type { AcceptedTokens } from '../../billing/ports/accepted-tokens';
import type { CallContext } from '../../billing/ports/billing-source';
import type { ByteBudget } from '../../runtime/byte-budget';
import type { UpstreamObserver, UpstreamState } from '../../telemetry/observers/upstream-observer';
import type { HttpAnswer } from '../http/http-response';
import type { Transport } from '../http/transport';
import { AcceptedTokenSet } from './accepted-tokens';
import type { AdaptiveLimit } from './adaptive-limit';
import { Attempt, type AttemptWays, type UpstreamCall } from './attempt';
import { CircuitBreaker } from './circuit-breaker';
import { FairLimiter } from './fair-limiter';
import { TokenLimits } from './token-limits';

/** Settings of the attempts at the billing API. */
export interface AttemptsOptions {
  /** How many attempts may be under way at once; the transport follows it with its connections. */
  readonly limit: AdaptiveLimit;
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

/** Makes attempts at the billing API. In front of each are the circuit breaker and the limits on attempts in flight. */
export class Attempts {
  readonly #ways: AttemptWays;
  readonly #memory: ByteBudget | undefined;

  constructor(transport: Transport, { limit, callBudget, errorMessage, observer = {}, memory }: AttemptsOptions) {
    const tokenLimits = new TokenLimits();
    const accepted = new AcceptedTokenSet();
    const maxWaiting = Math.max(limit.max * WAITING_PER_CONNECTION, callBudget * WAITING_OPERATIONS);
    const limiter = new FairLimiter({ limit, tokenLimits, accepted, maxWaiting });
    const circuit = new CircuitBreaker((state, reason) => {
      observer.circuitChanged?.(state, reason);
      // A call that waits for a place would wait for nothing.
      if (state === 'open') limiter.refuse(() => circuit.refusal(performance.now()));
    });
    this.#ways = { transport, errorMessage, observer, limit, tokenLimits, accepted, limiter, circuit };
    this.#memory = memory;
    memory?.onRoom(() => limiter.admitWaiting());
  }

  get state(): UpstreamState {
    const { circuit, limiter, limit } = this.#ways;
    return {
      circuit: circuit.state,
      inFlight: limiter.inFlight,
      waiting: limiter.waiting,
      limit: limit.current,
      heldBytes: this.#memory?.heldBytes ?? 0,
    };
  }

  /** Whether an attempt would be made now: false while the circuit is open, until it is time for a probe. */
  get isReady(): boolean {
    return this.#ways.circuit.refusal(performance.now()) === null;
  }

  /** The tokens that the billing API has accepted. */
  get acceptedTokens(): AcceptedTokens {
    return this.#ways.accepted;
  }

  /** Notes that the billing API has accepted the caller's token: it has sent bills for it, or said that there are none. */
  accept(caller: Caller): void {
    const { accepted, limiter } = this.#ways;
    if (accepted.accept(caller)) limiter.moveAccepted(caller.token);
  }

  /**
   * Makes one attempt: an answer of 2xx or 404. Rejects with AttemptFailure where the billing API failed or refused,
   * and with another BillingError where the attempt was not made or was ended: the circuit is open, too many calls wait,
   * or the reason of the context's signal.
   * @param resends attempts at the same call before this one.
   */
  make(call: UpstreamCall, context: CallContext, resends: number): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => new Attempt(this.#ways, { call, context, resends }, { resolve, reject }).start());
  }
}
