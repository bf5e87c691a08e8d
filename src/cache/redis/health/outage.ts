import type { FailureReason } from '../failure-reason';

/** Called when a store cannot be used, once for each outage, and when it can be used again. */
export interface OutageListener {
  /**
   * @param reason for the operator: an error's message, never a value.
   * @param advice what to do, where the settings are wrong.
   */
  began(reason: string, advice?: string | null): void;
  ended(): void;
}

/** While a store is out, one request in this time tries it; the others do not wait for it. */
const PROBE_EVERY_MS = 500;
/** An outage that follows another one within this time belongs to it: a store that comes and goes must not fill the log. */
const SAME_OUTAGE_MS = 10_000;

/** Knows whether a store is out, from how its use went. */
export class Outage {
  readonly #listener: OutageListener;
  readonly #onChange: (isOn: boolean) => void;
  #since: number | null = null;
  #reported = false;
  /** What was last advised. */
  #advice: string | null = null;
  #nextProbe = 0;
  #endedAt = -Infinity;

  /** @param onChange called whenever it begins or ends, also where the listener is spared a repetition. */
  constructor(listener: OutageListener, onChange: (isOn: boolean) => void) {
    this.#listener = listener;
    this.#onChange = onChange;
  }

  /** Whether to try the store: always while it is well, now and then while it is out. */
  mayTry(nowMs: number): boolean {
    if (this.#since === null) return true;
    if (nowMs < this.#nextProbe) return false;
    this.#nextProbe = nowMs + PROBE_EVERY_MS;
    return true;
  }

  get isOn(): boolean {
    return this.#since !== null;
  }

  /** How long the outage goes on, in milliseconds; 0 while there is none. */
  lastsMs(nowMs: number): number {
    return this.#since === null ? 0 : nowMs - this.#since;
  }

  /** Lets the next request try. */
  probeNow(): void {
    this.#nextProbe = 0;
  }

  failed({ reason, advice }: FailureReason, nowMs: number): void {
    if (this.#since === null) {
      this.#since = nowMs;
      this.#nextProbe = nowMs + PROBE_EVERY_MS;
      this.#onChange(true);
    }
    const isNew = nowMs - this.#endedAt >= SAME_OUTAGE_MS;
    // A mistake in the settings may come to light while an outage is known already.
    const isAdvice = advice !== null && advice !== this.#advice;
    if (!isAdvice && (this.#reported || !isNew)) return;
    this.#advice = advice;
    this.#reported = true;
    this.#listener.began(reason, advice);
  }

  succeeded(nowMs: number): void {
    if (this.#since === null) return;
    this.#since = null;
    this.#endedAt = nowMs;
    this.#onChange(false);
    if (!this.#reported) return;
    this.#reported = false;
    this.#listener.ended();
  }
}
