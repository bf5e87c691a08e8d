/** The types of a record's values. */
export type LeafType = 'text' | 'integer' | 'boolean';

/** One value of a record: the column of its mark, and its type. */
export interface RecordField {
  readonly column: number;
  readonly type: LeafType;
}

/** A record's values, by their domain names, and the positions of their marks. */
export interface RecordLayout {
  readonly fields: ReadonlyMap<string, RecordField>;
  /**
   * The column that holds how many bytes the record takes. 0: it has values that cannot be copied from the bytes (they
   * have an escape, are of another type, or cannot be used), so it must be read through its properties.
   */
  readonly lengthColumn: number;
  /** Marks that a record has. */
  readonly stride: number;
}

/** A value that cannot be read from the bytes directly; an Error is thrown when it is read. */
export type OddValue = string | number | bigint | Error;

/**
 * Records whose values are read from the bytes of a JSON text when they are wanted. A mark is 0 where there is no value
 * or null. Above 0 it is, for a text without escapes, the position of its quotation mark; for a whole number of at most
 * 15 digits without exponent, the position of its first character; for a boolean, `TRUE_MARK` or `FALSE_MARK`. Below 0,
 * `~mark` is an index into `odd`. Marks are small integers in a plain array: allocating a typed array for each list of a
 * response took longer than filling it.
 */
export interface ByteRecords {
  readonly bytes: Buffer;
  /** Of the same bytes. */
  readonly view: DataView;
  readonly marks: readonly number[];
  readonly odd: readonly OddValue[];
  readonly layout: RecordLayout;
}

export const TRUE_MARK = 1;
export const FALSE_MARK = 2;

const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** The text of a mark; null where there is none. Throws the error of a value that cannot be used. */
export function readText({ bytes, marks, odd }: ByteRecords, at: number): string | null {
  const mark = marks[at] as number;
  if (mark === 0) return null;
  if (mark < 0) return readOdd(odd, mark) as string;
  let end = mark + 1;
  while (bytes[end] !== QUOTE) end++;
  return bytes.toString('utf8', mark + 1, end);
}

/** The whole number of a mark, exact: a bigint past 2^53. Throws the error of a value that cannot be used. */
export function readInteger({ bytes, marks, odd }: ByteRecords, at: number): number | bigint | null {
  const mark = marks[at] as number;
  if (mark === 0) return null;
  if (mark < 0) return readOdd(odd, mark) as number | bigint;
  let digitAt = bytes[mark] === MINUS ? mark + 1 : mark;
  let value = 0;
  for (let digit = bytes[digitAt] as number; digit >= ZERO && digit <= NINE; digit = bytes[++digitAt] as number)
    value = value * 10 + digit - ZERO;
  return bytes[mark] === MINUS ? -value : value;
}

/** The boolean of a mark. Throws the error of a value that cannot be used. */
export function readBoolean({ marks, odd }: ByteRecords, at: number): boolean | null {
  const mark = marks[at] as number;
  if (mark === 0) return null;
  if (mark < 0) readOdd(odd, mark);
  return mark === TRUE_MARK;
}

function readOdd(odd: readonly OddValue[], mark: number): OddValue {
  const value = odd[~mark] as OddValue;
  if (value instanceof Error) throw value;
  return value;
}
