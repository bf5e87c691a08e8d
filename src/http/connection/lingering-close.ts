import type { IncomingMessage } from 'node:http';
import { muteParser } from './mute-parser';

/** How much of an already answered request is still read, and for how long. */
export interface LingerBounds {
  readonly maxBytes: number;
  readonly maxMs: number;
}

/** The bytes that a piece counts as at least, since reading a small one takes as long as reading this much. */
const MIN_PIECE_BYTES = 4096;

export const LINGER_BOUNDS: LingerBounds = { maxBytes: 16 * 1024 * 1024, maxMs: 10_000 };

/**
 * Keeps reading, and discards the data, if a request was answered before its end (RFC 9112, section 9.6): a client that
 * still writes to a connection that the server has closed gets a reset, which may discard the response. Past the bounds the
 * connection is closed anyway.
 */
export function lingerAfter(request: IncomingMessage, { maxBytes, maxMs }: LingerBounds = LINGER_BOUNDS): void {
  const { socket } = request;
  let bytes = 0;
  const close = (): void => void socket.destroy();
  const timer = setTimeout(close, maxMs);
  timer.unref();
  request.on('data', (chunk: Buffer) => {
    bytes += Math.max(chunk.length, MIN_PIECE_BYTES);
    if (bytes <= maxBytes) return;
    muteParser(socket);
    close();
  });
  request.resume();
  let isEnding = false;
  // Node calls this after a response with `Connection: close`. Even the sending side stays open until the client has ended:
  // Node's clients would fail with EPIPE on their next write, and lose the response.
  socket.destroySoon = () => {
    isEnding = true;
  };
  const stop = (): void => clearTimeout(timer);
  request.once('end', () => {
    stop();
    // The connection may carry further requests: restore its state.
    socket.off('close', stop);
    delete (socket as Partial<typeof socket>).destroySoon;
    if (isEnding) socket.destroySoon();
  });
  socket.once('close', stop);
}
