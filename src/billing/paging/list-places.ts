import { BillingError } from '../model/billing-error';
import { MAX_POSITION } from '../model/cursor';
import { formOf, type ListOwner, type OwnedList, type PagedList } from '../model/paged-list';
import type { PageRequest, Window } from '../model/window';
import type { PagingEvidence } from './paging-evidence';

/** The items of one window. */
export interface WindowRead<Item> {
  readonly items: readonly Item[];
  /** Most items that the API returned for one call. */
  readonly sent: number;
  /** Whether it returned more than requested. */
  readonly hasSurplus: boolean;
}

/** Reads a window of a list, with as many calls as it takes. `isFresh` bypasses the caches. Rejects with BillingError. */
export type ReadWindow<Item> = (owner: ListOwner, page: PageRequest, isFresh?: boolean) => Promise<WindowRead<Item>>;

const NOTHING = { items: [], sent: 0, hasSurplus: false };
/** The fingerprint of every item with unreadable values: they cannot be told apart. */
const UNREADABLE = '';

/**
 * Reads the item at a position, first of a window of `size` items; none past the end of the list, which some APIs report with a
 * 400. Rejects with BillingError.
 */
export async function readItemAt<Item>(read: ReadWindow<Item>, owner: ListOwner, position: number, size = 1): Promise<WindowRead<Item>> {
  try {
    return await read(owner, { offset: position, first: size, probe: false });
  } catch (error) {
    if (error instanceof BillingError && error.failure === 'invalid-input') return NOTHING;
    throw error;
  }
}

/**
 * How the API treats a window's offset. `heeded`: it returns the items at the offset. `ignored`: it returns the first items for
 * every offset. `unpaged`: it also ignores the limit and returns the whole list.
 */
export type PlaceReading = 'heeded' | 'ignored' | 'unpaged';

/** Returns a new error each time, since errors are thrown per page. */
export function placeIsIgnored(): BillingError {
  return new BillingError(
    'invalid-response',
    'The billing API returns the same invoices for every page, so only the first page can be read. Tell the operator.',
  );
}

/** Returns a new error each time, since errors are thrown per page. */
function sizeIsIgnored(size: number): BillingError {
  return new BillingError(
    'invalid-response',
    `The billing API returns pages of ${size} invoices, whatever number is requested, so this page cannot be read. Tell the operator.`,
  );
}

/** The items of a page that was read, and the position of its first one. */
export interface PlacedItems<Item> {
  readonly offset: number;
  readonly items: readonly Item[];
}

/** An item that was read, and its position. */
export interface PlacedItem<Item> {
  readonly position: number;
  readonly item: Item;
}

/** Returns a new error each time, since errors are thrown per page. */
function hasMoved(): BillingError {
  return new BillingError(
    'invalid-response',
    'The list of invoices changed while it was read, so that an invoice would be counted twice. Ask again with the header ' +
      '"Cache-Control: no-cache". If that does not help, tell the operator.',
  );
}

/**
 * Checks whether the billing API heeds a window's offset. One that ignores it returns the first items for every page; without
 * this check they would be listed and summed up repeatedly.
 */
export class ListPlaces<Item> {
  readonly evidence: PagingEvidence;
  readonly #list: OwnedList & Pick<PagedList<unknown, Item>, 'fingerprint'>;
  readonly read: ReadWindow<Item>;
  readonly #found = new Map<string, Promise<PlaceReading>>();
  readonly #ownSizes = new Map<string, Promise<number | null>>();

  constructor(list: OwnedList & Pick<PagedList<unknown, Item>, 'fingerprint'>, evidence: PagingEvidence, read: ReadWindow<Item>) {
    this.evidence = evidence;
    this.#list = list;
    this.read = read;
  }

  /** Whether no check is needed for lists like this one. */
  isSettled(owner: ListOwner): boolean {
    return this.#list.fingerprint === undefined || this.evidence.isPlaceHeeded(formOf(owner));
  }

  /** Records the first item of a list that may have further pages. */
  noteFirst({ owner, list }: { readonly owner: ListOwner; readonly list: string }, item: Item): void {
    const fingerprint = this.#fingerprintOf(item);
    if (fingerprint !== undefined && !this.isSettled(owner)) this.evidence.noteFirstItem(list, fingerprint);
  }

  /**
   * Compares an item at a later position with the list's first item. Returns null if they differ or the first item is not
   * known. Otherwise the promise rejects with BillingError if the API ignores offsets, and resolves if the list has two equal
   * items.
   */
  check({ owner, list }: { readonly owner: ListOwner; readonly list: string }, item: Item): Promise<void> | null {
    const first = this.evidence.firstItemOf(list);
    const fingerprint = this.#fingerprintOf(item);
    if (first === undefined || fingerprint === undefined) return null;
    if (first === fingerprint) return this.assertHeeded(owner);
    this.evidence.notePlaceHeeded(formOf(owner));
    return null;
  }

  /** Whether two items look the same. Different items may, and so do all items with unreadable values. */
  isSame(one: Item, other: Item): boolean {
    const fingerprint = this.#fingerprintOf(one);
    return fingerprint !== undefined && fingerprint === this.#fingerprintOf(other);
  }

  /**
   * Verifies that an item beside a page is none of the page's items, which stand elsewhere now: the list may have grown at its
   * front between the two calls, or the API count positions from 1. Since a list may also have two equal items, both are read
   * again where they were. Rejects with BillingError.
   */
  async assertUnmoved(owner: ListOwner, { offset, items }: PlacedItems<Item>, { position, item }: PlacedItem<Item>): Promise<void> {
    const fingerprint = this.#fingerprintOf(item);
    const at = fingerprint === undefined ? -1 : items.findIndex((each) => this.#fingerprintOf(each) === fingerprint);
    if (at < 0) return;
    // One window has both if they are neighbours: an API that counts from 1 takes 0 for 1, and returns one item for both.
    if (position === offset + at + 1) return this.#assertWindow(owner, offset + at, [item, item]);
    await this.#assertWindow(owner, offset + at, [item]);
    await this.#assertWindow(owner, position, [item]);
  }

  /** Verifies that an item equal to the list's first one is at a later position. Rejects with BillingError. */
  async assertApart(owner: ListOwner, first: Item, later: PlacedItem<Item>): Promise<void> {
    if (!this.isSame(first, later.item)) return;
    await this.assertHeeded(owner);
    // Pages that are counted from 1 may begin with the list's first item twice: a window of another size does not.
    await this.#assertWindow(owner, later.position - 1, [null, later.item]);
  }

  /** Verifies that a window has these items; null: any. Rejects with BillingError. */
  async #assertWindow(owner: ListOwner, offset: number, expected: readonly (Item | null)[]): Promise<void> {
    const { items } = await this.read(owner, { offset, first: expected.length, probe: false }, true);
    const isAsExpected = expected.every((item, index) => {
      const found = items[index];
      return found !== undefined && (item === null || this.isSame(found, item));
    });
    if (!isAsExpected) throw hasMoved();
  }

  /** Rejects with BillingError if the API ignores offsets. */
  assertHeeded(owner: ListOwner): Promise<void> {
    const checked = this.find(owner).then((reading) => {
      if (reading !== 'heeded') throw placeIsIgnored();
    });
    // The caller may drop the promise: avoid an unhandled rejection.
    checked.catch(() => undefined);
    return checked;
  }

  /**
   * Verifies that an API that pages by number, and has returned more items than requested, heeds the size of pages all the same: it
   * may add an item to each. One that ignores it returns as many items for another size, and has only windows of that size where they
   * are requested. Rejects with BillingError.
   */
  async assertSizeHeeded(owner: ListOwner, { limit }: Pick<Window, 'limit'>): Promise<void> {
    const key = this.#list.identity(owner);
    let found = this.#ownSizes.get(key);
    if (!found) this.#ownSizes.set(key, (found = this.#findOwnSize(owner)));
    const size = await found;
    if (size !== null && size !== limit) throw sizeIsIgnored(size);
  }

  /** How many items a page has, if that does not depend on the size that is requested; null: it does, or nothing shows. */
  async #findOwnSize(owner: ListOwner): Promise<number | null> {
    // Not from a cache: parts of what it has are of every size.
    const [one, two] = await Promise.all([1, 2].map((first) => this.read(owner, { offset: 0, first, probe: false }, true)));
    const sent = one?.sent ?? 0;
    if (sent < (two?.sent ?? 0)) this.evidence.noteSizeHeeded(formOf(owner));
    // A list of two items says nothing.
    else if (sent > 2) return sent;
    return null;
  }

  /** Requests an item at an offset past the end of any list, once per list. Rejects with BillingError if the call fails. */
  find(owner: ListOwner): Promise<PlaceReading> {
    const key = this.#list.identity(owner);
    let found = this.#found.get(key);
    if (!found) {
      found = this.#find(owner);
      // Every reader of the promise sees the rejection.
      found.catch(() => undefined);
      this.#found.set(key, found);
    }
    return found;
  }

  async #find(owner: ListOwner): Promise<PlaceReading> {
    const { items, hasSurplus } = await readItemAt(this.read, owner, MAX_POSITION);
    if (items.length > 0) return hasSurplus ? 'unpaged' : 'ignored';
    this.evidence.notePlaceHeeded(formOf(owner));
    return 'heeded';
  }

  #fingerprintOf(item: Item): string | undefined {
    try {
      return this.#list.fingerprint?.(item);
    } catch {
      return UNREADABLE;
    }
  }
}
