/**
 * The parts of a scan of JSON's bytes: each takes the place where something begins and returns where it ends, or -1 for
 * what is wrong or merely unusual. The scanned body's last byte must be one that ends whatever it is met in.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const LETTER_N = 0x6e;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** What a double holds, however many digits of these it has. */
const MAX_DIGITS = 15;

/** All bits of the texts since `startTexts`. */
let textBits = 0;

/** Begins to note whether texts are ASCII. */
export function startTexts(): void {
  textBits = 0;
}

/** Whether all texts that were passed since `startTexts` are ASCII. */
export function areTextsAscii(): boolean {
  return textBits < 0x80;
}

/** Past the simple value that begins here: a text, a whole number or a word. */
export function endOfSimple(body: Buffer, at: number): number {
  const first = body[at] as number;
  if (first === QUOTE) return endOfText(body, at);
  return first <= NINE ? endOfWholeNumber(body, at) : endOfWord(body, at);
}

/** Past the text that begins here; -1 where none does, or one with an escape, or a control character (RFC 8259, section 7). */
export function endOfText(body: Buffer, at: number): number {
  if (body[at] !== QUOTE) return -1;
  const { length } = body;
  let bits = 0;
  for (let i = at + 1; i < length; i++) {
    const code = body[i] as number;
    if (code <= QUOTE) {
      if (code === QUOTE) {
        textBits |= bits;
        return i + 1;
      }
      if (code < SPACE) return -1;
    } else if (code === BACKSLASH) return -1;
    bits |= code;
  }
  return -1;
}

/** Past the whole number that begins here; -1 for one that has a fraction, an exponent, a leading zero, or too many digits. */
export function endOfWholeNumber(body: Buffer, at: number): number {
  const start = body[at] === MINUS ? at + 1 : at;
  let end = start;
  while ((body[end] as number) >= ZERO && (body[end] as number) <= NINE) end++;
  const digits = end - start;
  if (digits === 0 || digits > MAX_DIGITS) return -1;
  // Of the numbers that begin with a zero only 0 itself is one; -0 is left to the parser.
  return body[start] === ZERO && (digits > 1 || start > at) ? -1 : end;
}

/** Past the word that begins here; -1 where it is none of JSON's. */
export function endOfWord(body: Buffer, at: number): number {
  if (at + 5 > body.length) return -1;
  switch (body[at]) {
    case 0x74:
      return body[at + 1] === 0x72 && body[at + 2] === 0x75 && body[at + 3] === 0x65 ? at + 4 : -1; // true
    case 0x66:
      return body[at + 1] === 0x61 && body[at + 2] === 0x6c && body[at + 3] === 0x73 && body[at + 4] === 0x65 ? at + 5 : -1; // false
    case LETTER_N:
      return body[at + 1] === 0x75 && body[at + 2] === 0x6c && body[at + 3] === 0x6c ? at + 4 : -1; // null
    default:
      return -1;
  }
}

/** The next place that is no white space (RFC 8259, section 2). */
export function skipSpace(body: Buffer, at: number): number {
  while ((body[at] as number) <= SPACE && isSpace(body[at])) at++;
  return at;
}

export function isSpace(code: number | undefined): boolean {
  return code === SPACE || code === 0x0a || code === 0x0d || code === 0x09;
}
