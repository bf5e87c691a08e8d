import { BillingError } from '../billing/billing-error';

/**
 * The domain's error for a status of the billing API other than 200 and 404.
 * @param message the text that the API gave in `error.message`, where it did; shown to the client for 400 alone.
 * @param retryAfter the `Retry-After` header, where it came.
 */
export function toFailure(status: number, message: string | null, retryAfter: string | undefined): BillingError {
  switch (status) {
    case 400:
      return new BillingError('invalid-input', message ?? 'The billing API refused the request as malformed.');
    case 401:
      return new BillingError('unauthenticated', 'The billing API did not accept the bearer token. Ask for a new token and try again.');
    case 403:
      return new BillingError('forbidden', "The bearer token does not allow to read this customer's bills.");
    case 429: {
      const retryAfterSeconds = parseRetryAfter(retryAfter, Date.now());
      const advice = retryAfterSeconds === null ? 'Try again later.' : `Try again in ${retryAfterSeconds} s.`;
      return new BillingError('rate-limited', `The billing API is receiving too many requests. ${advice}`, retryAfterSeconds === null ? {} : { retryAfterSeconds });
    }
    default:
      return new BillingError('unavailable', 'The billing API could not answer. Try again later.', { status, cause: new Error(`status ${status}`) });
  }
}

/** Seconds from `Retry-After` (RFC 9110, section 10.2.3: a number of seconds or a date), never negative; null where it says neither. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  // Date.parse takes "-5" and "1.5" for dates; each form of an HTTP-date starts with a day's name.
  const date = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - nowMs) / 1000));
}

/** The failure of an answer that cannot be used. `detail` is for the operator: it names paths and sizes, never values. */
export function invalidResponse(detail: string): BillingError {
  return new BillingError('invalid-response', 'The billing API sent an answer that does not follow its contract.', { cause: new Error(detail) });
}

/** The failure of a call that was not answered in time. */
export function timedOut(detail: string): BillingError {
  return new BillingError('timeout', 'The billing API did not answer in time. Try again, or ask for less at once.', { cause: new Error(detail) });
}

/** The failure of a call that found no connection, or lost it. */
export function unreachable(cause: unknown): BillingError {
  return new BillingError('unavailable', 'The billing API could not be reached. Try again later.', { cause });
}
