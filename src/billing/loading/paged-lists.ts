import { TurnBudget } from '../../runtime/turns/turn-budget';
import { filterKey } from '../model/invoice-filter';
import type { ListOwner, PagedList } from '../model/paged-list';
import { toPageOfTail, type FilteredRequest, type PageRequest, type TailRequest } from '../model/window';
import type { BillingOperation } from '../ports/billing-operation';
import type { BillingSource } from '../ports/billing-source';
import { findPage, type FilteredList } from './filtered-page';
import { ListPages, type ReadingOrder } from './list-pages';
import { ListReader, type ListRead } from './list-reader';
import { isFull, toPlaced, type LoadedPage, type PageLoad, type PlacedPage } from './page-load';
import { PageLoader } from './page-loader';
import { endsEarly, toPushedEnd, toPushedPage, toScanRequest, type PushedRequest } from './pushed-page';
import { toTotalBounds, TotalSearch, UNKNOWN, type TotalBounds } from './total-search';
import type { Paging } from '../paging/window-plan';

/** What shows whether a list's owner is known. */
const FIRST_ITEM: PageRequest = { offset: 0, first: 1, probe: false };
/**
 * Items that are looked at in one turn of the event loop, for filters, sums and searches: some 10 ms where each is held to a filter of
 * periods, whose text is read each time.
 */
const ITEMS_PER_TURN = 20_000;
const FROM_START: ReadingOrder = { firstPage: 0, step: 1 };

/** How items are filtered. `isKnown`: as for `unplacedPage`. */
export type FilterSearch<Item> = Pick<FilteredList<Item>, 'isMatch' | 'asksPrevious'> & { readonly isKnown: boolean };

/** The lists of one kind, of any number of owners, as one operation reads them. */
export class PagedLists<Content, Item> {
  readonly loader: PageLoader<Content, Item>;
  /** Shared by all who look at items of the operation. */
  readonly turns = new TurnBudget(ITEMS_PER_TURN);
  readonly #list: PagedList<Content, Item>;
  readonly #operation: BillingOperation;
  #pages: Map<string, ListPages<Item>> | null = null;
  #readers: Map<string, ListReader<Item>> | null = null;
  #searches: Map<string, TotalSearch> | null = null;
  #filtered: Map<string, Promise<PlacedPage<Item> | null>> | null = null;

  constructor(list: PagedList<Content, Item>, source: BillingSource<Content>, operation: BillingOperation, paging: Paging) {
    this.loader = new PageLoader(list, source, operation, paging);
    this.#list = list;
    this.#operation = operation;
  }

  /** A page. Null where the owner is not known. Rejects with BillingError. */
  async page(owner: ListOwner, page: PageRequest): Promise<PlacedPage<Item> | null> {
    return this.placedPage(owner, page, await (await this.loader.load(owner, page)).page());
  }

  /**
   * Places a loaded page in the list. If the list ends before the cursor that the page is counted from, the cursor excludes no
   * item, and the page is the end of the list (Relay Cursor Connections, section 4.4: ApplyCursorsToEdges).
   */
  async placedPage(owner: ListOwner, page: PageRequest, loaded: LoadedPage<Item> | null): Promise<PlacedPage<Item> | null> {
    const placed = loaded && toPlaced(loaded, page);
    if (!page.tail || (loaded && isFull(loaded, page))) return placed;
    return this.#endOf(owner, page.tail, { isKnown: loaded !== null, bounds: placed ? toTotalBounds(placed) : UNKNOWN });
  }

  /**
   * A page whose place is not known before the list's length is, or between whose cursors there is nothing. Null where the
   * owner is not known. Rejects with BillingError.
   * @param isKnown whether the owner was shown to exist; otherwise an empty page takes a call that shows it.
   */
  async unplacedPage(owner: ListOwner, page: PageRequest | TailRequest, isKnown: boolean): Promise<PlacedPage<Item> | null> {
    // The item at the cursor follows the page, so there is a next page.
    if ('first' in page) return this.#emptyPage(owner, { items: [], hasMore: true, offset: page.offset, first: 0 }, isKnown);
    return this.#endOf(owner, page, { isKnown, bounds: UNKNOWN });
  }

  async #endOf(
    owner: ListOwner,
    tail: TailRequest,
    { isKnown, bounds }: { readonly isKnown: boolean; readonly bounds: TotalBounds },
  ): Promise<PlacedPage<Item> | null> {
    const total = await this.total(owner, bounds);
    const page = toPageOfTail(tail, total);
    // Past the end of the list there are no items: those before the page are the whole list, which may be empty.
    if (page.first === 0) return this.#emptyPage(owner, { items: [], hasMore: false, offset: total, first: 0 }, isKnown);
    const found = await this.page(owner, page);
    return found && { ...found, hasMore: false };
  }

  /**
   * A page of the items that a filter means. Null where the owner is not known. Rejects with BillingError, also where the
   * call budget or the deadline ends the reading before the page is found.
   * @param isKnown as for `unplacedPage`.
   */
  filteredPage(owner: ListOwner, request: FilteredRequest, search: FilterSearch<Item>): Promise<PlacedPage<Item> | null> {
    const { filter, size, isBackward, from, before, probe } = request;
    const { asksPrevious, isKnown } = search;
    // The contract of each invoice may request the same page, and each search reads through the list.
    const key = `${this.#list.identity(owner)} ${[size, isBackward, from, before, probe, asksPrevious, isKnown].join(' ')} ${filterKey(filter)}`;
    const pages = (this.#filtered ??= new Map<string, Promise<PlacedPage<Item> | null>>());
    let page = pages.get(key);
    if (!page) pages.set(key, (page = this.#findFiltered(owner, request, search)));
    return page;
  }

  async #findFiltered(
    owner: ListOwner,
    request: FilteredRequest,
    { isKnown, ...search }: FilterSearch<Item>,
  ): Promise<PlacedPage<Item> | null> {
    const pageSize = this.loader.paging.maxQuantity;
    const { turns } = this;
    const pagesIn = (order: ReadingOrder): ListPages<Item> => this.pagesOf(owner, order);
    const found = await findPage(request, { ...search, list: this.#list, pageSize, turns, pagesIn });
    if (found && found.items.length > 0) return found;
    // Nothing may have been read, or only what is past the list's end.
    const { filter, from: offset, size: first } = request;
    const empty = { items: [], hasMore: false, offset, first, matching: { filter, positions: [], hasPrevious: offset > 0 } };
    return this.#emptyPage(owner, found ?? empty, isKnown);
  }

  /**
   * The same where the billing API filters. Every item is held to the filter: an API that has not filtered is read as for
   * `filteredPage`. Rejects with BillingError.
   * @param load the page's, where it was asked for already.
   */
  async pushedPage(
    owner: ListOwner,
    request: PushedRequest,
    search: FilterSearch<Item>,
    load?: PageLoad<Content, Item>,
  ): Promise<PlacedPage<Item> | null> {
    const { filter, pushed } = request;
    const loaded = await (load ?? (await this.loader.load({ ...owner, filter }, pushed.window))).page();
    const page = toPushedPage(loaded?.items ?? [], request, search.isMatch);
    if (!page) return this.filteredPage(owner, toScanRequest(request), search);
    if (endsEarly(loaded?.items ?? [], request)) {
      const total = await this.total({ ...owner, filter }, toTotalBounds(page));
      if (total < request.before) return this.pushedPage(owner, toPushedEnd(request, total), search);
    }
    // Where nothing is meant, the API may know nothing of the list: that does not tell whether it knows the owner.
    return loaded ? page : this.#emptyPage(owner, page, search.isKnown);
  }

  async #emptyPage(owner: ListOwner, empty: PlacedPage<Item>, isKnown: boolean): Promise<PlacedPage<Item> | null> {
    return isKnown || (await this.page(owner, FIRST_ITEM)) ? empty : null;
  }

  /** The whole list, as far as the call budget and the deadline allow. Null where the owner is not known. Rejects with BillingError. */
  read(owner: ListOwner): Promise<ListRead<Item> | null> {
    const key = this.#list.identity(owner);
    const readers = (this.#readers ??= new Map<string, ListReader<Item>>());
    let reader = readers.get(key);
    if (!reader) readers.set(key, (reader = new ListReader(this.pagesOf(owner))));
    return reader.read();
  }

  /** The owner's list in pages, shared by all who read it in one order; from its start on, where none is given. */
  pagesOf(owner: ListOwner, order: ReadingOrder = FROM_START): ListPages<Item> {
    const key = `${this.#list.identity(owner)} ${order.firstPage} ${order.step}`;
    const lists = (this.#pages ??= new Map<string, ListPages<Item>>());
    let pages = lists.get(key);
    if (!pages) lists.set(key, (pages = new ListPages(this.loader, this.#operation, owner, order)));
    return pages;
  }

  /** How many items the list has, found with few small calls. @param bounds what is known of it. Rejects with BillingError. */
  total(owner: ListOwner, bounds: TotalBounds = UNKNOWN): Promise<number> {
    const key = this.#list.identity(owner);
    const searches = (this.#searches ??= new Map<string, TotalSearch>());
    let search = searches.get(key);
    if (!search) searches.set(key, (search = new TotalSearch(this.loader, owner)));
    return search.total(bounds);
  }
}
