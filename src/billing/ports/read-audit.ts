import type { BillingFailure } from '../model/billing-error';
import type { Caller } from '../model/caller';
import type { Customer } from '../model/customer';

/** One read of bills, from the billing API or from a cache. */
export interface BillsRead {
  readonly customer: Customer;
  /** Null: all the customer's invoices. */
  readonly contractNumber: string | null;
  /** What the caller got: bills, the knowledge that there are none, or a failure. */
  readonly outcome: 'ok' | 'not-found' | BillingFailure;
  /** Whether a cache answered. */
  readonly cached: boolean;
}

/** Called for every read of bills on behalf of a caller. Must not throw, and must not take time: it is called on the hot path. */
export interface ReadAudit {
  /** @param requestId the id that the response has; undefined for reads without a request. */
  bills(caller: Caller, requestId: string | undefined, read: BillsRead): void;
}
