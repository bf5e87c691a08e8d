import type { Address, Bills, Invoice } from '../model/bills';
import type { Customer } from '../model/customer';
import { filterKey, type ActiveFilter } from '../model/invoice-filter';
import { toContractNodeId } from '../model/node-id';
import { isSamePage, type PageRequest } from '../model/window';
import type { PageLoad } from './page-load';

/** A contract that the billing API knows, and the pages of its invoices that were asked for together with it. */
export class Contract {
  readonly customer: Customer;
  readonly number: string;
  readonly #bills: Bills | null;
  readonly #pages: readonly PageLoadOf[];

  constructor(customer: Customer, number: string, bills: Bills | null, pages: readonly PageLoadOf[]) {
    this.customer = customer;
    this.number = number;
    this.#bills = bills;
    this.#pages = pages;
  }

  get nodeId(): string {
    return toContractNodeId(this.customer, this.number);
  }

  /** Throws BillingError where the billing API sent something else in its place, as `billingAddresses` does. */
  get dueDate(): string | null {
    return this.#bills?.dueDate ?? null;
  }

  get billingAddresses(): readonly Address[] | null {
    return this.#bills?.billingAddresses ?? null;
  }

  /** The page if it was asked for together with the contract. @param filter of a page that the billing API filters. */
  loadOf(page: PageRequest, filter: ActiveFilter | null = null): PageLoad<Bills, Invoice> | undefined {
    return this.#pages.find((of) => isSamePage(of.page, page) && isSameFilter(of.filter ?? null, filter))?.load;
  }
}

/** A page and its load. */
export interface PageLoadOf {
  readonly page: PageRequest;
  readonly load: PageLoad<Bills, Invoice>;
  /** Where the billing API filters the page. */
  readonly filter?: ActiveFilter;
}

function isSameFilter(a: ActiveFilter | null, b: ActiveFilter | null): boolean {
  return a === b || (a !== null && b !== null && filterKey(a) === filterKey(b));
}
