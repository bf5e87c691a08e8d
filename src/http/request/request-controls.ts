import type { IncomingHttpHeaders } from 'node:http';
import { headerOf } from './header-of';
import { DEADLINE_HEADER, toDeadlineMs } from './request-deadline';
import { isDetailed, isDryRun, TRACE_HEADER } from './trace-headers';

/** What a caller's headers ask for beside the operation itself. */
export interface RequestControls {
  /** The time that the operation gets, in milliseconds. */
  readonly deadlineMs: number;
  /** Whether the response reports what it cost. */
  readonly traced: boolean;
  /** Whether it lists each question to the billing API as well. */
  readonly detailed: boolean;
  /** Whether the operation is only to be looked at. */
  readonly dryRun: boolean;
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
  const detailed = isDetailed(headers);
  return {
    deadlineMs: toDeadlineMs(headerOf(headers, DEADLINE_HEADER), defaults.deadlineMs),
    traced: detailed || defaults.alwaysTraced || headerOf(headers, TRACE_HEADER) === '1',
    detailed,
    dryRun: isDryRun(headers),
  };
}
