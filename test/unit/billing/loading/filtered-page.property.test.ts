import fc from 'fast-check';
import { Billing } from '../../../../src/billing/billing';
import type { BillingSource } from '../../../../src/billing/ports/billing-source';
import { BILLS, type Invoice } from '../../../../src/billing/model/bills';
import { parseCursor } from '../../../../src/billing/model/cursor';
import { parsePageArguments, type FilteredRequest } from '../../../../src/billing/model/window';
import { toCursor } from '../../../support/invoice-cursor';
import { customer, failureOf, ListedSource, startOperation, toInvoiceAt } from '../../../support/listed-source';

const list = { customer, contractNumber: '1' };
const limits = { maxPageSize: 1000 };

/** An invoice's status and period; the periods are few, so that filters mean some of them. */
interface Row {
  readonly status: boolean | null;
  readonly billPeriod: string | null;
}

const periods = ['2025-01', '2025-02', '2025-03'];
const row: fc.Arbitrary<Row> = fc.record({
  status: fc.constantFrom(true, false, null),
  billPeriod: fc.constantFrom(...periods, null),
});
const filter = fc
  .record({
    status: fc.constantFrom(true, false, null),
    billPeriods: fc.option(fc.subarray([...periods, 'none'])),
  })
  .filter(({ status, billPeriods }) => status !== null || billPeriods !== null);
const isMeant = ({ status, billPeriods }: { status: boolean | null; billPeriods: string[] | null }, each: Row): boolean =>
  (status === null || each.status === status) &&
  (billPeriods === null || (each.billPeriod !== null && billPeriods.includes(each.billPeriod)));

interface World {
  readonly rows: readonly Row[];
  readonly maxQuantity: number;
  readonly mode: 'offset' | 'page';
  readonly endIsUnknown: boolean;
}

const world: fc.Arbitrary<World> = fc.record({
  rows: fc.array(row, { maxLength: 90 }),
  maxQuantity: fc.integer({ min: 1, max: 40 }),
  mode: fc.constantFrom('offset' as const, 'page' as const),
  endIsUnknown: fc.boolean(),
});

function start({ rows, maxQuantity, mode, endIsUnknown }: World, callBudget = 1000) {
  const source = new ListedSource({ total: rows.length, invoiceAt: (index) => rows[index], endIsUnknown });
  return { source, billing: new Billing(source, startOperation({ callBudget }), { mode, maxQuantity }) };
}

interface Arguments {
  readonly first?: number | null;
  readonly after?: number | null;
  readonly last?: number | null;
  readonly before?: number | null;
  readonly filter: object;
  readonly probe?: boolean;
  readonly asksPrevious?: boolean;
}

/** The page of one operation of its own. */
async function pageOf(
  of: World,
  { first, after, last, before, filter: wanted, probe = true, asksPrevious = true }: Arguments,
  callBudget = 1000,
) {
  const { source, billing } = start(of, callBudget);
  const cursor = (position: number | null | undefined): string | null => (typeof position === 'number' ? toCursor(position) : null);
  const request = parsePageArguments({ first, after: cursor(after), last, before: cursor(before), filter: wanted }, BILLS, limits, probe);
  const page = (await billing.filteredInvoices(list, request as FilteredRequest, asksPrevious))!;
  return { positions: page.matching!.positions, page, calls: source.requests.length };
}

describe('A page of the invoices that a filter means', () => {
  it('follows the page before it, so that all pages together are what the filter means of the whole list', () =>
    fc.assert(
      fc.asyncProperty(world, filter, fc.integer({ min: 1, max: 30 }), async (of, wanted, first) => {
        const expected = of.rows.flatMap((each, index) => (isMeant(wanted, each) ? [index] : []));
        const seen: number[] = [];
        for (let after: number | null = null; ;) {
          const { positions, page } = await pageOf(of, { first, after, filter: wanted });
          expect(page.items.map(({ number }) => number)).toEqual(positions.map((position) => `n${position}`));
          expect(page.matching?.hasPrevious).toBe(after !== null);
          seen.push(...positions);
          expect(page.hasMore).toBe(seen.length < expected.length);
          if (!page.hasMore) break;
          expect(positions).toHaveLength(first);
          after = positions.at(-1) as number;
        }
        expect(seen).toEqual(expected);
      }),
    ));

  it('goes backward in the same way', () =>
    fc.assert(
      fc.asyncProperty(world, filter, fc.integer({ min: 1, max: 30 }), async (of, wanted, last) => {
        const expected = of.rows.flatMap((each, index) => (isMeant(wanted, each) ? [index] : []));
        const seen: number[] = [];
        for (let before: number | null = null; ;) {
          const { positions, page } = await pageOf(of, { last, before, filter: wanted });
          expect(page.hasMore).toBe(before !== null);
          seen.unshift(...positions);
          expect(page.matching?.hasPrevious).toBe(seen.length < expected.length);
          if (!page.matching?.hasPrevious) break;
          before = positions[0] as number;
        }
        expect(seen).toEqual(expected);
      }),
    ));

  it('is what the Relay specification says of the matches, for cursors of any invoices', () =>
    fc.assert(
      fc.asyncProperty(
        world,
        filter,
        fc.record({
          size: fc.integer({ min: 1, max: 30 }),
          backward: fc.boolean(),
          after: fc.option(fc.nat({ max: 100 })),
          before: fc.option(fc.nat({ max: 100 })),
          probe: fc.boolean(),
        }),
        async (of, wanted, { size, backward, after, before, probe }) => {
          const all = of.rows.flatMap((each, index) => (isMeant(wanted, each) ? [index] : []));
          const between = all.filter((index) => index > (after ?? -1) && index < (before ?? Infinity));
          const expected = backward ? between.slice(-size) : between.slice(0, size);
          const { positions, page } = await pageOf(of, {
            ...(backward ? { last: size, first: null } : { first: size }),
            after,
            before,
            filter: wanted,
            probe,
          });
          expect(positions).toEqual(expected);
          const end =
            expected.length > 0 ? (expected.at(-1) as number) + 1 : Math.max((after ?? -1) + 1, backward ? (before ?? Infinity) : 0);
          const follows = all.some((index) => index >= (backward ? (before ?? Infinity) : end));
          if (probe && (before === null || before > (after ?? -1))) expect(page.hasMore).toBe(follows);
        },
      ),
    ));

  it('asks for no more calls than the whole list takes in waves, and shares what equal scans and sums read', () =>
    fc.assert(
      fc.asyncProperty(world, filter, fc.integer({ min: 1, max: 30 }), async (of, wanted, first) => {
        const { source, billing } = start(of);
        const request = parsePageArguments({ first, after: null, last: null, before: null, filter: wanted }, BILLS, limits, true);
        const ask = () => billing.filteredInvoices(list, request as FilteredRequest, true);
        const [one, other, summary] = await Promise.all([ask(), ask(), billing.invoiceSummary(list, wanted)]);
        expect(one).toEqual(other);
        expect(summary?.isComplete).toBe(true);
        expect(await billing.filteredCount(list, (request as FilteredRequest).filter)).toBe(summary?.count);
        const pages = Math.floor(of.rows.length / of.maxQuantity) + 1;
        expect(source.requests.length).toBeLessThan(Math.max(2, 2 * pages));
        expect(new Set(source.requests.map(({ window }) => window.offset)).size).toBe(source.requests.length);
      }),
    ));

  it('is an error where the call budget ends first, which says where to go on: nothing is missed, and nothing comes twice', () =>
    fc.assert(
      fc.asyncProperty(
        world,
        filter,
        fc.record({ size: fc.integer({ min: 1, max: 12 }), backward: fc.boolean(), budget: fc.integer({ min: 1, max: 4 }) }),
        async (of, wanted, { size, backward, budget }) => {
          const expected = of.rows.flatMap((each, index) => (isMeant(wanted, each) ? [index] : []));
          const seen: number[] = [];
          let from: number | null = backward ? of.rows.length : null;
          let count = size;
          let probe = true;
          for (let asked = 0; ; asked++) {
            expect(asked).toBeLessThan(500);
            const args = backward ? { last: count, first: null, before: from } : { first: count, after: from };
            let answer: Awaited<ReturnType<typeof pageOf>>;
            try {
              answer = await pageOf(of, { ...args, filter: wanted, probe: probe && !backward, asksPrevious: probe }, budget);
            } catch (error) {
              const { failure, details } = error as { failure: string; details: { reached: string; matches: number } };
              expect(failure).toBe('budget-exceeded');
              // What had been found is asked for by itself; with nothing found, the reading goes on from where it ended.
              if (details.matches > 0 && !probe) throw error;
              if (details.matches > 0) {
                count = Math.min(size, details.matches);
                probe = false;
              } else from = parseCursor(details.reached, 'after', BILLS);
              continue;
            }
            if (backward) seen.unshift(...answer.positions);
            else seen.push(...answer.positions);
            if (answer.positions.length < count) break;
            from = (backward ? answer.positions[0] : answer.positions.at(-1)) as number;
            count = size;
            probe = true;
          }
          expect(seen).toEqual(expected);
        },
      ),
    ));
});

describe('A filter', () => {
  const of: World = {
    rows: Array.from({ length: 25 }, () => ({ status: true, billPeriod: 'x' })),
    maxQuantity: 10,
    mode: 'offset',
    endIsUnknown: false,
  };

  it('that excludes nothing is none', () => {
    for (const none of [undefined, null, {}, { status: null }, { status: null, billPeriods: null }])
      expect(parsePageArguments({ first: 5, after: null, last: null, before: null, filter: none }, BILLS, limits, false)).toEqual({
        offset: 0,
        first: 5,
        probe: false,
      });
  });

  it('reads no more than it takes to fill the page', async () => {
    expect(await pageOf(of, { first: 5, filter: { status: true } })).toMatchObject({ calls: 1, positions: [0, 1, 2, 3, 4] });
    expect(await pageOf(of, { first: 10, filter: { status: true }, probe: false })).toMatchObject({ calls: 1 });
    expect(await pageOf(of, { last: 4, first: null, before: 22, filter: { status: true } })).toMatchObject({
      calls: 3,
      positions: [18, 19, 20, 21],
    });
  });

  it('by a value that cannot be read fails the page: what may match is neither shown nor left out', async () => {
    const unreadable = Object.defineProperty<Invoice>({ ...toInvoiceAt('1', 0) }, 'status', {
      get: () => {
        throw new Error('no boolean');
      },
    });
    const listed = new ListedSource({ total: 1 });
    const source: BillingSource = {
      read: async (asked, context) => {
        const answer = await listed.read(asked, context);
        return { ...answer, content: answer.content && { ...answer.content, invoices: [unreadable] } };
      },
    };
    const billing = new Billing(source, startOperation(), { mode: 'offset', maxQuantity: 10 });
    const request = (wanted: object) =>
      parsePageArguments({ first: 5, after: null, last: null, before: null, filter: wanted }, BILLS, limits, false) as FilteredRequest;
    expect((await failureOf(billing.filteredInvoices(list, request({ status: true }), false))).message).toBe('no boolean');
    expect((await billing.filteredInvoices(list, request({ billPeriods: ['x'] }), false))?.items).toEqual([]);
  });
});
