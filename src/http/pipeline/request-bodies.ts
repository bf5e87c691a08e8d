import type { IncomingMessage } from 'node:http';
import type { BodyFault } from '../request/exchange';
import { MAX_ANONYMOUS_BYTES } from '../request/graphql-request';
import { headerOf } from '../request/header-of';
import { decodeBody, isDecodable } from './decode-body';

/** Bounds of the bodies of requests. */
export interface BodyBounds {
  /** Of one body, in bytes. */
  readonly maxBytes: number;
  /** Of all bodies together that are not complete, in bytes. */
  readonly maxUnfinishedBytes: number;
}

/** What all bodies may take together that are not complete, in bytes; four of the largest ones at least. */
const UNFINISHED_BYTES = 64 * 1024 * 1024;
/** Memory that is taken at least for a body that comes in pieces, in bytes. */
const MIN_CAPACITY = 4096;
/** Pieces of any size that a body may come in. Each takes some 2 µs, however small it is (measured, Node 20). */
const MAX_SMALL_PIECES = 1000;
/** What further pieces have on average at least, in bytes. */
const MIN_PIECE_BYTES = 64;

/** The bounds where one body may have `maxBytes`. */
export function toBodyBounds(maxBytes: number): BodyBounds {
  return { maxBytes, maxUnfinishedBytes: Math.max(UNFINISHED_BYTES, 4 * maxBytes) };
}

/**
 * Reads the bodies of requests. A body that comes in pieces is put together as it comes: an object for each piece would take a
 * hundred times as much memory as a piece of one byte. What clients begin to send and do not end is bounded for all of them
 * together; past that, the body is given up that was begun first, since others take milliseconds.
 */
export class RequestBodies {
  readonly #bounds: BodyBounds;
  /** In the order in which they were begun. */
  readonly #unfinished = new Set<UnfinishedBody>();
  #unfinishedBytes = 0;

  constructor(bounds: BodyBounds) {
    this.#bounds = bounds;
  }

  /** Bytes that bodies take which are not complete. */
  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  /**
   * Reads a request's body and hands it over, or what is wrong with it as soon as that shows. A body with a content coding is
   * decoded, within the same bound (without a token, within MAX_ANONYMOUS_BYTES), and the request loses its `Content-Encoding`;
   * with an unknown coding it is handed over as it is. A client that goes away before its body's end is not answered.
   */
  read(request: IncomingMessage, done: (body: Buffer | BodyFault) => void): void {
    const { maxBytes } = this.#bounds;
    const declared = Number(headerOf(request.headers, 'content-length') ?? NaN);
    if (declared > maxBytes) {
      done('too-large');
      return;
    }
    let whole: Buffer | null = null;
    let unfinished: UnfinishedBody | null = null;
    const giveUp = (fault: BodyFault): void => {
      request.off('data', onData).off('end', onEnd).pause();
      if (unfinished) this.#forget(unfinished);
      done(fault);
    };
    const onData = (chunk: Buffer): void => {
      // Nearly all bodies come in one piece, which is not copied.
      if (!unfinished && !whole && chunk.length === declared) {
        whole = chunk;
        return;
      }
      unfinished ??= this.#begin(request, giveUp);
      const fault = unfinished.add(chunk, maxBytes);
      if (fault) giveUp(fault);
      else this.#count(unfinished);
    };
    const onEnd = (): void => {
      if (unfinished) this.#forget(unfinished);
      const body = whole ?? unfinished?.toBody() ?? Buffer.alloc(0);
      const coding = headerOf(request.headers, 'content-encoding');
      if (coding === undefined || !isDecodable(coding)) {
        done(body);
        return;
      }
      delete request.headers['content-encoding'];
      const isAnonymous = headerOf(request.headers, 'authorization') === undefined;
      decodeBody(body, coding, {
        maxBytes: isAnonymous ? Math.min(maxBytes, MAX_ANONYMOUS_BYTES) : maxBytes,
        done: (decoded) => done(decoded ?? 'too-large'),
      });
    };
    request.on('data', onData).on('end', onEnd);
  }

  #begin(request: IncomingMessage, giveUp: (fault: BodyFault) => void): UnfinishedBody {
    const body = new UnfinishedBody(giveUp);
    this.#unfinished.add(body);
    request.once('close', () => this.#forget(body));
    return body;
  }

  #count(body: UnfinishedBody): void {
    this.#unfinishedBytes += body.capacity - body.countedBytes;
    body.countedBytes = body.capacity;
    for (const oldest of this.#unfinished) {
      if (this.#unfinishedBytes <= this.#bounds.maxUnfinishedBytes) return;
      oldest.giveUp('too-late');
    }
  }

  #forget(body: UnfinishedBody): void {
    if (this.#unfinished.delete(body)) this.#unfinishedBytes -= body.countedBytes;
  }
}

/** A body of which a part has come. */
class UnfinishedBody {
  readonly giveUp: (fault: BodyFault) => void;
  /** Its bytes that were added to those of all. */
  countedBytes = 0;
  #bytes = Buffer.alloc(0);
  #length = 0;
  #pieces = 0;

  constructor(giveUp: (fault: BodyFault) => void) {
    this.giveUp = giveUp;
  }

  /** Bytes of memory that it takes. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** Adds a piece; what is wrong with the body then, or null. */
  add(piece: Buffer, maxBytes: number): BodyFault | null {
    const length = this.#length + piece.length;
    if (length > maxBytes) return 'too-large';
    if (++this.#pieces > MAX_SMALL_PIECES + length / MIN_PIECE_BYTES) return 'too-many-pieces';
    if (length > this.capacity) {
      // What a client says it will send is not set aside before it comes.
      const larger = Buffer.allocUnsafeSlow(Math.min(maxBytes, Math.max(length, 2 * this.capacity, MIN_CAPACITY)));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
    return null;
  }

  /** All that has come. */
  toBody(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
