import { BillingError, type BillingErrorDetails, type BillingFailure } from '../../billing/model/billing-error';

/**
 * The failure of one attempt at the billing API, as distinct from a failure that is ours or the client's (no budget,
 * a deadline, a client that left). Only these are tried again, and only these say something about the API's health.
 */
export class AttemptFailure extends BillingError {
  /** How long the API asked to wait before the next attempt, in milliseconds; null where it did not say. */
  readonly retryAfterMs: number | null;

  constructor(
    failure: BillingFailure,
    message: string,
    options: BillingErrorDetails & { cause?: unknown; status?: number; retryAfterMs?: number | null } = {},
  ) {
    super(failure, message, options);
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Statuses after which the same question may be answered a moment later. */
const TRANSIENT = new Set([429, 502, 503, 504]);

/** Whether another attempt makes sense: no connection, no answer in time, or a status that says "later". */
export function isTransient(error: unknown): error is AttemptFailure {
  if (!(error instanceof AttemptFailure)) return false;
  // Without a status, no whole answer came.
  return error.status === null ? error.failure === 'timeout' || error.failure === 'unavailable' : TRANSIENT.has(error.status);
}

/** Whether an error shows that the billing API itself cannot be reached or does not answer in time. */
export function isOutage(error: unknown): boolean {
  return error instanceof AttemptFailure && error.status === null && (error.failure === 'timeout' || error.failure === 'unavailable');
}

/**
 * The domain's error for a status of the billing API other than 200 and 404.
 * @param message the text that the API gave in `error.message`, where it did; shown to the client for 400 alone.
 * @param retryAfter the `Retry-After` header, where it came.
 */
export function toFailure(status: number, message: string | null, retryAfter: string | undefined): AttemptFailure {
  switch (status) {
    case 400:
      return new AttemptFailure('invalid-input', message ?? 'The billing API refused the request as malformed.', { status });
    case 401:
      return new AttemptFailure('unauthenticated', 'The billing API did not accept the bearer token. Ask for a new token and try again.', {
        status,
      });
    case 403:
      return new AttemptFailure('forbidden', "The bearer token does not allow to read this customer's bills.", { status });
    case 429: {
      const retryAfterSeconds = parseRetryAfter(retryAfter, Date.now());
      const advice = retryAfterSeconds === null ? 'Try again later.' : `Try again in ${retryAfterSeconds} s.`;
      return new AttemptFailure('rate-limited', `The billing API is receiving too many requests. ${advice}`, {
        status,
        retryAfterMs: toMs(retryAfterSeconds),
        ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
      });
    }
    default:
      return new AttemptFailure('unavailable', 'The billing API could not answer. Try again later.', {
        cause: new Error(`status ${status}`),
        status,
        retryAfterMs: toMs(parseRetryAfter(retryAfter, Date.now())),
      });
  }
}

function toMs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
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
  return new BillingError('invalid-response', 'The billing API sent an answer that does not follow its contract.', {
    cause: new Error(detail),
  });
}

/** The failure of an attempt that was not answered in time. */
export function timedOut(detail: string): AttemptFailure {
  return new AttemptFailure('timeout', 'The billing API did not answer in time. Try again, or ask for less at once.', {
    cause: new Error(detail),
  });
}

/**
 * The failure of an attempt that found no connection, or lost it. Of the error only its code is kept: the rest names the
 * API's address, or quotes its bytes.
 */
export function unreachable(error: Error): AttemptFailure {
  const code = (error as NodeJS.ErrnoException).code ?? error.name;
  return new AttemptFailure('unavailable', 'The billing API could not be reached. Try again later.', {
    cause: new Error(`no connection: ${code}`),
  });
}

/** The failure of an attempt whose connection ended before the answer did. */
export function lost(): AttemptFailure {
  return unreachable(Object.assign(new Error('lost'), { code: 'closed before the end of the answer' }));
}

/** The failure of an attempt that was answered with something else than HTTP/1.1. `detail` is for the operator: it quotes nothing. */
export function notHttp(detail: string): AttemptFailure {
  return new AttemptFailure('unavailable', 'The billing API could not be reached. Try again later.', {
    cause: new Error(`the answer is not HTTP/1.1: ${detail}`),
  });
}

/** The failure of a call that is not made because the billing API has been failing. `retryAfterSeconds`: when it will be tried again. */
export function circuitOpen(retryAfterSeconds: number): BillingError {
  return new BillingError(
    'unavailable',
    `The billing API has been failing and is left alone for a moment. Try again in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  );
}

/** The failure of a call that is not made because too many others wait already. */
export function overloaded(): BillingError {
  return new BillingError('unavailable', 'More calls to the billing API are waiting than it can answer in time. Try again in a moment.', {
    retryAfterSeconds: 1,
  });
}
