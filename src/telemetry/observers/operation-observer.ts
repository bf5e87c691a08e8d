import type { OperationTrace } from '../../billing/ports/operation-trace';

/**
 * `ok`: without errors; `partial`: with data and errors; `failed`: executed, without data; `refused`: never executed;
 * `aborted`: its client went away before the answer.
 */
export type OperationOutcome = 'ok' | 'partial' | 'failed' | 'refused' | 'aborted';

/**
 * What made the response: `compiled`, the compiled execution of an operation that was known, its policies included;
 * `response-cache`, a whole response that was cached; `export`, the rows of a connection, page by page; `reference`,
 * everything else: graphql-js, and Apollo Server around it for documents that are new and for requests that are refused.
 */
export type AnswerPath = 'compiled' | 'response-cache' | 'export' | 'reference';

/** Which client a request says that it comes from; both are of a few characters that need no escaping, and hold no part of the token. */
export interface ClientName {
  readonly name: string;
  readonly version: string | null;
}

/** What an operation does, by the GraphQL specification (section 2.3). */
export type OperationType = 'query' | 'mutation' | 'subscription';

/** The trace of one operation, in which it is the gateway's part. */
export interface OperationSpan extends OperationTrace {
  /** 32 hexadecimal digits, in lower case. */
  readonly traceId: string;
  /** The operation has been answered; once. */
  end(record: OperationRecord): void;
}

/** Where a request says that it is part of a trace (W3C Trace Context). */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
  /** What other systems noted in `tracestate`; null: nothing. */
  readonly state: string | null;
}

/**
 * Starts the trace of an operation.
 * @param startedMs when its request came, on the clock of `performance.now()`.
 */
export type StartTrace = (parent: TraceParent | null, startedMs: number) => OperationSpan;

/**
 * How an operation ended, as logs, metrics and traces tell it. It holds no token, no identifier of a customer, and no
 * body. Its texts are of letters, digits, spaces and `_ . : @ / + -` alone, so that they can stand in a log line as they are.
 */
export interface OperationRecord {
  readonly requestId: string;
  /** The trace that the request is part of (W3C Trace Context); null where it said none, and operations are not traced. */
  readonly traceId: string | null;
  /** Null where operations are not traced. */
  readonly trace: OperationSpan | null;
  /** The operation's own name, as `toToldName` lets it through; null where it has none or none could be found. */
  readonly operationName: string | null;
  /** Null where the request names none. */
  readonly client: ClientName | null;
  /** Whether the billing API is known to accept the caller's token; anybody can send another. */
  readonly isAccepted: boolean;
  /** Null where no operation could be found. */
  readonly operationType: OperationType | null;
  readonly outcome: OperationOutcome;
  /** The codes of the errors in the answer, without repetition. */
  readonly codes: readonly string[];
  /** The HTTP status of the answer. */
  readonly status: number;
  /** From the request to its answer, in milliseconds. */
  readonly durationMs: number;
  readonly calls: number;
  readonly merged: number;
  readonly cached: number;
  readonly stale: number;
  readonly path: AnswerPath;
}

/** Notified of every operation once it has been answered. Must not throw. */
export interface OperationObserver {
  operationEnded(record: OperationRecord): void;
}
