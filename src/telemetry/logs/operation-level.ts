import type { OperationRecord } from '../observers/operation-observer';

/** What an operator has to do with an operation: something, perhaps something, nothing. */
export type OperationLevel = 'error' | 'warn' | 'info';

/** Codes for which an operator may have something to do. Every other code is about what a client sent. */
const WARNED: ReadonlySet<string> = new Set(['RATE_LIMITED', 'UPSTREAM_TIMEOUT', 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_INVALID_RESPONSE']);

/** `error` where the fault is ours, `warn` where the billing API failed or was stood in for by something stale, otherwise `info`. */
export function toLevel({ codes, stale }: Pick<OperationRecord, 'codes' | 'stale'>): OperationLevel {
  if (codes.length === 0 && stale === 0) return 'info';
  if (codes.includes('INTERNAL_SERVER_ERROR')) return 'error';
  return stale > 0 || codes.some((code) => WARNED.has(code)) ? 'warn' : 'info';
}
