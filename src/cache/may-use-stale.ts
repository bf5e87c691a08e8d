import { BillingError } from '../billing/model/billing-error';

/**
 * Whether an expired entry may be used instead of a call that ended with this error: the billing API failed (no response in time, no
 * connection, a status of 5xx). It must not be used where the billing API refused the request.
 */
export function mayUseStale(error: unknown): boolean {
  if (!(error instanceof BillingError)) return false;
  return error.failure === 'timeout' || (error.failure === 'unavailable' && (error.status === null || error.status >= 500));
}
