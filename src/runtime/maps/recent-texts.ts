/** A power of two. Texts beyond that take each other's place. */
const ROWS = 256;
/** Characters that say in which row a text stands: the first, where documents have their names, and some of all others. */
const FIRST = 24;
const SPREAD = 12;

/**
 * Values of long texts that come again and again, each time as a new string: documents, tokens. A `Map` has V8 hash such a string,
 * which takes more than a nanosecond a character; here it is compared with the one text that stands in its row, which takes a
 * twentieth of that. What is not found here may still be in the map that this stands in front of. `npm run bench:functions`
 * compares the two.
 */
export class RecentTexts<V extends object> {
  readonly #texts = new Array<string | null>(ROWS).fill(null);
  readonly #values = new Array<V | undefined>(ROWS).fill(undefined);

  get(text: string): V | undefined {
    const row = rowOf(text);
    return this.#texts[row] === text ? this.#values[row] : undefined;
  }

  /**
   * Sets the value of a text, in the place of the one in its row.
   * @param text the string that is kept elsewhere too: a new one would outlive its request.
   */
  set(text: string, value: V): void {
    const row = rowOf(text);
    this.#texts[row] = text;
    this.#values[row] = value;
  }

  /** Forgets a text's value. */
  delete(text: string): void {
    const row = rowOf(text);
    if (this.#texts[row] !== text) return;
    this.#texts[row] = null;
    this.#values[row] = undefined;
  }
}

/** FNV-1a of a text's length and of some of its characters, cut to a row. */
function rowOf(text: string): number {
  const { length } = text;
  let hash = 0x811c9dc5 ^ length;
  const first = Math.min(FIRST, length);
  for (let index = 0; index < first; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  const step = Math.floor(length / SPREAD) + 1;
  for (let index = length - 1; index >= first; index -= step) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 15)) & (ROWS - 1);
}

/** Longer texts are not remembered: of those that come again, none is. */
const MAX_REMEMBERED_CHARACTERS = 1000;

/**
 * Remembers what a function makes of texts that come again and again, such as headers. Whoever sends others, in any number, makes it
 * forget one of them at most each time, until that comes again.
 * @param make must return the same for the same text.
 */
export function rememberRecent<R>(make: (text: string) => R): (text: string) => R {
  const recent = new RecentTexts<{ readonly made: R }>();
  return (text) => {
    const known = recent.get(text);
    if (known) return known.made;
    const made = make(text);
    if (text.length <= MAX_REMEMBERED_CHARACTERS) recent.set(text, { made });
    return made;
  };
}
