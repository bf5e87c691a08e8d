import type { Address, Bills, Invoice } from '../model/bills';
import type { Customer } from '../model/customer';
import { toContractNodeId } from '../model/node-id';
import type { PageRequest } from '../model/window';
import type { PageLoad } from './page-loader';

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

  /** The page if it was asked for together with the contract. */
  loadOf(page: PageRequest): PageLoad<Bills, Invoice> | undefined {
    return this.#pages.find((of) => of.page.offset === page.offset && of.page.first === page.first && of.page.probe === page.probe)?.load;
  }
}

/** A page and its load. */
export interface PageLoadOf {
  readonly page: PageRequest;
  readonly load: PageLoad<Bills, Invoice>;
}
