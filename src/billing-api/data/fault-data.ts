import type { BillsCollection } from './bills-collection';
import { toInvoice } from './sample-data';

/** Invoices from `start` up to and without `end`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** Invoices of the contract with thousands of pages: more than the default call budget can read in the largest pages. */
const MANY = 200_000;

/** A page of a contract with more invoices than anyone reads. They are made when asked for: together they would take 50 MB. */
export function toManyPages(contractNo: string, range: Range): BillsCollection {
  return toContract(contractNo, MANY, range);
}

/** A page of a small contract. */
export function toSlowContract(contractNo: string, range: Range): BillsCollection {
  return toContract(contractNo, 3, range);
}

function toContract(contractNo: string, count: number, { start, end }: Range): BillsCollection {
  const length = Math.max(0, Math.min(count, end) - start);
  return {
    contractNo,
    billingAddress: [{ street: 'Palma 435 c/ 14 de Mayo', city: 'Asunción', country: 'Paraguay' }],
    dueDate: '2025-07-20',
    // Thousands of invoices over five years, so that the periods are ones a person would type.
    invoiceCollection: Array.from({ length }, (_, index) =>
      toInvoice(contractNo, start + index, Math.floor(((start + index) * 60) / count)),
    ),
  };
}
