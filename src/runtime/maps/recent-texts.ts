/** A power of two. Texts beyond that take each other's place. */
const ROWS = 256;
/** Characters that say in which row a text stands: the first, where documents have their names, and some of all others. */
const FIRST = 24;
const SPREAD = 12;

interface Entry<V> {
  readonly text: string;
  readonly value: V;
}

/**
 * Values of long texts that come again and again, each time as a new string: documents, tokens. A `Map` has V8 hash such a string,
 * which takes more than a nanosecond a character; here it is compared with the one text that stands in its row, which takes a
 * twentieth of that. What is not found here may still be in the map that this stands in front of. `npm run bench:functions`
 * compares the two.
 */
export class RecentTexts<V extends object> {
  readonly #rows: (Entry<V> | null)[] = new Array<Entry<V> | null>(ROWS).fill(null);

  get(text: string): V | undefined {
    const entry = this.#rows[rowOf(text)] as Entry<V> | null;
    return entry !== null && entry.text === text ? entry.value : undefined;
  }

  /** Sets the value of a text, in the place of the one in its row. */
  set(text: string, value: V): void {
    this.#rows[rowOf(text)] = { text, value };
  }

  /** Forgets a text's value. */
  delete(text: string): void {
    const row = rowOf(text);
    if (this.#rows[row]?.text === text) this.#rows[row] = null;
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
