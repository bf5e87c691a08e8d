import type { IncomingHttpHeaders } from 'node:http';
import { badRequest } from './graphql-request';
import { headerOf } from './header-of';

/** The request header by which a caller asks for less time than the gateway gives, in milliseconds. */
export const DEADLINE_HEADER = 'x-request-timeout-ms';
/** The request header that asks for what the response cost: `1` for the sums, `calls` for each call as well. */
export const TRACE_HEADER = 'x-billing-trace';
/** The request header that asks what an operation would cost, without executing it: `1`. */
export const DRY_RUN_HEADER = 'x-billing-dry-run';
/** The request header by which a router asks for a trace of each field (ftv1), which Apollo Server's plugin makes. */
export const ROUTER_TRACE_HEADER = 'apollo-federation-include-trace';

/** What a caller's headers ask for beside the operation itself. */
export interface RequestControls {
  /** The time that the operation gets, in milliseconds. */
  readonly deadlineMs: number;
  /** Whether the response reports what it cost. */
  readonly traced: boolean;
  /** Whether it lists each request to the billing API as well. */
  readonly detailed: boolean;
  /** Whether the operation is only to be looked at. */
  readonly dryRun: boolean;
  /** How old a cached response may be that is used, in seconds; null: as old as the operator allows. */
  readonly maxAgeSeconds: number | null;
  /** Whether the operation reads a part of a list that is reported as complete. */
  readonly claimsEnd?: boolean;
}

/**
 * Reads the headers.
 * @param defaults what goes for a request without them: its time, and whether every response reports its cost.
 * @throws GraphQLError `BAD_REQUEST`, HTTP 400, where the caller's deadline is not one, or its wish for a dry run cannot be understood.
 */
export function parseControls(
  headers: IncomingHttpHeaders,
  defaults: { readonly deadlineMs: number; readonly alwaysTraced: boolean },
): RequestControls {
  const trace = headerOf(headers, TRACE_HEADER);
  const detailed = trace === 'calls';
  return {
    deadlineMs: toDeadlineMs(headerOf(headers, DEADLINE_HEADER), defaults.deadlineMs),
    traced: detailed || defaults.alwaysTraced || trace === '1',
    detailed,
    dryRun: isDryRun(headers),
    maxAgeSeconds: parseMaxAge(headerOf(headers, 'cache-control')),
  };
}

/**
 * The time that an operation gets, in milliseconds: what the caller's header asks for, where that is less than `mostMs`.
 * @throws GraphQLError `BAD_REQUEST`, HTTP 400, where the header is no whole number of milliseconds from 1 on: a caller
 * who thinks it has set a limit must not wait without one.
 */
function toDeadlineMs(header: string | undefined, mostMs: number): number {
  if (header === undefined) return mostMs;
  if (!/^[0-9]{1,15}$/.test(header) || Number(header) < 1) {
    throw badRequest(`The header "${DEADLINE_HEADER}" must be a whole number of milliseconds from 1 on.`);
  }
  return Math.min(Number(header), mostMs);
}

/**
 * Whether the operation is only to be looked at.
 * @throws GraphQLError `BAD_REQUEST`, HTTP 400, where the header has another value: a caller who thinks that nothing is
 * executed must not pay for calls.
 */
function isDryRun(headers: IncomingHttpHeaders): boolean {
  const value = headerOf(headers, DRY_RUN_HEADER);
  if (value === undefined) return false;
  if (value === '1') return true;
  throw badRequest(`The header "${DRY_RUN_HEADER}" must be 1, or not be there.`);
}

/**
 * How old a cached response may be that is used for a request, in seconds (RFC 9111, section 5.2.1); null where its
 * `Cache-Control` does not say. `no-cache` and `no-store` are 0. The strictest directive counts; those that are malformed,
 * or that a cache may ignore, are ignored.
 */
export function parseMaxAge(cacheControl: string | undefined): number | null {
  if (cacheControl === undefined) return null;
  let strictest: number | null = null;
  for (const directive of cacheControl.split(',')) {
    const seconds = toSeconds(directive.trim().toLowerCase());
    if (seconds !== null && (strictest === null || seconds < strictest)) strictest = seconds;
  }
  return strictest;
}

function toSeconds(directive: string): number | null {
  if (directive === 'no-cache' || directive === 'no-store') return 0;
  const [, token, quoted] = /^max-age=(?:(\d+)|"(\d+)")$/.exec(directive) ?? [];
  const digits = token ?? quoted;
  return digits === undefined ? null : Number(digits);
}
