import { MAX_POSITION } from '../model/cursor';
import { formOf, type ListOwner, type PagedList } from '../model/paged-list';
import type { Window } from '../model/window';
import type { ListCall } from './list-call';
import { placeIsIgnored, readItemAt, type ListPlaces, type ReadWindow } from './list-places';
import { MIN_DOUBTFUL, type PagingEvidence } from './paging-evidence';
import type { Paging } from './window-plan';

/** Maximum number of pages read concurrently. */
const MAX_WAVE = 16;

/**
 * Checks whether a short page is the end of its list by requesting the one item after it. If there is one, reads on, so that
 * no invoice is missing when the billing API truncates pages.
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
   * Returns the items of a short page's window that the page lacks. Rejects with BillingError if they cannot be read.
   * @param isClaimed whether the caller reports the list as complete: then evidence from other lists does not suffice.
   */
  async restOf(owner: ListOwner, call: ListCall<Content, Item>, isClaimed: boolean): Promise<readonly Item[]> {
    // The API pages within each contract, so a single item of the merged list cannot be requested.
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
    const items = this.#list.items(call.content as Content);
    const [first] = items as readonly [Item];
    if (this.#evidence.isMisplaced(call)) return this.#readOn(owner, { from: offset, to: offset + limit, size });
    if (this.#paging.mode === 'page' && offset > 0 && !(await this.#isFull(owner, { offset: offset - limit, limit }))) {
      this.#evidence.noteCut(size);
      return this.#readOn(owner, { from: offset, to: offset + limit, size });
    }
    // By number, the second page of this size begins with the next item, also if the API ignores the size that is requested.
    const width = this.#paging.mode === 'page' && offset === 0 ? size : 1;
    const {
      items: [next],
      hasSurplus,
    } = await readItemAt(this.#read, owner, from, width);
    if (next === undefined) return [];
    // An API that returns more than the one item may return everything it has, in any order.
    if ((hasSurplus || this.#places.isSame(next, first)) && (await this.#isAll(owner, size))) return [];
    if (this.#places.isSame(next, items[size - 1] as Item) && (await this.#isAt(owner, MAX_POSITION, next))) return [];
    await this.#places.assertUnmoved(owner, { offset, items }, { position: from, item: next });
    await this.#learn(owner, size);
    return this.#readOn(owner, { from, to: offset + limit, size });
  }

  /**
   * Whether a page is the whole list although the item after it looks like its first item. False: the list has two equal
   * items. Rejects with BillingError if there may be further items that the API does not return.
   */
  async #isAll(owner: ListOwner, size: number): Promise<boolean> {
    const reading = await this.#places.find(owner);
    if (reading === 'ignored' && size >= MIN_DOUBTFUL) throw placeIsIgnored();
    // An API that ignores the limit may still truncate: of a size that it may be limited to, nothing shows that it is the whole list.
    if (reading === 'unpaged' && !this.#evidence.isEnd(formOf(owner), size)) throw placeIsIgnored();
    return reading !== 'heeded';
  }

  /** Reads from one position to another, or to the end of the list, in waves of 1, 2, 4, … pages of the size that the API returns. */
  async #readOn(owner: ListOwner, { from, to, size }: { readonly from: number; readonly to: number; readonly size: number }) {
    const items: Item[] = [];
    for (let at = from, wave = 1; at < to; at = from + items.length, wave = Math.min(wave * 2, MAX_WAVE)) {
      // By number, whole pages are read, in case the API ignores the size that is requested.
      const left = this.#paging.mode === 'page' ? Math.ceil((to - at) / size) * size : to - at;
      const first = Math.min(left, wave * size);
      const { items: part } = await this.#read(owner, { offset: at, first, probe: false });
      items.push(...part);
      // The last page is shorter than a truncated one: this is the end of the list.
      if (part.length === 0 || part.length % size !== 0) break;
    }
    return items.slice(0, to - from);
  }

  /**
   * Records that the API truncates pages at a size. Unless that is known already, confirms it with a larger window first: the
   * list may have grown between the two calls.
   */
  async #learn(owner: ListOwner, size: number): Promise<void> {
    if (this.#evidence.isCut(size)) {
      this.#evidence.noteCut(size);
      return;
    }
    const { items: again } = await this.#read(owner, { offset: 0, first: size + 1, probe: false }, true);
    if (again.length === size) this.#evidence.noteCut(size);
  }

  /** Whether the API returns as many items as this window has: then it does not place the next one by a smaller size. */
  async #isFull(owner: ListOwner, { offset, limit }: Window): Promise<boolean> {
    return (await this.#read(owner, { offset, first: limit, probe: false })).items.length === limit;
  }

  async #isAt(owner: ListOwner, position: number, item: Item): Promise<boolean> {
    const [found] = (await readItemAt(this.#read, owner, position)).items;
    return found !== undefined && this.#places.isSame(found, item);
  }
}

/** Marks a rejection as handled: the promise may have any number of readers, or none. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
