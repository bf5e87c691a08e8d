import { formOf, type ListOwner, type PagedList } from '../model/paged-list';
import type { ListCall } from './list-call';
import { placeIsIgnored, readItemAt, type ListPlaces, type ReadWindow } from './list-places';
import { MIN_DOUBTFUL, type PagingEvidence } from './paging-evidence';
import type { Paging } from './window-plan';

/** Most pages that are read at once. */
const MAX_WAVE = 16;

/**
 * Finds out whether a list ends with a short page, by asking for the one item behind it, and reads on where it does not. So
 * no invoice is missing because the billing API sends fewer than it was asked for.
 */
export class ListEnd<Content, Item> {
  readonly #list: PagedList<Content, Item>;
  readonly #paging: Paging;
  readonly #evidence: PagingEvidence;
  readonly #read: ReadWindow<Item>;
  readonly #places: ListPlaces<Item>;

  constructor(list: PagedList<Content, Item>, paging: Paging, places: ListPlaces<Item>) {
    this.#list = list;
    this.#paging = paging;
    this.#evidence = places.evidence;
    this.#places = places;
    this.#read = places.read;
  }

  /**
   * The items that follow a short page's in its window. Rejects with BillingError where that cannot be found out.
   * @param isClaimed whether the list is said to be complete: then what other lists have shown is not enough.
   */
  async restOf(owner: ListOwner, call: ListCall<Content, Item>, isClaimed: boolean): Promise<readonly Item[]> {
    // The API pages within each contract: of all of them, no single item can be asked for.
    if (owner.contractNumber === null && this.#paging.listsContracts) return [];
    const size = this.#list.items(call.content as Content).length;
    if (call.end === 'pending' && !isClaimed) {
      await this.#evidence.settled(formOf(owner), size);
      if (!this.#evidence.isCut(size)) return [];
    }
    return (call.rest ??= handled(this.#evidence.settle(formOf(owner), size, this.#readRest(owner, call, size))));
  }

  async #readRest(owner: ListOwner, call: ListCall<Content, Item>, size: number): Promise<readonly Item[]> {
    const { offset, limit } = call;
    const from = offset + size;
    const [first] = this.#list.items(call.content as Content) as readonly [Item];
    if (this.#evidence.isMisplaced(call)) return this.#readOn(owner, { from: offset, to: offset + limit, size });
    if (this.#paging.mode === 'page' && offset > 0 && !(await this.#isAt(owner, offset, first))) {
      this.#evidence.noteCut(size);
      return this.#readOn(owner, { from: offset, to: offset + limit, size });
    }
    const [next] = (await readItemAt(this.#read, owner, from)).items;
    if (next === undefined || (this.#places.isSame(next, first) && (await this.#isAll(owner, size)))) return [];
    await this.#learn(owner, size);
    return this.#readOn(owner, { from, to: offset + limit, size });
  }

  /**
   * Whether a page is all that can be had of a list, where the item behind it looks like the first one; false: they are two
   * items. Rejects with BillingError where there may be more that cannot be had.
   */
  async #isAll(owner: ListOwner, size: number): Promise<boolean> {
    const reading = await this.#places.find(owner);
    if (reading === 'ignored' && size >= MIN_DOUBTFUL) throw placeIsIgnored();
    return reading !== 'heeded';
  }

  /** Reads from a position to another, or to the list's end, in waves of 1, 2, 4 and so on of pages of the size that the API sends. */
  async #readOn(owner: ListOwner, { from, to, size }: { readonly from: number; readonly to: number; readonly size: number }) {
    const items: Item[] = [];
    for (let at = from, wave = 1; at < to; at = from + items.length, wave = Math.min(wave * 2, MAX_WAVE)) {
      const { items: part } = await this.#read(owner, { offset: at, first: Math.min(to - at, wave * size), probe: false });
      items.push(...part);
      // Its last page is shorter than those that were cut: that is the list's end.
      if (part.length === 0 || part.length % size !== 0) break;
    }
    return items;
  }

  /**
   * Notes that the API cuts lists at a size, if it does so again for one item more: a list may have grown between two calls.
   */
  async #learn(owner: ListOwner, size: number): Promise<void> {
    if (this.#evidence.isCut(size)) {
      this.#evidence.noteCut(size);
      return;
    }
    const { items: again } = await this.#read(owner, { offset: 0, first: size + 1, probe: false }, true);
    if (again.length === size) this.#evidence.noteCut(size);
  }

  async #isAt(owner: ListOwner, position: number, item: Item): Promise<boolean> {
    const [found] = (await readItemAt(this.#read, owner, position)).items;
    return found !== undefined && this.#places.mayBeSame(found, item);
  }
}

/** A promise that several may await, or nobody. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
