import { BillingError } from '../model/billing-error';
import type { ListPages } from './list-pages';

/** The part of a list that was read: its pages from the first one on, without a gap. */
export interface ListRead<Item> {
  readonly pages: readonly (readonly Item[])[];
  /**
   * Why the end of the list was not reached: the call budget, the token's calls, the deadline, or a failure after the
   * last page. Null: these are all pages.
   */
  readonly end: BillingError | null;
}

/** Reads a whole list. All its readers within an operation share the pages. */
export class ListReader<Item> {
  readonly #pages: ListPages<Item>;
  #read: Promise<ListRead<Item> | null> | null = null;

  constructor(pages: ListPages<Item>) {
    this.#pages = pages;
  }

  /** The list; null if the billing API does not know the contract or the customer. Rejects with BillingError. */
  read(): Promise<ListRead<Item> | null> {
    return (this.#read ??= this.#readAll());
  }

  async #readAll(): Promise<ListRead<Item> | null> {
    const pages: (readonly Item[])[] = [];
    try {
      for (;;) {
        const index = pages.length;
        let page = await this.#pages.page(index);
        // A window past the end of the list may return "not found": the items before it are the whole list.
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

  /** The last page, read on until the end of the list is verified. If that fails, returns the reason; the pages read are still valid. */
  async #readEnd(index: number): Promise<readonly Item[] | null | BillingError> {
    try {
      return await this.#pages.wholePage(index);
    } catch (error) {
      if (error instanceof BillingError && error.failure !== 'unauthenticated') return error;
      throw error;
    }
  }
}
