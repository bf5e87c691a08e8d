import { Billing } from '../../../../src/billing/billing';
import { BillingError } from '../../../../src/billing/model/billing-error';
import type { Paging } from '../../../../src/billing/loading/window-plan';
import { customer, failureOf, ListedSource, startOperation, type ListedSourceOptions } from '../../../support/listed-source';

function createBilling(options: ListedSourceOptions, callBudget = 100, paging: Paging = { mode: 'offset', maxQuantity: 10 }) {
  const source = new ListedSource(options);
  const billing = new Billing(source, startOperation({ callBudget }), paging);
  return {
    source,
    find: (number: string, contract = '1') => billing.invoice(customer, contract, number),
    windows: () => source.requests.map(({ window }) => [window.offset, window.limit]),
  };
}

describe('The search for an invoice by its number', () => {
  it.each(['offset', 'page'] as const)('reads page by page until it is found, in the %s reading', async (mode) => {
    const { find, windows } = createBilling({ total: 95 }, 100, { mode, maxQuantity: 10 });
    expect(await find('n25')).toMatchObject({ number: 'n25', amount: 25 });
    expect(windows()).toEqual([
      [0, 10],
      [10, 10],
      [20, 10],
    ]);
  });

  it('shares the pages that were read among all searches of the operation in the contract', async () => {
    const { find, windows } = createBilling({ total: 95 });
    const found = await Promise.all([find('n15'), find('n3'), find('n15'), find('n12')]);
    expect(found.map((invoice) => invoice?.number)).toEqual(['n15', 'n3', 'n15', 'n12']);
    expect(await find('n0')).toMatchObject({ number: 'n0' });
    expect(windows()).toEqual([
      [0, 10],
      [10, 10],
    ]);
  });

  it.each([
    { total: 0, calls: 1 },
    { total: 9, calls: 1 },
    { total: 10, calls: 2 },
    { total: 25, calls: 3 },
  ])('ends with null at the end of a list of $total, after $calls calls', async ({ total, calls }) => {
    const { find, source } = createBilling({ total });
    expect(await find('none')).toBeNull();
    expect(await find('neither')).toBeNull();
    expect(source.requests).toHaveLength(calls);
  });

  it('gives null where the contract is not known', async () => {
    const source = { read: () => Promise.resolve({ bills: null, received: null, freshUntilMs: 0, stale: false }) };
    const billing = new Billing(source, startOperation(), { mode: 'offset', maxQuantity: 10 });
    expect(await billing.invoice(customer, '1', 'n0')).toBeNull();
  });

  it('finds what lies within the call budget and fails past it, without a call over the budget', async () => {
    const { find, source } = createBilling({ total: 95 }, 3);
    expect(await find('n29')).toMatchObject({ number: 'n29' });
    expect((await failureOf(find('n30'))).failure).toBe('budget-exceeded');
    expect(await find('n7')).toMatchObject({ number: 'n7' });
    expect(source.requests).toHaveLength(3);
  });

  it('ends every search with the error that a page met, and asks no more', async () => {
    const late = new BillingError('timeout', 'late');
    const { find, source } = createBilling({ total: 95, before: (_request, index) => (index === 1 ? Promise.reject(late) : undefined) });
    expect(await Promise.all([failureOf(find('n15')), failureOf(find('n50'))])).toEqual([late, late]);
    expect(await failureOf(find('n15'))).toBe(late);
    expect(await find('n3')).toMatchObject({ number: 'n3' });
    expect(source.requests).toHaveLength(2);
  });

  it('keeps apart what is text: "7" is not "07"', async () => {
    const { find } = createBilling({ total: 20 });
    expect(await find('n07')).toBeNull();
  });

  it('searches each contract by itself', async () => {
    const { find, source } = createBilling({ total: 5 });
    expect(await find('n1', '1')).toMatchObject({ contractNumber: '1' });
    expect(await find('n1', '2')).toMatchObject({ contractNumber: '2' });
    expect(source.requests).toHaveLength(2);
  });
});
