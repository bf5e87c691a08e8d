/** Size of a block for a body of which no more is announced than has come, in bytes. */
const MIN_BLOCK_BYTES = 16 * 1024;
/** Size of the largest block, in bytes: more may be announced than ever comes. */
const MAX_BLOCK_BYTES = 1024 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * Gathers a body by copying its pieces, which are only valid until the next bytes are read from any connection. A body whose
 * size is announced, or that comes in one piece, takes one block of its size, and is copied once.
 */
export class BodyBuffer {
  readonly #full: Buffer[] = [];
  #block = EMPTY;
  #used = 0;
  #length = 0;
  #isDiscarded = false;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** @param announced how many bytes will follow the piece, as far as is known. */
  add(piece: Buffer, announced = 0): void {
    this.#length += piece.length;
    if (this.#isDiscarded) return;
    for (let at = 0; at < piece.length;) {
      if (this.#used === this.#block.length) this.#startBlock(piece.length - at + announced);
      const copied = piece.copy(this.#block, this.#used, at);
      this.#used += copied;
      at += copied;
    }
  }

  /** Discards the body: what has arrived and what is still to arrive. */
  discard(): void {
    this.#isDiscarded = true;
    this.take();
  }

  /** Whether joining the body takes long. */
  get hasSeveralBlocks(): boolean {
    return this.#full.length > 0;
  }

  /** Returns the body, empty if it was discarded, and releases it. */
  take(): Buffer {
    const last = this.#takeLast();
    return this.#full.length === 0 ? last : Buffer.concat([...this.#full.splice(0), last]);
  }

  /** Returns the blocks of the body, and releases them. */
  takeBlocks(): Buffer[] {
    return [...this.#full.splice(0), this.#takeLast()];
  }

  #takeLast(): Buffer {
    const last = this.#used === this.#block.length ? this.#block : this.#block.subarray(0, this.#used);
    this.#block = EMPTY;
    this.#used = 0;
    return last;
  }

  #startBlock(bytes: number): void {
    if (this.#used > 0) this.#full.push(this.#block);
    const least = this.#block === EMPTY ? 0 : MIN_BLOCK_BYTES;
    this.#block = Buffer.allocUnsafe(Math.min(Math.max(bytes, least), MAX_BLOCK_BYTES));
    this.#used = 0;
  }
}
