/** Samples of one window end when there are this many and it has lasted this long: fewer say nothing about a trend. */
const MIN_SAMPLES = 10;
const MIN_WINDOW_MS = 250;
/** An answer is slow when it takes twice the usual time and a little more, so that a jump from 1 ms to 3 is none. */
const SLOW_FACTOR = 2;
const SLACK_MS = 50;
/** Where more of a window's answers than this are 429, all tokens together ask too much. */
const REFUSED_SHARE = 0.05;
/** And where so many tokens are among those refused: what one or two of them are refused is their own quota. */
const REFUSED_TOKENS = 3;
/** The share of the limit that is left after a window of 429s, and after a slow one. */
const SHARE_AFTER_REFUSALS = 0.7;
const SHARE_AFTER_SLOW = 0.8;
/** Latency alone does not press the limit below this: a slow API is still to be asked. */
const SLOW_FLOOR = 4;
/**
 * Beyond its start the limit grows only where each place was used this often in a window, so for an API that answers within some
 * 60 ms, and where answers take hardly more than the usual time: then more attempts are no burden, and calls wait for nothing.
 */
const QUICK_ROUNDS = 4;
const QUICK_FACTOR = 1.25;
const QUICK_SLACK_MS = 5;

/** Bounds of the attempts in flight, both at least 1. */
export interface AttemptRange {
  /** At most so many, */
  readonly start: number;
  /** or more, up to this number, while calls wait and the API answers as quickly as before. */
  readonly max: number;
}

/**
 * How many attempts may be under way at once: additive increase, multiplicative decrease, as in TCP. A window in which
 * the API refused several tokens with 429 shrinks it, down to 1. A window of answers that were slow while all places were taken shrinks
 * it too, and if the answers are no quicker after that, our own number was not the cause: the new latency becomes the
 * usual one. Without either it grows back, to `start`, whenever it is what holds calls up; and further, to `max`, while the API is quick.
 */
export class AdaptiveLimit {
  readonly #range: AttemptRange;
  #exact: number;
  #usualMs = Infinity;
  /** The mean of the window that was slow; 0 where the last one was not. */
  #slowMs = 0;
  #settling = false;
  #windowStartMs = 0;
  #answered = 0;
  #refused = 0;
  readonly #refusedTokens = new Set<string>();
  #sumMs = 0;
  #saturated = false;

  constructor(range: AttemptRange) {
    this.#range = range;
    this.#exact = range.start;
  }

  get current(): number {
    return Math.max(1, Math.floor(this.#exact));
  }

  /** Connections that may be open: where the limit has shrunk below its start, those that are idle are kept. */
  get max(): number {
    return Math.max(this.#range.start, this.current);
  }

  /** Notes an attempt that was answered or ran out of time. `inFlight` counts it too; `nowMs` is `performance.now()`. */
  noteLatency(durationMs: number, inFlight: number, nowMs: number): void {
    this.#answered++;
    this.#sumMs += durationMs;
    if (inFlight >= this.current) this.#saturated = true;
    this.#endWindowAt(nowMs);
  }

  /** Notes a 429 to this token. How quickly it came says nothing about latency. */
  noteRefusal(token: string, nowMs: number): void {
    this.#refused++;
    if (this.#refusedTokens.size < REFUSED_TOKENS) this.#refusedTokens.add(token);
    this.#endWindowAt(nowMs);
  }

  #endWindowAt(nowMs: number): void {
    const samples = this.#answered + this.#refused;
    if (samples < MIN_SAMPLES || nowMs - this.#windowStartMs < MIN_WINDOW_MS) return;
    const isRefusedToAll = this.#refused > samples * REFUSED_SHARE && this.#refusedTokens.size >= REFUSED_TOKENS;
    if (isRefusedToAll) this.#exact = Math.max(1, this.#exact * SHARE_AFTER_REFUSALS);
    else if (this.#answered > 0) this.#endWindow(this.#sumMs / this.#answered);
    this.#windowStartMs = nowMs;
    this.#answered = 0;
    this.#refused = 0;
    this.#refusedTokens.clear();
    this.#sumMs = 0;
    this.#saturated = false;
  }

  #endWindow(meanMs: number): void {
    // The attempts of the window after a shrink were sent before it: they cannot show what it did.
    if (this.#settling) {
      this.#settling = false;
      return;
    }
    if (this.#slowMs > 0 && meanMs > this.#slowMs * 0.9) this.#usualMs = meanMs;
    this.#slowMs = 0;
    // The usual latency follows a quicker one at once, and a slower one by 2 % a window where we cannot be its cause.
    this.#usualMs = Math.min(meanMs, this.#saturated ? this.#usualMs : this.#usualMs * 1.02);
    if (!this.#saturated) return;
    if (meanMs > this.#usualMs * SLOW_FACTOR + SLACK_MS && this.#exact > SLOW_FLOOR) {
      this.#slowMs = meanMs;
      this.#settling = true;
      this.#exact = Math.max(SLOW_FLOOR, this.#exact * SHARE_AFTER_SLOW);
      return;
    }
    const { start, max } = this.#range;
    const isQuick = this.#answered >= this.#exact * QUICK_ROUNDS && meanMs <= this.#usualMs * QUICK_FACTOR + QUICK_SLACK_MS;
    const bound = isQuick ? max : Math.max(start, this.#exact);
    this.#exact = Math.min(bound, this.#exact + Math.max(1, this.#exact / 10));
  }
}
