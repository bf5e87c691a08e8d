import { notHttp } from '../errors/failures';

/** Most bytes of one line, and of all trailers together. */
const MAX_LINE_BYTES = 4096;

// RFC 9112, section 7.1: the size in hexadecimal digits, and extensions, which nobody here understands. Seven digits are 256 MiB.
// White space before an extension and around its equals sign has to be read (section 7.1.1). Old servers also pad the size with it.
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED = '"(?:[^"\\\\\\r\\n]|\\\\[^\\r\\n])*"';
const EXTENSION = `[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED}))?`;
const SIZE_LINE = new RegExp(`^0*([0-9A-Fa-f]{1,7})(?:${EXTENSION})*[ \\t]*\\r\\n$`);
const LINE_FEED = 0x0a;

/** What comes next: a chunk's size, its data, the line's end after them, or what follows the last chunk. */
type Part = 'size' | 'data' | 'data-end' | 'trailers';

/** Reads a body in chunks (RFC 9112, section 7.1). Trailers are read and dropped. */
export class ChunkedBody {
  readonly #onData: (bytes: Buffer) => void;
  #part: Part = 'size';
  #line = '';
  #bytesLeft = 0;
  #trailerBytes = 0;

  /** @param onData gets the data in order. What it throws goes through. */
  constructor(onData: (bytes: Buffer) => void) {
    this.#onData = onData;
  }

  /**
   * Reads the next bytes, and returns how many of them belong to the body where it ends in them; otherwise null. @throws
   * BillingError `unavailable` for what are not chunks.
   */
  read(bytes: Buffer): number | null {
    let at = 0;
    while (at < bytes.length) {
      if (this.#part === 'data') {
        const data = bytes.subarray(at, at + this.#bytesLeft);
        this.#onData(data);
        at += data.length;
        this.#bytesLeft -= data.length;
        if (this.#bytesLeft === 0) this.#part = 'data-end';
        continue;
      }
      const lineFeed = bytes.indexOf(LINE_FEED, at);
      const end = lineFeed < 0 ? bytes.length : lineFeed + 1;
      if (this.#line.length + end - at > MAX_LINE_BYTES) throw notHttp('a line between its chunks is too long');
      this.#line += bytes.toString('latin1', at, end);
      at = end;
      if (lineFeed >= 0 && this.#readLine()) return at;
    }
    return null;
  }

  /** Whether the line is the body's last. */
  #readLine(): boolean {
    const line = this.#line;
    this.#line = '';
    switch (this.#part) {
      case 'size': {
        const size = SIZE_LINE.exec(line)?.[1];
        if (size === undefined) throw notHttp('a chunk has no size');
        this.#bytesLeft = parseInt(size, 16);
        this.#part = this.#bytesLeft === 0 ? 'trailers' : 'data';
        return false;
      }
      case 'data':
      case 'data-end':
        if (line !== '\r\n') throw notHttp('a chunk is longer than its size');
        this.#part = 'size';
        return false;
      case 'trailers':
        this.#trailerBytes += line.length;
        if (this.#trailerBytes > MAX_LINE_BYTES || !line.endsWith('\r\n')) throw notHttp('what follows its last chunk are no trailers');
        return line === '\r\n';
    }
  }
}
