import type { Billing } from '../billing/billing';

/**
 * The `Cache-Control` of an answer: how long its caller may keep it, by the oldest part in it. Everything of a
 * customer's is private (RFC 9111, section 5.2.2.7). An answer with an error, or with nothing of a customer's in it,
 * is not to be kept.
 */
export function toCacheControl(billing: Billing | null, hasErrors: boolean, nowMs: number): string {
  const freshUntilMs = billing?.operation.freshUntilMs ?? Infinity;
  if (hasErrors || freshUntilMs === Infinity) return 'no-store';
  const seconds = Math.floor((freshUntilMs - nowMs) / 1000);
  return seconds > 0 ? `private, max-age=${seconds}` : 'no-store';
}
