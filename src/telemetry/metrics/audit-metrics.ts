import { Counter, type Registry } from 'prom-client';
import type { AuditObserver } from '../observers/audit-observer';

/** Counts what becomes of the audit trail, in a registry. */
export function createAuditMetrics(registry: Registry, prefix: string): AuditObserver {
  const counter = (name: string, help: string): Counter => new Counter({ name: prefix + name, help, registers: [registry] });
  const written = counter('audit_lines_total', 'Lines written to the audit trail (AUDIT_LOG)');
  const failures = counter('audit_write_failures_total', 'Writes to the audit trail that failed; their lines are tried again');
  const lost = counter(
    'audit_lost_reads_total',
    'Reads that are in no line of the audit trail, because it could not be written for too long',
  );
  const changes = counter('audit_changes_total', 'Times that the file of the audit trail had another length than the gateway had given it');
  return {
    written: (lines) => written.inc(lines),
    failed: () => failures.inc(),
    lost: (reads) => lost.inc(reads),
    changed: () => changes.inc(),
  };
}
