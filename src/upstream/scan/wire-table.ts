import type { Address, Bills, Invoice } from '../../billing/model/bills';
import type { LeafType } from '../../runtime/byte-records';

/** A member whose value is a string, an integer or a boolean. */
export interface LeafMember {
  readonly wire: string;
  readonly type: LeafType;
  /** For a boolean: strings that a dialect uses for true and false. */
  readonly values?: ReadonlyMap<string, boolean>;
}

/** The members of a record, by the domain's name for each. */
export type LeafTable = Readonly<Record<string, LeafMember>>;

/** All records of a response of the billing API. */
export interface WireTable {
  readonly contract: LeafTable;
  readonly address: LeafTable;
  readonly invoice: LeafTable;
  /** The list members of a contract. */
  readonly lists: { readonly billingAddresses: string; readonly invoices: string };
}

/** A member for each leaf of the domain's records, and no others: what only one of the two has, the compiler names. */
interface DomainTable {
  /** Contracts are bodies of their own in a list. */
  readonly contract: Readonly<Record<Exclude<keyof Bills, keyof WireTable['lists'] | 'contracts' | 'sentInvoices'>, LeafMember>>;
  readonly address: Readonly<Record<keyof Address, LeafMember>>;
  /** The rest of an invoice is not read from the response: see records.ts. */
  readonly invoice: Readonly<Record<Exclude<keyof Invoice, 'origin' | 'state' | 'currency'>, LeafMember>>;
  readonly lists: WireTable['lists'];
}

const text = (wire: string): LeafMember => ({ wire, type: 'text' });

/**
 * The records of the contract (schema/billing-v2.openapi.yaml; a test holds the two against each other). Whatever reads
 * or writes these records derives from this table: the scanner, the records' properties, the writer of responses, and the
 * comparison of responses with the contract.
 */
export const CONTRACT_TABLE = {
  contract: { contractNumber: text('contractNo'), dueDate: text('dueDate') },
  address: {
    street: text('street'),
    neighborhood: text('neighborhood'),
    city: text('city'),
    state: text('state'),
    country: text('country'),
    zipCode: text('zipCode'),
  },
  invoice: {
    contractNumber: text('invoiceContractNo'),
    number: text('invoiceNumber'),
    billPeriod: text('billPeriod'),
    amount: { wire: 'invoiceAmount', type: 'integer' },
    status: { wire: 'invoiceStatus', type: 'boolean' },
  },
  lists: { billingAddresses: 'billingAddress', invoices: 'invoiceCollection' },
} as const satisfies DomainTable;
