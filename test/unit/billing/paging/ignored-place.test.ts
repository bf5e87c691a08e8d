import { Billing } from '../../../../src/billing/billing';
import { BillingError } from '../../../../src/billing/model/billing-error';
import type { Invoice } from '../../../../src/billing/model/bills';
import type { Window } from '../../../../src/billing/model/window';
import { PagingEvidence } from '../../../../src/billing/paging/paging-evidence';
import { toPaging } from '../../../../src/billing/paging/window-plan';
import type { BillingSource } from '../../../../src/billing/ports/billing-source';
import { customer, failureOf, startOperation, toInvoiceAt } from '../../../support/listed-source';

const MAX_QUANTITY = 10;
const OWNER = { customer, contractNumber: '1' };

/** Which invoices an API sends for a window, by their places. */
type Sends = (window: Window) => readonly number[];
const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
const within =
  (total: number): Sends =>
  ({ offset, limit }) =>
    range(offset, Math.min(total, offset + limit));
const firstOnes =
  (total: number): Sends =>
  ({ limit }) =>
    range(0, Math.min(total, limit));

/** Operations that share what is known of one API. Places past the end are an error to `refusesEnd`; `sent`: so many are sent each time. */
function start(sends: Sends, invoiceAt: (index: number) => Partial<Invoice> = () => ({}), refusesEnd = false, sent = 0) {
  const paging = toPaging({ mode: 'offset', listsContracts: false, evidence: new PagingEvidence(MAX_QUANTITY, false) });
  let calls = 0;
  const source: BillingSource = {
    read: ({ contractNumber, window }, context) => {
      context.spendCall();
      calls++;
      const places = sends(window);
      if (refusesEnd && places.length === 0) return Promise.reject(new BillingError('invalid-input', 'No such page.'));
      const invoices = places.map((index) => ({ ...toInvoiceAt(contractNumber, index), ...invoiceAt(index) }));
      return Promise.resolve({
        content: { contractNumber, dueDate: null, billingAddresses: null, invoices, sentInvoices: sent },
        received: null,
        freshUntilMs: 0,
        stale: false,
      });
    },
  };
  const ask = (): Billing => new Billing(source, startOperation({ callBudget: 1000 }), paging);
  const pageOf = async (offset: number, first: number): Promise<(number | bigint | null)[] | undefined> =>
    (await ask().customerInvoices(customer, { offset, first, probe: true }))?.items.map(({ amount }) => amount);
  return { ask, pageOf, calls: () => calls };
}

describe('An API that sends its first invoices for every place', () => {
  it('has no sum in which they count again and again, and no search that goes on forever', async () => {
    const { ask } = start(firstOnes(40));
    for (let operations = 0; operations < 2; operations++) {
      expect((await failureOf(ask().invoiceSummary(OWNER, {}))).failure).toBe('invalid-response');
      expect((await failureOf(ask().invoice(customer, '1', 'none'))).failure).toBe('invalid-response');
    }
  });

  it('has a first page, and no other one that would repeat it, in the same operation and in later ones', async () => {
    const { ask, pageOf } = start(firstOnes(40));
    expect(await pageOf(0, 5)).toEqual([0, 1, 2, 3, 4]);
    const billing = ask();
    const pages = await Promise.allSettled([0, 20].map((offset) => billing.customerInvoices(customer, { offset, first: 5, probe: true })));
    expect(pages.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    for (let operations = 0; operations < 2; operations++)
      expect((await failureOf(pageOf(5, 5))).message).toMatch(/the same invoices for every page/);
  });

  it.each([
    ['all that it has, whatever it is asked for', () => range(0, 7), 7],
    ['all that it has, from another place on', ({ offset }: Window) => (offset > 0 ? [...range(3, 7), ...range(0, 3)] : range(0, 7)), 7],
    ['all that it has, in another order each time', ({ offset }: Window) => (offset > 0 ? range(0, 7).reverse() : range(0, 7)), 7],
    ['one invoice', firstOnes(1), 1],
  ])('is believed where it sends %s', async (_what, sends, count) => {
    expect(await start(sends).ask().invoiceSummary(OWNER, {})).toMatchObject({ count, isComplete: true });
  });

  it('is known by how many it sends, where those past the window are left out', async () => {
    const order = ({ offset }: Window): readonly number[] => (offset > 0 ? [...range(3, 7), ...range(0, 3)] : range(0, 7));
    const { ask } = start((window) => order(window).slice(0, window.limit), undefined, false, 7);
    expect(await ask().invoiceSummary(OWNER, {})).toMatchObject({ count: 7, isComplete: true });
  });

  it('has a first page alone, also where that came with another one that is not followed', async () => {
    const { ask, pageOf } = start(firstOnes(40));
    const first = [true, false].map((probe) => ({ offset: 0, first: 5, probe }));
    await Promise.all(first.map((page) => ask().customerInvoices(customer, page)));
    const billing = ask();
    await Promise.all(first.map((page) => billing.customerInvoices(customer, page)));
    expect((await failureOf(pageOf(5, 5))).message).toMatch(/the same invoices for every page/);
  });

  it('is told from one that sends its last invoices for every place behind the end', async () => {
    const { ask } = start(({ offset, limit }) => range(Math.min(offset, Math.max(0, 4 - limit)), 4).slice(0, limit));
    expect(await ask().invoiceSummary(OWNER, {})).toMatchObject({ count: 4, isComplete: true });
  });
});

describe('An API that heeds places', () => {
  it.each<[string, (index: number) => Partial<Invoice>]>([
    ['alike', () => ({ number: 'same', billPeriod: 'same', status: true })],
    ['that cannot be told apart by anything', () => ({ number: null, amount: 5 })],
    ['of which some are alike', (index) => ({ number: index % MAX_QUANTITY === 0 ? 'same' : `n${index}` })],
  ])('is believed where it has invoices %s', async (_what, invoiceAt) => {
    for (const total of [3, 10, 11, 25, 40]) {
      const { ask, pageOf } = start(within(total), invoiceAt);
      expect(await ask().invoiceSummary(OWNER, {})).toMatchObject({ count: total, isComplete: true });
      expect(await pageOf(5, 10)).toHaveLength(Math.max(0, Math.min(10, total - 5)));
    }
  });

  it.each([false, true])('costs no further call once that is known, where places past the end are an error: %s', async (refusesEnd) => {
    const { pageOf, calls } = start(within(40), undefined, refusesEnd);
    await pageOf(0, 5);
    await pageOf(5, 5);
    const before = calls();
    for (const offset of [0, 5, 10, 20]) expect(await pageOf(offset, 5)).toEqual(range(offset, offset + 5));
    expect(calls() - before).toBe(4);
  });
});
