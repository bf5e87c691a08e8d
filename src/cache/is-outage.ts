import { BillingError } from '../billing/model/billing-error';

/**
 * Whether the billing API failed, as opposed to having refused: no response in time, no connection, a status of 5xx.
 * A cached response may stand in for a failure, and must not for a refusal.
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof BillingError)) return false;
  return error.failure === 'timeout' || (error.failure === 'unavailable' && (error.status === null || error.status >= 500));
}
