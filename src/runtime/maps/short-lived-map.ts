/** A power of two, several times the entries that are there at once; more than that only make the rows longer. */
const ROWS = 1024;
/** Characters of a key, from its end, that say which row it stands in: the end is what differs between most keys. */
const HASHED = 32;

/** A key with its value, to be deleted without looking for the key again. */
export interface Entry<V> {
  readonly key: string;
  readonly value: V;
  readonly row: number;
  next: Entry<V> | null;
}

/**
 * A map for entries that live for a moment, such as calls in flight: by text, of a fixed size. A `Map` whose entries come and
 * go copies itself to a new table every so often; V8's abandoned table keeps the entries of that moment and points to the new
 * one. Once one of them is in the old generation, young collections take each later one for alive, with all that its entries
 * reach: requests outlive their responses, and the collector copies them twice. `npm run bench:functions` compares the two.
 */
export class ShortLivedMap<V extends object> {
  readonly #rows: (Entry<V> | null)[] = new Array<Entry<V> | null>(ROWS).fill(null);
  /** The key that was used last, and its row: what is looked for is often set next. */
  #lastKey = '';
  #lastRow = rowOf('');

  get(key: string): V | undefined {
    for (let entry = this.#rows[this.#rowOf(key)] as Entry<V> | null; entry; entry = entry.next) if (entry.key === key) return entry.value;
    return undefined;
  }

  /** Sets the value of a key, in the place of the one that it has. */
  set(key: string, value: V): Entry<V> {
    const row = this.#rowOf(key);
    for (let before = this.#rows[row] as Entry<V> | null; before; before = before.next) {
      if (before.key !== key) continue;
      this.delete(before);
      break;
    }
    return (this.#rows[row] = { key, value, row, next: this.#rows[row] as Entry<V> | null });
  }

  /** Deletes an entry, unless another one has taken its place. */
  delete(entry: Entry<V>): void {
    const { row } = entry;
    let before: Entry<V> | null = null;
    for (let at = this.#rows[row] as Entry<V> | null; at; before = at, at = at.next) {
      if (at !== entry) continue;
      if (before) before.next = entry.next;
      else this.#rows[row] = entry.next;
      entry.next = null;
      return;
    }
  }

  #rowOf(key: string): number {
    if (key !== this.#lastKey) {
      this.#lastRow = rowOf(key);
      this.#lastKey = key;
    }
    return this.#lastRow;
  }
}

/** FNV-1a of the end of a text, cut to a row. */
function rowOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = Math.max(0, key.length - HASHED); index < key.length; index++)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash ^ (hash >>> 15)) & (ROWS - 1);
}
