/**
 * `ok`: without errors; `partial`: with data and errors; `failed`: executed, without data; `refused`: never executed;
 * `aborted`: its client went away before the answer.
 */
export type OperationOutcome = 'ok' | 'partial' | 'failed' | 'refused' | 'aborted';

/** Who gave the answer: Apollo Server, the compiled lane, an answer kept as bytes, or the HTTP server before GraphQL saw it. */
export type Lane = 'apollo' | 'prepared' | 'kept' | 'http';

/**
 * How an operation ended, as logs, metrics and traces tell it. It holds no token, no identifier of a customer, and no
 * body. Its texts are of letters, digits and `_ . : -` alone, so that they can stand in a log line as they are.
 */
export interface OperationRecord {
  readonly requestId: string;
  /** The trace that the request is part of (W3C Trace Context); null where it said none. */
  readonly traceId: string | null;
  /** The operation's own name, as `toToldName` lets it through; null where it has none or none could be found. */
  readonly operationName: string | null;
  readonly outcome: OperationOutcome;
  /** The codes of the errors in the answer, without repetition. */
  readonly codes: readonly string[];
  /** From the request to its answer, in milliseconds. */
  readonly durationMs: number;
  readonly calls: number;
  readonly merged: number;
  readonly cached: number;
  readonly stale: number;
  readonly lane: Lane;
}

/** Told of every operation when it has been answered. Must not throw. */
export interface OperationObserver {
  operationEnded(record: OperationRecord): void;
}
