/** Where the time comes from; tests bring their own. */
export interface Clock {
  /** Milliseconds since the process started. For every duration, deadline and lifetime within this process. */
  monotonicMs(): number;
  /** Milliseconds since the epoch, by a clock that may be set back or forward. Only for what leaves the process or comes from outside. */
  epochMs(): number;
}

/**
 * Milliseconds on a clock that is never set back or forward (CLOCK_MONOTONIC), counted from the start of the process.
 * The wall clock (`Date.now()`) jumps when it is corrected: a duration measured on it can be negative, or hours too long.
 */
export function monotonicMs(): number {
  return performance.now();
}

/** The clocks of the system. */
export const systemClock: Clock = { monotonicMs, epochMs: () => Date.now() };
