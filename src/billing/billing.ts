import type { BillingOperation } from './ports/billing-operation';
import type { BillingSource } from './ports/billing-source';
import { contractKey } from './ports/billing-source';
import type { Bills, Invoice } from './model/bills';
import { BillsLoader, type LoadedPage, type PageLoad } from './loading/bills-loader';
import { Contract, type InvoicePage, type PageLoadOf } from './loading/contract';
import type { Customer } from './model/customer';
import { InvoiceScan } from './loading/invoice-scan';
import { toPageOfTail, type PageRequest, type TailRequest } from './model/window';
import type { Paging } from './loading/window-plan';
import { ListPages, type InvoiceList } from './loading/list-pages';
import { ListReader } from './loading/list-reader';
import { summarize, type InvoiceFilter, type InvoiceSummary } from './loading/invoice-summary';
import { TotalSearch, UNKNOWN, type TotalBounds } from './loading/total-search';

/** The smallest question there is: does the contract exist, and what are its own data? */
const HEAD: PageRequest = { offset: 0, first: 0, probe: false };
/** What shows whether there is such a customer. */
const FIRST_INVOICE: PageRequest = { offset: 0, first: 1, probe: false };

/**
 * The domain as one operation sees it: contracts and invoices of customers, read on behalf of the operation's caller.
 * Everything that was read once is not read again.
 */
export class Billing {
  readonly operation: BillingOperation;
  readonly #loader: BillsLoader;
  #lists: Map<string, ListPages> | null = null;
  #scans: Map<string, InvoiceScan> | null = null;
  #readers: Map<string, ListReader> | null = null;
  #searches: Map<string, TotalSearch> | null = null;

  constructor(source: BillingSource, operation: BillingOperation, paging: Paging) {
    this.operation = operation;
    this.#loader = new BillsLoader(source, operation, paging);
  }

  /** Invoices that one call may ask for: the page size of a search by number. */
  get scanPageSize(): number {
    return this.#loader.paging.maxQuantity;
  }

  /** How many questions of the operation were answered by another question's call. */
  get merged(): number {
    return this.#loader.merged;
  }

  /** To be called before the operation is executed once more over what was loaded: no question is counted twice. */
  restart(): void {
    this.#loader.restart();
  }

  /** Accounts for pages that were asked for again, by an alias of a field that is executed once. */
  noteRepeated(pages: number): void {
    this.#loader.noteRepeated(pages);
  }

  /**
   * The contract, with the pages of invoices that will be wanted of it, asked for together: usually one call.
   * Null where the billing API knows no such contract of the customer. Rejects with BillingError.
   */
  async contract(customer: Customer, number: string, pages: readonly PageRequest[]): Promise<Contract | null> {
    const wanted = pages.length === 0 ? [HEAD] : pages;
    if (wanted.length === 1) {
      const page = wanted[0] as PageRequest;
      const load = await this.#loader.load(customer, number, page);
      const head = await load.head();
      return head && new Contract(customer, number, head, [{ page, load }]);
    }
    const loads = await Promise.all(
      wanted.map(async (page): Promise<PageLoadOf> => ({ page, load: await this.#loader.load(customer, number, page) })),
    );
    const head = await firstHead(loads);
    return head && new Contract(customer, number, head, loads);
  }

  /** A page of a contract's invoices. Null where the contract is not known. Rejects with BillingError. */
  async contractInvoices(contract: Contract, page: PageRequest): Promise<InvoicePage | null> {
    const load = contract.loadOf(page);
    return load ? toInvoicePage(load, page) : this.#invoices(contract.customer, contract.number, page);
  }

  /** A page that came together with the contract; undefined where it has to be waited for: then `contractInvoices` does. */
  knownInvoices(contract: Contract, page: PageRequest): InvoicePage | undefined {
    const known = contract.loadOf(page)?.knownPage();
    return known && toPlaced(known, page);
  }

  /** A page of all the customer's invoices, whatever the contract. Null where the customer is not known. Rejects with BillingError. */
  customerInvoices(customer: Customer, page: PageRequest): Promise<InvoicePage | null> {
    return this.#invoices(customer, null, page);
  }

  /**
   * A page whose place is not known before the list's length is, or between whose cursors there is nothing. Null where the
   * contract or the customer is not known. Rejects with BillingError.
   */
  async unplacedInvoices(list: InvoiceList, page: PageRequest | TailRequest): Promise<InvoicePage | null> {
    const { customer, contractNumber } = list;
    if ('first' in page) {
      // What stands before a cursor is followed by the cursor's own invoice.
      const empty: InvoicePage = { invoices: [], hasMore: true, offset: page.offset, first: 0 };
      // Whether there is such a customer is not known yet; of a contract it is.
      return contractNumber !== null || (await this.#invoices(customer, null, FIRST_INVOICE)) ? empty : null;
    }
    const { offset, first, probe } = toPageOfTail(page, await this.totalCount(list));
    if (first > 0) {
      const found = await this.#invoices(customer, contractNumber, { offset, first, probe });
      return found && { ...found, hasMore: false };
    }
    const empty: InvoicePage = { invoices: [], hasMore: false, offset, first };
    return contractNumber !== null || (await this.#invoices(customer, null, FIRST_INVOICE)) ? empty : null;
  }

  async #invoices(customer: Customer, contractNumber: string | null, page: PageRequest): Promise<InvoicePage | null> {
    return toInvoicePage(await this.#loader.load(customer, contractNumber, page), page);
  }

  /** The invoice of that number, in the list's pages up to the one that has it; null where there is none. Rejects with BillingError. */
  invoice(customer: Customer, contractNumber: string, number: string): Promise<Invoice | null> {
    const key = contractKey(customer, contractNumber);
    const scans = (this.#scans ??= new Map<string, InvoiceScan>());
    let scan = scans.get(key);
    if (!scan) scans.set(key, (scan = new InvoiceScan(this.#pagesOf({ customer, contractNumber }, key))));
    return scan.find(number);
  }

  /**
   * The sum of the list's invoices that the filter means, read whole within the call budget and the deadline. Null
   * where the contract or the customer is not known. Rejects with BillingError.
   */
  async invoiceSummary(list: InvoiceList, filter: InvoiceFilter): Promise<InvoiceSummary | null> {
    const key = contractKey(list.customer, list.contractNumber);
    const readers = (this.#readers ??= new Map<string, ListReader>());
    let reader = readers.get(key);
    if (!reader) readers.set(key, (reader = new ListReader(this.#pagesOf(list, key), this.operation)));
    const read = await reader.read();
    return read && summarize(read, filter);
  }

  #pagesOf(list: InvoiceList, key: string): ListPages {
    const lists = (this.#lists ??= new Map<string, ListPages>());
    let pages = lists.get(key);
    if (!pages) lists.set(key, (pages = new ListPages(this.#loader, this.operation, list)));
    return pages;
  }

  /** How many invoices the list has, found with few small calls. @param bounds what is known of it. Rejects with BillingError. */
  totalCount(list: InvoiceList, bounds: TotalBounds = UNKNOWN): Promise<number> {
    const key = contractKey(list.customer, list.contractNumber);
    const searches = (this.#searches ??= new Map<string, TotalSearch>());
    let search = searches.get(key);
    if (!search) searches.set(key, (search = new TotalSearch(this.#loader, list)));
    return search.total(bounds);
  }
}

/**
 * The contract's own data. Where pages stand far apart they are several calls, and the first one says it alone; the
 * others are listened to only where it failed: a page that could not be had costs its own field, not the contract.
 */
async function firstHead(loads: readonly PageLoadOf[]): Promise<Bills | null> {
  let failure: unknown;
  for (const { load } of loads) {
    try {
      return await load.head();
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

async function toInvoicePage(load: PageLoad, page: PageRequest): Promise<InvoicePage | null> {
  const loaded = await load.page();
  return loaded && toPlaced(loaded, page);
}

function toPlaced({ invoices, hasMore }: LoadedPage, { offset, first }: PageRequest): InvoicePage {
  return { invoices, hasMore, offset, first };
}
