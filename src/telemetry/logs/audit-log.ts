import type { AuditObserver } from '../observers/audit-observer';
import type { Log } from './log';

/** One line when the audit trail cannot be written, one when it can be again, and one for each change that was not ours. */
export function createAuditLog(log: Log): AuditObserver {
  let [isOut, lost] = [false, 0];
  return {
    failed: (reason) => {
      if (!isOut) log.error({ reason }, 'the audit trail cannot be written: its lines wait, and are lost where they become too many');
      isOut = true;
    },
    written: () => {
      if (isOut) log.warn({ lostReads: lost }, 'the audit trail is written again');
      [isOut, lost] = [false, 0];
    },
    lost: (reads) => (lost += reads),
    changed: () => log.error('the file of the audit trail was changed by something else than the gateway'),
  };
}
