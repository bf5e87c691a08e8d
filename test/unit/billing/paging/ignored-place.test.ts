import { Billing } from '../../../../src/billing/billing';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { BILLS, type Invoice } from '../../../../src/billing/model/bills';
import { parsePageArguments, type FilteredRequest, type Window } from '../../../../src/billing/model/window';
import type { PlacedPage } from '../../../../src/billing/loading/page-load';
import { toTotalBounds } from '../../../../src/billing/loading/total-search';
import { ListPlaces } from '../../../../src/billing/paging/list-places';
import { PagingEvidence } from '../../../../src/billing/paging/paging-evidence';
import { toPaging } from '../../../../src/billing/paging/window-plan';
import type { BillingSource } from '../../../../src/billing/ports/billing-source';
import { toCursor } from '../../../support/invoice-cursor';
import { customer, failureOf, startOperation, toInvoiceAt } from '../../../support/listed-source';

const MAX_QUANTITY = 10;
const LIMITS = { maxPageSize: 100, pushes: () => false };
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

interface Habits {
  /** What an invoice has that others have not. */
  readonly invoiceAt?: (index: number) => Partial<Invoice>;
  /** Whether places past the end are an error. */
  readonly refusesEnd?: boolean;
  /** So many are sent each time. */
  readonly sent?: number;
  /** Default: offset. */
  readonly mode?: 'offset' | 'page';
  /** What an answer waits for. */
  readonly before?: (window: Window) => Promise<void> | undefined;
}

/** Operations that share what is known of one API. */
function start(
  sends: Sends,
  { invoiceAt = () => ({}), refusesEnd = false, sent = 0, mode = 'offset', before = () => undefined }: Habits = {},
) {
  const paging = toPaging({ mode, listsContracts: false, evidence: new PagingEvidence(MAX_QUANTITY, mode === 'page') });
  let calls = 0;
  const source: BillingSource = {
    read: async ({ contractNumber, window }, context) => {
      context.spendCall();
      calls++;
      await before(window);
      const places = sends(window);
      if (refusesEnd && places.length === 0) throw new BillingError('invalid-input', 'No such page.');
      const invoices = places.map((index) => ({ ...toInvoiceAt(contractNumber, index), ...invoiceAt(index) }));
      const content = { contractNumber, dueDate: null, billingAddresses: null, invoices, sentInvoices: sent };
      return { content, received: null, freshUntilMs: 0, stale: false };
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
    const { ask } = start((window) => order(window).slice(0, window.limit), { sent: 7 });
    expect(await ask().invoiceSummary(OWNER, {})).toMatchObject({ count: 7, isComplete: true });
  });

  it('has a first page alone, also where that came with another one that is not followed', async () => {
    const { ask, pageOf } = start(firstOnes(40));
    const first = [true, false].map((probe) => ({ offset: 0, first: 5, probe }));
    const billing = ask();
    await Promise.all(first.map((page) => billing.customerInvoices(customer, page)));
    expect((await failureOf(pageOf(5, 5))).message).toMatch(/the same invoices for every page/);
  });

  it('has a first page alone, also where another one is asked for and answered before it', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { ask } = start(firstOnes(40), { before: ({ offset }) => (offset === 0 ? held : undefined) });
    const billing = ask();
    const later = billing.customerInvoices(customer, { offset: 20, first: 5, probe: true });
    const pages = Promise.allSettled([later, billing.customerInvoices(customer, { offset: 0, first: 5, probe: true })]);
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    release();
    expect((await pages).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
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
      const { ask, pageOf } = start(within(total), { invoiceAt });
      expect(await ask().invoiceSummary(OWNER, {})).toMatchObject({ count: total, isComplete: true });
      expect(await pageOf(5, 10)).toHaveLength(Math.max(0, Math.min(10, total - 5)));
    }
  });

  it.each([
    ['different', false, false],
    ['different', true, false],
    ['alike', false, true],
  ])('costs no further call once that is known, for invoices that are %s, where places past the end are an error: %s', async (...of) => {
    const [, refusesEnd, areAlike] = of;
    const { pageOf, calls } = start(within(40), { invoiceAt: () => (areAlike ? { number: 'same' } : {}), refusesEnd });
    await pageOf(0, 5);
    await pageOf(5, 5);
    const before = calls();
    for (const offset of [0, 5, 10, 20]) expect(await pageOf(offset, 5)).toEqual(range(offset, offset + 5));
    expect(calls() - before).toBe(4);
  });
});

describe('What is known of how an API treats places', () => {
  const open = (fingerprint?: (item: number) => string, found: readonly number[] = []) => {
    let calls = 0;
    const evidence = new PagingEvidence(MAX_QUANTITY, false);
    const list = { name: 'numbers', identity: () => 'list', ...(fingerprint && { fingerprint }) };
    const places = new ListPlaces<number>(list, evidence, () => {
      calls++;
      return Promise.resolve({ items: found, sent: found.length, hasSurplus: false });
    });
    return { places, evidence, calls: () => calls };
  };
  const key = { owner: OWNER, list: 'list' };

  it('is asked for once for each list, and for all after one that heeds them', async () => {
    const { places, calls } = open(String);
    expect(places.isSettled(OWNER)).toBe(false);
    expect(await Promise.all([places.find(OWNER), places.find(OWNER), places.assertHeeded(OWNER)])).toEqual([
      'heeded',
      'heeded',
      undefined,
    ]);
    expect([calls(), places.isSettled(OWNER)]).toEqual([1, true]);
  });

  it('is nothing before the first item of a list is known', async () => {
    const { places, evidence, calls } = open(String, [1]);
    expect([places.check(key, 1), places.isSettled(OWNER)]).toEqual([null, false]);
    places.noteFirst(key, 1);
    expect(evidence.firstItemOf('list')).toBe('1');
    expect((await failureOf(places.check(key, 1)!)).message).toMatch(/the same invoices for every page/);
    expect([calls(), places.isSettled(OWNER)]).toEqual([1, false]);
    expect([places.check(key, 2), places.isSettled(OWNER)]).toEqual([null, true]);
  });

  it('is nothing for a list whose items cannot be told apart, and no call is made for it', () => {
    const { places, evidence, calls } = open();
    places.noteFirst(key, 1);
    evidence.noteFirstItem('list', '1');
    expect([places.isSettled(OWNER), places.check(key, 2), places.isSame(1, 1), calls()]).toEqual([true, null, false, 0]);
    expect(evidence.isPlaceHeeded('contract')).toBe(false);
  });
});

describe('An API that pages by number, in pages of its own size', () => {
  /** A page has `size` invoices, whatever is asked for. */
  const pagesOf =
    (size: number, total: number): Sends =>
    ({ offset, limit }) =>
      range((offset / limit) * size, Math.min(total, (offset / limit + 1) * size));

  it('has sums of whole lists, or none', async () => {
    for (const size of [1, 2, 3, 4, 10])
      for (let total = 0; total <= 45; total++) {
        const { ask } = start(pagesOf(size, total), { mode: 'page' });
        const whole = { count: total, amount: (total * Math.max(0, total - 1)) / 2, isComplete: true };
        for (let operations = 0; operations < 2; operations++) expect(await ask().invoiceSummary(OWNER, {})).toMatchObject(whole);
      }
  });

  it('has no number of invoices, rather than that of its first page', async () => {
    for (const [size, total, first] of [
      [4, 18, 4],
      [4, 18, 8],
      [3, 5, 10],
    ] as const) {
      const { ask } = start(pagesOf(size, total), { mode: 'page' });
      const billing = ask();
      const page = await billing.customerInvoices(customer, { offset: 0, first, probe: false });
      const bounds = toTotalBounds(page as PlacedPage<Invoice>);
      const { message } = await failureOf(billing.totalCount({ customer, contractNumber: null }, bounds));
      expect(message).toContain(`returns pages of ${size} invoices, whatever`);
    }
    const { ask, calls } = start(within(18), { mode: 'page' });
    expect(await ask().totalCount(OWNER)).toBe(18);
    const before = calls();
    expect(await ask().totalCount(OWNER)).toBe(18);
    // The size is looked into once for all lists of an API that heeds it: by two calls.
    expect(calls() - before).toBe(before - 2);
  });

  it('has a first page, and no other one that would have the invoices of another place', async () => {
    for (const sent of [0, 4]) {
      const { pageOf } = start((window) => pagesOf(4, 20)(window).slice(0, sent === 0 ? 4 : window.limit), { mode: 'page', sent });
      expect(await pageOf(0, 2)).toEqual([0, 1]);
      const { failure, message } = await failureOf(pageOf(9, 2));
      expect([failure, message]).toEqual(['invalid-response', expect.stringContaining('returns pages of 4 invoices, whatever')]);
      expect((await failureOf(pageOf(9, 2))).failure).toBe('invalid-response');
      // Read by calls of its own size.
      expect(await pageOf(8, 3)).toEqual([8, 9, 10]);
    }
  });

  it('is looked into once for all calls of a page', async () => {
    const { ask, pageOf, calls } = start(pagesOf(4, 40), { mode: 'page' });
    await ask().invoiceSummary(OWNER, {});
    await pageOf(0, 2);
    const before = calls();
    expect(await pageOf(0, 19)).toEqual(range(0, 19));
    expect(calls() - before).toBe(5 + 2);
  });

  it('has no page with the invoices of another place once the first page was read', async () => {
    let right = 0;
    for (const total of [7, 10, 23, 40])
      for (let offset = 0; offset < total; offset++)
        for (const first of [1, 2, 3, 5, 9, 10, 15]) {
          const { pageOf } = start(pagesOf(10, total), { mode: 'page' });
          await pageOf(0, 3);
          const [page] = await Promise.allSettled([pageOf(offset, first)]);
          if (page.status === 'rejected') continue;
          expect([offset, first, page.value]).toEqual([offset, first, range(offset, Math.min(total, offset + first))]);
          right++;
        }
    expect(right).toBeGreaterThan(50);
  });

  it('is told from one that adds an invoice to each page, by one call', async () => {
    const { pageOf, calls } = start(({ offset, limit }) => range(offset, Math.min(40, offset + limit + 1)), { mode: 'page' });
    expect(await pageOf(0, 2)).toEqual([0, 1]);
    for (const [offset, first] of [
      [2, 1],
      [4, 1],
      [9, 5],
      [6, 2],
    ] as const)
      expect(await pageOf(offset, first)).toEqual(range(offset, offset + first));
    const before = calls();
    await pageOf(30, 3);
    expect(calls() - before).toBe(1);
  });
});

describe('An invoice that stands elsewhere when the list is read on', () => {
  /** An invoice is added at the front after the first call. */
  const growing = (total: number): Sends => {
    let calls = 0;
    return ({ offset, limit }) => {
      const added = calls++ > 0 ? 1 : 0;
      return range(offset - added, Math.min(total, offset - added + limit));
    };
  };
  /** Places are counted from 1: 0 is taken for 1. */
  const countedFromOne = (total: number): Sends => {
    const from = (offset: number): number => Math.max(0, offset - 1);
    return ({ offset, limit }) => range(from(offset), Math.min(total, from(offset) + limit));
  };

  /** The same of pages. */
  const pagesFromOne =
    (total: number): Sends =>
    ({ offset, limit }) => {
      const from = Math.max(0, offset / limit - 1) * limit;
      return range(from, Math.min(total, from + limit));
    };

  it.each<[string, (total: number) => Sends, 'offset' | 'page']>([
    ['the list has grown', growing, 'offset'],
    ['places are counted from 1', countedFromOne, 'offset'],
    ['pages are counted from 1', pagesFromOne, 'page'],
  ])('is not summed up twice where %s', async (_what, sends, mode) => {
    for (const total of [1, 2, 7, 9]) {
      const sum = await start(sends(total), { mode }).ask().invoiceSummary(OWNER, {});
      expect(sum).toEqual({ count: total, amount: (total * (total - 1)) / 2, withoutAmount: 0, isComplete: false });
    }
    for (const total of [11, 25, 40]) {
      const failure = await failureOf(start(sends(total), { mode }).ask().invoiceSummary(OWNER, {}));
      expect(failure).toMatchObject({ failure: 'invalid-response', message: expect.stringMatching(/changed while it was read/) });
    }
  });

  it('is noticed where the list is read from its end', async () => {
    const filter = { status: true, billPeriods: null };
    const request = parsePageArguments({ first: null, after: null, last: 30, before: toCursor(30), filter }, BILLS, LIMITS, false);
    const search = (sends: Sends) =>
      start(sends, { invoiceAt: () => ({ status: true }) })
        .ask()
        .filteredInvoices(OWNER, request as FilteredRequest, false);
    expect((await search(within(40)))?.items).toHaveLength(30);
    expect((await failureOf(search(countedFromOne(40)))).message).toMatch(/changed while it was read/);
  });
});
