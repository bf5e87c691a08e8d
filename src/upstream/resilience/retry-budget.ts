/** Retries that each call pays for: a fifth, so that an outage adds at most 20 % to the traffic that meets it. */
const SHARE = 0.2;
/** What comes in besides, a second, so that a quiet gateway retries as well. */
const PER_SECOND = 10;
/** What can be saved up. */
const MOST = 100;

/** Bounds retries to a share of recent calls. Without it, an outage of the billing API would be multiplied by us. */
export class RetryBudget {
  #saved = MOST;
  #seenMs = 0;

  /** Notes a call. */
  deposit(): void {
    this.#saved = Math.min(MOST, this.#saved + SHARE);
  }

  /** Takes one retry out; false where there is none left. `nowMs` is `performance.now()`. */
  withdraw(nowMs: number): boolean {
    this.#saved = Math.min(MOST, this.#saved + ((nowMs - this.#seenMs) / 1000) * PER_SECOND);
    this.#seenMs = nowMs;
    if (this.#saved < 1) return false;
    this.#saved--;
    return true;
  }
}
