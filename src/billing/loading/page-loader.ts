import DataLoader from 'dataloader';
import type { BillingOperation } from '../ports/billing-operation';
import type { BillingSource, BillsRequest } from '../ports/billing-source';
import { BillingError } from '../model/billing-error';
import type { ListOwner, PagedList } from '../model/paged-list';
import type { Matching, PageRequest, Window } from '../model/window';
import { findRun, planPages, type Paging } from './window-plan';

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

/** What reads pages of a list, whatever else comes with them. */
export interface PageReader<Item> {
  readonly paging: Paging;
  load(owner: ListOwner, page: PageRequest): Promise<Pick<PageLoad<unknown, Item>, 'page'>>;
}

/** A page under way. Its promises settle on their own: no page waits for another owner's call. */
export class PageLoad<Content, Item> {
  readonly #calls: readonly Call<Content>[];
  /** Calls are in order; the page starts in the first one that reaches past its offset. */
  readonly #first: number;
  readonly #page: PageRequest;
  readonly #list: PagedList<Content, Item>;

  constructor(calls: readonly Call<Content>[], page: PageRequest, list: PagedList<Content, Item>) {
    this.#list = list;
    this.#calls = calls;
    this.#page = page;
    this.#first = calls.findIndex((call) => page.offset < call.offset + call.limit);
  }

  /** What the first call returned, for what it says beside the items; null where the billing API does not know the list's owner. */
  head(): Promise<Content | null> {
    return (this.#calls[this.#first] as Call<Content>).answer;
  }

  /** What the calls for the page have returned, each with its window, as far as they are answered. */
  get returned(): readonly { readonly window: Window; readonly content: Content }[] {
    return this.#calls.flatMap((call) => (call.content ? [{ window: call, content: call.content }] : []));
  }

  /** The page; null where the billing API does not know the list's owner. Rejects with BillingError. */
  page(): Promise<LoadedPage<Item> | null> {
    const call = this.#calls[this.#first] as Call<Content>;
    if (!isWhole(call, this.#page)) return this.#readParts();
    return call.answer.then((content) => (content === null ? null : this.#cut(content, call)));
  }

  /** The page where the one call for it has been answered, as it has for whoever waited for `head`; otherwise undefined. */
  knownPage(): LoadedPage<Item> | undefined {
    const call = this.#calls[this.#first] as Call<Content>;
    const { content = null } = call;
    return content !== null && isWhole(call, this.#page) ? this.#cut(content, call) : undefined;
  }

  /** The page out of the one call that holds it. The call's own list is not copied where it is the page. */
  #cut(content: Content, call: Call<Content>): LoadedPage<Item> {
    const items = this.#list.items(content);
    const page = this.#page;
    const from = page.offset - call.offset;
    // An API may send more than it was asked for.
    return toPage(takeSlice(items, from, Math.min(items.length, call.limit, from + wantedOf(page))), page);
  }

  /** The page out of several calls, one after the other. */
  async #readParts(): Promise<LoadedPage<Item> | null> {
    const page = this.#page;
    const wanted = wantedOf(page);
    const found: (readonly Item[])[] = [];
    let count = 0;
    for (let i = this.#first; i < this.#calls.length; i++) {
      const call = this.#calls[i] as Call<Content>;
      if (call.offset >= page.offset + wanted) break;
      const content = await call.answer;
      if (content === null) {
        // A window past the list's end may be answered as "not found": what came before it is the list.
        if (i === this.#first) return null;
        break;
      }
      const from = Math.max(0, page.offset - call.offset);
      const items = this.#list.items(content);
      // An API may send more than it was asked for. What is past the call's window is the next call's.
      const to = Math.min(items.length, call.limit, from + wanted - count);
      const part = takeSlice(items, from, to);
      found.push(part);
      count += part.length;
      if (items.length < call.limit) break;
    }
    return toPage(found.length === 1 ? (found[0] as readonly Item[]) : found.flat(), page);
  }
}

interface PageKey extends PageRequest {
  readonly owner: ListOwner;
  /** The owner's list: see PagedList.identity. */
  readonly list: string;
}

/** A pending call, and what it returned. */
class Call<Content> implements Window {
  readonly offset: number;
  readonly limit: number;
  /** Undefined until it has been answered. */
  content: Content | null | undefined = undefined;
  readonly answer: Promise<Content | null>;

  constructor({ offset, limit }: Window, read: (call: Call<Content>) => Promise<Content | null>) {
    this.offset = offset;
    this.limit = limit;
    this.answer = read(this);
  }
}

interface Run<Content> {
  readonly start: number;
  readonly end: number;
  readonly calls: readonly Call<Content>[];
}

/**
 * Loads pages of a list for one operation. All pages asked for in a tick are planned together: equal ones become
 * one, pages of one owner that overlap or touch become one call (see window-plan), and what an earlier tick
 * returned is not asked for again.
 */
export class PageLoader<Content, Item> implements PageReader<Item> {
  readonly paging: Paging;
  readonly #list: PagedList<Content, Item>;
  readonly #source: BillingSource<Content>;
  readonly #operation: BillingOperation;
  readonly #runs = new Map<string, Run<Content>[]>();
  readonly #loader: DataLoader<PageKey, PageLoad<Content, Item>, string>;
  #asked = 0;
  /** Pages for which a call was made. */
  #called = 0;
  #callCount = 0;

  constructor(list: PagedList<Content, Item>, source: BillingSource<Content>, operation: BillingOperation, paging: Paging) {
    this.#list = list;
    this.#source = source;
    this.#operation = operation;
    this.paging = paging;
    this.#loader = new DataLoader<PageKey, PageLoad<Content, Item>, string>((keys) => Promise.resolve(this.#plan(keys)), {
      cacheKeyFn: (key) => `${key.list}/${key.offset}/${key.first}/${key.probe ? 1 : 0}`,
      name: list.name,
    });
  }

  /** How many pages were answered by a call that was made for another page. */
  get merged(): number {
    return this.#asked - this.#called;
  }

  /** Starts the account of what is asked for anew: the operation is executed once more over what was loaded. */
  restart(): void {
    this.#asked = 0;
  }

  /** Accounts for pages that were asked for again and are not loaded again. */
  noteRepeated(pages: number): void {
    this.#asked += pages;
  }

  /** Asks for a page. Resolves as soon as the calls for it are planned; the answer comes by the load's own promises. */
  load(owner: ListOwner, page: PageRequest): Promise<PageLoad<Content, Item>> {
    this.#asked++;
    return this.#loader.load({
      owner,
      list: this.#list.identity(owner),
      offset: page.offset,
      first: page.first,
      probe: page.probe,
    });
  }

  /** Takes a window of a list that came with another question's call: its pages are not asked for again. */
  adopt(owner: ListOwner, { offset, limit }: Window, content: Content): void {
    const call = Object.assign(new Call<Content>({ offset, limit }, () => Promise.resolve(content)), { content });
    const list = this.#list.identity(owner);
    this.#runs.set(list, [...(this.#runs.get(list) ?? []), { start: offset, end: offset + limit, calls: [call] }]);
  }

  /** DataLoader's batch function. It answers at once with loads whose promises settle on their own. */
  #plan(keys: readonly PageKey[]): PageLoad<Content, Item>[] {
    const step = this.#operation.trace?.startPlanning();
    const callsBefore = this.#callCount;
    if (keys.length === 1) {
      const key = keys[0] as PageKey;
      if (!this.#find(key)) this.#addRuns(key, [key]);
    } else {
      const missing = new Map<string, PageKey[]>();
      for (const key of keys) {
        if (this.#find(key)) continue;
        const group = missing.get(key.list);
        if (group) group.push(key);
        else missing.set(key.list, [key]);
      }
      for (const group of missing.values()) this.#addRuns(group[0] as PageKey, group);
    }
    step?.end(keys.length, this.#callCount - callsBefore);
    return keys.map((key) => new PageLoad((this.#find(key) as Run<Content>).calls, key, this.#list));
  }

  /** The run that holds the whole page, if one was planned. */
  #find(key: PageKey): Run<Content> | undefined {
    const runs = this.#runs.get(key.list);
    return runs && findRun(runs, key);
  }

  #addRuns(key: PageKey, pages: readonly PageKey[]): void {
    const { customer, contractNumber, filter } = key.owner;
    const read = (call: Call<Content>): Promise<Content | null> =>
      this.#read({ customer, contractNumber, filter, window: { offset: call.offset, limit: call.limit } }, call);
    const runs = planPages(pages, this.paging).map(({ start, end, calls }): Run<Content> => ({
      start,
      end,
      calls: calls.map((call) => new Call(call, read)),
    }));
    for (const run of runs) {
      const pagesOfRun = runs.length === 1 ? pages.length : pages.filter((page) => findRun(runs, page) === run).length;
      this.#called += Math.min(pagesOfRun, run.calls.length);
      this.#callCount += run.calls.length;
    }
    const earlier = this.#runs.get(key.list);
    this.#runs.set(key.list, earlier ? earlier.concat(runs) : runs);
  }

  #read(request: BillsRequest, call: Call<Content>): Promise<Content | null> {
    const operation = this.#operation;
    if (operation.deadToken) return handled(Promise.reject(operation.deadToken));
    return handled(
      this.#source.read(request, operation).then(
        (answer) => {
          // A cached response that finds no room is let go, and read again when there is some.
          if (!operation.mayHold(answer)) return operation.waitForRoom(answer).then(() => this.#read(request, call));
          operation.noteAnswer(answer, request);
          call.content = answer.content;
          return answer.content;
        },
        (error: unknown) => {
          if (error instanceof BillingError) operation.noteFailure(error, request);
          throw error;
        },
      ),
    );
  }
}

/** A promise that several may await, or nobody: its rejection is never "unhandled", since each reader gets it. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
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
