import type { DriftObserver } from '../observers/drift-observer';
import type { CircuitName, UpstreamObserver } from '../observers/upstream-observer';
import { createAttemptLog } from './attempt-log';
import type { Log } from './log';

/** Adds the log's lines about attempts, responses and the circuit breaker to what the metrics count. */
export function toUpstreamObserver(metrics: UpstreamObserver, log: Log): UpstreamObserver {
  const logAttempt = createAttemptLog(log);
  return {
    ...metrics,
    circuitChanged: toCircuitLog(log),
    nameUnresolved: (record) =>
      log.warn(record, 'the name of the billing API, or of its proxy, cannot be resolved: the last known addresses stay in use'),
    tlsFilesReloaded: () => log.info('the TLS files of the billing API have changed: new connections use them'),
    tlsFilesUnusable: (record) => log.warn(record, 'the TLS files of the billing API have changed and cannot be used: the old ones stay'),
    clientCertificateExpired: (record) =>
      log.warn(record, 'the client certificate of BILLING_API_TLS_CERT_FILE has expired: the billing API may refuse connections'),
    responseUnusable: (record) => log.warn(record, 'a response of the billing API cannot be used'),
    strayBytesCame: (record) => {
      metrics.strayBytesCame?.(record);
      log.warn(
        record,
        'the billing API sent bytes that belong to no request: the connection is closed, and what was cached from it evicted',
      );
    },
    pageCut: ({ size, isNew }) => {
      metrics.pageCut?.({ size, isNew });
      if (!isNew) return;
      log.warn(
        { size },
        'the billing API returns fewer invoices than requested although the list goes on: set BILLING_API_MAX_QUANTITY to this size',
      );
    },
    attemptEnded: (record) => {
      metrics.attemptEnded?.(record);
      logAttempt(record);
    },
  };
}

/** One line for each way in which responses differ from the contract; how often they do is the metrics' part. */
export function toDriftObserver(metrics: DriftObserver, log: Log): DriftObserver {
  const told = new Set<string>();
  return {
    answerChecked: () => metrics.answerChecked(),
    drifted: (kind, path) => {
      metrics.drifted(kind, path);
      // The API chose the name of a field that is unknown: it is in the metrics, bounded, and in no line.
      const difference = kind === 'unknown' ? { kind } : { kind, path };
      const text = Object.values(difference).join(' ');
      if (told.has(text)) return;
      told.add(text);
      // A value of another type may cost a client that value; the other two cost nobody anything.
      log[kind === 'retyped' ? 'warn' : 'info'](difference, "the billing API's responses differ from its contract");
    },
  };
}

/** A line for every new state of the circuit breaker. */
function toCircuitLog(log: Log): (circuit: CircuitName, reason: string | null) => void {
  return (circuit, reason) => {
    if (circuit === 'open')
      log.error(
        { circuit, ...(reason === null ? {} : { reason }) },
        'the billing API is failing: the circuit breaker is open, and calls are refused until a probe succeeds',
      );
    else
      log.info(
        { circuit },
        circuit === 'closed'
          ? 'the billing API responds again: the circuit breaker is closed'
          : 'the circuit breaker is half-open: the billing API is probed',
      );
  };
}
