import { BillingError } from '../model/billing-error';
import type { ListOwner, PagedList } from '../model/paged-list';
import type { Matching, PageRequest, Window } from '../model/window';
import type { ListCall } from '../paging/list-call';
import type { ShortPage } from '../paging/paging-evidence';

/** The items of one page, cut from what the calls returned, in the list's order. */
export interface LoadedPage<Item> {
  readonly items: readonly Item[];
  /** Whether the list goes on after the page; null where the page was not asked to find out. */
  readonly hasMore: boolean | null;
}

/** A page with its place in the list: what a Relay connection is made from. */
export interface PlacedPage<Item> extends LoadedPage<Item> {
  readonly offset: number;
  /** How many items were asked for. */
  readonly first: number;
  /** Of a page of the items that a filter means: how they stand in the whole list. */
  readonly matching?: Matching;
}

/** Somebody's list. */
export interface ListKey {
  readonly owner: ListOwner;
  /** See PagedList.identity. */
  readonly list: string;
}

/** A page of somebody's list. */
export interface PageKey extends PageRequest, ListKey {}

/** What a page asks where the calls for it do not tell all. */
export interface PageDoubts<Content, Item> {
  /** Whether all that is read is said to be complete. */
  readonly isClaimed: boolean;
  /** What a page says of its list's end that has so many items, and fewer than were asked for. */
  judge(owner: ListOwner, size: number): ShortPage;
  /** Whether a call stands where it was asked for; null: it does. Rejects with BillingError where it does not. */
  placeOf(key: ListKey, call: ListCall<Content, Item>): Promise<void> | null;
  /** Whether a call's items are not those of its window. */
  isMisplaced(call: Window): boolean;
  /** Whether a short call may be read on; false: it ends its list. */
  readonly readsOn: boolean;
  /** The items that follow a short call's in its window; see ListEnd. */
  restOf(owner: ListOwner, call: ListCall<Content, Item>, isClaimed: boolean): Promise<readonly Item[]>;
}

/**
 * What is made of a short page: it is taken as it was `sent`, though its list may go on; it is read on where that is `likely`;
 * or the list is `claimed` to end with it, so that this has to be seen.
 */
type EndReading = 'sent' | 'likely' | 'claimed';

/** A page under way. Its promises settle on their own: no page waits for another owner's call. */
export class PageLoad<Content, Item> {
  readonly #calls: readonly ListCall<Content, Item>[];
  /** Calls are in order; the page starts in the first one that reaches past its offset. */
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

  /** What the first call returned, for what it says beside the items; null where the billing API does not know the list's owner. */
  head(): Promise<Content | null> {
    return (this.#calls[this.#first] as ListCall<Content, Item>).answer;
  }

  /** What the calls for the page have returned, each with its window, as far as they are answered. */
  get returned(): readonly { readonly window: Window; readonly content: Content }[] {
    return this.#calls.flatMap((call) => (call.content ? [{ window: call, content: call.content }] : []));
  }

  /** The page; null where the billing API does not know the list's owner. Rejects with BillingError. */
  page(): Promise<LoadedPage<Item> | null> {
    const call = this.#calls[this.#first] as ListCall<Content, Item>;
    if (!isWhole(call, this.#page)) return this.#readParts(this.#usual);
    return call.answer.then((content) => {
      if (content === null) return null;
      return this.#isPlain(call, content) ? this.#cut(this.#list.items(content), call) : this.#readParts(this.#usual);
    });
  }

  /** The page as it was sent, for those who go on to `completePage` where it is short. */
  sentPage(): Promise<LoadedPage<Item> | null> {
    return this.#readParts('sent');
  }

  /**
   * The page for those who say that a list ends with it: if it is short, it is made sure that the list does. Rejects with
   * BillingError, also where that cannot be found out.
   */
  completePage(): Promise<LoadedPage<Item> | null> {
    return this.#readParts('claimed');
  }

  /** The page where the one call for it has been answered, as it has for whoever waited for `head`; otherwise undefined. */
  knownPage(): LoadedPage<Item> | undefined {
    const call = this.#calls[this.#first] as ListCall<Content, Item>;
    const { content = null } = call;
    if (content === null || !isWhole(call, this.#page) || !this.#isPlain(call, content)) return undefined;
    return this.#cut(this.#list.items(content), call);
  }

  /** Whether a call's own items are all that there is to say, as they nearly always are. */
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
    return (call.end ??= this.#doubts.judge(this.#page.owner, items.length));
  }

  /** Whether the page needs items behind those of a call, in the call's window. */
  #isShort(call: Window, items: readonly Item[]): boolean {
    const end = call.offset + items.length;
    return items.length > 0 && items.length < call.limit && end < this.#page.offset + wantedOf(this.#page);
  }

  /** The page out of the one call that holds it. The call's own list is not copied where it is the page. */
  #cut(items: readonly Item[], call: Window): LoadedPage<Item> {
    const page = this.#page;
    const from = page.offset - call.offset;
    // An API may send more than it was asked for.
    return toPage(takeSlice(items, from, Math.min(items.length, call.limit, from + wantedOf(page))), page);
  }

  /** The page out of several calls, one after the other. */
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
        // A window past the list's end may be answered as "not found": what came before it is the list.
        if (i === this.#first) return null;
        break;
      }
      if (call.offset > 0) await this.#doubts.placeOf(page, call);
      const items = await this.#itemsOf(i, content, reading);
      const part = this.#partOf(call, items ?? this.#list.items(content), count);
      found.push(part);
      count += part.length;
      // Whether the list goes on is not known: who asks for the next page finds out.
      if (items === null) return { items: found.flat().slice(0, page.first), hasMore: page.probe || null };
      if (items.length < call.limit) break;
    }
    return toPage(found.length === 1 ? (found[0] as readonly Item[]) : found.flat(), page);
  }

  /** What a call adds to the page. */
  #partOf(call: Window, items: readonly Item[], count: number): readonly Item[] {
    const { offset } = this.#page;
    const from = Math.max(0, offset - call.offset);
    // An API may send more than it was asked for. What is past the call's window is the next call's.
    return takeSlice(items, from, Math.min(items.length, call.limit, from + wantedOf(this.#page) - count));
  }

  /** All the items of a call's window; null where it is not known whether those that came are all. */
  async #itemsOf(index: number, content: Content, reading: EndReading): Promise<readonly Item[] | null> {
    const call = this.#calls[index] as ListCall<Content, Item>;
    const doubts = this.#doubts;
    const items = this.#list.items(content);
    const isElsewhere = items.length > 0 && doubts.isMisplaced(call);
    if (!doubts.readsOn || (!isElsewhere && !this.#isShort(call, items))) return items;
    if (reading === 'sent' && call.rest === null && !isElsewhere) return items;
    const isClaimed = reading === 'claimed';
    const isKnown = call.rest !== null || isElsewhere || this.#goesOnBehind(index);
    if (!isClaimed && !isKnown && this.#judge(call, items) === 'end') return items;
    try {
      const rest = await doubts.restOf(this.#page.owner, call, isClaimed);
      return doubts.isMisplaced(call) ? rest : items.concat(rest);
    } catch (error) {
      if (isClaimed || !(error instanceof BillingError)) throw error;
      // An API that heeds no place has no more than the first page, which this is.
      return error.failure === 'invalid-response' ? items : null;
    }
  }

  /** Whether a later call of the page, made at once with a short one, is known to have returned items. */
  #goesOnBehind(index: number): boolean {
    const { content = null } = this.#calls[index + 1] ?? {};
    return content !== null && this.#list.items(content).length > 0;
  }
}

/** Whether a page ends within one call, as nearly all do. */
function isWhole(call: Window, page: PageRequest): boolean {
  return page.offset + wantedOf(page) <= call.offset + call.limit;
}

/** Items that a page needs: one more than it shows where it is to know whether the list goes on. */
function wantedOf(page: PageRequest): number {
  return page.probe ? page.first + 1 : page.first;
}

/** Whether a page has what was asked for: false for one that is counted from a cursor which the list does not reach. */
export function isFull({ items }: LoadedPage<unknown>, { first, tail, offset }: PageRequest): boolean {
  return !tail || items.length >= first || (items.length > 0 && offset === tail.from);
}

/** A page with its place. */
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
