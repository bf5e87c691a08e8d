/** What can go wrong between the domain and the billing API. A closed list: every failure is one of these. */
export type BillingFailure =
  'unauthenticated' | 'forbidden' | 'invalid-input' | 'rate-limited' | 'timeout' | 'unavailable' | 'invalid-response' | 'budget-exceeded';

/** Details of a failure besides its kind and message. */
export interface BillingErrorDetails {
  /** After how many seconds to try again: for `rate-limited` where the billing API said so, for `unavailable` where we know. */
  readonly retryAfterSeconds?: number;
  /** Where the reading of a list ended before all of a page was found: the cursor from which it goes on. */
  readonly reached?: string;
  /** Invoices of the page that had been found by then. */
  readonly matches?: number;
}

/**
 * A failure of the domain, with a message that may be shown to a client: it never holds a token,
 * an address, a customer's id or a part of an answer. What only an operator may see is in `cause`.
 */
export class BillingError extends Error {
  override readonly name = 'BillingError';
  readonly failure: BillingFailure;
  readonly details: BillingErrorDetails;
  /** The status that the billing API answered with, where that is what failed; null otherwise. It is not shown to clients. */
  readonly status: number | null;

  constructor(failure: BillingFailure, message: string, options: BillingErrorDetails & { cause?: unknown; status?: number } = {}) {
    // Expected, and so without a stack: recording one takes longer than most of what leads to a failure. Nothing throws in between.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.failure = failure;
    this.status = options.status ?? null;
    const { retryAfterSeconds, reached, matches } = options;
    this.details = {
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(reached === undefined ? {} : { reached }),
      ...(matches === undefined ? {} : { matches }),
    };
  }
}

/**
 * What one operation has used up: a limit of its own, which says nothing about the call. Another operation that waits for
 * the same call may still make it.
 */
export class OperationLimitError extends BillingError {}

/** Makes the failure for responses that are larger, all together, than one operation may hold. */
export function tooManyBytes(maxBytes: number): OperationLimitError {
  return new OperationLimitError(
    'budget-exceeded',
    `The responses of the billing API are larger than the ${Math.floor(maxBytes / (1024 * 1024))} MiB that the operation may hold. ` +
      `Ask for fewer contracts or smaller pages at once.`,
  );
}

/** Makes the failure for an argument that is not of its form. `expected` completes the sentence "`name` must be …". */
export function invalidArgument(name: string, expected: string): BillingError {
  return new BillingError('invalid-input', `\`${name}\` must be ${expected}.`);
}
