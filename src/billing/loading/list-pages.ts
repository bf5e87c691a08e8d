import type { ListOwner } from '../model/paged-list';
import type { BillingOperation } from '../ports/billing-operation';
import type { PageReader } from './page-loader';

/** Most pages that are read at once, so that one operation does not take all connections. */
const MAX_WAVE = 16;

/**
 * The pages of a list, the largest that there are, read from the first one on in waves of one page, two, four and so on: a
 * short list costs one call, a long one few round trips. All who read the list in an operation share its pages.
 */
export class ListPages<Item> {
  readonly pageSize: number;
  readonly #loader: PageReader<Item>;
  readonly #operation: BillingOperation;
  readonly #owner: ListOwner;
  readonly #pages: Promise<readonly Item[] | null>[] = [];
  #waveSize = 1;

  constructor(loader: PageReader<Item>, operation: BillingOperation, owner: ListOwner) {
    this.pageSize = loader.paging.maxQuantity;
    this.#loader = loader;
    this.#operation = operation;
    this.#owner = owner;
  }

  /**
   * A page, by its number from 0; to be asked for when the pages before it were full, since the next wave may begin with it.
   * Null where the billing API does not know the contract or the customer, or answers so past the list's end. Rejects with
   * BillingError.
   */
  page(index: number): Promise<readonly Item[] | null> {
    while (this.#pages.length <= index) this.#readWave();
    return this.#pages[index] as Promise<readonly Item[] | null>;
  }

  /** Whether a page is the list's last. */
  isLast(page: readonly Item[] | null): boolean {
    return page === null || page.length < this.pageSize;
  }

  #readWave(): void {
    const { callBudget, calls } = this.#operation;
    // Half of what is left at most: whoever finds what it looks for leaves calls to others. Where no call is left, one page
    // more is tried, which a cache may have.
    const count = Math.min(this.#waveSize, Math.max(1, Math.ceil((callBudget - calls) / 2)));
    for (let i = 0; i < count; i++) {
      const page = this.#readPage(this.#pages.length);
      // Past the list's end nobody may ever look at it.
      page.catch(() => undefined);
      this.#pages.push(page);
    }
    this.#waveSize = Math.min(this.#waveSize * 2, MAX_WAVE);
  }

  async #readPage(index: number): Promise<readonly Item[] | null> {
    const load = await this.#loader.load(this.#owner, { offset: index * this.pageSize, first: this.pageSize, probe: false });
    return (await load.page())?.items ?? null;
  }
}
