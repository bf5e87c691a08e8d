import CachePolicy from 'http-cache-semantics';
import type { ReceivedBills } from '../../billing/ports/billing-source';

/** How long an answer lives, both in milliseconds since the epoch. */
export interface Lifetime {
  readonly freshUntilMs: number;
  /** Until when it may be used if the billing API fails; never before `freshUntilMs`. */
  readonly staleUntilMs: number;
}

/** The operator's limits. */
export interface LifetimeLimits {
  readonly ttlSeconds: number;
  readonly staleSeconds: number;
}

/** A contract that is not known may be known in a moment: a 404 is remembered just long enough to stop a storm. */
const NOT_FOUND_MAX_SECONDS = 3;

type Headers = ReceivedBills['headers'];

// Directives in lower case. Some servers part them by semicolons, as in other headers: what they forbid is forbidden.
const FORBIDS = /(?:^|[\s,;])no-(?:store|cache)(?![\w-])/;
/** With the digits of its value; 0 for one that is no number. */
const MAX_AGE = /(?:^|[\s,;])max-age(?![\w-])\s{0,9}=?\s{0,9}"?(\d{0,15})/g;

/**
 * How long a response that came at `nowMs` may be cached for its caller: the least of the operator's limit, what its
 * headers allow (RFC 9111, as a private cache) and the life of the caller's token. Null where that is no time at all.
 * @param found false for a 404.
 * @param tokenExpiresAtMs Infinity where the token does not say.
 */
export function toLifetime(
  headers: Headers,
  found: boolean,
  tokenExpiresAtMs: number,
  { nowMs, limits }: { nowMs: number; limits: LifetimeLimits },
): Lifetime | null {
  const isLimited = !isSilent(headers);
  const ttlSeconds = Math.min(limits.ttlSeconds, found ? Infinity : NOT_FOUND_MAX_SECONDS);
  const seconds = Math.min(ttlSeconds, isLimited ? toAllowedSeconds(headers, nowMs) : Infinity);
  const freshUntilMs = Math.min(nowMs + seconds * 1000, tokenExpiresAtMs);
  if (!(freshUntilMs > nowMs)) return null;
  const staleSeconds = found ? Math.min(limits.staleSeconds, isLimited ? toStaleSeconds(headers) : Infinity) : 0;
  return { freshUntilMs, staleUntilMs: Math.min(freshUntilMs + staleSeconds * 1000, tokenExpiresAtMs) };
}

/** Whether the headers say nothing of keeping. Then the operator's limit alone counts. */
function isSilent(headers: Headers): boolean {
  return (
    headers['cache-control'] === undefined &&
    headers['expires'] === undefined &&
    headers['pragma'] === undefined &&
    headers['vary'] === undefined
  );
}

function toAllowedSeconds(headers: Headers, nowMs: number): number {
  const given = toPolicyHeaders(headers, nowMs);
  // Keeping is per caller, so it is a private cache's rules that apply: `private` is no obstacle.
  const policy = new CachePolicy({ headers: {} }, { status: 200, headers: given }, { shared: false });
  const control = given['cache-control'] ?? '';
  const isForbidden =
    !policy.storable() ||
    FORBIDS.test(control) ||
    // A proxy that compresses adds a member of its own.
    given['vary']?.split(',').some((member) => member.trim() === '*') === true ||
    (/no-cache/.test(given['pragma'] ?? '') && control === '');
  if (isForbidden) return 0;
  const ages = Array.from(control.matchAll(MAX_AGE), ([, seconds]) => Number(seconds));
  // A response without a lifetime of its own is cached for as long as the operator allows.
  if (ages.length === 0 && headers['expires'] === undefined) return Infinity;
  // RFC 9111, section 4.2.1: of several lifetimes, as where a proxy adds its own, the most restrictive counts.
  return Math.min(policy.maxAge(), ...ages) - toAgeSeconds(headers['age']);
}

/** How old the answer was when it came; the most, where caches on its way have added a line each. */
function toAgeSeconds(age: string | undefined): number {
  const ages = (age ?? '').split(',').map((member) => member.trim());
  return Math.max(0, ...ages.filter((member) => /^\d{1,9}$/.test(member)).map(Number));
}

/** How long past its time the answer lets itself be used (RFC 9111, section 4.2.4; RFC 5861, section 4); Infinity where it does not say. */
function toStaleSeconds(headers: Headers): number {
  const control = headers['cache-control']?.toLowerCase() ?? '';
  if (/(^|[\s,])must-revalidate\b/.test(control)) return 0;
  const asked = /(?:^|[\s,])stale-if-error\s*=\s*"?(\d{1,9})/.exec(control);
  return asked ? Number(asked[1]) : Infinity;
}

/** The headers as the policy reads them: it compares directives in lower case only (RFC 9111, section 5.2: their case does not matter). */
function toPolicyHeaders(headers: Headers, nowMs: number): Record<string, string> {
  const given: Record<string, string> = { date: headers['date'] ?? new Date(nowMs).toUTCString() };
  for (const name of ['cache-control', 'pragma', 'vary'] as const) {
    const value = headers[name];
    if (value !== undefined) given[name] = value.trim().toLowerCase();
  }
  for (const name of ['expires', 'last-modified'] as const) {
    const value = headers[name];
    if (value !== undefined) given[name] = value;
  }
  return given;
}

/** Whether a time is left, and no more of it than an entry may have: a clock may have been set back. */
export function isWithin(leftMs: number, mostMs: number): boolean {
  return leftMs > 0 && leftMs <= mostMs;
}
