import type { IncomingMessage } from 'node:http';

/** How much of an already answered request is still read, and for how long. */
export interface LingerBounds {
  readonly maxBytes: number;
  readonly maxMs: number;
}

/** Chunks below this size, in bytes, are smaller than a full packet; a chunked body may have one for each byte. */
const SMALL_PIECE_BYTES = 256;
/** The bytes that each small chunk counts as, since reading it takes as long as reading a large one. */
const SMALL_PIECE_COSTS = 8192;

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
    bytes += chunk.length < SMALL_PIECE_BYTES ? SMALL_PIECE_COSTS : chunk.length;
    if (bytes > maxBytes) close();
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
