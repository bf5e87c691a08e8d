import { destinationOf, type Log } from './log';
import { toLevel } from './operation-level';
import type { ClientName, OperationObserver, OperationRecord } from '../observers/operation-observer';

/** pino's numbers. */
const LEVELS = { info: 30, warn: 40, error: 50 } as const;

/**
 * Writes one line an operation: `error` where the fault is ours, `warn` where the billing API failed or was stood in for
 * by something remembered, and `info` for all else, what clients did wrong included. A line that the log's level leaves
 * out costs a comparison; one that is written, under a microsecond.
 */
export function createOperationLog(log: Log): OperationObserver {
  const destination = destinationOf(log);
  return {
    operationEnded: (record) => {
      const level = LEVELS[toLevel(record)];
      // Not at info, and it is not silent either: pino's number for that is Infinity.
      if (level < log.levelVal) return;
      destination.write(toLine(level, record));
    },
  };
}

/** The line as JSON. Its texts need no escaping: see OperationRecord. */
function toLine(level: number, record: OperationRecord): string {
  const { requestId, traceId, operationName, outcome, codes, durationMs, calls, merged, cached, stale, path, client } = record;
  return (
    `{"level":${level},"time":${Date.now()},"requestId":"${requestId}",` +
    (traceId === null ? '' : `"traceId":"${traceId}",`) +
    (operationName === null ? '' : `"operation":"${operationName}",`) +
    (client === null ? '' : toClientText(client)) +
    `"outcome":"${outcome}",` +
    (codes.length === 0 ? '' : `"codes":["${codes.join('","')}"],`) +
    (`"durationMs":${toMs(durationMs)},"calls":${calls},"merged":${merged},"cached":${cached},"stale":${stale}` +
      `,"path":"${path}","msg":"operation"}\n`)
  );
}

function toClientText({ name, version }: ClientName): string {
  return `"client":"${name}",${version === null ? '' : `"clientVersion":"${version}",`}`;
}

/** Milliseconds to a hundredth; as a number, which is quicker to write than a text of fixed length. */
function toMs(durationMs: number): number {
  return Math.round(durationMs * 100) / 100;
}
