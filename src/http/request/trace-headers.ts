import type { IncomingHttpHeaders } from 'node:http';
import { GraphQLError } from 'graphql';
import { headerOf } from './header-of';

/** The request header that asks for what the answer cost: `1` for the sums, `calls` for each call as well. */
export const TRACE_HEADER = 'x-billing-trace';

/** The request header that asks what an operation would cost, without executing it: `1`. */
export const DRY_RUN_HEADER = 'x-billing-dry-run';

/** Whether the answer is to list each call. */
export function isDetailed(headers: IncomingHttpHeaders): boolean {
  return headerOf(headers, TRACE_HEADER) === 'calls';
}

/**
 * Whether the operation is only to be looked at.
 * @throws GraphQLError `BAD_REQUEST`, HTTP 400, where the header has another value: a caller who thinks that nothing is
 * executed must not pay for calls.
 */
export function isDryRun(headers: IncomingHttpHeaders): boolean {
  const value = headerOf(headers, DRY_RUN_HEADER);
  if (value === undefined) return false;
  if (value === '1') return true;
  throw new GraphQLError(`The header "${DRY_RUN_HEADER}" must be 1, or not be there.`, {
    extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
  });
}
