import pino, { type DestinationStream, type Logger } from 'pino';
import { toLoggedError } from './logged-error';

/** Where the gateway's log lines go. One JSON object a line. */
export type Log = Logger;

/** Makes the log. Nothing that goes in holds a token, a customer's id or a body: what is logged is built field by field. */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    serializers: { err: (error: unknown) => toLoggedError(error) },
    // The second lock on the door: should a request's headers ever be logged, this name is blanked.
    redact: { paths: ['authorization', '*.authorization', 'headers.authorization', '*.headers.authorization'], censor: '[redacted]' },
  };
  return destination ? pino(options, destination) : pino(options);
}
