/**
 * Adds up the time in which at least one of several waits was going on. Waits that overlap count once, so that the sum is
 * what they delay the whole by. Times are milliseconds on the monotonic clock.
 */
export class WaitingTime {
  #totalMs = 0;
  #waits = 0;
  #sinceMs = 0;

  begin(nowMs: number): void {
    if (this.#waits++ === 0) this.#sinceMs = nowMs;
  }

  end(nowMs: number): void {
    if (--this.#waits === 0) this.#totalMs += nowMs - this.#sinceMs;
  }

  /** The sum so far, waits that are still going on included. */
  totalMs(nowMs: number): number {
    return this.#waits === 0 ? this.#totalMs : this.#totalMs + nowMs - this.#sinceMs;
  }
}
