import type { BillsLoader } from './bills-loader';
import type { Invoice } from '../model/bills';
import type { Customer } from '../model/customer';

/**
 * Finds invoices of one contract by number, reading the list page by page as far as needed. All searches of an
 * operation in one contract share the pages that were read.
 */
export class InvoiceScan {
  readonly #loader: BillsLoader;
  readonly #customer: Customer;
  readonly #contractNumber: string;
  readonly #found = new Map<string, Invoice>();
  #offset = 0;
  #atEnd = false;
  #reading: Promise<void> | null = null;

  constructor(loader: BillsLoader, customer: Customer, contractNumber: string) {
    this.#loader = loader;
    this.#customer = customer;
    this.#contractNumber = contractNumber;
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
    const first = this.#loader.paging.maxQuantity;
    const load = await this.#loader.load(this.#customer, this.#contractNumber, { offset: this.#offset, first, probe: false });
    const page = await load.page();
    for (const invoice of page?.invoices ?? []) {
      if (invoice.number !== null && !this.#found.has(invoice.number)) this.#found.set(invoice.number, invoice);
    }
    this.#offset += first;
    this.#atEnd = (page?.invoices.length ?? 0) < first;
    this.#reading = null;
  }
}
