import { stringify } from 'lossless-json';

/** The contract's model `address`; all members are optional there. */
export interface Address {
  readonly street?: string;
  readonly neighborhood?: string;
  readonly city?: string;
  readonly state?: string;
  readonly country?: string;
  readonly zipCode?: string;
}

/** The contract's model `invoice`. The amount is a bigint because the contract sets no limit on its integer. */
export interface Invoice {
  readonly invoiceContractNo?: string;
  readonly invoiceNumber?: string;
  readonly billPeriod?: string;
  readonly invoiceAmount?: bigint;
  readonly invoiceStatus?: boolean;
}

/** The contract's model `billsCollection`. */
export interface BillsCollection {
  readonly contractNo?: string;
  readonly billingAddress?: readonly Address[];
  readonly dueDate?: string;
  readonly invoiceCollection?: readonly Invoice[];
}

/** The JSON text of a collection, with every digit of every amount: JSON.stringify refuses a bigint. */
export function toBillsJson(bills: BillsCollection): string {
  const json = stringify(bills);
  if (json === undefined) throw new TypeError('A bills collection is an object and always has a JSON text.');
  return json;
}
