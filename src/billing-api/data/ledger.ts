import type { BillsCollection, Invoice } from './bills-collection';

/** One contract: what the API answers for it, and the invoices that `pageInit` and `quantity` choose from. */
export interface ContractRecord extends BillsCollection {
  readonly contractNo: string;
  readonly invoiceCollection: readonly Invoice[];
}

/** How the API names a customer. */
export interface CustomerKey {
  readonly idType: string;
  /** Decimal digits. */
  readonly id: string;
}

/** A customer and its contracts, in the order in which the API lists them. */
export interface CustomerRecord extends CustomerKey {
  readonly contracts: readonly ContractRecord[];
}

/** An application that may ask for tokens, and the customers whose bills its tokens may read. */
export interface ClientRecord {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly mayRead: 'all' | readonly CustomerKey[];
}

/** Everything the API knows; see `data-file.ts` for its form as JSON. */
export interface LedgerData {
  readonly clients: readonly ClientRecord[];
  readonly customers: readonly CustomerRecord[];
}

/**
 * One text for each number: the contract types identifiers as `number` and `integer`, so `007` and `7` are the same
 * one. Done on the digits, because a floating-point number would also make neighbours of long identifiers the same.
 */
export function toCanonicalDigits(digits: string): string {
  return digits.replace(/^0+(?=\d)/, '');
}

/** A customer's identification as one text, fit for a Map or a Set. */
export function toCustomerKeyText(key: CustomerKey): string {
  return JSON.stringify([key.idType, toCanonicalDigits(key.id)]);
}

interface IndexedCustomer {
  readonly record: CustomerRecord;
  readonly contracts: ReadonlyMap<string, ContractRecord>;
}

/** Finds clients, customers and contracts, and knows who may read whom. */
export class Ledger {
  private readonly clients: ReadonlyMap<string, ClientRecord>;
  private readonly readable: ReadonlyMap<string, ReadonlySet<string> | 'all'>;
  private readonly customers: ReadonlyMap<string, IndexedCustomer>;

  constructor(data: LedgerData) {
    this.clients = new Map(data.clients.map((client) => [client.clientId, client]));
    this.readable = new Map(
      data.clients.map((client) => [client.clientId, client.mayRead === 'all' ? 'all' : new Set(client.mayRead.map(toCustomerKeyText))]),
    );
    this.customers = new Map(
      data.customers.map((record) => [
        toCustomerKeyText(record),
        { record, contracts: new Map(record.contracts.map((contract) => [toCanonicalDigits(contract.contractNo), contract])) },
      ]),
    );
  }

  findClient(clientId: string): ClientRecord | undefined {
    return this.clients.get(clientId);
  }

  findCustomer(key: CustomerKey): CustomerRecord | undefined {
    return this.customers.get(toCustomerKeyText(key))?.record;
  }

  /** A contract of this customer; another customer's contract is not found. */
  findContract(key: CustomerKey, contractNumber: string): ContractRecord | undefined {
    return this.customers.get(toCustomerKeyText(key))?.contracts.get(toCanonicalDigits(contractNumber));
  }

  mayRead(clientId: string, key: CustomerKey): boolean {
    const readable = this.readable.get(clientId);
    return readable === 'all' || (readable?.has(toCustomerKeyText(key)) ?? false);
  }
}
