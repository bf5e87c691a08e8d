import type { IncomingMessage } from 'node:http';

/** How much of a request that has been answered already is still read, and for how long. */
export interface LingerBounds {
  readonly maxBytes: number;
  readonly maxMs: number;
}

/** Pieces below this size, in bytes, are smaller than a packet that is full: a chunked body may have one for each byte. */
const SMALL_PIECE_BYTES = 256;
/** What each of them counts for, in bytes, since reading one takes as long as reading one of many. */
const SMALL_PIECE_COSTS = 8192;

export const LINGER_BOUNDS: LingerBounds = { maxBytes: 16 * 1024 * 1024, maxMs: 10_000 };

/**
 * Reads on, and drops what it reads, where a request was answered before its end (RFC 9112, section 9.6): a client that
 * still writes into a connection that the server has closed gets a reset, which overtakes the response. Past the bounds
 * the connection is closed all the same.
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
  // What Node calls after a response with `Connection: close`. Not even its own direction is closed before the client has
  // ended: Node's clients fail with EPIPE when they write after that, and lose the response.
  socket.destroySoon = () => {
    isEnding = true;
  };
  const stop = (): void => clearTimeout(timer);
  request.once('end', () => {
    stop();
    // The connection goes on, with any number of requests.
    socket.off('close', stop);
    delete (socket as Partial<typeof socket>).destroySoon;
    if (isEnding) socket.destroySoon();
  });
  socket.once('close', stop);
}
