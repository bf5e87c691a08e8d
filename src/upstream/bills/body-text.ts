import { isUtf8 } from 'node:buffer';
import type { SharedTurnBudget } from '../../runtime/turns/shared-turn-budget';
import { invalidResponse } from '../errors/failures';

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** What windows-1252 has in place of the control characters 0x80 to 0x9f of ISO-8859-1 (https://encoding.spec.whatwg.org/#windows-1252). */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** By its bytes from 0x80 on: what each of them is in Unicode. */
const CODES = Uint16Array.from({ length: 0x80 }, (_, i) => (i < WINDOWS_1252.length ? WINDOWS_1252.charCodeAt(i) : i + 0x80));

/** Names of encodings that a body may have (https://encoding.spec.whatwg.org/#names-and-labels). */
const UTF_8 = /^(?:utf-?8|us-ascii|ascii)$/i;
/** What is declared as ISO-8859-1 is read as windows-1252, as browsers do: they differ in control characters alone. */
const LATIN_1 = /^(?:iso-?8859-?1|iso_8859-1|latin-?1|windows-1252|cp-?1252)$/i;
const CHARSET = /;[ \t]*charset[ \t]*=[ \t]*"?([A-Za-z0-9_:.+-]{1,40})"?/i;

/**
 * A body as UTF-8 without a byte order mark. JSON is UTF-8 (RFC 8259, section 8.1), but older APIs declare other encodings. Some
 * only declare ISO-8859-1, the default of their server, and send UTF-8: such bytes are hardly ever valid UTF-8 unless they are meant so.
 * @throws BillingError `invalid-response` for a declared encoding that is none of UTF-8, ISO-8859-1 and windows-1252.
 */
export function toUtf8(body: Buffer, contentType: string | undefined): Buffer {
  if (isMarked(body)) return body.subarray(BOM.length);
  const charset = charsetOf(contentType);
  if (charset === undefined || UTF_8.test(charset)) return body;
  if (!LATIN_1.test(charset)) throw invalidResponse('the body has a declared encoding other than UTF-8, ISO-8859-1 and windows-1252');
  if (isUtf8(body)) return body;
  return fromWindows1252(body);
}

/** Bytes that are converted at once, in a few milliseconds. */
const SLICE_BYTES = 512 * 1024;
/** A byte takes twice as long to convert as to be read as JSON. */
const UNITS_PER_BYTE = 2;

/**
 * The same for a large body, if it is to be converted: piece by piece within the budget, which counts the bytes of JSON that are read. All
 * other bodies are returned as they are.
 * @throws BillingError `invalid-response` for one that becomes more than half as large again. JSON of invoices becomes 1.1 times as large.
 */
export async function toUtf8OverTurns(body: Buffer, contentType: string | undefined, budget: SharedTurnBudget): Promise<Buffer> {
  if (body.length <= SLICE_BYTES || isMarked(body) || !LATIN_1.test(charsetOf(contentType) ?? '') || isUtf8(body)) return body;
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (let at = 0; at < body.length; at += SLICE_BYTES) {
    const slice = body.subarray(at, at + SLICE_BYTES);
    const turn = budget.take(UNITS_PER_BYTE * slice.length);
    if (turn) await turn;
    const piece = fromWindows1252(slice);
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > 1.5 * body.length) throw invalidResponse('the body has too many characters that are not ASCII');
  }
  const turn = budget.take(bytes);
  if (turn) await turn;
  return Buffer.concat(pieces);
}

function isMarked(body: Buffer): boolean {
  return body.length >= BOM.length && body[0] === BOM[0] && body.compare(BOM, 0, BOM.length, 0, BOM.length) === 0;
}

function charsetOf(contentType: string | undefined): string | undefined {
  return contentType === undefined ? undefined : CHARSET.exec(contentType)?.[1];
}

/** Byte by byte: to replace characters of a text takes thirty times as long where all of them are. */
function fromWindows1252(body: Buffer): Buffer {
  const text = Buffer.allocUnsafeSlow(body.length * 3);
  let at = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number;
    const code = byte < 0x80 ? byte : (CODES[byte - 0x80] as number);
    if (code < 0x80) text[at++] = code;
    else if (code < 0x800) {
      text[at++] = 0xc0 | (code >> 6);
      text[at++] = 0x80 | (code & 0x3f);
    } else {
      text[at++] = 0xe0 | (code >> 12);
      text[at++] = 0x80 | ((code >> 6) & 0x3f);
      text[at++] = 0x80 | (code & 0x3f);
    }
  }
  return Buffer.from(text.subarray(0, at));
}

/** The body of an error as `toUtf8` gives it; null where its encoding is not known. */
export function toReadable(body: Buffer, contentType: string | undefined): Buffer | null {
  try {
    return toUtf8(body, contentType);
  } catch {
    return null;
  }
}
