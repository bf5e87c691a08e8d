/** How an operation ended, as logs and metrics tell it. It holds no token, no identifier of a customer, and no body. */
export interface OperationRecord {
  readonly requestId: string;
  /** The operation's own name; null where it has none or none could be found. */
  readonly operationName: string | null;
  /** `ok`: without errors; `partial`: with data and errors; `failed`: without data; `refused`: never executed. */
  readonly outcome: 'ok' | 'partial' | 'failed' | 'refused';
  /** The codes of the errors in the answer, without repetition. */
  readonly codes: readonly string[];
  readonly durationMs: number;
  readonly calls: number;
  readonly merged: number;
  readonly cached: number;
  readonly stale: number;
  /** Which way the operation was executed: `apollo`, `prepared` (the compiled lane) or `kept` (an answer kept as bytes). */
  readonly lane: 'apollo' | 'prepared' | 'kept';
}

/** Told of every operation when it has been answered. Must not throw. */
export interface OperationObserver {
  operationEnded(record: OperationRecord): void;
}
