import { contentOf, hashOfLine, parseChainedLine } from './audit-chain';

const LINE_FEED = 10;

/** Lines of a trail that are made, and not in the file yet, or in part: a full disk may take a piece of a line. */
export class UnwrittenLines {
  #bytes: Buffer = Buffer.alloc(0);
  /** Of these bytes, those that are in the file: a piece of the first line. */
  #written = 0;

  /** How many bytes are not in the file. */
  get size(): number {
    return this.#bytes.length - this.#written;
  }

  /** How many lines are not in the file, or in part. */
  get count(): number {
    return this.#wholeLines().length;
  }

  /** What is to be appended to the file next. */
  get rest(): Buffer {
    return this.#bytes.subarray(this.#written);
  }

  /** @param text lines with their line feeds. */
  add(text: string): void {
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from(text)]);
  }

  /** Notes that so many bytes of the rest are in the file. */
  noteWritten(bytes: number): void {
    this.#written += bytes;
    // A line that is in the file in part is kept: it may have to be written anew.
    const start = this.#bytes.subarray(0, this.#written).lastIndexOf(LINE_FEED) + 1;
    this.#bytes = this.#bytes.subarray(start);
    this.#written -= start;
  }

  /** The hash of what the file ends with: of a piece of a line where a line is in it in part; null where nothing waits. */
  get follows(): string | null {
    const [line] = this.#wholeLines();
    if (line === undefined) return null;
    const piece = this.#bytes.subarray(0, this.#written);
    return piece.length > 0 ? hashOfLine(piece) : (parseChainedLine(line)?.previous ?? null);
  }

  /** Takes all lines out, as the contents that they were made of. */
  takeContents(): readonly string[] {
    const contents = this.#wholeLines().map(contentOf);
    this.#bytes = Buffer.alloc(0);
    this.#written = 0;
    return contents;
  }

  #wholeLines(): readonly string[] {
    return this.#bytes.toString('utf8').split('\n').slice(0, -1);
  }
}
