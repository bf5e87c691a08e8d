import type { IncomingMessage } from 'node:http';
import type { BodyFault } from '../request/exchange';
import { MAX_ANONYMOUS_BYTES } from '../../graphql/limits/token-proof';
import { headerOf } from '../request/header-of';
import { decodeBody, isDecodable } from './decode-body';

/** Limits on request bodies. */
export interface BodyBounds {
  /** Maximum size of one body, in bytes. */
  readonly maxBytes: number;
  /** Maximum memory held by all incomplete bodies together, in bytes. */
  readonly maxUnfinishedBytes: number;
}

/** Memory for all incomplete bodies together, in bytes; at least four times the maximum size of one. */
const UNFINISHED_BYTES = 64 * 1024 * 1024;
/** Initial buffer size for a body that arrives in pieces, in bytes. */
const MIN_CAPACITY = 4096;

/** Derives the limits from the maximum size of one body. */
export function toBodyBounds(maxBytes: number): BodyBounds {
  return { maxBytes, maxUnfinishedBytes: Math.max(UNFINISHED_BYTES, 4 * maxBytes) };
}

/**
 * Reads request bodies. A body that arrives in pieces is assembled in one buffer as it arrives: an object per piece would take
 * a hundred times the memory of a one-byte piece. Incomplete bodies share one memory limit; beyond it, the oldest is abandoned,
 * since an ordinary body takes milliseconds to arrive.
 */
export class RequestBodies {
  readonly #bounds: BodyBounds;
  /** Oldest first. */
  readonly #unfinished = new Set<UnfinishedBody>();
  #unfinishedBytes = 0;

  constructor(bounds: BodyBounds) {
    this.#bounds = bounds;
  }

  /** Memory held by incomplete bodies, in bytes. */
  get unfinishedBytes(): number {
    return this.#unfinishedBytes;
  }

  /**
   * Reads a request's body and passes it to `done`, or the fault as soon as it is detected. If the client disconnects before the
   * end of its body, `done` is not called.
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
      // Nearly all bodies arrive in one piece, which is not copied.
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
      done(whole ?? unfinished?.toBody() ?? Buffer.alloc(0));
    };
    request.on('data', onData).on('end', onEnd);
  }

  /**
   * Decodes a body that has a content coding, within the same limit (without a token, within MAX_ANONYMOUS_BYTES); the request loses
   * its `Content-Encoding`. A body with an unknown coding is passed on as it is, and so is a fault.
   */
  decode(request: IncomingMessage, body: Buffer | BodyFault, done: (body: Buffer | BodyFault) => void): void {
    const { maxBytes } = this.#bounds;
    const coding = headerOf(request.headers, 'content-encoding');
    if (typeof body === 'string' || coding === undefined || !isDecodable(coding)) {
      done(body);
      return;
    }
    delete request.headers['content-encoding'];
    const isAnonymous = headerOf(request.headers, 'authorization') === undefined;
    decodeBody(body, coding, {
      maxBytes: isAnonymous ? Math.min(maxBytes, MAX_ANONYMOUS_BYTES) : maxBytes,
      done,
    });
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

/** A partially received body. */
class UnfinishedBody {
  readonly giveUp: (fault: BodyFault) => void;
  /** The bytes that it has added to the shared total. */
  countedBytes = 0;
  #bytes = Buffer.alloc(0);
  #length = 0;

  constructor(giveUp: (fault: BodyFault) => void) {
    this.giveUp = giveUp;
  }

  /** Size of its buffer, in bytes. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** Adds a piece; returns the body's fault, or null. */
  add(piece: Buffer, maxBytes: number): BodyFault | null {
    const length = this.#length + piece.length;
    if (length > maxBytes) return 'too-large';
    if (length > this.capacity) {
      // Grows with the data received: memory is not reserved for a declared length.
      const larger = Buffer.allocUnsafeSlow(Math.min(maxBytes, Math.max(length, 2 * this.capacity, MIN_CAPACITY)));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
    return null;
  }

  /** The bytes received so far. */
  toBody(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
