import { FALSE_MARK, TRUE_MARK, type OddValue } from '../../runtime/byte-records';
import { MINUS, NINE, QUOTE } from './json-bytes';
import { INTEGER } from './record-spec';

/** No amount has more digits; without a limit a small text (`1e999999999`) could ask for a huge number, and a long one for a slow one. */
const MAX_DIGITS = 400;
/** RFC 8259, section 6, without a fraction and an exponent. */
const WHOLE_NUMBER = /^-?(?:0|[1-9][0-9]{0,399})$/;

/**
 * What a value of an unusual form means for a leaf of a type: a text with escapes, a whole number of more than 15 digits
 * or in another notation, and a value of another type that can mean only one thing. Undefined where it means nothing, or
 * more than one thing.
 */
export function convertLeaf(type: number, bytes: Buffer, start: number, end: number): OddValue | undefined {
  const first = bytes[start] as number;
  if (first === QUOTE) {
    const text = JSON.parse(bytes.toString('utf8', start, end)) as string;
    if (type !== INTEGER) return text;
    return WHOLE_NUMBER.test(text) ? toExactNumber(text) : undefined;
  }
  if (!isNumber(first)) return undefined;
  const text = bytes.toString('latin1', start, end);
  if (type === INTEGER) return toExactNumber(text);
  // A number written with an exponent may already have been rounded by its sender.
  return text.length > MAX_DIGITS || /e/i.test(text) ? undefined : text;
}

/** The mark of a boolean that is written as a text; 0 where the text is none. */
export function toBooleanMark(text: string, values: ReadonlyMap<string, boolean> | undefined): number {
  const value = values?.get(text) ?? (text === 'true' ? true : text === 'false' ? false : undefined);
  return value === undefined ? 0 : value ? TRUE_MARK : FALSE_MARK;
}

/** Whether a value is of the type of its text or integer leaf, whatever its form. `first` is its first byte. */
export function isOfType(type: number, first: number): boolean {
  return type === INTEGER ? isNumber(first) : first === QUOTE;
}

function isNumber(first: number): boolean {
  return first >= MINUS && first <= NINE;
}

/** A number's exact value: a bigint for whole numbers past 2^53 in any notation; undefined for anything else. */
export function toExactNumber(text: string): number | bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const shift = Number(exponent) - fraction.length;
  const digits = whole + fraction;
  if (digits.length > MAX_DIGITS || shift > MAX_DIGITS) return undefined;
  const significant = shift >= 0 ? digits + '0'.repeat(shift) : digits.slice(0, shift);
  const rest = shift >= 0 ? '' : digits.slice(shift);
  if (/[^0]/.test(rest)) return undefined; // not a whole number, however close the nearest double comes to one
  const exact = BigInt(`${sign}${significant === '' ? '0' : significant}`);
  return exact >= -9007199254740992n && exact <= 9007199254740992n ? Number(exact) : exact;
}
