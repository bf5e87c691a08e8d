import { BillingError } from '../model/billing-error';
import type { ListOwner, PagedList } from '../model/paged-list';
import type { Matching, PageRequest, Window } from '../model/window';
import type { ListCall } from '../paging/list-call';
import type { ShortPage } from '../paging/paging-evidence';

/** The items of one page, taken from the responses, in list order. */
export interface LoadedPage<Item> {
  readonly items: readonly Item[];
  /** Whether the list goes on after the page; null if that was not requested. */
  readonly hasMore: boolean | null;
}

/** A page with its position in the list, as a Relay connection needs it. */
export interface PlacedPage<Item> extends LoadedPage<Item> {
  readonly offset: number;
  /** How many items were requested. */
  readonly first: number;
  /** For a filtered page: where its items are in the whole list. */
  readonly matching?: Matching;
}

/** Identifies an owner's list. */
export interface ListKey {
  readonly owner: ListOwner;
  /** See PagedList.identity. */
  readonly list: string;
}

/** Identifies a page of an owner's list. */
export interface PageKey extends PageRequest, ListKey {}

/** Checks that a page makes when its responses may be truncated or misplaced. */
export interface PageDoubts<Content, Item> {
  /** Whether everything that is read is reported as complete. */
  readonly isClaimed: boolean;
  /** Judges whether a page of `size` items, shorter than requested, ends its list. */
  judge(owner: ListOwner, call: Window, size: number): ShortPage;
  /** Checks that a response has the items at the requested offset; null: it does. Rejects with BillingError if it does not. */
  placeOf(key: ListKey, call: ListCall<Content, Item>): Promise<void> | null;
  /** Whether the API pages by number: then a truncated later page starts elsewhere than requested. */
  readonly isAligned: boolean;
  /** Whether a response may hold the items of another window. */
  isMisplaced(call: Window): boolean;
  /** Whether reading may continue after a short page; false: it ends its list. */
  readonly readsOn: boolean;
  /** Returns the items of a short page's window that the page lacks; see ListEnd. */
  restOf(owner: ListOwner, call: ListCall<Content, Item>, isClaimed: boolean): Promise<readonly Item[]>;
}

/**
 * How to treat a short page. `sent`: use it as received, although its list may go on. `likely`: read on if it is likely to be
 * truncated. `claimed`: verify that the list ends, because the caller reports it as complete.
 */
type EndReading = 'sent' | 'likely' | 'claimed';

/** A page being loaded. Its promises settle independently: no page waits for another owner's call. */
export class PageLoad<Content, Item> {
  readonly #calls: readonly ListCall<Content, Item>[];
  /** Index of the call in which the page starts: the first one, in order, that reaches past the page's offset. */
  readonly #first: number;
  readonly #page: PageKey;
  readonly #list: PagedList<Content, Item>;
  readonly #doubts: PageDoubts<Content, Item>;

  constructor(
    calls: readonly ListCall<Content, Item>[],
    page: PageKey,
    { list, doubts }: { readonly list: PagedList<Content, Item>; readonly doubts: PageDoubts<Content, Item> },
  ) {
    this.#list = list;
    this.#calls = calls;
    this.#page = page;
    this.#doubts = doubts;
    this.#first = calls.findIndex((call) => page.offset < call.offset + call.limit);
  }

  /** The first response, for its data beside the items; null if the billing API does not know the list's owner. */
  head(): Promise<Content | null> {
    return (this.#calls[this.#first] as ListCall<Content, Item>).answer;
  }

  /** The responses received so far, each with its window. */
  get returned(): readonly { readonly window: Window; readonly content: Content }[] {
    return this.#calls.flatMap((call) => (call.content ? [{ window: call, content: call.content }] : []));
  }

  /** The page; null if the billing API does not know the list's owner. Rejects with BillingError. */
  page(): Promise<LoadedPage<Item> | null> {
    const call = this.#calls[this.#first] as ListCall<Content, Item>;
    if (!isWhole(call, this.#page)) return this.#readParts(this.#usual);
    return call.answer.then((content) => {
      if (content === null) return null;
      return this.#isPlain(call, content) ? this.#cut(this.#list.items(content), call) : this.#readParts(this.#usual);
    });
  }

  /** The page as received, for callers that call `completePage` if it is short. */
  sentPage(): Promise<LoadedPage<Item> | null> {
    return this.#readParts('sent');
  }

  /**
   * The page for callers that report it as the end of the list: a short page is verified, and read on if it was truncated.
   * Rejects with BillingError, also if the end cannot be verified.
   */
  completePage(): Promise<LoadedPage<Item> | null> {
    return this.#readParts('claimed');
  }

  /** The page if its only call has been answered, which holds after awaiting `head`; otherwise undefined. */
  knownPage(): LoadedPage<Item> | undefined {
    const call = this.#calls[this.#first] as ListCall<Content, Item>;
    const { content = null } = call;
    if (content === null || !isWhole(call, this.#page) || !this.#isPlain(call, content)) return undefined;
    return this.#cut(this.#list.items(content), call);
  }

  /** Whether the page can be taken from the response without further checks. This is nearly always so. */
  #isPlain(call: ListCall<Content, Item>, content: Content): boolean {
    if (call.offset > 0 && (this.#doubts.isMisplaced(call) || this.#doubts.placeOf(this.#page, call) !== null)) return false;
    const items = this.#list.items(content);
    if (!this.#doubts.readsOn || !this.#isShort(call, items)) return true;
    return call.rest === null && !this.#doubts.isClaimed && this.#judge(call, items) === 'end';
  }

  get #usual(): EndReading {
    return this.#doubts.isClaimed ? 'claimed' : 'likely';
  }

  #judge(call: ListCall<Content, Item>, items: readonly Item[]): ShortPage {
    return (call.end ??= this.#doubts.judge(this.#page.owner, call, items.length));
  }

  /** Whether a response is short and the page needs items of its window that it lacks, or it may start elsewhere. */
  #isShort(call: Window, items: readonly Item[]): boolean {
    if (items.length === 0 || items.length >= call.limit) return false;
    const end = call.offset + items.length;
    return end < this.#page.offset + wantedOf(this.#page) || (this.#doubts.isAligned && call.offset > 0);
  }

  /** Takes the page from the one response that holds it. The response's list is not copied if it is exactly the page. */
  #cut(items: readonly Item[], call: Window): LoadedPage<Item> {
    const page = this.#page;
    const from = page.offset - call.offset;
    // An API may return more items than requested.
    return toPage(takeSlice(items, from, Math.min(items.length, call.limit, from + wantedOf(page))), page);
  }

  /** Joins the page from several responses, in order. */
  async #readParts(reading: EndReading): Promise<LoadedPage<Item> | null> {
    const page = this.#page;
    const wanted = wantedOf(page);
    const found: (readonly Item[])[] = [];
    let count = 0;
    for (let i = this.#first; i < this.#calls.length; i++) {
      const call = this.#calls[i] as ListCall<Content, Item>;
      if (call.offset >= page.offset + wanted) break;
      const content = await call.answer;
      if (content === null) {
        // A window past the end of the list may return "not found": the items before it are the whole list.
        if (i === this.#first) return null;
        break;
      }
      if (call.offset > 0) await this.#doubts.placeOf(page, call);
      const items = await this.#itemsOf(i, content, reading);
      const part = this.#partOf(call, items ?? this.#list.items(content), count);
      found.push(part);
      count += part.length;
      // It is not known whether the list goes on: the request for the next page will tell.
      if (items === null) return { items: found.flat(), hasMore: page.probe || null };
      if (items.length < call.limit) break;
    }
    return toPage(found.length === 1 ? (found[0] as readonly Item[]) : found.flat(), page);
  }

  /** The part of the page that a response contributes. */
  #partOf(call: Window, items: readonly Item[], count: number): readonly Item[] {
    const { offset } = this.#page;
    const from = Math.max(0, offset - call.offset);
    // An API may return more items than requested. Those past the window belong to the next call.
    return takeSlice(items, from, Math.min(items.length, call.limit, from + wantedOf(this.#page) - count));
  }

  /** All items of a call's window; null if it cannot be determined whether the response has them all. */
  async #itemsOf(index: number, content: Content, reading: EndReading): Promise<readonly Item[] | null> {
    const call = this.#calls[index] as ListCall<Content, Item>;
    const doubts = this.#doubts;
    const items = this.#list.items(content);
    const isElsewhere = items.length > 0 && doubts.isMisplaced(call);
    if (!doubts.readsOn || (!isElsewhere && !this.#isShort(call, items))) return items;
    // A later page of an API that pages by number is elsewhere if it was truncated: it is not used before that is known.
    const isPlaced = !doubts.isAligned || call.offset === 0;
    if (reading === 'sent' && call.rest === null && !isElsewhere && isPlaced) return items;
    const isClaimed = reading === 'claimed';
    const isKnown = call.rest !== null || isElsewhere || this.#goesOnBehind(index);
    if (!isClaimed && !isKnown && this.#judge(call, items) === 'end') return items;
    try {
      const rest = await doubts.restOf(this.#page.owner, call, isClaimed);
      return doubts.isMisplaced(call) ? rest : items.concat(rest);
    } catch (error) {
      if (isClaimed || !isPlaced || !(error instanceof BillingError)) throw error;
      // From an API that ignores offsets only the first page can be read, and this is it.
      return error.failure === 'invalid-response' ? items : null;
    }
  }

  /** Whether the next call of the page, made concurrently with a short one, is known to have returned items. */
  #goesOnBehind(index: number): boolean {
    const { content = null } = this.#calls[index + 1] ?? {};
    return content !== null && this.#list.items(content).length > 0;
  }
}

/** Whether a page ends within one call. Nearly all do. */
function isWhole(call: Window, page: PageRequest): boolean {
  return page.offset + wantedOf(page) <= call.offset + call.limit;
}

/** Number of items that a page needs: one more than it shows if it must know whether the list goes on. */
function wantedOf(page: PageRequest): number {
  return page.probe ? page.first + 1 : page.first;
}

/** Whether a page has the items requested; false if it is counted from a cursor past the end of the list. */
export function isFull({ items }: LoadedPage<unknown>, { first, tail, offset }: PageRequest): boolean {
  return !tail || items.length >= first || (items.length > 0 && offset === tail.from);
}

/** Adds a page's position. */
export function toPlaced<Item>({ items, hasMore }: LoadedPage<Item>, { offset, first }: PageRequest): PlacedPage<Item> {
  return { items, hasMore, offset, first };
}

function takeSlice<Item>(items: readonly Item[], from: number, to: number): readonly Item[] {
  return from === 0 && to === items.length ? items : items.slice(from, to);
}

function toPage<Item>(items: readonly Item[], page: PageRequest): LoadedPage<Item> {
  if (!page.probe) return { items, hasMore: null };
  return items.length > page.first ? { items: items.slice(0, page.first), hasMore: true } : { items, hasMore: false };
}
