import type { Billing } from '../../billing/billing';

const NOT_KEPT = 'no-store';

/**
 * The headers that tell an answer's caller how long to keep it, by name in lower case.
 *
 * `cache-control` goes by the oldest part in the answer. Everything of a customer's is private (RFC 9111, section
 * 5.2.2.7), and an answer with an error, or with nothing of a customer's in it, is not to be kept. `vary` keeps a
 * browser from showing it to the next token that is used in it: a private cache is a browser's, not a token's.
 * `x-billing-stale: 1` marks an answer with parts that are past their time (see `extensions.billing.stale`).
 * @param nowMs when the answer leaves, on the clock of `monotonicMs()`.
 */
export function toCacheHeaders(billing: Billing | null, hasErrors: boolean, nowMs: number): Record<string, string> {
  if (!billing) return { 'cache-control': NOT_KEPT };
  const { freshUntilMs, stale } = billing.operation;
  if (stale > 0) return { 'cache-control': NOT_KEPT, 'x-billing-stale': '1' };
  return hasErrors ? { 'cache-control': NOT_KEPT } : toFreshnessHeaders(freshUntilMs, nowMs);
}

/** The same for an answer without errors, of which only its life is known: `freshUntilMs`, Infinity where it has no parts. */
export function toFreshnessHeaders(freshUntilMs: number, nowMs: number): Record<string, string> {
  const seconds = freshUntilMs === Infinity ? 0 : Math.floor((freshUntilMs - nowMs) / 1000);
  if (seconds <= 0) return { 'cache-control': NOT_KEPT };
  // `origin` is there for the answers to scripts of several origins: @fastify/cors sets it, and this replaces it.
  return { 'cache-control': `private, max-age=${seconds}`, vary: 'authorization, origin' };
}
