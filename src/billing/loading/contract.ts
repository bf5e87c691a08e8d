import type { Address, Bills, Invoice } from '../model/bills';
import type { LoadedPage, PageLoad } from './bills-loader';
import type { Customer } from '../model/customer';
import type { PageRequest } from '../model/window';

/** A contract that the billing API knows, and the pages of its invoices that were asked for together with it. */
export class Contract {
  readonly customer: Customer;
  readonly number: string;
  readonly dueDate: string | null;
  readonly billingAddresses: readonly Address[] | null;
  readonly #pages: readonly PageLoadOf[];

  constructor(customer: Customer, number: string, bills: Bills | null, pages: readonly PageLoadOf[]) {
    this.customer = customer;
    this.number = number;
    this.dueDate = bills?.dueDate ?? null;
    this.billingAddresses = bills?.billingAddresses ?? null;
    this.#pages = pages;
  }

  /** The page if it was asked for together with the contract. */
  loadOf(page: PageRequest): PageLoad | undefined {
    return this.#pages.find((of) => of.page.offset === page.offset && of.page.first === page.first && of.page.probe === page.probe)?.load;
  }
}

/** A page and its load. */
export interface PageLoadOf {
  readonly page: PageRequest;
  readonly load: PageLoad;
}

/** A page of invoices with its place in the list: what a Relay connection is made from. */
export interface InvoicePage extends LoadedPage {
  readonly invoices: readonly Invoice[];
  readonly offset: number;
}
