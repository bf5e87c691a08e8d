import fc from 'fast-check';
import { Billing } from '../../../../src/billing/billing';
import { BILLS } from '../../../../src/billing/model/bills';
import { toCursor } from '../../../../src/billing/model/cursor';
import { toPredicate } from '../../../../src/billing/model/invoice-filter';
import { parsePageArguments, type FilteredRequest, type PageArguments } from '../../../../src/billing/model/window';
import { customer, failureOf, ListedSource, startOperation, toInvoiceAt } from '../../../support/listed-source';

const list = { customer, contractNumber: '1' };
const periods = ['2025-01', '2025-02'];
const row = fc.record({ status: fc.constantFrom(true, false, null), billPeriod: fc.constantFrom(...periods, null) });
const filter = fc
  .record({ status: fc.constantFrom(true, false, null), billPeriods: fc.option(fc.subarray([...periods, 'none'], { minLength: 1 })) })
  .filter(({ status, billPeriods }) => status !== null || billPeriods !== null);
const world = fc.record({
  rows: fc.array(row, { maxLength: 60 }),
  maxQuantity: fc.integer({ min: 1, max: 30 }),
  mode: fc.constantFrom('offset' as const, 'page' as const),
  endIsUnknown: fc.boolean(),
  surplus: fc.nat(3),
});
type World = typeof world extends fc.Arbitrary<infer W> ? W : never;

function read(of: World, filters: boolean, isPushed: boolean, args: PageArguments) {
  const { rows, mode, maxQuantity, endIsUnknown, surplus } = of;
  const source = new ListedSource({ total: rows.length, invoiceAt: (index) => rows[index], endIsUnknown, surplus, filters });
  const billing = new Billing(source, startOperation({ callBudget: 1000 }), { mode, maxQuantity });
  const limits = { maxPageSize: 1000, pushes: () => isPushed };
  const request = parsePageArguments(args, BILLS, limits, true) as FilteredRequest;
  return { source, request, page: billing.filteredInvoices(list, request, true) };
}

/** A page as a client sees it, and the cursor of its first and last item. */
async function ask(of: World, filters: boolean, isPushed: boolean, args: PageArguments) {
  const { source, page } = read(of, filters, isPushed, args);
  const { items, hasMore, matching } = (await page)!;
  const cursors = matching!.positions.map((position) => toCursor(position, matching!.list ?? BILLS));
  const shown = { numbers: items.map(({ number }) => number), hasMore, hasPrevious: matching!.hasPrevious };
  return { shown, start: cursors[0] ?? null, end: cursors.at(-1) ?? null, requests: source.requests };
}

const rows = Array.from({ length: 12 }, (_, index) => ({ status: index < 8, billPeriod: null }));
const steady: World = { rows, maxQuantity: 30, mode: 'offset', endIsUnknown: false, surplus: 0 };

describe('A page that the billing API filters', () => {
  it.each([true, false])('says page by page what a scan of the whole list says, where the API filters: %s', (filters) =>
    fc.assert(
      fc.asyncProperty(world, filter, fc.integer({ min: 1, max: 20 }), async (of, wanted, first) => {
        let [after, afterOfScan]: [string | null, string | null] = [null, null];
        for (;;) {
          const pushed = await ask(of, filters, true, { first, after, filter: wanted });
          const scan = await ask(of, filters, false, { first, after: afterOfScan, filter: wanted });
          expect(pushed.shown).toEqual(scan.shown);
          if (filters) expect(pushed.requests.every((request) => request.filter !== undefined)).toBe(true);
          if (pushed.start !== null && filters) {
            const before = { last: 3, before: pushed.start, filter: wanted };
            const back = await ask(of, filters, true, before);
            expect(back.shown).toEqual((await ask(of, filters, false, { ...before, before: scan.start })).shown);
          }
          if (pushed.shown.hasMore !== true) break;
          [after, afterOfScan] = [pushed.end, scan.end];
        }
      }),
    ),
  );

  it('is the end of what the filter means where the list has become shorter than the cursor that it is counted from', () =>
    fc.assert(
      fc.asyncProperty(world, filter, fc.integer({ min: 1, max: 20 }), fc.nat(70), async (of, wanted, last, lost) => {
        const { end } = await ask(of, true, true, { first: 1000, filter: wanted });
        if (end === null) return;
        const shorter = { ...of, rows: of.rows.slice(0, Math.max(0, of.rows.length - lost)) };
        const matches = (rows: World['rows']) => rows.filter((each) => toPredicate(wanted)({ ...toInvoiceAt('1', 0), ...each })).length;
        const [known, left] = [matches(of.rows), matches(shorter.rows)];
        const { shown } = await ask(shorter, true, true, { last, before: end, filter: wanted });
        const rest = Math.min(left, known - 1);
        expect(shown.numbers).toHaveLength(Math.min(last, rest));
        expect([shown.hasPrevious, shown.hasMore]).toEqual([rest > last, left === known]);
        // The same as from the end of the whole list.
        if (left < known) expect(shown.numbers).toEqual((await ask(shorter, true, false, { last, filter: wanted })).shown.numbers);
      }),
      // The item before the page is the list's first one.
      { examples: [[{ ...steady, rows: steady.rows.slice(0, 4), maxQuantity: 1 }, { status: true, billPeriods: null }, 2, 2]] },
    ));

  it('asks for the page and for what says whether there are more, and for nothing else', () =>
    fc.assert(
      fc.asyncProperty(world, filter, fc.integer({ min: 1, max: 20 }), async (of, wanted, first) => {
        const { source, page } = read({ ...of, mode: 'offset' }, true, true, { first, filter: wanted });
        await page;
        expect(source.requests.reduce((sum, { window }) => sum + window.limit, 0)).toBe(first + 1);
      }),
    ));

  const wanted = { status: true };

  it('goes on where it was when the API filters no more, and leaves nothing out', async () => {
    const { end } = await ask(steady, true, true, { first: 3, filter: wanted });
    const next = await ask(steady, false, true, { first: 10, after: end, filter: wanted });
    expect(next.shown.numbers).toEqual(['n3', 'n4', 'n5', 'n6', 'n7']);
  });

  it('fails before a cursor when the API filters no more: there may be others before it', async () => {
    const mixed = { ...steady, rows: rows.map((each, index) => ({ ...each, status: index % 2 === 0 })) };
    const { end } = await ask(mixed, true, true, { first: 6, filter: wanted });
    const { page } = read(mixed, false, true, { last: 2, before: end, filter: wanted });
    expect((await failureOf(page)).failure).toBe('invalid-response');
  });

  it('has cursors that are refused in the whole list and under another filter', async () => {
    const { end } = await ask(steady, true, true, { first: 3, filter: wanted });
    for (const args of [{ filter: { status: false } }, { filter: { status: true, billPeriods: ['2025-01'] } }, {}])
      expect(() => parsePageArguments({ first: 3, after: end, ...args }, BILLS, { maxPageSize: 10, pushes: () => true }, true)).toThrow(
        'after',
      );
  });
});
