import { BillingError, OperationLimitError } from '../model/billing-error';
import type { ListOwner } from '../model/paged-list';
import type { BillingOperation } from '../ports/billing-operation';
import { monotonicMs } from '../../runtime/clock';
import type { PageLoad } from './page-load';
import type { PageReader } from './page-loader';

/** Most pages that are read at once, so that one operation does not take all connections. */
const MAX_WAVE = 16;

/** A page under way, and the means to make sure of its end. */
interface PageRead<Item> {
  readonly items: Promise<readonly Item[] | null>;
  readonly load: Promise<Pick<PageLoad<unknown, Item>, 'completePage'>> | null;
}

/** Where the reading of a list begins, in pages of the largest size there is, and whether it goes to the list's end or to its start. */
export interface ReadingOrder {
  readonly firstPage: number;
  readonly step: 1 | -1;
}

/**
 * The pages of a list, the largest that there are, read one after the other in waves of one page, two, four and so on: a
 * short list costs one call, a long one few round trips. All who read the list in one order in an operation share its pages.
 */
export class ListPages<Item> {
  readonly pageSize: number;
  readonly order: ReadingOrder;
  readonly #loader: PageReader<Item>;
  readonly #operation: BillingOperation;
  readonly #owner: ListOwner;
  readonly #pages: PageRead<Item>[] = [];
  #waveSize = 1;
  /** Whether a page came full: a shorter one was not cut, and is the last. */
  #hasFull = false;

  constructor(loader: PageReader<Item>, operation: BillingOperation, owner: ListOwner, order: ReadingOrder) {
    this.pageSize = loader.paging.maxQuantity;
    this.order = order;
    this.#loader = loader;
    this.#operation = operation;
    this.#owner = owner;
  }

  /**
   * A page, by how many are read before it; to be asked for when those were full, since the next wave may begin with it.
   * Null where the billing API does not know the contract or the customer, or answers so past the list's end, and before the
   * list's start. Rejects with BillingError, also where the API heeds no place, so that the page is the one before it again.
   */
  async page(index: number): Promise<readonly Item[] | null> {
    const items = await this.#pageAt(index).items;
    if (items && items.length >= this.pageSize) this.#hasFull = true;
    const [first] = items ?? [];
    if (index > 0 && first !== undefined) {
      const [before] = (await this.#pageAt(0).items) ?? [];
      if (before !== undefined) await this.#loader.assertApart(this.#owner, before, first);
    }
    return items;
  }

  /**
   * The same for those who say that the list ends with a page, or that there is nothing in it: a page that is short is read on
   * until the list's end was seen. Rejects with BillingError, also where that cannot be found out.
   */
  async wholePage(index: number): Promise<readonly Item[] | null> {
    const items = await this.page(index);
    const { load } = this.#pageAt(index);
    if (!items || items.length === 0 || items.length >= this.pageSize || this.#hasFull || !load) return items;
    return (await (await load).completePage())?.items ?? null;
  }

  /** Whether a page is the list's last. */
  isLast(page: readonly Item[] | null): boolean {
    return page === null || page.length < this.pageSize;
  }

  /** The position in the list of the first item of a page. */
  offsetOf(index: number): number {
    return (this.order.firstPage + index * this.order.step) * this.pageSize;
  }

  /** Whether a page failed because nothing more may be read, and not because the billing API failed. */
  isOver(error: unknown): error is BillingError {
    if (!(error instanceof BillingError)) return false;
    if (error.failure === 'budget-exceeded' || error instanceof OperationLimitError || this.#operation.signal.aborted) return true;
    return error.failure === 'timeout' && monotonicMs() >= this.#operation.deadlineAtMs;
  }

  #readWave(): void {
    const { callBudget, calls } = this.#operation;
    // Half of what is left at most: whoever finds what it looks for leaves calls to others. Where no call is left, one page
    // more is tried, which a cache may have.
    const count = Math.min(this.#waveSize, Math.max(1, Math.ceil((callBudget - calls) / 2)));
    for (let i = 0; i < count; i++) {
      this.#pages.push(this.#readPage(this.offsetOf(this.#pages.length)));
    }
    this.#waveSize = Math.min(this.#waveSize * 2, MAX_WAVE);
  }

  #pageAt(index: number): PageRead<Item> {
    while (this.#pages.length <= index) this.#readWave();
    return this.#pages[index] as PageRead<Item>;
  }

  #readPage(offset: number): PageRead<Item> {
    if (offset < 0) return { items: Promise.resolve(null), load: null };
    const load = this.#loader.load(this.#owner, { offset, first: this.pageSize, probe: false });
    const items = load.then(async (each) => (await each.sentPage())?.items ?? null);
    // Past the list's end nobody may ever look at it.
    items.catch(() => undefined);
    return { items, load };
  }
}
