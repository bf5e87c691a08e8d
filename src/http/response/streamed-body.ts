import type { ServerResponse } from 'node:http';
import type { Exchange } from '../request/exchange';
import type { Completed } from './completed';
import { headerOf } from '../request/header-of';
import { negotiateCoding, PieceCompressor } from './compression';
import { record, toHead, VARY_CODING, type RespondOptions } from './respond';

/** How a streamed body ended. */
export interface StreamEnd extends Pick<Completed, 'codes' | 'cost'> {
  /** False: the body is incomplete, and the client must be able to tell. */
  readonly isWhole: boolean;
  readonly outcome: NonNullable<Completed['outcome']>;
}

/** A body that is produced while it is sent. */
export interface StreamedBody {
  /** The next chunk, requested when the client has read the previous ones; null after the last one. */
  next(): Promise<string | null>;
  /** Releases its resources. Must be called once, whether or not the body is complete. */
  close(): StreamEnd;
}

/** A response whose body is streamed. What it cost, and how it ended, is known at its end. */
export interface Streamed extends Completed {
  readonly stream: StreamedBody;
}

/** Whether the body of a response is streamed. */
export function isStreamed(completed: Completed): completed is Streamed {
  return 'stream' in completed;
}

/**
 * Sends a response piece by piece, no faster than its client reads, and tells the observer of its operation. A body that is
 * not whole ends with its connection, and without the chunk that ends a body (RFC 9112, section 7.1). Never rejects.
 */
export async function respondStreamed(exchange: Exchange, { stream, ...completed }: Streamed, options: RespondOptions): Promise<void> {
  const { response } = exchange;
  const { headers } = exchange.request;
  const coding = options.isCompressed ? negotiateCoding(headerOf(headers, 'accept-encoding') ?? '') : null;
  const compressor = coding && new PieceCompressor(coding);
  let isSent = false;
  let trailer: Buffer | undefined;
  try {
    if (!isGone(response)) {
      const coded = options.isCompressed ? [...VARY_CODING, ...(coding ? ['content-encoding', coding] : [])] : [];
      response.writeHead(completed.status, toHead(exchange, { ...completed, headers: [...completed.headers, ...coded] }, options, null));
      isSent = await writeAll(response, { stream, compressor }, options);
      trailer = await compressor?.end();
    }
  } catch {
    response.destroy();
  }
  compressor?.close();
  const { isWhole, ...end } = stream.close();
  record(exchange, { ...completed, ...end }, { aborted: !isSent, options });
  if (isGone(response)) return;
  if (isSent && isWhole) response.end(trailer);
  else cut(response);
}

/** A body and its compressor; null if it is sent uncompressed. */
interface Source {
  readonly stream: StreamedBody;
  readonly compressor: PieceCompressor | null;
}

/** Resolves to whether all chunks were written; false if the client has disconnected. */
async function writeAll(response: ServerResponse, { stream, compressor }: Source, { watchUnsent }: RespondOptions): Promise<boolean> {
  for (;;) {
    const text = await stream.next();
    if (isGone(response)) return false;
    if (text === null) return true;
    const piece = compressor ? await compressor.compress(text) : text;
    if (isGone(response)) return false;
    if (response.write(piece)) continue;
    watchUnsent(response);
    await drained(response);
  }
}

/** Resolves when what was written has been taken by the operating system, or the connection is closed. */
function drained(response: ServerResponse): Promise<void> {
  const { socket } = response.req;
  if (isGone(response) || !response.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    response.on('drain', done);
    // Of pipelined responses, only the first emits `close` when the connection closes.
    socket.on('close', done);
  });
}

function isGone(response: ServerResponse): boolean {
  return response.destroyed || response.req.socket.destroyed;
}

/** Closes the connection after the data written. Without chunked encoding, an orderly end would look like the end of the body. */
function cut(response: ServerResponse): void {
  const { req } = response;
  if (req.httpVersion === '1.0') req.socket.resetAndDestroy();
  else req.socket.destroySoon();
}
