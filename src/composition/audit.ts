import type { Config } from '../config/config';
import { AuditTrail } from '../telemetry/audit/audit-trail';
import { createAuditLog } from '../telemetry/logs/audit-log';
import type { Log } from '../telemetry/logs/log';
import type { Metrics } from '../telemetry/metrics/metrics';
import type { AuditObserver } from '../telemetry/observers/audit-observer';

/** Opens the audit trail; returns null if none is configured. Rejects if its file cannot be opened. */
export async function openAudit({ auditLog: path, auditSecret: secret }: Config, metrics: Metrics, log: Log): Promise<AuditTrail | null> {
  if (path === null || secret === null) return null;
  const observers = [metrics.createAudit(), createAuditLog(log)];
  const observer: AuditObserver = {
    written: (lines) => observers.forEach((each) => each.written(lines)),
    failed: (reason) => observers.forEach((each) => each.failed(reason)),
    lost: (reads) => observers.forEach((each) => each.lost(reads)),
    changed: () => observers.forEach((each) => each.changed()),
  };
  return AuditTrail.open({ path, secret, observer }).catch((error: unknown) => {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new Error(`AUDIT_LOG must be the path of a file that the gateway can append to; "${path}" cannot be used (${code})`, {
      cause: error,
    });
  });
}

/** Closes the audit trail and logs its head. The log is stored elsewhere, so the head later shows whether lines were cut off. */
export async function closeAudit(audit: AuditTrail, log: Log): Promise<void> {
  const { unwritten } = await audit.close();
  const { head } = audit;
  if (unwritten === 0) log.info({ head }, 'the audit trail is closed');
  else log.error({ head, unwritten }, 'the audit trail is closed, and its last lines are lost: they could not be written');
}
