import type { TurnBudget } from '../../runtime/turns/turn-budget';
import type { Invoice } from '../model/bills';
import type { ListPages } from './list-pages';

/**
 * Finds invoices of one contract by number, reading the list as far as needed, in its order: of two invoices with the same
 * number the first is meant. All searches of an operation in one contract share the pages that were read.
 */
export class InvoiceScan {
  readonly #pages: ListPages<Invoice>;
  readonly #turns: TurnBudget;
  readonly #found = new Map<string, Invoice>();
  #index = 0;
  #atEnd = false;
  /** Whether a short page was read. The end of the list must be verified before an invoice is reported as not found. */
  #seemsLast = false;
  #reading: Promise<void> | null = null;

  /** @param turns invoices that are looked at in one turn of the event loop. */
  constructor(pages: ListPages<Invoice>, turns: TurnBudget) {
    this.#pages = pages;
    this.#turns = turns;
  }

  /** The invoice of that number, or null where the contract has none. Rejects with BillingError. */
  async find(number: string): Promise<Invoice | null> {
    for (;;) {
      const invoice = this.#found.get(number);
      if (invoice) return invoice;
      if (this.#atEnd) return null;
      // A failed page stays failed: the searches of this operation all end with the same error.
      await (this.#reading ??= this.#readPage());
    }
  }

  async #readPage(): Promise<void> {
    const page = await (this.#seemsLast ? this.#pages.wholePage(this.#index) : this.#pages.page(this.#index));
    const turn = this.#turns.take(page?.length ?? 0);
    if (turn) await turn;
    for (const invoice of page ?? []) {
      if (invoice.number !== null && !this.#found.has(invoice.number)) this.#found.set(invoice.number, invoice);
    }
    const isLast = this.#pages.isLast(page);
    if (isLast && !this.#seemsLast) this.#seemsLast = true;
    else {
      this.#seemsLast = false;
      this.#index++;
      this.#atEnd = isLast;
    }
    this.#reading = null;
  }
}
