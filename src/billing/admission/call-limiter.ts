import type { Caller } from '../model/caller';

/** The remaining calls of a token. */
export interface CallQuota {
  /** Calls in a full bucket, which is also the limit per minute. */
  readonly limit: number;
  /** Number of calls that may be made now, rounded down. */
  readonly remaining: number;
  /** Seconds until the bucket is full, if no call is made. */
  readonly resetSeconds: number;
}

/** Too few calls are left. */
export interface CallShortage extends CallQuota {
  /** Seconds until enough calls are available, if no call is made. */
  readonly seconds: number;
}

/** Limits the calls per token. Never fails: if the shared state is unavailable, it decides by local state. */
export interface CallLimiter {
  /** Takes calls from the token's bucket, all or none. Resolves to null if they may be made. */
  take(caller: Caller, calls: number): Promise<CallShortage | null>;
  /** Returns calls that were taken but not made. */
  giveBack(caller: Caller, calls: number): void;
  /** The remaining calls, as far as this process knows. */
  quotaOf(caller: Caller): CallQuota;
}
