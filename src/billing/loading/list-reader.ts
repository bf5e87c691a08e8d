import { BillingError } from '../model/billing-error';
import type { BillingOperation } from '../ports/billing-operation';
import { monotonicMs } from '../../runtime/clock';
import type { ListPages } from './list-pages';

/** What was read of a list: its pages from the first one on, without a gap. */
export interface ListRead<Item> {
  readonly pages: readonly (readonly Item[])[];
  /** False where the call budget or the deadline ended the reading before the list did. */
  readonly isComplete: boolean;
}

/** Reads a whole list. All who want it in an operation share what is read. */
export class ListReader<Item> {
  readonly #pages: ListPages<Item>;
  readonly #operation: BillingOperation;
  #read: Promise<ListRead<Item> | null> | null = null;

  constructor(pages: ListPages<Item>, operation: BillingOperation) {
    this.#pages = pages;
    this.#operation = operation;
  }

  /** The list; null where the billing API does not know the contract or the customer. Rejects with BillingError. */
  read(): Promise<ListRead<Item> | null> {
    return (this.#read ??= this.#readAll());
  }

  async #readAll(): Promise<ListRead<Item> | null> {
    const pages: (readonly Item[])[] = [];
    try {
      for (;;) {
        const page = await this.#pages.page(pages.length);
        // A window past the list's end may be answered as "not found": what came before it is the list.
        if (page === null && pages.length === 0) return null;
        if (page !== null) pages.push(page);
        if (this.#pages.isLast(page)) return { pages, isComplete: true };
      }
    } catch (error) {
      if (this.#isOver(error)) return { pages, isComplete: false };
      throw error;
    }
  }

  /** Whether a page failed because nothing more may be read, and not because the billing API failed. */
  #isOver(error: unknown): boolean {
    if (!(error instanceof BillingError)) return false;
    if (error.failure === 'budget-exceeded' || this.#operation.signal.aborted) return true;
    return error.failure === 'timeout' && monotonicMs() >= this.#operation.deadlineAtMs;
  }
}
