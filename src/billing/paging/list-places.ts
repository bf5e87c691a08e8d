import { BillingError } from '../model/billing-error';
import { MAX_POSITION } from '../model/cursor';
import { formOf, type ListOwner, type OwnedList, type PagedList } from '../model/paged-list';
import type { PageRequest } from '../model/window';
import type { PagingEvidence } from './paging-evidence';

/** What a window of a list has. */
export interface WindowRead<Item> {
  readonly items: readonly Item[];
  /** Whether more were sent than were asked for. */
  readonly hasSurplus: boolean;
}

/** Reads a window of a list, by as many calls as it takes. `isFresh`: whatever is cached is left alone. Rejects with BillingError. */
export type ReadWindow<Item> = (owner: ListOwner, page: PageRequest, isFresh?: boolean) => Promise<WindowRead<Item>>;

const NOTHING = { items: [], hasSurplus: false };

/** Reads the one item at a position; none behind the list's end, which an API may also say by a 400. Rejects with BillingError. */
export async function readItemAt<Item>(read: ReadWindow<Item>, owner: ListOwner, position: number): Promise<WindowRead<Item>> {
  try {
    return await read(owner, { offset: position, first: 1, probe: false });
  } catch (error) {
    if (error instanceof BillingError && error.failure === 'invalid-input') return NOTHING;
    throw error;
  }
}

/**
 * What the API makes of the place of a window: it heeds it, or it sends the list's first items for every place; `unpaged`: as many
 * as it has, whatever number is asked for.
 */
export type PlaceReading = 'heeded' | 'ignored' | 'unpaged';

/** Made anew for each page. */
export function placeIsIgnored(): BillingError {
  return new BillingError(
    'invalid-response',
    'The billing API sends the same invoices for every place in the list: only the first page can be had. Tell the operator.',
  );
}

/**
 * Finds out whether the billing API heeds the place of a window. One that does not sends the list's first items for every
 * page: they would be shown, and summed up, again and again.
 */
export class ListPlaces<Item> {
  readonly evidence: PagingEvidence;
  readonly #list: OwnedList & Pick<PagedList<unknown, Item>, 'fingerprint'>;
  readonly read: ReadWindow<Item>;
  readonly #found = new Map<string, Promise<PlaceReading>>();

  constructor(list: OwnedList & Pick<PagedList<unknown, Item>, 'fingerprint'>, evidence: PagingEvidence, read: ReadWindow<Item>) {
    this.evidence = evidence;
    this.#list = list;
    this.read = read;
  }

  /** Whether nothing is to be found out about requests for lists like this one. */
  isSettled(owner: ListOwner): boolean {
    return this.#list.fingerprint === undefined || this.evidence.isPlaceHeeded(formOf(owner));
  }

  /** Notes the first item of a list that may go on. */
  noteFirst({ owner, list }: { readonly owner: ListOwner; readonly list: string }, item: Item): void {
    if (this.isSettled(owner)) return;
    const fingerprint = this.#fingerprintOf(item);
    if (fingerprint !== null) this.evidence.noteFirstItem(list, fingerprint);
  }

  /**
   * Compares an item at a later position with the list's first one, as far as that is known. Null: they differ, or nothing
   * is known. Otherwise it rejects with BillingError where the API heeds no place; a list may have the same item twice.
   */
  check({ owner, list }: { readonly owner: ListOwner; readonly list: string }, item: Item): Promise<void> | null {
    const first = this.evidence.firstItemOf(list);
    const fingerprint = this.#fingerprintOf(item);
    if (first === undefined || fingerprint === null) return null;
    if (first === fingerprint) return this.assertHeeded(owner);
    this.evidence.notePlaceHeeded(formOf(owner));
    return null;
  }

  /** Whether two items look the same. Lists may have such; one whose values cannot be read looks like no other. */
  isSame(one: Item, other: Item): boolean {
    const fingerprint = this.#fingerprintOf(one);
    return fingerprint !== null && fingerprint === this.#fingerprintOf(other);
  }

  /** The same where items that cannot be told apart may be the same. */
  mayBeSame(one: Item, other: Item): boolean {
    const [a, b] = [this.#fingerprintOf(one), this.#fingerprintOf(other)];
    return a === null || b === null || a === b;
  }

  /** Rejects with BillingError where the API does not heed the place of a window. */
  assertHeeded(owner: ListOwner): Promise<void> {
    const checked = this.find(owner).then((reading) => {
      if (reading !== 'heeded') throw placeIsIgnored();
    });
    // Nobody may wait for it.
    checked.catch(() => undefined);
    return checked;
  }

  /** Asks for an item at a place that no list reaches, once for each list. Rejects with BillingError where that fails. */
  find(owner: ListOwner): Promise<PlaceReading> {
    const key = this.#list.identity(owner);
    let found = this.#found.get(key);
    if (!found) {
      found = this.#find(owner);
      // Each reader gets it.
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

  #fingerprintOf(item: Item): string | null {
    try {
      return this.#list.fingerprint?.(item) ?? null;
    } catch {
      return null;
    }
  }
}
