import { BillingError, OperationLimitError } from '../model/billing-error';
import type { ListOwner } from '../model/paged-list';
import type { BillingOperation } from '../ports/billing-operation';
import { monotonicMs } from '../../runtime/clock';
import type { PageLoad } from './page-load';
import type { PageReader } from './page-loader';

/** Maximum number of pages read concurrently, so that one operation does not take all connections. */
const MAX_WAVE = 16;
/** Most invoices by which a list may have grown between two pages to be noticed: whole pages would take long to compare. */
const MAX_MOVED = 50;

/** A page being loaded, and a way to verify that the list ends with it. */
interface PageRead<Item> {
  readonly items: Promise<readonly Item[] | null>;
  readonly load: Promise<Pick<PageLoad<unknown, Item>, 'completePage'>> | null;
}

/** Where to start reading, in pages of the maximum size, and in which direction. */
export interface ReadingOrder {
  readonly firstPage: number;
  readonly step: 1 | -1;
}

/**
 * The pages of a list, of the maximum size, read in waves of 1, 2, 4, … pages: a short list costs one call, a long one few round
 * trips. All readers of the list in the same order share its pages within an operation.
 */
export class ListPages<Item> {
  readonly pageSize: number;
  readonly order: ReadingOrder;
  readonly #loader: PageReader<Item>;
  readonly #operation: BillingOperation;
  readonly #owner: ListOwner;
  readonly #pages: PageRead<Item>[] = [];
  #waveSize = 1;
  /** Whether a full page was received: a shorter one is then not truncated, but the last. */
  #hasFull = false;

  constructor(loader: PageReader<Item>, operation: BillingOperation, owner: ListOwner, order: ReadingOrder) {
    this.pageSize = loader.paging.maxQuantity;
    this.order = order;
    this.#loader = loader;
    this.#operation = operation;
    this.#owner = owner;
  }

  /**
   * A page, by its index in reading order. Request it only after the pages before it were full, since it may start the next wave.
   * Null if the billing API does not know the contract or the customer, or returns "not found" past the end of the list, and
   * before the start of the list. Rejects with BillingError, also if the API ignores offsets and returns the same page again.
   */
  async page(index: number): Promise<readonly Item[] | null> {
    const items = await this.#pageAt(index).items;
    if (items && items.length >= this.pageSize) this.#hasFull = true;
    const [first] = items ?? [];
    if (index > 0 && items && first !== undefined) {
      const [before] = (await this.#pageAt(0).items) ?? [];
      if (before !== undefined) await this.#loader.assertApart(this.#owner, before, { position: this.offsetOf(index), item: first });
      await this.#assertUnmoved(index, items);
    }
    return items;
  }

  /** Compares the item next to the page read before with the items at that page's edge. */
  async #assertUnmoved(index: number, items: readonly Item[]): Promise<void> {
    const before = (await this.#pageAt(index - 1).items) ?? [];
    const offset = this.offsetOf(index - 1);
    const isForward = this.order.step === 1;
    const from = isForward ? Math.max(0, before.length - MAX_MOVED) : 0;
    const edge = before.slice(from, from + MAX_MOVED);
    const last = isForward ? 0 : items.length - 1;
    const beside = { position: this.offsetOf(index) + last, item: items[last] as Item };
    await this.#loader.assertUnmoved(this.#owner, { offset: offset + from, items: edge }, beside);
  }

  /**
   * Like `page`, for callers that report the page as the end of the list, or a search as without result: a short page is read
   * on until the end of the list is verified. Rejects with BillingError, also if the end cannot be verified.
   */
  async wholePage(index: number): Promise<readonly Item[] | null> {
    const items = await this.page(index);
    const { load } = this.#pageAt(index);
    if (this.#hasFull || !load) return items;
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

  /** Whether a page failed because a limit was reached, not because the billing API failed. */
  isOver(error: unknown): error is BillingError {
    if (!(error instanceof BillingError)) return false;
    if (error.failure === 'budget-exceeded' || error instanceof OperationLimitError || this.#operation.signal.aborted) return true;
    return error.failure === 'timeout' && monotonicMs() >= this.#operation.deadlineAtMs;
  }

  #readWave(): void {
    const { callBudget, calls } = this.#operation;
    // At most half of the remaining calls, so that a successful search leaves calls to other fields. If none are left, one more
    // page is tried, since it may be cached.
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
    // A page past the end of the list may never be awaited.
    items.catch(() => undefined);
    return { items, load };
  }
}
