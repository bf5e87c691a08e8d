import { IncomingMessage } from 'node:http';
import { muteParser } from './mute-parser';

/** Number of pieces that a body may have whatever their size. Each takes about 1 µs, however small it is (measured, Node 20). */
const MAX_SMALL_PIECES = 1000;
/** Minimum average size of further pieces, in bytes. */
const MIN_PIECE_BYTES = 256;

/** A request of which the pieces are counted. */
export interface WatchedRequest extends IncomingMessage {
  /** Whether its response has been ended. */
  isAnswered: boolean;
}

/**
 * Creates the request class of a server. A piece is a chunk, or a packet; what the parser finds in one read is passed on at once, so
 * they are counted here, whether anybody reads the body or not.
 * @param onTooManyPieces must close the connection, of which nothing more is read.
 */
export function toWatchedRequest(onTooManyPieces: (request: WatchedRequest) => void): typeof IncomingMessage {
  return class extends IncomingMessage implements WatchedRequest {
    isAnswered = false;
    #pieces = 0;
    #bytes = 0;

    // Node calls this for each piece, and with null at the end.
    override push(piece: Buffer | null, encoding?: BufferEncoding): boolean {
      if (piece !== null) {
        this.#bytes += piece.length;
        if (++this.#pieces > MAX_SMALL_PIECES + this.#bytes / MIN_PIECE_BYTES) {
          muteParser(this.socket);
          this.socket.pause();
          onTooManyPieces(this);
          return false;
        }
      }
      return super.push(piece, encoding);
    }
  };
}
