/** A part of an operation that takes time; it is over when it is ended, once. */
export interface TracedStep<Result extends readonly unknown[] = readonly []> {
  end(...result: Result): void;
}

/** The result of a cache lookup; `stale`: expired, but used because the billing API failed. */
export type LookupResult = 'hit' | 'stale' | 'miss';

/** One attempt at the billing API. */
export interface TracedAttempt extends TracedStep<[outcome: string, status: number | null]> {
  /** Headers that make the billing API's own spans children of this one; names and values in turn. */
  readonly headers: readonly string[];
}

/**
 * Follows one operation through the domain and what is behind it, where operations are traced. It gets kinds and
 * numbers alone: there is no place in it for a customer, a contract, a token or an address. Must not throw.
 */
export interface OperationTrace {
  /** The pages that were asked for in a tick are made into calls. */
  startPlanning(): TracedStep<[pages: number, calls: number]>;
  /** A cache is looked up. @param layer which one, such as `redis`. */
  startLookup(layer: string): TracedStep<[result: LookupResult]>;
  /** Another process may be making the same call, and its answer is waited for. */
  startLock(layer: string): TracedStep<[result: LookupResult]>;
  /** A call in flight is joined. @param other the operation that started it; undefined where that one is not traced. */
  startJoined(other: OperationTrace | undefined): TracedStep;
  /** A call waits for its turn. */
  startQueue(): TracedStep;
  /** @param resends attempts at the same call before this one. */
  startAttempt(resends: number): TracedAttempt;
}
