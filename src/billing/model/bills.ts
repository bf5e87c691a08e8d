import { contractKey, type Customer } from './customer';
import { filterKey } from './invoice-filter';
import type { PagedList } from './paged-list';

/** A postal address, as the billing API writes it. Every part may be absent. */
export interface Address {
  readonly street: string | null;
  readonly neighborhood: string | null;
  readonly city: string | null;
  readonly state: string | null;
  readonly country: string | null;
  readonly zipCode: string | null;
}

/** Which request an invoice was read by: what is needed to read it again. */
export interface InvoiceOrigin {
  readonly customer: Customer;
  /** Null where the customer's invoices were read without naming a contract. */
  readonly contractNumber: string | null;
}

/** Whether an invoice is paid. */
export type InvoiceState = 'paid' | 'unpaid';

/** A deployment's definitions for its invoices beyond the contract; null if undefined, never guessed. */
export interface InvoiceMeaning {
  /** What a status of true means; false means the opposite. */
  readonly statusTrue: InvoiceState | null;
  /** ISO 4217. */
  readonly currency: string | null;
}

/** One invoice. `amount` is exact: a number up to 2^53, a bigint beyond. */
export interface Invoice {
  readonly number: string | null;
  readonly contractNumber: string | null;
  readonly billPeriod: string | null;
  readonly amount: number | bigint | null;
  readonly status: boolean | null;
  /** What `status` means, where the deployment says so. */
  readonly state?: InvoiceState | null;
  /** ISO 4217, where the deployment says so. */
  readonly currency?: string | null;
  readonly origin: InvoiceOrigin;
}

/**
 * The result of one call to the billing API: the contract's own data and the invoices of the requested window. Reading a
 * property, here or of an invoice or address, throws a BillingError where the billing API sent something else in its place.
 */
export interface Bills {
  readonly contractNumber: string | null;
  readonly dueDate: string | null;
  readonly billingAddresses: readonly Address[] | null;
  readonly invoices: readonly Invoice[];
  /** Number of invoices received, including those outside the window; absent: no others. */
  readonly sentInvoices?: number;
  /** Each contract apart, in a response to a request without a contract number; absent in others. */
  readonly contracts?: readonly Bills[];
}

/** The list of invoices: of a contract, or of all contracts of a customer. */
export const BILLS: PagedList<Bills, Invoice> = {
  name: 'bills',
  // A key has no blank, and a filter's says where it ends.
  identity: ({ customer, contractNumber, filter }) =>
    filter ? `${contractKey(customer, contractNumber)} ${filterKey(filter)}` : contractKey(customer, contractNumber),
  items: ({ invoices }) => invoices,
  sent: ({ sentInvoices = 0 }) => sentInvoices,
  fingerprint: (invoice) => invoice.number ?? `${invoice.billPeriod} ${invoice.amount} ${invoice.status}`,
};
