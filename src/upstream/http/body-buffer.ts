/** Pieces from this size on are kept as they came; smaller ones are copied together. */
const SMALL_BYTES = 1024;
const BLOCK_BYTES = 16 * 1024;

/**
 * Gathers a body. One piece, the usual case, is kept without a copy. Small pieces after it are copied together: kept
 * one by one, a body that is sent byte by byte would take a hundred times its size.
 */
export class BodyBuffer {
  #pieces: Buffer[] = [];
  #block: Buffer | null = null;
  #blockUsed = 0;
  #length = 0;
  #isDiscarded = false;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    this.#length += piece.length;
    if (this.#isDiscarded) return;
    if (this.#pieces.length > 0 && piece.length < SMALL_BYTES) this.#copy(piece);
    else {
      this.#closeBlock();
      this.#pieces.push(piece);
    }
  }

  /** Discards the body: what has arrived and what is still to arrive. */
  discard(): void {
    this.#isDiscarded = true;
    this.take();
  }

  /** Returns the body, empty if it was discarded, and releases it. */
  take(): Buffer {
    this.#closeBlock();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  #copy(piece: Buffer): void {
    if (this.#blockUsed + piece.length > BLOCK_BYTES) this.#closeBlock();
    this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#blockUsed += piece.copy(this.#block, this.#blockUsed);
  }

  #closeBlock(): void {
    if (this.#block) this.#pieces.push(this.#block.subarray(0, this.#blockUsed));
    this.#block = null;
    this.#blockUsed = 0;
  }
}
