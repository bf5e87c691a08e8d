import { invalidResponse } from '../errors/failures';

/**
 * Parts of JSON (RFC 8259) in bytes. Each function takes the position where something begins and returns the position
 * after it. All of them throw a BillingError `invalid-response` where the bytes are not JSON, and are linear.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
const POINT = 0x2e;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const LESS_THAN = 0x3c;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const LETTER_F = 0x66;
export const LETTER_N = 0x6e;
export const LETTER_T = 0x74;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** Deeper nesting is no response of the contract. */
const MAX_DEPTH = 1000;

/** The failure of a body that is not JSON. */
export function notJson(): Error {
  return invalidResponse('the body is not JSON');
}

/** The next position that is no white space (RFC 8259, section 2). */
export function skipSpace(bytes: Buffer, at: number): number {
  while ((bytes[at] as number) <= SPACE && isSpace(bytes[at] as number)) at++;
  return at;
}

export function isSpace(code: number): boolean {
  return code === SPACE || code === 0x0a || code === 0x0d || code === 0x09;
}

const ONES = 0x01010101;
const HIGH_BITS = 0x80808080 | 0;

/**
 * Past the text whose quotation mark is here, where it has no escape; -1 where it has one. Four bytes are looked at together for a
 * quotation mark, a backslash or a control character: see "Determine if a word has a zero byte" in Sean Eron Anderson's "Bit
 * Twiddling Hacks".
 * @param view of the same bytes.
 */
export function endOfPlainText(bytes: Buffer, view: DataView, at: number): number {
  const { length } = bytes;
  let i = at + 1;
  for (; i + 4 <= length; i += 4) {
    const word = view.getInt32(i, true);
    const quotes = word ^ (QUOTE * ONES);
    const backslashes = word ^ (BACKSLASH * ONES);
    const found = (((word - SPACE * ONES) & ~word) | ((quotes - ONES) & ~quotes) | ((backslashes - ONES) & ~backslashes)) & HIGH_BITS;
    if (found === 0) continue;
    // The lowest bit is that of the first of them.
    i += (31 - Math.clz32(found & -found)) >> 3;
    if (bytes[i] === QUOTE) return i + 1;
    if (bytes[i] === BACKSLASH) return -1;
    throw notJson();
  }
  for (; i < length; i++) {
    const code = bytes[i] as number;
    if (code <= QUOTE) {
      if (code === QUOTE) return i + 1;
      if (code < SPACE) throw notJson();
    } else if (code === BACKSLASH) return -1;
  }
  throw notJson();
}

/** Past the text whose quotation mark is here. */
export function endOfText(bytes: Buffer, at: number): number {
  if (bytes[at] !== QUOTE) throw notJson();
  const { length } = bytes;
  for (let i = at + 1; i < length; i++) {
    const code = bytes[i] as number;
    if (code === QUOTE) return i + 1;
    if (code < SPACE) throw notJson();
    if (code === BACKSLASH) i = endOfEscape(bytes, i) - 1;
  }
  throw notJson();
}

function endOfEscape(bytes: Buffer, at: number): number {
  switch (bytes[at + 1]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // solidus
    case 0x62: // b
    case LETTER_F:
    case LETTER_N:
    case 0x72: // r
    case LETTER_T:
      return at + 2;
    case 0x75: // u
      for (let i = at + 2; i < at + 6; i++) if (!isHex(bytes[i] as number)) throw notJson();
      return at + 6;
    default:
      throw notJson();
  }
}

function isHex(code: number): boolean {
  return (code >= ZERO && code <= NINE) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
}

/** Past the number that begins here (RFC 8259, section 6). */
export function endOfNumber(bytes: Buffer, at: number): number {
  const start = bytes[at] === MINUS ? at + 1 : at;
  let end = endOfDigits(bytes, start);
  if (bytes[start] === ZERO && end > start + 1) throw notJson();
  if (bytes[end] === POINT) end = endOfDigits(bytes, end + 1);
  if (bytes[end] === 0x65 || bytes[end] === 0x45) {
    const sign = bytes[end + 1];
    end = endOfDigits(bytes, sign === MINUS || sign === 0x2b ? end + 2 : end + 1);
  }
  return end;
}

/** What a double holds, however many digits of these it has. */
const MAX_USUAL_DIGITS = 15;

/** Past the whole number that begins here; -1 for one of another form: with a fraction, an exponent or more than 15 digits, or -0. */
export function endOfUsualNumber(bytes: Buffer, at: number): number {
  const start = bytes[at] === MINUS ? at + 1 : at;
  let end = start;
  while ((bytes[end] as number) >= ZERO && (bytes[end] as number) <= NINE) end++;
  const digits = end - start;
  if (digits === 0 || digits > MAX_USUAL_DIGITS) return -1;
  if (bytes[start] === ZERO && (digits > 1 || start > at)) return -1;
  const next = bytes[end];
  return next === POINT || next === 0x65 || next === 0x45 ? -1 : end;
}

function endOfDigits(bytes: Buffer, at: number): number {
  let end = at;
  while ((bytes[end] as number) >= ZERO && (bytes[end] as number) <= NINE) end++;
  if (end === at) throw notJson();
  return end;
}

/** Past the word that begins here: `true`, `false` or `null`. */
export function endOfWord(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case LETTER_T:
      if (bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65) return at + 4;
      break;
    case LETTER_F:
      if (bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65) return at + 5;
      break;
    case LETTER_N:
      if (bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c) return at + 4;
      break;
    default:
  }
  throw notJson();
}

/** The position of the value that follows a member's name; `at` is past the name. */
export function startOfValue(bytes: Buffer, at: number): number {
  const colon = skipSpace(bytes, at);
  if (bytes[colon] !== COLON) throw notJson();
  return skipSpace(bytes, colon + 1);
}

/** Which of the containers around a position are objects. One value is skipped at a time. */
const isObjectAt = new Uint8Array(MAX_DEPTH + 1);

/** Past the value that begins here, whatever it is. */
export function endOfValue(bytes: Buffer, start: number): number {
  let at = start;
  let depth = 0;
  for (;;) {
    const first = bytes[at] as number;
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      const isObject = first === OPEN_BRACE;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) at++;
      else {
        if (++depth > MAX_DEPTH) throw invalidResponse(`the body is nested deeper than ${MAX_DEPTH} levels`);
        isObjectAt[depth] = isObject ? 1 : 0;
        if (isObject) at = startOfValue(bytes, endOfText(bytes, at));
        continue;
      }
    } else if (first === QUOTE) at = endOfText(bytes, at);
    else if (bytes[at + 1] === COMMA && first >= ZERO && first <= NINE) at++;
    else at = first <= NINE ? endOfNumber(bytes, at) : endOfWord(bytes, at);
    for (;;) {
      if (depth === 0) return at;
      at = skipSpace(bytes, at);
      if (bytes[at] === COMMA) break;
      if (bytes[at] !== (isObjectAt[depth] ? CLOSE_BRACE : CLOSE_BRACKET)) throw notJson();
      at++;
      depth--;
    }
    at = skipSpace(bytes, at + 1);
    if (isObjectAt[depth]) at = startOfValue(bytes, endOfText(bytes, at));
  }
}
