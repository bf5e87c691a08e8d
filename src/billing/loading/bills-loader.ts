import DataLoader from 'dataloader';
import type { BillingOperation } from '../ports/billing-operation';
import { contractKey, type BillingSource, type BillsRequest } from '../ports/billing-source';
import { BillingError } from '../model/billing-error';
import type { Bills, Invoice } from '../model/bills';
import type { Customer } from '../model/customer';
import type { PageRequest, Window } from '../model/window';
import { findRun, planPages, type Paging } from './window-plan';

/** The invoices of one page, cut from what the calls brought, in the list's order. */
export interface LoadedPage {
  readonly invoices: readonly Invoice[];
  /** Whether the list goes on after the page; null where the page was not asked to find out. */
  readonly hasMore: boolean | null;
}

/** A page under way. Its promises settle on their own: no page waits for another contract's call. */
export class PageLoad {
  readonly #calls: readonly Call[];
  /** Calls are in order; the page starts in the first one that reaches past its offset. */
  readonly #first: number;
  readonly #page: PageRequest;

  constructor(calls: readonly Call[], page: PageRequest) {
    this.#calls = calls;
    this.#page = page;
    this.#first = calls.findIndex((call) => page.offset < call.offset + call.limit);
  }

  /** What the first call says of the contract itself; null where the billing API does not know it. */
  head(): Promise<Bills | null> {
    return (this.#calls[this.#first] as Call).answer;
  }

  /** The page; null where the billing API does not know the contract. Rejects with BillingError. */
  page(): Promise<LoadedPage | null> {
    const call = this.#calls[this.#first] as Call;
    if (!isWhole(call, this.#page)) return readPage(this.#calls, this.#first, this.#page);
    return call.answer.then((bills) => bills && cutPage(bills, call, this.#page));
  }

  /** The page where the one call for it has been answered, as it has for whoever waited for `head`; otherwise undefined. */
  knownPage(): LoadedPage | undefined {
    const call = this.#calls[this.#first] as Call;
    return call.bills && isWhole(call, this.#page) ? cutPage(call.bills, call, this.#page) : undefined;
  }
}

interface PageKey extends PageRequest {
  readonly customer: Customer;
  readonly contractNumber: string | null;
  readonly contract: string;
}

/** A call under way, and what it brought. */
class Call implements Window {
  readonly offset: number;
  readonly limit: number;
  /** Undefined until it has been answered. */
  bills: Bills | null | undefined = undefined;
  readonly answer: Promise<Bills | null>;

  constructor({ offset, limit }: Window, read: (call: Call) => Promise<Bills | null>) {
    this.offset = offset;
    this.limit = limit;
    this.answer = read(this);
  }
}

interface Run {
  readonly start: number;
  readonly end: number;
  readonly calls: readonly Call[];
}

/**
 * Loads pages of invoices for one operation. All pages asked for in a tick are planned together: equal ones become
 * one, pages of a contract that overlap or touch become one call (see window-plan), and what an earlier tick
 * brought is not asked for again.
 */
export class BillsLoader {
  readonly paging: Paging;
  readonly #source: BillingSource;
  readonly #operation: BillingOperation;
  readonly #runs = new Map<string, Run[]>();
  readonly #loader: DataLoader<PageKey, PageLoad, string>;
  #asked = 0;
  /** Pages for which a call was made. */
  #called = 0;
  #callCount = 0;

  constructor(source: BillingSource, operation: BillingOperation, paging: Paging) {
    this.#source = source;
    this.#operation = operation;
    this.paging = paging;
    this.#loader = new DataLoader<PageKey, PageLoad, string>((keys) => Promise.resolve(this.#plan(keys)), {
      cacheKeyFn: (key) => `${key.contract}/${key.offset}/${key.first}/${key.probe ? 1 : 0}`,
      name: 'bills',
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
  load(customer: Customer, contractNumber: string | null, page: PageRequest): Promise<PageLoad> {
    this.#asked++;
    return this.#loader.load({
      customer,
      contractNumber,
      contract: contractKey(customer, contractNumber),
      offset: page.offset,
      first: page.first,
      probe: page.probe,
    });
  }

  /** DataLoader's batch function. It answers at once with loads whose promises settle on their own. */
  #plan(keys: readonly PageKey[]): PageLoad[] {
    const step = this.#operation.trace?.startPlanning();
    const callsBefore = this.#callCount;
    if (keys.length === 1) {
      const key = keys[0] as PageKey;
      if (!this.#find(key)) this.#addRuns(key, [key]);
    } else {
      const missing = new Map<string, PageKey[]>();
      for (const key of keys) {
        if (this.#find(key)) continue;
        const group = missing.get(key.contract);
        if (group) group.push(key);
        else missing.set(key.contract, [key]);
      }
      for (const group of missing.values()) this.#addRuns(group[0] as PageKey, group);
    }
    step?.end(keys.length, this.#callCount - callsBefore);
    return keys.map((key) => new PageLoad((this.#find(key) as Run).calls, key));
  }

  /** The run that holds the whole page, if one was planned. */
  #find(key: PageKey): Run | undefined {
    const runs = this.#runs.get(key.contract);
    return runs && findRun(runs, key);
  }

  #addRuns(key: PageKey, pages: readonly PageKey[]): void {
    const read = (call: Call): Promise<Bills | null> =>
      this.#read({ customer: key.customer, contractNumber: key.contractNumber, window: { offset: call.offset, limit: call.limit } }, call);
    const runs = planPages(pages, this.paging).map(({ start, end, calls }): Run => ({
      start,
      end,
      calls: calls.map((call) => new Call(call, read)),
    }));
    for (const run of runs) {
      const pagesOfRun = runs.length === 1 ? pages.length : pages.filter((page) => findRun(runs, page) === run).length;
      this.#called += Math.min(pagesOfRun, run.calls.length);
      this.#callCount += run.calls.length;
    }
    const earlier = this.#runs.get(key.contract);
    this.#runs.set(key.contract, earlier ? earlier.concat(runs) : runs);
  }

  #read(request: BillsRequest, call: Call): Promise<Bills | null> {
    const operation = this.#operation;
    if (operation.deadToken) return handled(Promise.reject(operation.deadToken));
    return handled(
      this.#source.read(request, operation).then(
        (answer) => {
          operation.noteAnswer(answer, request);
          call.bills = answer.bills;
          return answer.bills;
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
function isWhole(call: Call, page: PageRequest): boolean {
  return page.offset + wantedOf(page) <= call.offset + call.limit;
}

/** Invoices that a page needs: one more than it shows where it is to know whether the list goes on. */
function wantedOf(page: PageRequest): number {
  return page.probe ? page.first + 1 : page.first;
}

/** A page out of the one call that holds it. The call's own list is not copied where it is the page. */
function cutPage({ invoices }: Bills, call: Call, page: PageRequest): LoadedPage {
  const from = page.offset - call.offset;
  // An API may send more than it was asked for.
  return toPage(takeSlice(invoices, from, Math.min(invoices.length, call.limit, from + wantedOf(page))), page);
}

function takeSlice(invoices: readonly Invoice[], from: number, to: number): readonly Invoice[] {
  return from === 0 && to === invoices.length ? invoices : invoices.slice(from, to);
}

function toPage(invoices: readonly Invoice[], page: PageRequest): LoadedPage {
  if (!page.probe) return { invoices, hasMore: null };
  return invoices.length > page.first ? { invoices: invoices.slice(0, page.first), hasMore: true } : { invoices, hasMore: false };
}

async function readPage(calls: readonly Call[], first: number, page: PageRequest): Promise<LoadedPage | null> {
  const wanted = wantedOf(page);
  const found: (readonly Invoice[])[] = [];
  let count = 0;
  for (let i = first; i < calls.length; i++) {
    const call = calls[i] as Call;
    if (call.offset >= page.offset + wanted) break;
    const bills = await call.answer;
    if (bills === null) {
      // A window past the list's end may be answered as "not found": what came before it is the list.
      if (i === first) return null;
      break;
    }
    const from = Math.max(0, page.offset - call.offset);
    const invoices = bills.invoices;
    // An API may send more than it was asked for. What is past the call's window is the next call's.
    const to = Math.min(invoices.length, call.limit, from + wanted - count);
    const part = takeSlice(invoices, from, to);
    found.push(part);
    count += part.length;
    if (invoices.length < call.limit) break;
  }
  return toPage(found.length === 1 ? (found[0] as readonly Invoice[]) : found.flat(), page);
}
