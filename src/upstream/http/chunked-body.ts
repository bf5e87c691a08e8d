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
const CARRIAGE_RETURN = 0x0d;

/** The values of hexadecimal digits, by their bytes; -1 for all others. */
const DIGITS = Int8Array.from({ length: 256 }, (_, code) => '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()));
/** As many digits as SIZE_LINE takes. */
const MAX_DIGITS = 7;

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
      const usual = this.#line === '' ? this.#readUsualLine(bytes, at) : -1;
      if (usual >= 0) {
        at = usual;
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

  /**
   * Reads a line of the usual form, a size without an extension or the end of a chunk, and returns where it ends; -1 for any other.
   * Some servers send a chunk for every few bytes: a text and a regular expression for each of them take five times as long.
   */
  #readUsualLine(bytes: Buffer, start: number): number {
    let at = start;
    if (this.#part === 'size') {
      let size = 0;
      while (at < start + MAX_DIGITS) {
        const digit = DIGITS[bytes[at] as number];
        if (digit === undefined || digit < 0) break;
        size = size * 16 + digit;
        at++;
      }
      if (at === start || bytes[at] !== CARRIAGE_RETURN || bytes[at + 1] !== LINE_FEED) return -1;
      this.#beginChunk(size);
    } else {
      if (this.#part !== 'data-end' || bytes[at] !== CARRIAGE_RETURN || bytes[at + 1] !== LINE_FEED) return -1;
      this.#part = 'size';
    }
    return at + 2;
  }

  #beginChunk(size: number): void {
    this.#bytesLeft = size;
    this.#part = size === 0 ? 'trailers' : 'data';
  }

  /** Whether the line is the body's last. */
  #readLine(): boolean {
    const line = this.#line;
    this.#line = '';
    switch (this.#part) {
      case 'size': {
        const size = SIZE_LINE.exec(line)?.[1];
        if (size === undefined) throw notHttp('a chunk has no size');
        this.#beginChunk(parseInt(size, 16));
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
