import { BILLS } from '../../../../src/billing/model/bills';
import fc from 'fast-check';
import { Billing } from '../../../../src/billing/billing';
import { TurnBudget } from '../../../../src/runtime/turns/turn-budget';
import { summarize } from '../../../../src/billing/loading/invoice-summary';
import { countCalls } from '../../../../src/billing/paging/window-plan';
import { toTotalBounds } from '../../../../src/billing/loading/total-search';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { toCursor } from '../../../support/invoice-cursor';
import { parsePageArguments, type PageRequest, type TailRequest } from '../../../../src/billing/model/window';
import type { Invoice } from '../../../../src/billing/model/bills';
import { customer, failureOf, ListedSource, startOperation, toInvoiceAt, type ListedSourceOptions } from '../../../support/listed-source';

const MAX_QUANTITY = 10;
const HEAD: PageRequest = { offset: 0, first: 0, probe: false };
const limits = { maxPageSize: 50 };
const list = { customer, contractNumber: '1' };
const modes = ['offset', 'page'] as const;
const total = fc.integer({ min: 0, max: 260 });

function start(
  options: ListedSourceOptions,
  { callBudget = 1000, mode = 'offset' }: { callBudget?: number; mode?: 'offset' | 'page' } = {},
) {
  const source = new ListedSource(options);
  const operation = startOperation({ callBudget });
  return { source, operation, billing: new Billing(source, operation, { mode, maxQuantity: MAX_QUANTITY }) };
}

describe.each(modes)('The length of a list, with paging by %s', (mode) => {
  it('is found whatever it is and whatever a page has said, in at most 2 log2 n + 2 calls of one invoice', () =>
    fc.assert(
      fc.asyncProperty(
        total,
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (n, offset, first, probe) => {
          const { billing, source } = start({ total: n, endIsUnknown: false }, { mode });
          const page: PageRequest = { offset, first, probe };
          const invoices = (await billing.customerInvoices(customer, page))!;
          const before = source.requests.length;
          const connectionList = { customer, contractNumber: null };
          expect(await billing.totalCount(connectionList, toTotalBounds(invoices))).toBe(n);
          const asked = source.requests.slice(before);
          expect(asked.every(({ window }) => window.limit === 1)).toBe(true);
          expect(asked.length).toBeLessThanOrEqual(2 * Math.log2(Math.max(2, n, offset)) + 2);
          if (n >= offset && n < offset + first && n > offset) expect(asked.length).toBe(0);
        },
      ),
    ));

  it('takes the same calls in whatever order those ask who know something of it', async () => {
    const bounds = [
      { least: 0, most: Infinity },
      { least: 30, most: Infinity },
      { least: 0, most: 90 },
    ];
    const asked = await Promise.all(
      [bounds, bounds.toReversed()].map(async (askers) => {
        const { billing, source } = start({ total: 70 }, { mode });
        expect(await Promise.all(askers.map((each) => billing.totalCount(list, each)))).toEqual([70, 70, 70]);
        return source.requests.map(({ window }) => window.offset);
      }),
    );
    expect(asked[0]).toEqual(asked[1]);
    expect(asked[0]?.[0]).toBe(60);
  });
});

describe.each(modes)('A page by any arguments, with paging by %s', (mode) => {
  it('is what the Relay specification says of the whole list', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          n: total,
          size: fc.integer({ min: 1, max: 50 }),
          backward: fc.boolean(),
          after: fc.option(fc.nat({ max: 270 })),
          before: fc.option(fc.nat({ max: 270 })),
          probe: fc.boolean(),
        }),
        async ({ n, size, backward, after, before, probe }) => {
          // Cursors past the list's end stand for invoices that are gone, and exclude none.
          const all = Array.from({ length: n }, (_, index) => index);
          const between = all.filter((index) => index > (after ?? -1) && index < (before ?? Infinity));
          const expected = backward ? between.slice(-size) : between.slice(0, size);
          const { billing, source } = start({ total: n }, { mode });
          const contract = (await billing.contract(customer, '1', []))!;
          const page = parsePageArguments(
            {
              first: backward ? null : size,
              last: backward ? size : null,
              after: after === null ? null : toCursor(after),
              before: before === null ? null : toCursor(before),
            },
            BILLS,
            limits,
            probe,
          );
          const known = source.requests.length;
          const isPlaced = 'first' in page && page.first > 0;
          const found = (await (isPlaced
            ? billing.contractInvoices(contract, page)
            : billing.unplacedInvoices(list, page as PageRequest | TailRequest)))!;
          expect(found.items.map(({ number }) => number)).toEqual(expected.map((index) => `n${index}`));
          const isEmptyRange = before !== null && before <= (after ?? -1) + 1;
          const isMore = (expected.at(-1) ?? (before === null ? n - 1 : before - 1)) < n - 1;
          // Where nothing lies between the cursors, it is not looked up whether their invoices are still there.
          if (found.hasMore !== null && !isEmptyRange) expect(found.hasMore).toBe(isMore);
          if (expected.length > 0) expect(found.offset).toBe(expected[0]);
          // What comes before a page from the end of the list is the list: it has no offset past its end.
          else if (backward && !isEmptyRange) expect(found.offset).toBe(n);
          // `before` with `last` needs no length, except past the list's end: no call is made for it, and none for an empty range.
          if (isEmptyRange) expect(source.requests.length).toBe(known);
          if (backward && before !== null && before <= n && isPlaced)
            expect(source.requests.length).toBe(countCalls([[HEAD], [page]], { mode, maxQuantity: MAX_QUANTITY }));
        },
      ),
    ));

  it('refuses `first` and `last` at once, and names the argument that is not of its form', () => {
    const parse = (args: object) => () =>
      parsePageArguments({ first: null, last: null, after: null, before: null, ...args }, BILLS, limits, false);
    expect(parse({ first: 1, last: 1 })).toThrow('`last` must be given without `first`');
    expect(parse({ last: 51 })).toThrow('`last` must be a whole number from 1 to 50');
    expect(parse({ last: 1, before: 'x' })).toThrow('`before` must be a cursor');
  });
});

describe.each(modes)('The summary of a list, with paging by %s', (mode) => {
  it('is the sum of all its invoices that the filter means, in growing waves, shared by all who ask', () =>
    fc.assert(
      fc.asyncProperty(total, fc.boolean(), async (n, endIsUnknown) => {
        const { billing, source } = start({ total: n, endIsUnknown }, { mode });
        const [one, other] = await Promise.all([
          billing.invoiceSummary(list, {}),
          billing.invoiceSummary(list, { status: true }),
          billing.invoiceSummary(list, { billPeriods: [] }),
        ]);
        expect(one).toEqual({ count: n, amount: Math.max(0, (n * (n - 1)) / 2), withoutAmount: 0, isComplete: true });
        expect(other).toEqual({ count: 0, amount: 0, withoutAmount: 0, isComplete: true });
        const pages = Math.floor(n / MAX_QUANTITY) + 1;
        expect(source.requests.length).toBeGreaterThanOrEqual(pages);
        expect(source.requests.length).toBeLessThan(Math.max(2, 2 * pages));
      }),
    ));

  it('says that it is not complete where the budget ends first, and never otherwise', () =>
    fc.assert(
      fc.asyncProperty(total, fc.integer({ min: 0, max: 30 }), async (n, callBudget) => {
        const { billing, operation } = start({ total: n }, { mode, callBudget });
        const { count, isComplete } = (await billing.invoiceSummary(list, {}))!;
        const pages = Math.floor(n / MAX_QUANTITY) + 1;
        expect(operation.calls).toBeLessThanOrEqual(callBudget);
        expect(isComplete).toBe(count === n && callBudget >= pages);
        if (!isComplete) expect(count).toBe(Math.min(n, callBudget * MAX_QUANTITY));
      }),
    ));
});

describe('The summary of a list', () => {
  const invoice = (values: Partial<Invoice>): Invoice => ({ ...toInvoiceAt('1', 0), ...values });
  const sum = (...amounts: (number | bigint | null)[]) =>
    summarize({ pages: [amounts.map((amount) => invoice({ amount }))], end: null }, {}, new TurnBudget(1));

  it('is exact, whatever the amounts', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.maxSafeInteger(), fc.bigInt(-(2n ** 100n), 2n ** 100n), fc.constant(null)), { maxLength: 40 }),
        async (amounts) => {
          const exact = amounts.reduce<bigint>((before, amount) => before + BigInt(amount ?? 0), 0n);
          expect(BigInt((await sum(...amounts)).amount)).toBe(exact);
          expect(await sum(...amounts)).toMatchObject({
            count: amounts.length,
            withoutAmount: amounts.filter((amount) => amount === null).length,
          });
        },
      ),
    ));

  it('keeps every digit past 2^53', async () => {
    expect((await sum(9007199254740992, 1)).amount).toBe(9007199254740993n);
    expect((await sum(9007199254740991, 9007199254740991, 1)).amount).toBe(18014398509481983n);
  });

  it('is about the invoices that the filter means', async () => {
    const read = {
      pages: [
        [invoice({ status: true, billPeriod: '2025-01', amount: 1 }), invoice({ status: false, billPeriod: '2025-02', amount: 2 })],
        [invoice({ status: null, billPeriod: null, amount: 4 })],
      ],
      end: null,
    };
    const amountOf = async (filter: object) => (await summarize(read, filter, new TurnBudget(1))).amount;
    const sums = await Promise.all(
      [
        {},
        { status: null },
        { status: true },
        { status: false },
        { billPeriods: ['2025-02', 'x'] },
        { billPeriods: null },
        { status: true, billPeriods: ['2025-02'] },
      ].map(amountOf),
    );
    expect(sums).toEqual([7, 7, 1, 2, 2, 7, 0]);
  });

  it('is null where the contract is not known, and an error where a page of it cannot be had', async () => {
    expect(await start({ total: 0, endIsUnknown: true }).billing.invoiceSummary(list, {})).toMatchObject({ count: 0 });
    const failing = start({
      total: 100,
      before: ({ window }) => {
        if (window.offset === 20) throw Object.assign(new Error('no'), { failure: 'unavailable' });
      },
    });
    expect((await failureOf(failing.billing.invoiceSummary(list, {}))).message).toBe('no');
  });

  it('is not complete where the operation ends while it is read', async () => {
    const controller = new AbortController();
    const source = new ListedSource({
      total: 1000,
      before: (_request, index) => {
        if (index < 3) return;
        controller.abort(new BillingError('timeout', 'too long'));
        throw controller.signal.reason as Error;
      },
    });
    const billing = new Billing(source, startOperation({ signal: controller.signal }), { mode: 'offset', maxQuantity: MAX_QUANTITY });
    expect(await billing.invoiceSummary(list, {})).toMatchObject({ count: 30, isComplete: false });
  });
});
