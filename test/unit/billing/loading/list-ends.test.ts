import { Billing } from '../../../../src/billing/billing';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { BILLS } from '../../../../src/billing/model/bills';
import { parsePageArguments, type FilteredRequest, type PageRequest, type TailRequest } from '../../../../src/billing/model/window';
import { PagingEvidence } from '../../../../src/billing/paging/paging-evidence';
import type { Paging } from '../../../../src/billing/paging/window-plan';
import { toCursor } from '../../../support/invoice-cursor';
import { customer, failureOf, ListedSource, startOperation, type ListedSourceOptions } from '../../../support/listed-source';

const contract = { customer, contractNumber: '1' };
const whole = { customer, contractNumber: null };
const filter = { status: true, billPeriods: null };

function start(options: ListedSourceOptions, paging: Partial<Paging> = {}) {
  const source = new ListedSource({ invoiceAt: (index) => ({ status: index % 2 === 0 }), ...options });
  const operation = startOperation({ callBudget: 1000 });
  const billing = new Billing(source, operation, { mode: 'offset', maxQuantity: 20, ...paging });
  return { billing, operation, windows: () => source.requests.map(({ window }) => [window.offset, window.limit]) };
}

const parse = (args: object, isPushed = false) => {
  const limits = { maxPageSize: 100, pushes: () => isPushed };
  return parsePageArguments({ first: null, after: null, last: null, before: null, ...args }, BILLS, limits, false);
};
const filtered = (args: object, isPushed = false) => parse({ filter, ...args }, isPushed) as FilteredRequest;

describe('A page of a customer who is not known', () => {
  it.each<[string, (billing: Billing) => Promise<unknown>]>([
    ['is none', (billing) => billing.customerInvoices(customer, parse({ first: 5 }) as PageRequest)],
    ['is none before a cursor', (billing) => billing.customerInvoices(customer, parse({ last: 5, before: toCursor(30) }) as PageRequest)],
    ['is none at the end', (billing) => billing.unplacedInvoices(whole, parse({ last: 5 }) as TailRequest)],
    [
      'is none between two cursors',
      (billing) => billing.unplacedInvoices(whole, parse({ first: 5, after: toCursor(3), before: toCursor(4) }) as PageRequest),
    ],
    ['is none of those that a filter means', (billing) => billing.filteredInvoices(whole, filtered({ first: 5 }), true)],
    ['is none of those after a cursor', (billing) => billing.filteredInvoices(whole, filtered({ first: 5, after: toCursor(50) }), true)],
    [
      'is none of those between two cursors',
      (billing) => billing.filteredInvoices(whole, filtered({ first: 5, after: toCursor(3), before: toCursor(4) }), true),
    ],
    ['is none of those that the billing API filters', (billing) => billing.filteredInvoices(whole, filtered({ first: 5 }, true), true)],
    ['is none for a sum', (billing) => billing.invoiceSummary(whole, {})],
  ])('%s', async (_what, ask) => {
    const { billing, operation } = start({ total: 0, isUnknown: true });
    expect(await ask(billing)).toBeNull();
    expect(operation.isIncomplete).toBe(false);
  });

  it('is none that a filter means, of which there are', async () => {
    expect(await start({ total: 0, isUnknown: true }).billing.filteredCount(whole, filter)).toBe(0);
  });
});

describe('An empty page', () => {
  const empty = { items: [], hasMore: false, first: 0 };
  const matching = { filter, positions: [] };

  it.each<[string, (billing: Billing) => Promise<unknown>, object, number[][]]>([
    [
      'of the end of a list of none',
      (billing) => billing.unplacedInvoices(contract, parse({ last: 5 }) as TailRequest),
      { ...empty, offset: 0 },
      [[0, 1]],
    ],
    [
      'between two cursors takes no call of a contract that is known',
      (billing) => billing.unplacedInvoices(contract, parse({ first: 5, after: toCursor(3), before: toCursor(4) }) as PageRequest),
      { ...empty, hasMore: true, offset: 4 },
      [],
    ],
    [
      'between two cursors shows that there is such a customer',
      (billing) => billing.unplacedInvoices(whole, parse({ first: 5, after: toCursor(3), before: toCursor(4) }) as PageRequest),
      { ...empty, hasMore: true, offset: 4 },
      [[0, 1]],
    ],
    [
      'of those that a filter means, between two cursors',
      (billing) => billing.filteredInvoices(contract, filtered({ first: 5, after: toCursor(3), before: toCursor(4) }), true),
      { items: [], hasMore: null, offset: 4, first: 5, matching: { ...matching, hasPrevious: true } },
      [],
    ],
    [
      'of those that a filter means, after a cursor past the end that is not found',
      (billing) => billing.filteredInvoices(contract, filtered({ first: 5, after: toCursor(50) }), true),
      { items: [], hasMore: false, offset: 51, first: 5, matching: { ...matching, hasPrevious: true } },
      [[40, 20]],
    ],
  ])('%s', async (_what, ask, expected, calls) => {
    const { billing, windows } = start({ total: 0, endIsUnknown: true });
    expect(await ask(billing)).toEqual(expected);
    expect(windows()).toEqual(calls);
  });

  it('has no previous page where the list itself is not found', async () => {
    const { billing } = start({ total: 0, isUnknown: true });
    const page = await billing.filteredInvoices(contract, filtered({ first: 5 }), true);
    expect(page).toEqual({ items: [], hasMore: false, offset: 0, first: 5, matching: { ...matching, hasPrevious: false } });
    const pushed = await billing.filteredInvoices(contract, filtered({ first: 5 }, true), true);
    expect(pushed).toMatchObject({ items: [], offset: 0, matching: { ...matching, hasPrevious: false } });
  });
});

describe('The last page of a list', () => {
  it('is found by what the page before a cursor past its end says', async () => {
    const { billing, windows } = start({ total: 70 });
    const page = await billing.customerInvoices(customer, parse({ last: 2, before: toCursor(90) }) as PageRequest);
    expect(page).toMatchObject({ items: [{ amount: 68 }, { amount: 69 }], offset: 68, hasMore: false });
    expect(windows().map(([offset]) => offset)).toEqual([88, 44, 66, 77, 72, 69, 71, 70, 68]);
  });

  it('is where it may begin at the earliest: nothing is looked for where a cursor stands before it', async () => {
    for (const paging of [{}, { evidence: new PagingEvidence(20, false) }]) {
      const { billing, windows } = start({ total: 3 }, paging);
      const page = await billing.customerInvoices(customer, parse({ last: 5, after: toCursor(0), before: toCursor(6) }) as PageRequest);
      expect(page).toMatchObject({ items: [{ amount: 1 }, { amount: 2 }], offset: 1 });
      expect(windows()).toEqual([[1, 5]]);
    }
  });

  it('of those after a cursor is found without a look at the first one', async () => {
    const { billing, windows } = start({ total: 70 });
    const page = await billing.filteredInvoices(whole, filtered({ first: 5, after: toCursor(59) }), true);
    expect(page?.items.map(({ amount }) => amount)).toEqual([60, 62, 64, 66, 68]);
    expect(windows()).toEqual([[60, 20]]);
  });

  it('is another one for each size that is asked for', async () => {
    const { billing } = start({ total: 70 });
    const pages = await Promise.all([1, 2, 3].map((first) => billing.filteredInvoices(contract, filtered({ first }), true)));
    expect(pages.map((page) => page?.items.length)).toEqual([1, 2, 3]);
  });
});

describe('A list of which the end cannot be verified', () => {
  // A page of twelve may have been cut, which the item after it would show.
  const failAs = (error: Error): ListedSourceOptions => ({
    total: 12,
    before: ({ window }) => (window.offset === 12 ? Promise.reject(error) : undefined),
  });
  const startWith = (options: ListedSourceOptions) => start(options, { evidence: new PagingEvidence(20, false) });

  it('has a sum of what was read, which is not complete, and no count', async () => {
    const gone = new BillingError('unavailable', 'gone');
    const { billing, operation } = startWith(failAs(gone));
    expect(operation.isIncomplete).toBe(false);
    expect(await billing.invoiceSummary(contract, {})).toMatchObject({ count: 12, amount: 66, isComplete: false });
    expect(operation.isIncomplete).toBe(true);
    expect(await failureOf(billing.filteredCount(contract, filter))).toBe(gone);
  });

  it.each([
    ['the billing API refuses the token', new BillingError('unauthenticated', 'no')],
    ['the gateway makes a mistake', new TypeError('a mistake')],
  ])('has no sum where %s', async (_what, error) => {
    expect(await failureOf(startWith(failAs(error)).billing.invoiceSummary(contract, {}))).toBe(error);
  });

  it('has a sum that is complete where its end is verified', async () => {
    const { billing, operation, windows } = startWith({ total: 12 });
    expect(await billing.invoiceSummary(contract, { status: true })).toMatchObject({ count: 6, isComplete: true });
    expect(await billing.filteredCount(contract, filter)).toBe(6);
    expect([operation.isIncomplete, windows()]).toEqual([
      false,
      [
        [0, 20],
        [12, 1],
      ],
    ]);
  });
});

describe('A long list', () => {
  const LONG = 30_000;
  it.each<[string, (billing: Billing) => Promise<unknown>]>([
    ['a search by number', (billing) => billing.invoice(customer, '1', 'none')],
    ['a filtered page', (billing) => billing.filteredInvoices(contract, filtered({ first: 5, filter: { billPeriods: ['none'] } }), true)],
    [
      'a filtered page before a cursor',
      (billing) =>
        billing.filteredInvoices(contract, filtered({ last: 5, before: toCursor(2 * LONG), filter: { billPeriods: ['none'] } }), true),
    ],
    ['a sum', (billing) => billing.invoiceSummary(contract, { status: true })],
  ])('is looked at in several turns of the event loop, and a short one in one: %s', async (_what, ask) => {
    const turnsOf = async (total: number): Promise<number> => {
      const { billing } = start({ total }, { maxQuantity: LONG });
      let turns = 0;
      let isOver = false;
      const count = (): void => {
        turns++;
        if (!isOver) setImmediate(count);
      };
      setImmediate(count);
      await ask(billing);
      isOver = true;
      return turns;
    };
    expect(await turnsOf(10)).toBe(0);
    expect(await turnsOf(2 * LONG)).toBeGreaterThan(0);
  });
});

describe('An invoice by its number', () => {
  it('is the first of two with the same number, also of two in one page', async () => {
    const { billing } = start({ total: 45, toNumber: (index) => (index === 3 || index === 5 || index === 25 ? 'twice' : `n${index}`) });
    expect(await billing.invoice(customer, '1', 'n44')).toMatchObject({ amount: 44 });
    expect(await billing.invoice(customer, '1', 'twice')).toMatchObject({ amount: 3 });
  });

  it('takes a look behind the list only where it is not in it', async () => {
    const { billing, windows } = start({ total: 9 }, { evidence: new PagingEvidence(20, false) });
    expect(await billing.invoice(customer, '1', 'n8')).toMatchObject({ amount: 8 });
    expect(windows()).toEqual([[0, 20]]);
    expect(await billing.invoice(customer, '1', 'n9')).toBeNull();
    expect(windows().slice(1)).toEqual([[9, 1]]);
  });
});

describe('An invoice without a number', () => {
  it('is not found, and hides no other one', async () => {
    const { billing } = start({ total: 45, invoiceAt: (index) => (index % 3 === 0 ? { number: null } : undefined) });
    expect(await billing.invoice(customer, '1', 'n44')).toMatchObject({ amount: 44 });
    expect(await billing.invoice(customer, '1', 'null')).toBeNull();
  });
});
