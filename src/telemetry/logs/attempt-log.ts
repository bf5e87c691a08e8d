import type { Log } from './log';
import type { AttemptRecord } from '../observers/upstream-observer';

/** Outcomes that say something is wrong with the billing API. */
const WARNED: ReadonlySet<string> = new Set(['rate-limited', 'timeout', 'unavailable', 'invalid-response', 'error']);

/**
 * Writes one line an attempt at the billing API: `warn` where the API failed, `debug` for what it answered, be it a
 * refusal, and for abandoned attempts.
 */
export function createAttemptLog(log: Log): (record: AttemptRecord) => void {
  return (record) => {
    const { requestId, outcome, status, reason, durationMs, isRetry } = record;
    // A refusal for another reason than its status is not the billing API's own: a firewall or an API gateway made it.
    const isForeign = reason !== null && status !== null && reason !== `status ${status}`;
    const level = WARNED.has(outcome) || isForeign ? 'warn' : 'debug';
    if (!log.isLevelEnabled(level)) return;
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
