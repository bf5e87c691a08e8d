import { isAscii, isUtf8 } from 'node:buffer';
import { parse as parseLossless } from 'lossless-json';
import { invalidResponse } from '../errors/failures';

/**
 * Text of a JSON body. ASCII is decoded as latin1, which is the same text and by far the faster way to it.
 * @throws BillingError `invalid-response` for bytes that are not UTF-8 (RFC 8259, section 8.1).
 */
export function decodeText(body: Buffer): string {
  if (isAscii(body)) return body.toString('latin1');
  if (!isUtf8(body)) throw invalidResponse('the body is not UTF-8');
  return body.toString('utf8');
}

/**
 * Refuses what is nested deeper than any answer of the contract. The platform's parser takes whole seconds for millions
 * of levels, during which nobody else is answered; small texts cannot hold enough of them to matter.
 * @throws BillingError `invalid-response`.
 */
export function assertShallow(body: Uint8Array): void {
  if (body.length < LARGE) return;
  let depth = 0;
  for (let at = 0; at < body.length; at++) {
    const code = body[at];
    if (code === QUOTE) {
      at = endOfString(body, at);
      if (at < 0) return; // not JSON: the parser finds that out quickly
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      if (++depth > MAX_DEPTH) throw invalidResponse(`the body is nested deeper than ${MAX_DEPTH} levels`);
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
  }
}

const LARGE = 256 * 1024;
const MAX_DEPTH = 64;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Where the string that begins at `start` ends; -1 where it does not. */
function endOfString(body: Uint8Array, start: number): number {
  for (let at = start + 1; at < body.length; at++) {
    const code = body[at];
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return -1;
}

// A double holds every number of up to 15 digits: only a run of 16 digits and points may be more.
const RUN = 16;

/**
 * Whether `JSON.parse` might round a number of this body. Looks at every 16th byte, since a run of 16 cannot pass
 * between two of them: a regular expression over the text took longer than parsing it (331 µs against 259 µs for 1,000
 * invoices). A run that no number can start, such as one right behind a quotation mark, does not count.
 */
export function mayLoseDigits(body: Uint8Array): boolean {
  for (let at = RUN - 1; at < body.length; at += RUN) {
    if (!isDigitOrPoint(body[at])) continue;
    let from = at;
    while (from > 0 && isDigitOrPoint(body[from - 1])) from--;
    let to = at + 1;
    while (to < body.length && isDigitOrPoint(body[to])) to++;
    if (to - from >= RUN && mayPrecedeDigits(body[from - 1])) return true;
    if (to - RUN > at) at = to - RUN;
  }
  return false;
}

function isDigitOrPoint(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x30 && byte <= 0x39) || byte === 0x2e);
}

/** What can stand before the digits of a number, or of its exponent (RFC 8259, sections 2 and 6). */
function mayPrecedeDigits(byte: number | undefined): boolean {
  return byte === undefined || ' \t\n\r:,[-+eE'.includes(String.fromCharCode(byte));
}

/**
 * Parses JSON so that no digit is lost: a whole number that a double cannot hold becomes a bigint.
 * @throws BillingError `invalid-response` where the text is not JSON.
 */
export function parseExact(text: string): unknown {
  try {
    // Of a name that stands twice the last one counts, as for JSON.parse: both parsers must read a body alike.
    return parseLossless(text, undefined, { parseNumber: toExactNumber, onDuplicateKey: ({ newValue }) => newValue });
  } catch {
    throw invalidResponse('the body is not JSON');
  }
}

/** Parses JSON with the platform's parser. @throws BillingError `invalid-response` where the text is not JSON. */
export function parseFast(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which must not reach a log.
    throw invalidResponse('the body is not JSON');
  }
}

/** No amount has more digits; without a limit a small text (`1e999999999`) could ask for a huge number, and a long one for a slow one. */
const MAX_DIGITS = 400;

/** A number's exact value: a bigint for whole numbers past 2^53 in any notation, NaN for what is no whole number that can be had. */
function toExactNumber(text: string): number | bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  const value = Number(text);
  if (!match || (Number.isSafeInteger(value) && !match[3] && !match[4])) return value;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const shift = Number(exponent) - fraction.length;
  const digits = whole + fraction;
  if (digits.length > MAX_DIGITS || shift > MAX_DIGITS || shift < -MAX_DIGITS) return Number.NaN;
  const significant = shift >= 0 ? digits + '0'.repeat(shift) : digits.slice(0, shift);
  const rest = shift >= 0 ? '' : digits.slice(shift);
  if (/[^0]/.test(rest)) return Number.NaN; // not a whole number, however close the nearest double comes to one
  const exact = BigInt(`${sign}${significant === '' ? '0' : significant}`);
  return exact >= -9007199254740992n && exact <= 9007199254740992n ? Number(exact) : exact;
}
