import fc from 'fast-check';
import { Billing } from '../../../../src/billing/billing';
import { BillingError } from '../../../../src/billing/model/billing-error';
import type { Paging } from '../../../../src/billing/paging/window-plan';
import { countdown, customer, failureOf, ListedSource, startOperation, type ListedSourceOptions } from '../../../support/listed-source';

function createBilling(options: ListedSourceOptions, callBudget = 100, paging: Paging = { mode: 'offset', maxQuantity: 10 }) {
  const source = new ListedSource(options);
  const billing = new Billing(source, startOperation({ callBudget }), paging);
  return {
    source,
    billing,
    find: (number: string, contract = '1') => billing.invoice(customer, contract, number),
    windows: () => source.requests.map(({ window }) => [window.offset, window.limit]),
  };
}

describe('The search for an invoice by its number', () => {
  it.each(['offset', 'page'] as const)(
    'reads one page, then two at once, then four, until it is found, in the %s reading',
    async (mode) => {
      const waves = [countdown(1), countdown(2), countdown(4)];
      const before: ListedSourceOptions['before'] = (_request, index) => waves[Math.floor(Math.log2(index + 1))]?.();
      const { find, windows, billing } = createBilling({ total: 950, before }, 100, { mode, maxQuantity: 10 });
      expect(await find('n35')).toMatchObject({ number: 'n35', amount: 35 });
      expect(windows()).toEqual([0, 10, 20, 30, 40, 50, 60].map((offset) => [offset, 10]));
      // Each page has a call of its own.
      expect(billing.merged).toBe(0);
    },
  );

  it('takes as many waves as a list has doublings, and never reads more than twice the pages that it needs, up to 16 at once', () =>
    fc.assert(
      fc.asyncProperty(fc.nat({ max: 600 }), fc.integer({ min: 0, max: 600 }), async (total, at) => {
        let [underWay, most] = [0, 0];
        const before = async (): Promise<void> => {
          most = Math.max(most, ++underWay);
          await new Promise(setImmediate);
          underWay--;
        };
        const { find, source } = createBilling({ total, before }, 1000);
        expect(await find(`n${at}`)).toEqual(at < total ? expect.objectContaining({ amount: at }) : null);
        const needed = Math.floor(Math.min(at, total) / 10) + 1;
        expect(source.requests.length).toBeGreaterThanOrEqual(needed);
        expect(source.requests.length).toBeLessThan(Math.max(2, 2 * needed));
        expect(most).toBeLessThanOrEqual(16);
      }),
    ));

  it('does not wait for the pages of a wave that it does not need, nor mind that they fail', async () => {
    const never = new Promise<void>(() => undefined);
    const { find } = createBilling({ total: 950, before: ({ window: { offset } }) => (offset === 20 ? never : undefined) });
    expect(await find('n15')).toMatchObject({ amount: 15 });
    const failing = createBilling({
      total: 15,
      before: ({ window: { offset } }) => (offset === 20 ? Promise.reject(new BillingError('unavailable', 'gone')) : undefined),
    });
    expect(await failing.find('n12')).toMatchObject({ amount: 12 });
    expect(await failing.find('n99')).toBeNull();
  });

  it('gives the first of two invoices with the same number, also where the later page comes first', async () => {
    const both = countdown(2);
    const { find } = createBilling({
      total: 95,
      toNumber: (index) => (index === 15 || index === 25 ? 'twice' : `n${index}`),
      before: ({ window: { offset } }) => {
        if (offset === 10) return both();
        if (offset === 20) setImmediate(() => void both());
        return undefined;
      },
    });
    expect(await find('twice')).toMatchObject({ amount: 15 });
  });

  it('leaves half of the calls that are left to others with each wave', async () => {
    const { find, source } = createBilling({ total: 950 }, 20);
    expect(await find('n155')).toMatchObject({ number: 'n155' });
    // 1, 2, 4, 7, 3: the last wave has the sixteenth page.
    expect(source.requests).toHaveLength(17);
  });

  it('shares the pages that were read among all searches of the operation in the contract', async () => {
    const { find, windows } = createBilling({ total: 95 });
    const found = await Promise.all([find('n15'), find('n3'), find('n15'), find('n12')]);
    expect(found.map((invoice) => invoice?.number)).toEqual(['n15', 'n3', 'n15', 'n12']);
    expect(await find('n0')).toMatchObject({ number: 'n0' });
    expect(windows()).toEqual([
      [0, 10],
      [10, 10],
      [20, 10],
    ]);
  });

  it.each([
    { total: 0, calls: 1 },
    { total: 9, calls: 1 },
    { total: 10, calls: 3 },
    { total: 25, calls: 3 },
    { total: 30, calls: 7 },
  ])('ends with null at the end of a list of $total, after $calls calls', async ({ total, calls }) => {
    const { find, source } = createBilling({ total });
    expect(await find('none')).toBeNull();
    expect(await find('neither')).toBeNull();
    expect(source.requests).toHaveLength(calls);
  });

  it('gives null where the contract is not known', async () => {
    const source = { read: () => Promise.resolve({ content: null, received: null, freshUntilMs: 0, stale: false }) };
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
    expect(source.requests).toHaveLength(3);
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
