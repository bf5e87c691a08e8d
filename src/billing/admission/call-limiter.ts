import type { BillingError } from '../model/billing-error';
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

/** Limits the calls that a token may make. Never fails: what it cannot find out it decides by what it knows. */
export interface CallLimiter {
  /** Takes calls out of the token's bucket; resolves with the refusal where there are not as many. */
  take(caller: Caller, calls: number): Promise<BillingError | null>;
  /** Takes calls that were made beyond those, or gives back (below 0) those that were not made. */
  settle(caller: Caller, calls: number): void;
  /** What is left, as far as this process knows. */
  quotaOf(caller: Caller): CallQuota;
}
