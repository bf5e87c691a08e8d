import { BILLS, type Bills, type Invoice } from '../../../../src/billing/model/bills';
import { toActiveFilter } from '../../../../src/billing/model/invoice-filter';
import { formOf, listPrefix } from '../../../../src/billing/model/paged-list';
import { customer, toInvoiceAt } from '../../../support/listed-source';

describe('The list of invoices', () => {
  it('tells invoices apart by their numbers, and those without one by what else they have', () => {
    const fingerprintOf = (invoice: Partial<Invoice>): string | undefined => BILLS.fingerprint?.({ ...toInvoiceAt('1', 0), ...invoice });
    const plain = { number: null, billPeriod: '2025-06', amount: 5, status: true };
    const others: Partial<Invoice>[] = [{}, { number: '7' }, { billPeriod: '2025-07' }, { amount: 6 }, { amount: null }, { status: false }];
    expect(new Set(others.map((other) => fingerprintOf({ ...plain, ...other }))).size).toBe(others.length);
    expect(fingerprintOf({ ...plain, number: '7' })).toBe(fingerprintOf({ number: '7', amount: 9 }));
  });

  it('has as many items as were sent, which may be more than those of the window', () => {
    const bills: Bills = { contractNumber: '1', dueDate: null, billingAddresses: null, invoices: [toInvoiceAt('1', 0)] };
    expect([BILLS.sent?.(bills), BILLS.sent?.({ ...bills, sentInvoices: 9 }), BILLS.items(bills).length]).toEqual([0, 9, 1]);
  });

  it('is not named in what it gave out before there were others', () => {
    expect([listPrefix(BILLS), listPrefix({ name: 'others' })]).toEqual(['', 'others:']);
  });

  it('is asked for in four forms, of which each may be answered otherwise', () => {
    const filter = toActiveFilter({ status: true })!;
    const forms = [null, '1'].flatMap((contractNumber) => [
      formOf({ customer, contractNumber }),
      formOf({ customer, contractNumber, filter }),
    ]);
    expect(new Set(forms).size).toBe(4);
    expect(formOf({ customer, contractNumber: '2' })).toBe(formOf({ customer, contractNumber: '1' }));
  });
});
