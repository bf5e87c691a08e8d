/** Smaller requests are parsed without a look at their shape, in bytes. */
export const MAX_SMALL_BYTES = 4096;

/** Levels of a request's JSON. Inputs of the schema have four. */
const MAX_NESTING = 100;
/** Objects and lists that any request may have, and bytes for each further one: the shortest key of an entity has 46. */
const MIN_CONTAINERS = 8192;
const BYTES_PER_CONTAINER = 32;

export const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What JSON has. */
export interface JsonShape {
  /** Levels that objects and lists are nested in one another. */
  readonly depth: number;
  /** Objects and lists. */
  readonly containers: number;
}

/** The most that a request's JSON of `bytes` may have. */
export function largestShapeOf(bytes: number): JsonShape {
  return { depth: MAX_NESTING, containers: MIN_CONTAINERS + Math.floor(bytes / BYTES_PER_CONTAINER) };
}

/** Values that any large request may have, and bytes for each further one: 256 KiB of entities, or of numbers of six digits, have fewer. */
const MIN_VALUES = 8192;
const BYTES_PER_VALUE = 12;

/**
 * The values that a request's JSON of `bytes` may have until the billing API has accepted its token: 130,000 of them fit into 256 KiB, and
 * take 8 ms to parse and as much to be coerced.
 */
export function maxUnprovenValues(bytes: number): number {
  return MIN_VALUES + Math.floor(bytes / BYTES_PER_VALUE);
}

/**
 * Whether JSON has more levels, or more objects and lists, than `most`; where it is no JSON, the parser says so. Takes a nanosecond a byte.
 * Nothing takes as much time to parse, and to collect, as 256 KiB of brackets: 30 ms within one another, and 12 ms side by side (measured,
 * Node 20).
 */
export function exceedsShape(json: Uint8Array, most: JsonShape): boolean {
  let depth = 0;
  let containers = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at);
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > most.depth || ++containers > most.containers) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}

/** Whether JSON has more than `most` values, empty objects and lists counted twice. Takes a nanosecond a byte. */
export function hasMoreValues(json: Uint8Array, most: number): boolean {
  let values = 1;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) at = endOfString(json, at);
    // Another value stands behind each of them.
    else if ((byte === 0x2c || byte === 0x5b || byte === 0x7b) && ++values > most) return true;
  }
  return false;
}

/** Where the closing quote of a string is whose opening one is at `from`; past the end if there is none. */
export function endOfString(json: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}
