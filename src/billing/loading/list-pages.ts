import { BillingError, OperationLimitError } from '../model/billing-error';
import type { ListOwner } from '../model/paged-list';
import type { BillingOperation } from '../ports/billing-operation';
import { monotonicMs } from '../../runtime/clock';
import type { PageReader } from './page-loader';

/** Most pages that are read at once, so that one operation does not take all connections. */
const MAX_WAVE = 16;

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
  readonly #pages: Promise<readonly Item[] | null>[] = [];
  #waveSize = 1;

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
   * list's start. Rejects with BillingError.
   */
  page(index: number): Promise<readonly Item[] | null> {
    while (this.#pages.length <= index) this.#readWave();
    return this.#pages[index] as Promise<readonly Item[] | null>;
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
      const page = this.#readPage(this.offsetOf(this.#pages.length));
      // Past the list's end nobody may ever look at it.
      page.catch(() => undefined);
      this.#pages.push(page);
    }
    this.#waveSize = Math.min(this.#waveSize * 2, MAX_WAVE);
  }

  async #readPage(offset: number): Promise<readonly Item[] | null> {
    if (offset < 0) return null;
    const load = await this.#loader.load(this.#owner, { offset, first: this.pageSize, probe: false });
    return (await load.page())?.items ?? null;
  }
}
