import type { Bills } from '../../src/billing/model/bills';

/** Bills whose parts are objects of their own, for comparing: they may be read from bytes when they are asked. */
export function toPlainBills(bills: Bills): Bills {
  return {
    contractNumber: bills.contractNumber,
    dueDate: bills.dueDate,
    billingAddresses:
      bills.billingAddresses?.map(({ street, neighborhood, city, state, country, zipCode }) => ({
        street,
        neighborhood,
        city,
        state,
        country,
        zipCode,
      })) ?? null,
    invoices: bills.invoices.map(({ number, contractNumber, billPeriod, amount, status, origin }) => ({
      number,
      contractNumber,
      billPeriod,
      amount,
      status,
      origin,
    })),
  };
}
