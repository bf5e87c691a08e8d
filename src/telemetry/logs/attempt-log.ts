import type { Log } from './log';
import type { AttemptRecord } from '../observers/upstream-observer';

/** Outcomes that say something is wrong with the billing API. */
const WARNED: ReadonlySet<string> = new Set(['rate-limited', 'timeout', 'unavailable', 'invalid-response', 'error']);

/**
 * Writes one line an attempt at the billing API: `warn` where the API failed, `debug` for what it answered, be it a
 * refusal, and for attempts that nobody waited for any more.
 */
export function createAttemptLog(log: Log): (record: AttemptRecord) => void {
  return (record) => {
    const level = WARNED.has(record.outcome) ? 'warn' : 'debug';
    if (!log.isLevelEnabled(level)) return;
    const { requestId, outcome, status, reason, durationMs, isRetry } = record;
    log[level](
      {
        requestId,
        outcome,
        ...(status === null ? {} : { status }),
        ...(reason === null ? {} : { reason }),
        durationMs: Math.round(durationMs * 100) / 100,
        isRetry,
      },
      'attempt',
    );
  };
}
