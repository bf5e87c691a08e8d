import { INEXACT_NUMBER, toExactNumber } from '../../../graphql/analysis/variables/request-json';
import { QUOTE, type JsonShape } from './json-shape';
import { isPrototypeName, PrototypeName } from './prototype-names';

/** Larger JSON is parsed here, in bytes: smaller one is parsed by `JSON.parse` in less time than it takes to refuse it. */
export const LARGE_JSON_BYTES = 32 * 1024;

/** JSON that no variables need; the message says which. */
export class ExcessiveJson extends Error {}

/**
 * Parses large JSON of a request as `parseRequestJson` does, and refuses names that reach for a prototype.
 *
 * `JSON.parse` takes 2 ms for 256 KiB of most JSON, but 5 to 15 ms where that consists of different short texts or names: it looks up each
 * of them in V8's table of strings. This parser takes 2 to 3 ms for either, since it makes texts without looking them up, and refuses
 * objects of too many different names, whose classes V8 has to make.
 * @param most what the JSON may have.
 * @throws SyntaxError where the text is not JSON; PrototypeName where it has names that reach for a prototype.
 * @throws ExcessiveJson where it has more than `most`.
 */
export function parseLargeJson(text: string, most: JsonShape): unknown {
  return new LargeJson(text, most).parse();
}

const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Digits of which a double keeps each. */
const MAX_EXACT_DIGITS = 15;
/** Digits of which each number is a 32-bit integer. */
const MAX_SMALL_DIGITS = 9;
/** Powers of ten that are exact as doubles. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** Up to so many characters a part of a text is a copy. A longer one would keep the whole text in memory. */
const MAX_COPIED_CHARACTERS = 12;
/** Behind a text that `JSON.parse` makes, and is removed from it again: of more than ten characters, it looks up none. */
const PADDING = ' '.repeat(11);
/** Different beginnings of objects, by their names in order: as many classes does V8 make of them. A request has some tens. */
export const MAX_SHAPES = 2000;
/**
 * Names that begin with a digit. GraphQL has no such names, and V8 makes an array of such a member: `{"1899":1}` takes two
 * microseconds, and 12 KiB.
 */
export const MAX_NUMERIC_NAMES = 100;
const SHAPE_BITS = 16;

class LargeJson {
  readonly #text: string;
  readonly #most: JsonShape;
  readonly #shapes = new Uint8Array(1 << SHAPE_BITS);
  #shapeCount = 0;
  #numericNames = 0;
  #containers = 0;
  #at = 0;

  constructor(text: string, most: JsonShape) {
    this.#text = text;
    this.#most = most;
  }

  parse(): unknown {
    this.#skipSpace();
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw notJson();
    return value;
  }

  #value(depth: number): unknown {
    const code = this.#text.charCodeAt(this.#at);
    if (code === QUOTE) return this.#string();
    if (code === OPEN_BRACE) return this.#object(depth + 1);
    if (code === OPEN_BRACKET) return this.#list(depth + 1);
    if (code === MINUS || isDigit(code)) return this.#number();
    return this.#word();
  }

  #enter(depth: number): void {
    this.#at++;
    if (depth > this.#most.depth || ++this.#containers > this.#most.containers) throw new ExcessiveJson();
    this.#skipSpace();
  }

  #list(depth: number): unknown[] {
    this.#enter(depth);
    const list: unknown[] = [];
    if (this.#passes(CLOSE_BRACKET)) return list;
    for (;;) {
      list.push(this.#value(depth));
      this.#skipSpace();
      if (this.#passes(CLOSE_BRACKET)) return list;
      if (!this.#passes(COMMA)) throw notJson();
      this.#skipSpace();
    }
  }

  #object(depth: number): Record<string, unknown> {
    this.#enter(depth);
    const object: Record<string, unknown> = {};
    if (this.#passes(CLOSE_BRACE)) return object;
    let shape = 0;
    for (;;) {
      const from = this.#at;
      if (this.#text.charCodeAt(from) !== QUOTE) throw notJson();
      const name = this.#string();
      if (isDigit(name.charCodeAt(0)) && ++this.#numericNames > MAX_NUMERIC_NAMES) throw new ExcessiveJson();
      shape = this.#noteShape(shape, from);
      this.#skipSpace();
      if (!this.#passes(COLON)) throw notJson();
      this.#skipSpace();
      const value = this.#value(depth);
      if (isPrototypeName(name, value)) throw new PrototypeName();
      object[name] = value;
      this.#skipSpace();
      if (this.#passes(CLOSE_BRACE)) return object;
      if (!this.#passes(COMMA)) throw notJson();
      this.#skipSpace();
    }
  }

  /** Counts the names of an object up to the one that was just read, by FNV-1a of all of them. */
  #noteShape(before: number, from: number): number {
    let hash = before ^ 0x811c9dc5;
    for (let at = from; at < this.#at; at++) hash = Math.imul(hash ^ this.#text.charCodeAt(at), 0x01000193);
    const place = (hash ^ (hash >>> SHAPE_BITS)) & ((1 << SHAPE_BITS) - 1);
    if (this.#shapes[place] === 0) {
      this.#shapes[place] = 1;
      if (++this.#shapeCount > MAX_SHAPES) throw new ExcessiveJson();
    }
    return hash;
  }

  #string(): string {
    const text = this.#text;
    const from = this.#at + 1;
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return copyOf(text, from, at);
      }
      if (code === BACKSLASH) return this.#escapedString(from, at);
      if (code < 0x20) break;
    }
    throw notJson();
  }

  /** @param escape where the first escape is. */
  #escapedString(from: number, escape: number): string {
    const text = this.#text;
    let at = escape;
    while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
    if (at >= text.length) throw notJson();
    this.#at = at + 1;
    return (JSON.parse(`${text.slice(from - 1, at)}${PADDING}"`) as string).slice(0, -PADDING.length);
  }

  #number(): number {
    const text = this.#text;
    const from = this.#at;
    const small = this.#smallNumber();
    if (small >= 0) return small;
    const isNegative = text.charCodeAt(from) === MINUS;
    const digitsFrom = isNegative ? from + 1 : from;
    let at = digitsFrom;
    let digits = 0;
    let code = text.charCodeAt(at);
    for (; isDigit(code); code = text.charCodeAt(++at)) digits = digits * 10 + (code - ZERO);
    const wholeDigits = at - digitsFrom;
    if (wholeDigits === 0 || (wholeDigits > 1 && text.charCodeAt(digitsFrom) === ZERO)) throw notJson();
    let fractionDigits = 0;
    if (code === POINT) {
      const fractionFrom = ++at;
      for (code = text.charCodeAt(at); isDigit(code); code = text.charCodeAt(++at)) digits = digits * 10 + (code - ZERO);
      fractionDigits = at - fractionFrom;
      if (fractionDigits === 0) throw notJson();
    }
    this.#at = at;
    const exponent = code === 0x65 || code === 0x45 ? this.#exponent() : 0;
    const value =
      wholeDigits + fractionDigits <= MAX_EXACT_DIGITS
        ? toUsualNumber(digits, exponent - fractionDigits)
        : wholeDigits > MAX_EXACT_DIGITS + 1 && wholeDigits <= 300 && this.#at === at
          ? INEXACT_NUMBER
          : null;
    if (value === null) return toExactNumber(text.slice(from, this.#at));
    return isNegative && value !== INEXACT_NUMBER ? -value : value;
  }

  /** The number of few digits that begins here; -1 for all others. */
  #smallNumber(): number {
    const text = this.#text;
    const from = this.#at;
    let at = from;
    let digits = 0;
    let code = text.charCodeAt(at);
    for (; isDigit(code) && at - from < MAX_SMALL_DIGITS; code = text.charCodeAt(++at)) digits = (digits * 10 + (code - ZERO)) | 0;
    if (isDigit(code) || code === POINT || code === 0x65 || code === 0x45 || at === from) return -1;
    if (text.charCodeAt(from) === ZERO && at > from + 1) return -1;
    this.#at = at;
    return digits;
  }

  #exponent(): number {
    const text = this.#text;
    let at = this.#at + 1;
    const sign = text.charCodeAt(at);
    if (sign === MINUS || sign === 0x2b) at++;
    const from = at;
    let exponent = 0;
    for (let code = text.charCodeAt(at); isDigit(code); code = text.charCodeAt(++at)) exponent = exponent * 10 + (code - ZERO);
    if (at === from) throw notJson();
    this.#at = at;
    return sign === MINUS ? -exponent : exponent;
  }

  #word(): boolean | null {
    if (this.#passesWord('true')) return true;
    if (this.#passesWord('false')) return false;
    if (this.#passesWord('null')) return null;
    throw notJson();
  }

  #passesWord(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #passes(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }
}

/**
 * The number of up to 15 digits and an exponent, as `toExactNumber` gives it; null where that takes more than one rounded step. A double
 * and a power of ten that are exact are multiplied and divided exactly, but for the last digit.
 */
function toUsualNumber(digits: number, exponent: number): number | null {
  if (exponent === 0 || digits === 0) return digits;
  if (exponent < 0) return exponent >= -22 ? digits / (POWERS[-exponent] as number) : null;
  if (exponent > 22)
    return exponent > 308 || digits * 1e290 * (POWERS[Math.max(0, exponent - 290)] as number) === Infinity ? Infinity : INEXACT_NUMBER;
  const value = digits * (POWERS[exponent] as number);
  return value <= Number.MAX_SAFE_INTEGER ? value : INEXACT_NUMBER;
}

/** A part of a text that does not keep the whole one in memory. */
function copyOf(text: string, from: number, to: number): string {
  const middle = from + MAX_COPIED_CHARACTERS;
  if (to <= middle) return text.slice(from, to);
  // Two copies are joined in a third of the time of a parser's call.
  if (to <= middle + MAX_COPIED_CHARACTERS) return text.slice(from, middle) + text.slice(middle, to);
  return JSON.parse(text.slice(from - 1, to + 1)) as string;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 0x39;
}

function notJson(): SyntaxError {
  return new SyntaxError('not JSON');
}
