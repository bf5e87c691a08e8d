import type { Billing } from '../../billing/billing';
import { monotonicMs } from '../../runtime/clock';

/**
 * What an operation spent its time with, for a browser's network panel (Server Timing, section 3): all of it, the longest of
 * its calls to the billing API, its waits for a place among all calls, and those for a cache that processes share.
 * Milliseconds.
 * @param startedMs when the request came, on the clock of `performance.now()`.
 */
export function toServerTiming({ operation }: Billing, startedMs: number): string {
  const { records, calls, cached, queuedMs, cacheWaits } = operation;
  const longest = records.reduce((most, { durationMs }) => Math.max(most, durationMs), 0);
  const nowMs = monotonicMs();
  const waited = cacheWaits.store.totalMs(nowMs) + cacheWaits.locks.totalMs(nowMs);
  return [
    `total;dur=${round(performance.now() - startedMs)}`,
    `upstream;desc="${calls} ${calls === 1 ? 'call' : 'calls'}";dur=${round(longest)}`,
    `queue;dur=${round(queuedMs)}`,
    `cache;desc="${cached} ${cached === 1 ? 'hit' : 'hits'}";dur=${round(waited)}`,
  ].join(', ');
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
