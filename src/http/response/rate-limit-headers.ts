import type { CallLimiter } from '../../billing/admission/call-limiter';
import type { Caller } from '../../billing/model/caller';

const NO_HEADERS: readonly string[] = [];

/**
 * What is left of the caller's calls (draft-ietf-httpapi-ratelimit-headers, sections 3 and 4): names and values, in turn. `q` and `r` are
 * upstream calls, `w` and `t` seconds.
 */
export function toRateLimitHeaders(limiter: CallLimiter | null | undefined, caller: Caller | null): readonly string[] {
  if (!limiter || !caller) return NO_HEADERS;
  const { limit, remaining, resetSeconds } = limiter.quotaOf(caller);
  return ['ratelimit-policy', `"default";q=${limit};w=60`, 'ratelimit', `"default";r=${remaining};t=${resetSeconds}`];
}
