import { BillingError } from '../model/billing-error';
import type { ListPages } from './list-pages';

/** What was read of a list: its pages from the first one on, without a gap. */
export interface ListRead<Item> {
  readonly pages: readonly (readonly Item[])[];
  /**
   * Why the end of the list was not seen: the call budget, the token's calls, the deadline, or a failure behind
   * the last page. Null: these are all pages.
   */
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
        const index = pages.length;
        let page = await this.#pages.page(index);
        // A window past the list's end may be answered as "not found": what came before it is the list.
        if (page === null) return index === 0 ? null : { pages, end: null };
        if (this.#pages.isLast(page)) {
          const whole = await this.#readEnd(index);
          if (whole instanceof BillingError) return { pages: [...pages, page], end: whole };
          page = whole ?? page;
        }
        pages.push(page);
        if (this.#pages.isLast(page)) return { pages, end: null };
      }
    } catch (error) {
      if (this.#pages.isOver(error)) return { pages, end: error };
      throw error;
    }
  }

  /** The last page, read on until the list's end was seen; why it was not seen, where that failed: what was read is still right. */
  async #readEnd(index: number): Promise<readonly Item[] | null | BillingError> {
    try {
      return await this.#pages.wholePage(index);
    } catch (error) {
      if (error instanceof BillingError && error.failure !== 'unauthenticated') return error;
      throw error;
    }
  }
}
