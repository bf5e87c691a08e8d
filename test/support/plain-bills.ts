import type { Bills } from '../../src/billing/bills';

/** Bills whose invoices are objects of their own, for comparing: an invoice may be read from bytes when it is asked. */
export function toPlainBills(bills: Bills): Bills {
  return {
    ...bills,
    invoices: bills.invoices.map(({ number, contractNumber, billPeriod, amount, status, origin }) => ({ number, contractNumber, billPeriod, amount, status, origin })),
  };
}
