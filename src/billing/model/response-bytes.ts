/**
 * Values of an answer where they stand in its bytes. A mark is where a value begins: a text at its quotation mark,
 * without an escape in it, a whole number of at most 15 digits without exponent, `true` or `false`; 0 for none.
 */
export interface AnswerBytes {
  readonly bytes: Buffer;
  readonly marks: Int32Array;
}

const QUOTE = 0x22;

/** The text that begins at a mark; null where there is none. */
export function readText(bytes: Buffer, mark: number): string | null {
  if (mark === 0) return null;
  let end = mark + 1;
  while (bytes[end] !== QUOTE) end++;
  return bytes.toString('utf8', mark + 1, end);
}
