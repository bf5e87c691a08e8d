/** Levels of a request's JSON. Inputs of the schema have four. */
export const MAX_NESTING = 100;
/** Smaller requests are parsed without a look at their nesting, in bytes. */
export const MAX_SMALL_BYTES = 4096;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Whether JSON is nested more than `most` levels deep; where it is no JSON, the parser says so. Takes a nanosecond a byte. Nothing takes
 * as much time to parse, and to collect, as 256 KiB of brackets within brackets: 30 ms (measured, Node 20).
 */
export function isNestedDeeper(json: Uint8Array, most: number): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) {
      for (at++; at < json.length && json[at] !== QUOTE; at++) if (json[at] === BACKSLASH) at++;
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > most) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}
