import pino, { type DestinationStream, type Logger } from 'pino';
import { createLineOutput, type LineOutput } from './line-output';
import { toLoggedError } from './logged-error';
import { toPrettyLine } from './pretty-line';

/** Bytes that are written to a pipe atomically: Linux's PIPE_BUF (pipe(7)). */
const MAX_ATOMIC_BYTES = 4096;

/** Where the gateway's log lines go. One JSON object a line. */
export type Log = Logger;

/**
 * Makes the log; without a destination it goes to standard output, a moment later (see `flushLog`) or when the process
 * ends. Nothing that goes in holds a token, a customer's id or a body: what is logged is built field by field.
 */
export function createLog(level: string, destination: DestinationStream = createStandardOutput()): Log {
  return pino(
    {
      level,
      base: null,
      serializers: { err: (error: unknown) => toLoggedError(error) },
      // The second lock on the door: should a request's headers ever be logged, this name is blanked.
      redact: { paths: ['authorization', '*.authorization', 'headers.authorization', '*.headers.authorization'], censor: '[redacted]' },
    },
    destination,
  );
}

/** Hands over what was logged and waits for it: what is written to standard output afterwards comes after it. */
export function flushLog(log: Log): void {
  const destination = destinationOf(log) as DestinationStream & { flushSync?: () => void };
  destination.flushSync?.();
}

/**
 * Where the log's lines go, for the lines that there is one of for each operation: pino takes 4 µs to write one, and 16
 * with its redaction (measured on a quiet core), which is as much as the whole of a remembered answer.
 */
export function destinationOf(log: Log): DestinationStream {
  // A symbol that pino documents for this (API, "pino.symbols"); its types do not have it on the logger.
  return (log as unknown as Record<symbol, DestinationStream>)[pino.symbols.streamSym] as DestinationStream;
}

/** The same output with lines for a person at a terminal. */
export function toPrettyOutput(output: LineOutput, isColored: boolean): LineOutput {
  return { write: (line) => output.write(toPrettyLine(line, isColored)), flushSync: () => output.flushSync() };
}

/**
 * Opens standard output for log lines.
 * @param isShared whether other processes write to it as well.
 */
export function createStandardOutput({ isShared } = { isShared: false }): LineOutput {
  const output = createLineOutput(1, isShared ? MAX_ATOMIC_BYTES : Infinity);
  // Whichever way the process ends but SIGKILL.
  process.on('exit', () => output.flushSync());
  return output;
}
