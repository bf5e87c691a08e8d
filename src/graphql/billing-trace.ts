import type { Billing } from '../billing/billing';

/** What an operation cost: `extensions.billing`. */
export interface BillingTrace {
  /** Calls made to the billing API. */
  readonly calls: number;
  /** Questions that were answered by a call made for another question of the same operation. */
  readonly merged: number;
  /** Answers that came out of the shared cache. */
  readonly cached: number;
  /** Answers used past their time because the billing API failed. */
  readonly stale: number;
}

/** The account of an operation, for the client that asked for it. */
export function toBillingTrace(billing: Billing): BillingTrace {
  const { calls, cached, stale } = billing.operation;
  return { calls, merged: billing.merged, cached, stale };
}
