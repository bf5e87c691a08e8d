import { BillingError } from '../model/billing-error';
import type { Invoice } from '../model/bills';
import type { Customer } from '../model/customer';
import type { BillingOperation } from '../ports/billing-operation';
import { monotonicMs } from '../../runtime/clock';
import type { BillsLoader } from './bills-loader';

/** Most pages that are read at once, so that one operation does not take all connections. */
const MAX_WAVE = 16;

/** What was read of a list of invoices: its pages from the first one on, without a gap. */
export interface ListRead {
  readonly pages: readonly (readonly Invoice[])[];
  /** False where the call budget or the deadline ended the reading before the list did. */
  readonly isComplete: boolean;
}

/** A list of invoices: a contract's, or with null in its place all of a customer's. */
export interface InvoiceList {
  readonly customer: Customer;
  readonly contractNumber: string | null;
}

/**
 * Reads a whole list in the largest pages there are, in waves of one page, two, four and so on: a short list costs one
 * call, a long one few round trips. All who want the list in an operation share what is read.
 */
export class ListReader {
  readonly #loader: BillsLoader;
  readonly #operation: BillingOperation;
  readonly #list: InvoiceList;
  #read: Promise<ListRead | null> | null = null;

  constructor(loader: BillsLoader, operation: BillingOperation, list: InvoiceList) {
    this.#loader = loader;
    this.#operation = operation;
    this.#list = list;
  }

  /** The list; null where the billing API does not know the contract or the customer. Rejects with BillingError. */
  read(): Promise<ListRead | null> {
    return (this.#read ??= this.#readAll());
  }

  async #readAll(): Promise<ListRead | null> {
    const { callBudget } = this.#operation;
    const pageSize = this.#loader.paging.maxQuantity;
    const pages: (readonly Invoice[])[] = [];
    for (let size = 1; ; size = Math.min(size * 2, MAX_WAVE)) {
      // One more is tried where no call is left: a cache may have it.
      const count = Math.min(size, Math.max(1, callBudget - this.#operation.calls));
      const wave = await Promise.allSettled(Array.from({ length: count }, (_, index) => this.#readPage(pages.length + index, pageSize)));
      for (const page of wave) {
        if (page.status === 'rejected') {
          if (this.#isOver(page.reason)) return { pages, isComplete: false };
          throw page.reason;
        }
        // A window past the list's end may be answered as "not found": what came before it is the list.
        if (page.value === null) return pages.length === 0 ? null : { pages, isComplete: true };
        pages.push(page.value);
        if (page.value.length < pageSize) return { pages, isComplete: true };
      }
    }
  }

  async #readPage(index: number, pageSize: number): Promise<readonly Invoice[] | null> {
    const { customer, contractNumber } = this.#list;
    const load = await this.#loader.load(customer, contractNumber, { offset: index * pageSize, first: pageSize, probe: false });
    return (await load.page())?.invoices ?? null;
  }

  /** Whether a page failed because nothing more may be read, and not because the billing API failed. */
  #isOver(error: unknown): boolean {
    if (!(error instanceof BillingError)) return false;
    if (error.failure === 'budget-exceeded' || this.#operation.signal.aborted) return true;
    return error.failure === 'timeout' && monotonicMs() >= this.#operation.deadlineAtMs;
  }
}
