import type { Billing } from '../../billing/billing';

/** How long a response may be used again. */
export interface Freshness {
  /** On the clock of `monotonicMs()`; null where it may not be stored at all. */
  readonly freshUntilMs: number | null;
  /** Whether parts of it are past their time (see `extensions.billing.stale`). */
  readonly stale: boolean;
}

/** The freshness of a response that must not be stored. */
export const NOT_STORED: Freshness = { freshUntilMs: null, stale: false };

const NO_STORE: readonly string[] = ['cache-control', 'no-store'];
const STALE: readonly string[] = ['cache-control', 'no-store', 'x-billing-stale', '1'];

/**
 * The freshness of an operation's response: that of its oldest part. A response with an error, with incomplete data, or without
 * customer data is not stored.
 */
export function toFreshness(billing: Billing | null, hasErrors: boolean): Freshness {
  if (!billing) return NOT_STORED;
  const { freshUntilMs, stale, isIncomplete } = billing.operation;
  if (stale > 0) return { freshUntilMs: null, stale: true };
  return hasErrors || isIncomplete || freshUntilMs === Infinity ? NOT_STORED : { freshUntilMs, stale: false };
}

/**
 * The headers that tell the caller so: names in lower case, and values, in turn. Everything of a customer's is private
 * (RFC 9111, section 5.2.2.7).
 * @param nowMs when the response leaves, on the clock of `monotonicMs()`.
 * @param vary the names of the request headers that a response depends on which may be stored.
 */
export function toCacheHeaders({ freshUntilMs, stale }: Freshness, nowMs: number, vary: string): readonly string[] {
  if (stale) return STALE;
  const seconds = toSeconds(freshUntilMs, nowMs);
  return seconds <= 0 ? NO_STORE : ['cache-control', `private, max-age=${seconds}`, 'vary', vary];
}

/** Whether a client's cache may keep the response, by those headers. */
export function mayBeStored({ freshUntilMs }: Freshness, nowMs: number): boolean {
  return toSeconds(freshUntilMs, nowMs) > 0;
}

function toSeconds(freshUntilMs: number | null, nowMs: number): number {
  return freshUntilMs === null ? 0 : Math.floor((freshUntilMs - nowMs) / 1000);
}
