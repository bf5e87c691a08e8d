import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  DelegateBackoff,
  handleWhen,
  SamplingBreaker,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { BillingError } from '../../billing/model/billing-error';
import type { CircuitName } from '../../telemetry/observers/upstream-observer';
import { AttemptFailure, circuitOpen, isOutage } from '../errors/failures';
import type { HttpAnswer } from '../http/http-response';

/** The circuit opens when more than half of the first attempts of the last 30 s failed, and there were ten or more. */
const SAMPLED_MS = 30_000;
const FAILING_SHARE = 0.5;
// A little under ten in 30 s: the library compares with a product of fractions.
const MIN_PER_SECOND = 0.33;

/** How long it stays open: twice as long after each probe that failed. */
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 10_000;

const NAMES: Readonly<Record<CircuitState, CircuitName>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open',
};

/**
 * Stops asking a billing API that does not answer. Counted are lost or refused connections, time-outs and 5xx: never
 * a 4xx, nor an answer in time that cannot be used, since one odd contract must not take the API from all others.
 */
export class CircuitBreaker {
  readonly #policy: CircuitBreakerPolicy;
  readonly #samples = new SamplingBreaker({ threshold: FAILING_SHARE, duration: SAMPLED_MS, minimumRps: MIN_PER_SECOND });
  #probeAtMs = 0;

  /** @param onChange told of every new state. */
  constructor(onChange: (state: CircuitName) => void) {
    const counted = handleWhen((error) => isOutage(error) || (this.state === 'half-open' && wasGivenUp(error))).orWhenResult(isServerError);
    this.#policy = circuitBreaker(counted, {
      breaker: this.#samples,
      halfOpenAfter: new DelegateBackoff(({ attempt }: { readonly attempt: number }) => {
        // Some jitter, so that the gateway's replicas do not probe in step.
        const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)) * (0.8 + 0.2 * Math.random());
        this.#probeAtMs = Date.now() + pauseMs;
        return pauseMs;
      }),
    });
    this.#policy.onStateChange((state) => onChange(NAMES[state]));
  }

  get state(): CircuitName {
    return NAMES[this.#policy.state];
  }

  /**
   * Why no attempt may be made now; null where one may. While the circuit is open that is until its pause is over, and
   * while it is half-open until the one probe has ended.
   */
  refusal(): BillingError | null {
    switch (this.#policy.state) {
      case CircuitState.Closed:
        return null;
      case CircuitState.HalfOpen:
        return circuitOpen(1);
      case CircuitState.Open:
      case CircuitState.Isolated: {
        const leftMs = this.#probeAtMs - Date.now();
        return leftMs > 0 ? circuitOpen(Math.ceil(leftMs / 1000)) : null;
      }
    }
  }

  /**
   * Makes an attempt and counts how it ended; where the circuit's pause is over, as its probe. Rejects as the attempt
   * does, or as `refusal` says.
   */
  run(attempt: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    if (this.#policy.state !== CircuitState.Closed) return this.#probe(attempt);
    return attempt().then(this.#counted, this.#countFailure);
  }

  /** Of a success in a closed circuit the policy does nothing but this; through it, it would be eight promises more. */
  readonly #counted = (answer: HttpAnswer): HttpAnswer | Promise<HttpAnswer> => {
    if (isServerError(answer)) return this.#count(() => Promise.resolve(answer));
    this.#samples.success(CircuitState.Closed);
    return answer;
  };

  readonly #countFailure = (error: unknown): Promise<never> => this.#count(() => Promise.reject(error as Error));

  /** Counts an outcome that may open the circuit. Another's may have opened it meanwhile: then this one is known for a failure already. */
  async #count<T>(outcome: () => Promise<T>): Promise<T> {
    try {
      return await this.#policy.execute(outcome);
    } catch (error) {
      if (error instanceof BrokenCircuitError) return outcome();
      throw error;
    }
  }

  async #probe(attempt: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    const refusal = this.refusal();
    if (refusal) throw refusal;
    try {
      return await this.#policy.execute(attempt);
    } catch (error) {
      throw error instanceof BrokenCircuitError ? circuitOpen(1) : error;
    }
  }
}

function isServerError(answer: unknown): boolean {
  return (answer as HttpAnswer).status >= 500;
}

/** Whether an attempt was ended by us before it had shown anything: its client left, or the operation's time was over. */
function wasGivenUp(error: Error): boolean {
  return error instanceof BillingError && !(error instanceof AttemptFailure) && error.failure !== 'invalid-response';
}
