import type { Caller } from '../model/caller';

/** What is left of a token's calls. */
export interface CallQuota {
  /** Calls in a full bucket, which are also those of a minute. */
  readonly limit: number;
  /** Whole calls that may be made now. */
  readonly remaining: number;
  /** After how many seconds without a call the bucket is full. */
  readonly resetSeconds: number;
}

/** There are not as many calls as are wanted. */
export interface CallShortage extends CallQuota {
  /** After how many seconds without a call there are as many. */
  readonly seconds: number;
}

/** Limits the calls that a token may make. Never fails: what it cannot find out it decides by what it knows. */
export interface CallLimiter {
  /** Takes calls out of the token's bucket, all of them or none. Null: they may be made. */
  take(caller: Caller, calls: number): Promise<CallShortage | null>;
  /** Gives back calls that were taken and not made. */
  giveBack(caller: Caller, calls: number): void;
  /** What is left, as far as this process knows. */
  quotaOf(caller: Caller): CallQuota;
}
