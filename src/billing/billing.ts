import type { BillingOperation } from './ports/billing-operation';
import type { BillingSource } from './ports/billing-source';
import { BILLS, type Bills, type Invoice } from './model/bills';
import { Contract, type PageLoadOf } from './loading/contract';
import type { Customer } from './model/customer';
import type { ListOwner } from './model/paged-list';
import type { BillingError } from './model/billing-error';
import { listContracts, notListed } from './loading/contract-list';
import { InvoiceScan } from './loading/invoice-scan';
import { filterKey, toActiveFilter, toPredicate, type ActiveFilter, type InvoiceFilter } from './model/invoice-filter';
import { toScanPage, type FilteredPage, type FilteredRequest, type PageRequest, type TailRequest } from './model/window';
import type { Paging } from './paging/window-plan';
import { PagedLists } from './loading/paged-lists';
import { isFull, toPlaced, type PlacedPage } from './loading/page-load';
import { isPushed } from './loading/pushed-page';
import { summarize, type InvoiceSummary } from './loading/invoice-summary';
import type { TotalBounds } from './loading/total-search';

/** The smallest request there is: does the contract exist, and what are its own data? */
const EMPTY_PAGE: PageRequest = { offset: 0, first: 0, probe: false };

/**
 * The domain as one operation sees it: contracts and invoices of customers, read on behalf of the operation's caller.
 * Everything that was read once is not read again.
 */
export class Billing {
  readonly operation: BillingOperation;
  readonly #invoices: PagedLists<Bills, Invoice>;
  #scans: Map<string, InvoiceScan> | null = null;
  #summaries: Map<string, Promise<InvoiceSummary | null>> | null = null;

  constructor(source: BillingSource, operation: BillingOperation, paging: Paging) {
    this.operation = operation;
    this.#invoices = new PagedLists(BILLS, source, operation, paging);
  }

  /** Invoices that one call may ask for: the page size of a search by number. */
  get scanPageSize(): number {
    return this.#invoices.loader.paging.maxQuantity;
  }

  /** How many requests of the operation were covered by another request's call. */
  get merged(): number {
    return this.#invoices.loader.merged;
  }

  /** To be called before the operation is executed once more over what was loaded: no request is counted twice. */
  restart(): void {
    this.#invoices.loader.restart();
  }

  /** Accounts for pages that were asked for again, by an alias of a field that is executed once. */
  noteRepeated(pages: number): void {
    this.#invoices.loader.noteRepeated(pages);
  }

  /**
   * The contract, with the pages of invoices that will be wanted of it, asked for together: usually one call, and another
   * for each page that the billing API filters, which says nothing about the contract itself.
   * Null where the billing API knows no such contract of the customer. Rejects with BillingError.
   */
  contract(
    customer: Customer,
    number: string,
    pages: readonly PageRequest[],
    filtered: readonly FilteredPage[] = [],
  ): Promise<Contract | null> {
    const owner: ListOwner = { customer, contractNumber: number };
    if (filtered.length > 0 || pages.length > 1)
      return this.#contractOfPages(owner, number, pages.length > 0 ? pages : [EMPTY_PAGE], filtered);
    return this.#contractOfPage(owner, number, pages[0] ?? EMPTY_PAGE);
  }

  /** The common case, kept separate because an async function's saved state grows with all of its branches. */
  async #contractOfPage(owner: ListOwner, number: string, page: PageRequest): Promise<Contract | null> {
    const load = await this.#invoices.loader.load(owner, page);
    const head = await load.head();
    return head && new Contract(owner.customer, number, head, [{ page, load }]);
  }

  async #contractOfPages(
    owner: ListOwner,
    number: string,
    pages: readonly PageRequest[],
    filtered: readonly FilteredPage[],
  ): Promise<Contract | null> {
    const { loader } = this.#invoices;
    const [loads, others] = await Promise.all([
      Promise.all(pages.map(async (page): Promise<PageLoadOf> => ({ page, load: await loader.load(owner, page) }))),
      Promise.all(
        filtered.map(async ({ filter, page }): Promise<PageLoadOf> => ({
          page,
          filter,
          load: await loader.load({ ...owner, filter }, page),
        })),
      ),
    ]);
    const head = await firstHead(loads);
    return head && new Contract(owner.customer, number, head, [...loads, ...others]);
  }

  /**
   * Asks for pages of invoices before the operation does, which finds their answers. Resolves when the first one has come; rejects with
   * BillingError.
   */
  async askAhead(owner: ListOwner, pages: readonly PageRequest[]): Promise<void> {
    const { loader } = this.#invoices;
    const loads = await Promise.all(pages.map((page) => loader.load(owner, page)));
    // They are counted when the operation asks for them.
    loader.restart();
    await loads[0]?.head();
  }

  /** A page of a contract's invoices. Null where the contract is not known. Rejects with BillingError. */
  async contractInvoices(contract: Contract, page: PageRequest): Promise<PlacedPage<Invoice> | null> {
    const owner: ListOwner = { customer: contract.customer, contractNumber: contract.number };
    const load = contract.loadOf(page);
    return load ? this.#invoices.placedPage(owner, page, await load.page()) : this.#invoices.page(owner, page);
  }

  /** A page that came together with the contract; undefined where it has to be waited for: then `contractInvoices` does. */
  knownInvoices(contract: Contract, page: PageRequest): PlacedPage<Invoice> | undefined {
    const known = contract.loadOf(page)?.knownPage();
    return known && isFull(known, page) ? toPlaced(known, page) : undefined;
  }

  /** A page of all the customer's invoices, whatever the contract. Null where the customer is not known. Rejects with BillingError. */
  async customerInvoices(customer: Customer, page: PageRequest): Promise<PlacedPage<Invoice> | null> {
    const owner: ListOwner = { customer, contractNumber: null };
    await this.#planWhole(owner);
    return this.#invoices.page(owner, page);
  }

  /** Reads first the window that has the invoices of all a customer's contracts, where the API pages within each of them. */
  async #planWhole({ customer, contractNumber }: ListOwner): Promise<void> {
    const { listsContracts, maxQuantity } = this.#invoices.loader.paging;
    if (listsContracts && contractNumber === null)
      await this.#invoices.loader.load({ customer, contractNumber }, toScanPage(0, maxQuantity));
  }

  /**
   * The contracts that the billing API lists of a customer, with the pages of invoices that will be wanted of each: one call
   * for all. An Error stands for one without a number. Rejects with BillingError, also where the API lists none.
   */
  async listContracts(
    customer: Customer,
    pages: readonly PageRequest[],
    filtered: readonly FilteredPage[] = [],
  ): Promise<readonly (Contract | BillingError | null)[]> {
    if (!this.#invoices.loader.paging.listsContracts) throw notListed();
    return listContracts(this.#invoices.loader, customer, pages.length === 0 ? [EMPTY_PAGE] : pages, (number) =>
      this.contract(customer, number, pages, filtered),
    );
  }

  /**
   * A page whose place is not known before the list's length is, or between whose cursors there is nothing. Null where the
   * contract or the customer is not known. Rejects with BillingError.
   */
  async unplacedInvoices(owner: ListOwner, page: PageRequest | TailRequest): Promise<PlacedPage<Invoice> | null> {
    await this.#planWhole(owner);
    // Whether there is such a customer is not known yet; of a contract it is.
    return this.#invoices.unplacedPage(owner, page, owner.contractNumber !== null);
  }

  /**
   * A page of the invoices that a filter means. Null where the contract or the customer is not known. Rejects with
   * BillingError, also where the call budget or the deadline ends the reading before the page is found.
   * @param asksPrevious for a page counted from its end: whether to find out if another match precedes it.
   * @param contract with what was asked for together with it.
   */
  filteredInvoices(
    owner: ListOwner,
    request: FilteredRequest,
    asksPrevious: boolean,
    contract: Contract | null = null,
  ): Promise<PlacedPage<Invoice> | null> {
    const search = { isMatch: toPredicate(request.filter), asksPrevious, isKnown: owner.contractNumber !== null };
    if (!isPushed(request)) return this.#invoices.filteredPage(owner, request, search);
    // If the API pages within each contract, a window across all of them cannot be requested.
    if (this.#invoices.loader.paging.listsContracts && !search.isKnown)
      return this.#invoices.filteredPage(owner, { ...request, pushed: null }, search);
    return this.#invoices.pushedPage(owner, request, search, contract?.loadOf(request.pushed.window, request.filter));
  }

  /** How many invoices of the list a filter means. Rejects with BillingError, also where the list cannot be read to its end. */
  async filteredCount(owner: ListOwner, filter: ActiveFilter): Promise<number> {
    const read = await this.#invoices.read(owner);
    if (read?.end) throw read.end;
    return (await this.#summary(owner, filter))?.count ?? 0;
  }

  /** The invoice of that number, in the list's pages up to the one that has it; null where there is none. Rejects with BillingError. */
  invoice(customer: Customer, contractNumber: string, number: string): Promise<Invoice | null> {
    const owner: ListOwner = { customer, contractNumber };
    const key = BILLS.identity(owner);
    const scans = (this.#scans ??= new Map<string, InvoiceScan>());
    let scan = scans.get(key);
    if (!scan) scans.set(key, (scan = new InvoiceScan(this.#invoices.pagesOf(owner), this.#invoices.turns)));
    return scan.find(number);
  }

  /**
   * The sum of the list's invoices that the filter means, read whole within the call budget and the deadline. Null
   * where the contract or the customer is not known. Rejects with BillingError.
   */
  async invoiceSummary(owner: ListOwner, filter: InvoiceFilter): Promise<InvoiceSummary | null> {
    const summary = await this.#summary(owner, toActiveFilter(filter));
    if (summary && !summary.isComplete) this.operation.isIncomplete = true;
    return summary;
  }

  /** Made once for a list and a filter: the contract of each invoice may ask for the same one. */
  #summary(owner: ListOwner, filter: ActiveFilter | null): Promise<InvoiceSummary | null> {
    const key = `${BILLS.identity(owner)} ${filter ? filterKey(filter) : ''}`;
    const summaries = (this.#summaries ??= new Map<string, Promise<InvoiceSummary | null>>());
    let summary = summaries.get(key);
    if (!summary) {
      const { turns } = this.#invoices;
      summary = this.#invoices.read(owner).then((read) => read && summarize(read, filter ?? {}, turns));
      summaries.set(key, summary);
    }
    return summary;
  }

  /** How many invoices the list has, found with few small calls. @param bounds what is known of it. Rejects with BillingError. */
  async totalCount(owner: ListOwner, bounds?: TotalBounds): Promise<number> {
    await this.#planWhole(owner);
    return this.#invoices.total(owner, bounds);
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
