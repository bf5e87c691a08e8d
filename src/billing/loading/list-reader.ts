import type { BillingError } from '../model/billing-error';
import type { ListPages } from './list-pages';

/** What was read of a list: its pages from the first one on, without a gap. */
export interface ListRead<Item> {
  readonly pages: readonly (readonly Item[])[];
  /** Why the reading ended before the list did: the call budget, the token's calls or the deadline. Null: these are all pages. */
  readonly end: BillingError | null;
}

/** Reads a whole list. All who want it in an operation share what is read. */
export class ListReader<Item> {
  readonly #pages: ListPages<Item>;
  #read: Promise<ListRead<Item> | null> | null = null;

  constructor(pages: ListPages<Item>) {
    this.#pages = pages;
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
        if (this.#pages.isLast(page)) return { pages, end: null };
      }
    } catch (error) {
      if (this.#pages.isOver(error)) return { pages, end: error };
      throw error;
    }
  }
}
