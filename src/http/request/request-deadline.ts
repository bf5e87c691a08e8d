import { GraphQLError } from 'graphql';

/** The request header by which a caller asks for less time than the gateway gives, in milliseconds. */
export const DEADLINE_HEADER = 'x-request-timeout-ms';

/**
 * The time that an operation gets, in milliseconds: what the caller's header asks for, where that is less than `mostMs`.
 * @throws GraphQLError `BAD_REQUEST`, HTTP 400, where the header is no whole number of milliseconds from 1 on: a caller
 * who thinks it has set a limit must not wait without one.
 */
export function toDeadlineMs(header: string | undefined, mostMs: number): number {
  if (header === undefined) return mostMs;
  if (!/^[0-9]{1,15}$/.test(header) || Number(header) < 1) {
    throw new GraphQLError(`The header "${DEADLINE_HEADER}" must be a whole number of milliseconds from 1 on.`, {
      extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
    });
  }
  return Math.min(Number(header), mostMs);
}
