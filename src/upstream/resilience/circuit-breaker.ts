import type { BillingError } from '../../billing/model/billing-error';
import type { CircuitName } from '../../telemetry/observers/upstream-observer';
import { circuitOpen } from '../errors/failures';
import { FailureWindow, type HealthSample } from './failure-window';

/** How long the circuit stays open: twice as long after each probe that failed. */
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Stops calls to a billing API that is down. Its input are first attempts: with their retries, one failing contract would
 * weigh three times. It opens on outages (no connection, timeout, 502, 503, 504), and on other server errors only where
 * they are spread over several tokens and contracts. All times are on the monotonic clock, in milliseconds.
 */
export class CircuitBreaker {
  readonly #onChange: (state: CircuitName, reason: string | null) => void;
  readonly #window = new FailureWindow();
  #state: CircuitName = 'closed';
  #probeAtMs = 0;
  #failedProbes = 0;

  /** @param onChange called with every new state, and with why the last attempt before it failed. */
  constructor(onChange: (state: CircuitName, reason: string | null) => void) {
    this.#onChange = onChange;
  }

  get state(): CircuitName {
    return this.#state;
  }

  /** Why no attempt may be made now; null where one may: the circuit is closed, or it is time for a probe. */
  refusal(nowMs: number): BillingError | null {
    if (this.#state === 'closed') return null;
    if (this.#state === 'half-open') return circuitOpen(1);
    const leftMs = this.#probeAtMs - nowMs;
    return leftMs > 0 ? circuitOpen(Math.ceil(leftMs / 1000)) : null;
  }

  /** Notes that an attempt begins. Returns whether it is the probe of an open circuit; to be called where `refusal` is null. */
  begin(): boolean {
    if (this.#state === 'closed') return false;
    this.#change('half-open');
    return true;
  }

  /** Notes how a first attempt ended that was not a probe. */
  note(sample: HealthSample, nowMs: number): void {
    // An attempt from before the circuit opened says nothing new.
    if (this.#state !== 'closed') return;
    this.#window.add(sample, nowMs);
    if (sample.health !== 'ok' && this.#window.isFailing(nowMs)) this.#open(nowMs, sample.reason);
  }

  /** Notes how the probe ended. A probe that was given up has shown nothing, and the circuit stays open. */
  endProbe(isHealthy: boolean, nowMs: number, reason: string | null): void {
    if (isHealthy) {
      this.#failedProbes = 0;
      this.#window.clear();
      this.#change('closed');
      return;
    }
    this.#failedProbes++;
    this.#open(nowMs, reason);
  }

  #open(nowMs: number, reason: string | null): void {
    // Some jitter, so that the gateway's replicas do not probe in step.
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failedProbes) * (0.8 + 0.2 * Math.random());
    this.#probeAtMs = nowMs + pauseMs;
    this.#change('open', reason);
  }

  #change(state: CircuitName, reason: string | null = null): void {
    this.#state = state;
    this.#onChange(state, reason);
  }
}
