import { BodyBuffer } from './body-buffer';
import { ChunkedBody } from './chunked-body';
import { invalidResponse, notHttp } from '../errors/failures';
import { LargeAnswer, type HttpAnswer, type ReusedConnection } from './http-response';
import { mayBeHead, readHead, type ResponseHeaders } from './response-head';

/** Most bytes of a head that are read: Node's own limit. */
const MAX_HEAD_BYTES = 16 * 1024;
/** Most bytes that are kept of the body of an error, which has at most a message in it. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Most bytes of empty lines, and most heads with those of interim responses: of more, a server could send without an end. */
const MAX_EMPTY_BYTES = 1024;
const MAX_HEADS = 100;
const HEAD_END = Buffer.from('\r\n\r\n');
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

const LENGTH = /^[0-9]{1,15}$/;

/** What comes next on the connection. */
type Part = 'head' | 'length' | 'chunks' | 'rest' | 'nothing';

/**
 * Reads one answer to a GET (RFC 9112) from the pieces in which a connection brings it. Strict: what may be read in two
 * ways is not read, since a connection on which answers get out of step would give one caller another's. Pieces are only
 * valid until the next bytes are read from any connection; what is kept of them is copied. An error with a large body is
 * whole where its body gets too large: it is an answer without a body, and the rest is not read.
 */
export class AnswerParser {
  readonly #maxBodyBytes: number;
  readonly #body = new BodyBuffer();
  #part: Part = 'head';
  #emptyBytes = 0;
  #heads = 0;
  #begun: Buffer | null = null;
  #status = 0;
  #headers: ResponseHeaders = {};
  #staysOpen = false;
  #bytesLeft = 0;
  #chunks: ChunkedBody | null = null;
  #excess: Buffer | null = null;
  #isCut = false;

  /** @param maxBodyBytes the largest body that is read. */
  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** Whether another request may be sent on the connection; to be asked when the answer is whole. */
  get isReusable(): boolean {
    return this.#staysOpen && this.#excess === null;
  }

  /** The bytes that came after the whole response in the same piece, and belong to no request; null where there are none. */
  get excess(): Buffer | null {
    return this.#excess;
  }

  /** Size of the body: the whole one's where it was announced, otherwise what has come of it. */
  get bodyBytes(): number {
    return this.#body.length + this.#bytesLeft;
  }

  /** The whole body's size where it was announced, otherwise what it may have. */
  get mostBodyBytes(): number {
    return this.#part === 'length' ? this.bodyBytes : this.#maxBytes();
  }

  /** Whether a byte of the response has come. */
  get hasBegun(): boolean {
    return this.#part !== 'head' || this.#begun !== null;
  }

  /**
   * Reads the next piece, and returns whether the answer is whole.
   * @throws BillingError `unavailable` for what is not HTTP/1.1, `invalid-response` for what is larger than it may be.
   */
  push(piece: Buffer): boolean {
    const bytes = this.#part === 'head' ? this.#readHeads(piece) : piece;
    if (bytes === null) return false;
    switch (this.#part) {
      case 'length':
        return this.#readLength(bytes);
      case 'chunks':
        return this.#readChunks(bytes);
      case 'rest':
        this.#add(bytes);
        return this.#isCut && this.#end(null);
      case 'head':
      case 'nothing':
        return this.#end(bytes);
    }
  }

  /** Discards the body while the rest of the response is read. */
  discardBody(): void {
    this.#body.discard();
  }

  /** Whether the answer is whole where the connection ends now: it is where nothing else tells its end. */
  get endsWithConnection(): boolean {
    return this.#part === 'rest';
  }

  /** The whole answer, which is complete now. Nothing of its body stays here. */
  take(endedMs: number, reused: ReusedConnection | null = null): HttpAnswer {
    if (this.#body.hasSeveralBlocks) {
      const head = { status: this.#status, headers: this.#headers, endedMs, isCut: this.#isCut, reused };
      return new LargeAnswer(head, this.#body.takeBlocks());
    }
    return { status: this.#status, headers: this.#headers, body: this.#body.take(), endedMs, isCut: this.#isCut, reused };
  }

  /** Reads heads up to the one of the answer itself, and returns the bytes after it; null where it has not come whole. */
  #readHeads(piece: Buffer): Buffer | null {
    let bytes = this.#begun === null ? piece : Buffer.concat([this.#begun, piece]);
    do {
      bytes = this.#afterEmptyLines(bytes);
      const end = bytes.indexOf(HEAD_END);
      if (end > MAX_HEAD_BYTES || (end < 0 && bytes.length > MAX_HEAD_BYTES)) throw invalidResponse('the headers are too large');
      if (end < 0) {
        // What is no response may never have an end: neither another protocol, nor a head whose lines end in a line feed alone.
        if (!mayBeHead(bytes)) throw notHttp('its first line is not a status line');
        if (hasBareLineFeed(bytes)) throw notHttp('a line of its head ends without a carriage return');
        this.#begun = bytes.length === 0 ? null : Buffer.from(bytes);
        return null;
      }
      this.#readHead(bytes, end);
      bytes = bytes.subarray(end + HEAD_END.length);
      // Interim answers (RFC 9110, section 15.2): the real one follows.
    } while (this.#status < 200);
    this.#begun = null;
    return bytes;
  }

  /** Empty lines before a response are passed over, as Node does (RFC 9112, section 2.2, says so of requests). */
  #afterEmptyLines(bytes: Buffer): Buffer {
    let at = 0;
    while (bytes[at] === CARRIAGE_RETURN || bytes[at] === LINE_FEED) at++;
    this.#emptyBytes += at;
    if (this.#emptyBytes > MAX_EMPTY_BYTES) throw notHttp('it begins with too many empty lines');
    return at === 0 ? bytes : bytes.subarray(at);
  }

  #readHead(bytes: Buffer, end: number): void {
    const { status, headers, isHttp11 } = readHead(bytes, end);
    if (++this.#heads > MAX_HEADS) throw notHttp('it has too many interim responses');
    // RFC 9110, section 15.2: other interim responses are passed over, also a "100 Continue" that was not asked for.
    if (status === 101) throw notHttp('it begins with a status of 101, which was not asked for');
    this.#status = status;
    this.#headers = headers;
    if (status >= 200) this.#frame(isHttp11);
  }

  /** How the body's end is known (RFC 9112, section 6.3), and whether the connection stays open (section 9.3). */
  #frame(isHttp11: boolean): void {
    const { connection = '', 'transfer-encoding': coding, 'content-length': length } = this.#headers;
    // RFC 9112, section 9.3: "close" goes before everything else.
    this.#staysOpen = !/\bclose\b/i.test(connection) && (isHttp11 || /\bkeep-alive\b/i.test(connection));
    const hasBody = this.#status !== 204 && this.#status !== 304;
    if (coding !== undefined) {
      // With a length beside it, or under HTTP/1.0, the two ends would each believe in an end of its own.
      if (coding.toLowerCase() !== 'chunked' || length !== undefined || !isHttp11)
        throw notHttp('its body has a framing that is not clear');
      this.#chunks = new ChunkedBody((bytes) => this.#add(bytes));
      this.#part = hasBody ? 'chunks' : 'nothing';
    } else if (length !== undefined) {
      if (!LENGTH.test(length)) throw notHttp('its length is not a number');
      this.#bytesLeft = hasBody ? Number(length) : 0;
      // Refused before a byte of the body is read.
      if (this.#bytesLeft > this.#maxBytes()) this.#cut();
      this.#part = this.#bytesLeft === 0 || this.#isCut ? 'nothing' : 'length';
    } else if (hasBody) {
      this.#staysOpen = false;
      this.#part = 'rest';
    } else this.#part = 'nothing';
  }

  #readLength(bytes: Buffer): boolean {
    if (bytes.length === 0) return false;
    const part = bytes.length > this.#bytesLeft ? bytes.subarray(0, this.#bytesLeft) : bytes;
    this.#bytesLeft -= part.length;
    this.#body.add(part, this.#bytesLeft);
    return this.#bytesLeft === 0 && this.#end(bytes.subarray(part.length));
  }

  #readChunks(bytes: Buffer): boolean {
    const read = (this.#chunks as ChunkedBody).read(bytes);
    if (this.#isCut) return this.#end(null);
    return read !== null && this.#end(bytes.subarray(read));
  }

  #add(bytes: Buffer): void {
    if (bytes.length === 0 || this.#isCut) return;
    if (this.#body.length + bytes.length > this.#maxBytes()) this.#cut();
    else this.#body.add(bytes);
  }

  #maxBytes(): number {
    return mostBodyBytes(this.#status, this.#maxBodyBytes);
  }

  /** Reads no more of an error's body, and keeps nothing of it. The rest of it may come, so the connection is of no further use. */
  #cut(): void {
    if (this.#status < 400) throw this.#tooLarge();
    this.#isCut = true;
    this.#staysOpen = false;
    this.#body.take();
  }

  /** The response is whole. What came after it belongs to no request; after a body that was cut, it is the rest of that. */
  #end(after: Buffer | null): true {
    if (after !== null && after.length > 0 && !this.#isCut) this.#excess = after;
    return true;
  }

  #tooLarge(): Error {
    return invalidResponse(`the body is larger than ${this.#maxBodyBytes} bytes`);
  }
}

/** The largest body that is read of a response with this status, in bytes. */
export function mostBodyBytes(status: number, maxBodyBytes: number): number {
  return status >= 400 ? Math.min(MAX_ERROR_BYTES, maxBodyBytes) : maxBodyBytes;
}

function hasBareLineFeed(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1))
    if (bytes[at - 1] !== CARRIAGE_RETURN) return true;
  return false;
}
