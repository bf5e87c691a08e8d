import { BillingError } from '../model/billing-error';
import { MAX_POSITION } from '../model/cursor';
import type { ListOwner } from '../model/paged-list';
import type { PlacedPage } from './page-load';
import type { PageReader } from './page-loader';

/** Known bounds of a list's length. `most` is Infinity if there is no upper bound yet. */
export interface TotalBounds {
  readonly least: number;
  readonly most: number;
  /** Whether a short page suggests that the list ends at `least`. */
  readonly seemsLeast?: boolean;
}

/** The bounds that a page implies for its list's length. */
export function toTotalBounds({ offset, first, items, hasMore }: PlacedPage<unknown>): TotalBounds {
  const end = offset + items.length;
  // An empty page gives an upper bound for the end of the list; a short page, its probable end.
  if (items.length === 0) return first === 0 ? UNKNOWN : { least: 0, most: offset };
  if (hasMore === false || items.length < first) return { least: end, most: Infinity, seemsLeast: true };
  return { least: hasMore ? end + 1 : end, most: Infinity };
}

/** No list is this long: the API ignores offsets. */
function hasNoEnd(): BillingError {
  return new BillingError(
    'invalid-response',
    `The list has no end that could be found: the billing API sends items for every place up to ${MAX_POSITION}. Tell the operator.`,
  );
}

export const UNKNOWN: TotalBounds = { least: 0, most: Infinity };

/**
 * Finds the length of a list, which the billing API does not report, by exponential and then binary search: requests single
 * items at growing positions until there is none, then halves the interval. For n items this takes at most 2 log₂ n + 2
 * sequential calls of one item each; pages loaded before cost none.
 */
export class TotalSearch {
  readonly #loader: PageReader<unknown>;
  readonly #owner: ListOwner;
  #least = UNKNOWN.least;
  #most = UNKNOWN.most;
  #seemsLeast = false;
  /** Whether there was no item at some position. */
  #sawEnd = false;
  #total: Promise<number> | null = null;

  constructor(loader: PageReader<unknown>, owner: ListOwner) {
    this.#loader = loader;
    this.#owner = owner;
  }

  /** The number of items. All readers within an operation share one search and its known bounds. Rejects with BillingError. */
  total({ least, most, seemsLeast = false }: TotalBounds): Promise<number> {
    if (least > this.#least) this.#seemsLeast = seemsLeast;
    else if (least === this.#least) this.#seemsLeast ||= seemsLeast;
    this.#least = Math.max(this.#least, least);
    this.#most = Math.min(this.#most, most);
    return (this.#total ??= this.#search());
  }

  async #search(): Promise<number> {
    // All fields that what has arrived lets ask do so first: the calls do not depend on the order in which they are executed.
    await new Promise(setImmediate);
    if (this.#seemsLeast && this.#least < this.#most) await this.#lookAt(this.#least);
    for (let step = Math.max(1, this.#least); this.#most === Infinity && this.#least <= MAX_POSITION; step *= 2) {
      await this.#lookAt(this.#least + step - 1);
    }
    if (this.#most === Infinity) throw hasNoEnd();
    while (this.#least < this.#most) await this.#lookAt(Math.floor((this.#least + this.#most) / 2));
    // An API with pages of its own size has few pages, and none at most numbers of single items: the list would seem to end early.
    if (this.#sawEnd && this.#least > 1) await this.#loader.assertSingles(this.#owner);
    return this.#least;
  }

  /** Narrows the bounds by whether there is an item at a position. */
  async #lookAt(position: number): Promise<void> {
    if (await this.#has(position)) this.#least = Math.max(this.#least, position + 1);
    else {
      this.#most = Math.min(this.#most, position);
      this.#sawEnd = true;
    }
  }

  /** Whether there is an item at a position. */
  async #has(position: number): Promise<boolean> {
    const load = await this.#loader.load(this.#owner, { offset: position, first: 1, probe: false });
    return ((await load.completePage())?.items.length ?? 0) > 0;
  }
}
