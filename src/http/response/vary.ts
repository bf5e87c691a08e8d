import { DRY_RUN_HEADER, ROUTER_TRACE_HEADER, TRACE_HEADER } from '../request/request-controls';

/**
 * The request headers that a cacheable response depends on (RFC 9110, section 12.5.5): those that select the media type, the
 * caller, the CORS headers for listed origins, and the extensions. A private cache belongs to a browser, not to a token: without
 * `authorization` it would serve a response to the next token used in the browser, and without `x-billing-dry-run` it would answer
 * a dry run with bills.
 */
const OWN = ['accept', 'authorization', 'origin', DRY_RUN_HEADER, TRACE_HEADER, ROUTER_TRACE_HEADER];

/** The `Vary` header of such a response. @param forwardHeaders headers forwarded to the billing API, in lower case. */
export function toVary(forwardHeaders: readonly string[]): string {
  return [...new Set([...OWN, ...forwardHeaders])].join(', ');
}
