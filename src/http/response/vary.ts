import { DRY_RUN_HEADER, ROUTER_TRACE_HEADER, TRACE_HEADER } from '../request/request-controls';

/**
 * What a response depends on, besides the operation, that a client's cache may keep (RFC 9110, section 12.5.5): its media type,
 * whose it is, for scripts of listed origins the CORS headers, and what it tells beside the data. A private cache is a browser's,
 * not a token's: without `authorization` it would show a response to the next token that is used in the browser, and without
 * `x-billing-dry-run` it would answer a dry run with bills.
 */
const OWN = ['accept', 'authorization', 'origin', DRY_RUN_HEADER, TRACE_HEADER, ROUTER_TRACE_HEADER];

/** The value of `Vary` of such a response. @param forwardHeaders headers that are forwarded to the billing API, in lower case. */
export function toVary(forwardHeaders: readonly string[]): string {
  return [...new Set([...OWN, ...forwardHeaders])].join(', ');
}
