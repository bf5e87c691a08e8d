import DataLoader from 'dataloader';
import type { BillingOperation } from '../ports/billing-operation';
import type { BillingSource, BillsRequest, CallContext } from '../ports/billing-source';
import { FreshContext } from '../ports/delegated-context';
import { BillingError } from '../model/billing-error';
import { formOf, type ListOwner, type PagedList } from '../model/paged-list';
import type { PageRequest, Window } from '../model/window';
import { ListCall } from '../paging/list-call';
import { ListEnd } from '../paging/list-end';
import { ListPlaces, type PlacedItem, type PlacedItems, type ReadWindow, type WindowRead } from '../paging/list-places';
import { findRun, planPages, type Paging } from '../paging/window-plan';
import type { PagingEvidence, ShortPage } from '../paging/paging-evidence';
import { PageLoad, type ListKey, type PageDoubts, type PageKey } from './page-load';

/** Reads pages of a list, whatever data comes with them. */
export interface PageReader<Item> {
  readonly paging: Paging;
  load(owner: ListOwner, page: PageRequest): Promise<Pick<PageLoad<unknown, Item>, 'sentPage' | 'completePage'>>;
  /** Verifies that two equal items are at different positions of the list. Rejects with BillingError. */
  assertApart(owner: ListOwner, first: Item, later: PlacedItem<Item>): Promise<void>;
  /** Verifies that single items of a list can be requested, which has more than one. Rejects with BillingError. */
  assertSingles(owner: ListOwner): Promise<void>;
  /** Verifies that an item beside a page is none of the page's, which stand elsewhere now. Rejects with BillingError. */
  assertUnmoved(owner: ListOwner, page: PlacedItems<Item>, beside: PlacedItem<Item>): Promise<void>;
}

interface Run<Content, Item> {
  readonly start: number;
  readonly end: number;
  readonly calls: readonly ListCall<Content, Item>[];
}

/**
 * Loads pages of a list for one operation. All pages asked for in a tick are planned together: equal ones become
 * one, pages of one owner that overlap or touch become one call (see window-plan), and what an earlier tick
 * returned is not requested again.
 */
export class PageLoader<Content, Item> implements PageReader<Item>, PageDoubts<Content, Item> {
  readonly paging: Paging;
  readonly #list: PagedList<Content, Item>;
  readonly #source: BillingSource<Content>;
  readonly #operation: BillingOperation;
  readonly #runs = new Map<string, Run<Content, Item>[]>();
  readonly #loader: DataLoader<PageKey, PageLoad<Content, Item>, string>;
  readonly #evidence: PagingEvidence | undefined;
  #madePlaces: ListPlaces<Item> | null = null;
  #madeEnd: ListEnd<Content, Item> | null = null;
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
    this.#evidence = paging.evidence;
  }

  get isClaimed(): boolean {
    return this.#operation.claimsEnd;
  }

  get isAligned(): boolean {
    return this.paging.mode === 'page';
  }

  get readsOn(): boolean {
    return this.#evidence !== undefined;
  }

  judge(owner: ListOwner, call: Window, size: number): ShortPage {
    return this.#evidence?.judge(formOf(owner), size, call) ?? 'end';
  }

  isMisplaced(call: Window): boolean {
    return this.#evidence?.isMisplaced(call) ?? false;
  }

  restOf(owner: ListOwner, call: ListCall<Content, Item>, isClaimed: boolean): Promise<readonly Item[]> {
    const places = this.#places;
    if (!places) return Promise.resolve([]);
    return (this.#madeEnd ??= new ListEnd(this.#list, this.paging, places)).restOf(owner, call, isClaimed);
  }

  /** Created on first use: most operations need no check. Null: offsets are never checked. */
  get #places(): ListPlaces<Item> | null {
    if (!this.#evidence) return null;
    const read: ReadWindow<Item> = (owner, page, isFresh = false) => this.#readWindow(owner, page, isFresh);
    return (this.#madePlaces ??= new ListPlaces(this.#list, this.#evidence, read));
  }

  /** Number of pages served by a call made for another page. */
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

  async assertApart(owner: ListOwner, first: Item, later: PlacedItem<Item>): Promise<void> {
    await this.#places?.assertApart(owner, first, later);
  }

  async assertSingles(owner: ListOwner): Promise<void> {
    if (!this.isAligned || this.#isMerged(owner) || this.#evidence?.isSizeHeeded(formOf(owner))) return;
    await this.#places?.assertSizeHeeded(owner, { limit: 1 });
  }

  async assertUnmoved(owner: ListOwner, page: PlacedItems<Item>, beside: PlacedItem<Item>): Promise<void> {
    await this.#places?.assertUnmoved(owner, page, beside);
  }

  /** Takes a window of a list that came with another request's call: its pages are not asked for again. */
  adopt(owner: ListOwner, { offset, limit }: Window, content: Content): void {
    const call = Object.assign(new ListCall<Content, Item>({ offset, limit }, false, () => Promise.resolve(content)), { content });
    const list = this.#list.identity(owner);
    this.#runs.set(list, [...(this.#runs.get(list) ?? []), { start: offset, end: offset + limit, calls: [call] }]);
  }

  /** DataLoader's batch function. Resolves immediately with loads whose promises settle independently. */
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
    const on = { list: this.#list, doubts: this };
    return keys.map((key) => new PageLoad((this.#find(key) as Run<Content, Item>).calls, key, on));
  }

  /** The run that holds the whole page, if one was planned. */
  #find(key: PageKey): Run<Content, Item> | undefined {
    const runs = this.#runs.get(key.list);
    return runs && findRun(runs, key);
  }

  #addRuns(key: PageKey, pages: readonly PageKey[]): void {
    const read = (call: ListCall<Content, Item>): Promise<Content | null> => this.#read(key, call, this.#operation);
    const isProbed = pages.some(({ probe }) => probe);
    const runs = planPages(pages, this.paging).map(({ start, end, calls }): Run<Content, Item> => ({
      start,
      end,
      calls: calls.map((call) => new ListCall(call, isProbed, read)),
    }));
    for (const run of runs) {
      const pagesOfRun = runs.length === 1 ? pages.length : pages.filter((page) => findRun(runs, page) === run).length;
      this.#called += Math.min(pagesOfRun, run.calls.length);
      this.#callCount += run.calls.length;
    }
    const earlier = this.#runs.get(key.list);
    this.#runs.set(key.list, earlier ? earlier.concat(runs) : runs);
  }

  #read(key: ListKey, call: ListCall<Content, Item>, context: CallContext): Promise<Content | null> {
    const operation = this.#operation;
    if (operation.deadToken) return handled(Promise.reject(operation.deadToken));
    const { customer, contractNumber, filter } = key.owner;
    const request: BillsRequest = { customer, contractNumber, filter, window: { offset: call.offset, limit: call.limit } };
    return handled(
      this.#source.read(request, context).then(
        (answer) => {
          // A cached response that finds no room is let go, and read again when there is some.
          if (!operation.mayHold(answer)) return operation.waitForRoom(answer).then(() => this.#read(key, call, context));
          operation.noteAnswer(answer, request);
          call.content = answer.content;
          call.isPart = answer.isPart ?? false;
          if (answer.content !== null) this.#judge(key, call, answer.content);
          return answer.content;
        },
        (error: unknown) => {
          if (error instanceof BillingError) operation.noteFailure(error, request);
          throw error;
        },
      ),
    );
  }

  /** Records what a response shows about how the API pages. */
  #judge({ owner, list }: ListKey, call: ListCall<Content, Item>, content: Content): void {
    const evidence = this.#evidence;
    if (!evidence || this.#isMerged(owner)) return;
    const items = itemsOf(this.#list, content);
    const form = formOf(owner);
    evidence.notePage(form, Math.min(items.length, call.limit));
    if (this.isAligned && this.#sentBy(call, content, items) > call.limit) evidence.noteSurplus(form);
    // If the list goes on, the caller may request the next page.
    if ((call.isProbed || this.isClaimed) && call.offset === 0 && items.length >= call.limit)
      this.#places?.noteFirst({ owner, list }, items[0] as Item);
  }

  placeOf(key: ListKey, call: ListCall<Content, Item>): Promise<void> | null {
    const places = this.#places;
    if (!places || !call.content) return null;
    const compared = this.#compareWithStart(places, key, call);
    if (!this.isAligned || !places.evidence.isSizeDoubtful(formOf(key.owner))) return compared;
    return handled((compared ?? Promise.resolve()).then(() => places.assertSizeHeeded(key.owner, call)));
  }

  /** Compares a response with the start of the list, if this process has seen that in this or an earlier call. */
  #compareWithStart(places: ListPlaces<Item>, key: ListKey, call: ListCall<Content, Item>): Promise<void> | null {
    if (!call.content || places.isSettled(key.owner)) return null;
    const [item] = itemsOf(this.#list, call.content);
    if (item === undefined) return null;
    const first = this.#runs.get(key.list)?.find((run) => run.start === 0)?.calls[0];
    if (!first || first.content !== undefined) return places.check(key, item);
    // A failure belongs to the first page, not to this one.
    return handled(
      first.answer.then(
        () => places.check(key, item) ?? undefined,
        () => undefined,
      ),
    );
  }

  /** Reads a window to check the requested pages, outside the planned calls. Rejects with BillingError. */
  async #readWindow(owner: ListOwner, page: PageRequest, isFresh: boolean): Promise<WindowRead<Item>> {
    const key: ListKey = { owner, list: this.#list.identity(owner) };
    const context = isFresh ? new FreshContext(this.#operation) : this.#operation;
    const read = (call: ListCall<Content, Item>): Promise<Content | null> => this.#read(key, call, context);
    const calls = planPages([page], this.paging).flatMap((run) => run.calls.map((call) => new ListCall(call, false, read)));
    const found: Item[] = [];
    let sent = 0;
    let hasSurplus = false;
    for (const call of calls) {
      const content = await call.answer;
      if (content === null) break;
      const items = this.#list.items(content);
      const skip = Math.max(0, page.offset - call.offset);
      found.push(...items.slice(skip, Math.min(items.length, call.limit, skip + page.first - found.length)));
      const sentByCall = this.#sentBy(call, content, items);
      sent = Math.max(sent, sentByCall);
      hasSurplus ||= sentByCall > call.limit;
      if (items.length < call.limit) break;
    }
    return { items: found, sent, hasSurplus };
  }

  /** Whether the list consists of several that the API pages each: of its windows only the first one shows how. */
  #isMerged({ contractNumber }: ListOwner): boolean {
    return contractNumber === null && this.paging.listsContracts === true;
  }

  /** How many items a response had, those outside its window included. */
  #sentBy({ isPart }: ListCall<Content, Item>, content: Content, items: readonly Item[]): number {
    return isPart ? items.length : Math.max(items.length, this.#list.sent?.(content) ?? 0);
  }
}

/** The items of a response; empty if they are unusable. */
function itemsOf<Content, Item>(list: PagedList<Content, Item>, content: Content): readonly Item[] {
  try {
    return list.items(content);
  } catch {
    return [];
  }
}

/** Marks a rejection as handled: every reader of the promise sees it, and there may be none. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
