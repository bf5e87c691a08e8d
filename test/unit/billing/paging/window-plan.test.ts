import fc from 'fast-check';
import type { PageRequest } from '../../../../src/billing/model/window';
import { countCalls, findRun, planPages, planRuns, type Paging, type PlannedRun } from '../../../../src/billing/paging/window-plan';

const pages = fc.array(fc.record({ offset: fc.nat({ max: 3000 }), first: fc.integer({ min: 1, max: 400 }), probe: fc.boolean() }), {
  minLength: 1,
  maxLength: 12,
});
const maxQuantity = fc.integer({ min: 1, max: 500 });

const endOf = (page: PageRequest): number => page.offset + page.first + (page.probe ? 1 : 0);
const offset = (max: number): Paging => ({ mode: 'offset', maxQuantity: max });
const page = (max: number): Paging => ({ mode: 'page', maxQuantity: max });

/** Calls follow each other without a gap and hold the whole run. */
function expectToCover(run: PlannedRun): void {
  expect(run.calls.length).toBeGreaterThan(0);
  expect(run.calls[0]!.offset).toBeLessThanOrEqual(run.start);
  run.calls.slice(1).forEach((call, index) => expect(call.offset).toBe(run.calls[index]!.offset + run.calls[index]!.limit));
  const last = run.calls.at(-1)!;
  expect(last.offset + last.limit).toBeGreaterThanOrEqual(run.end);
  // None is there for nothing.
  expect(last.offset).toBeLessThan(run.end);
  expect(run.calls[0]!.offset + run.calls[0]!.limit).toBeGreaterThan(run.start);
}

describe('planRuns', () => {
  it.each(['offset', 'page'] as const)('puts every page whole into exactly one run, and keeps runs apart, in the %s reading', (mode) => {
    fc.assert(
      fc.property(pages, maxQuantity, (asked, max) => {
        const runs = planRuns(asked, { mode, maxQuantity: max });
        for (const one of asked) expect(runs.filter((run) => run.start <= one.offset && endOf(one) <= run.end)).toHaveLength(1);
        for (const run of runs) {
          expectToCover(run);
          expect(asked.some((one) => one.offset === run.start)).toBe(true);
          expect(asked.some((one) => endOf(one) === run.end)).toBe(true);
        }
        runs.slice(1).forEach((run, index) => expect(run.start).toBeGreaterThan(runs[index]!.end));
      }),
    );
  });

  it('asks for the run and nothing besides, in as few calls as the largest quantity allows, where pageInit is an offset', () => {
    fc.assert(
      fc.property(pages, maxQuantity, (asked, max) => {
        for (const run of planRuns(asked, offset(max))) {
          expect(run.calls[0]!.offset).toBe(run.start);
          expect(run.calls.reduce((sum, call) => sum + call.limit, 0)).toBe(run.end - run.start);
          expect(run.calls).toHaveLength(Math.ceil((run.end - run.start) / max));
          for (const call of run.calls) expect(call.limit).toBeLessThanOrEqual(max);
        }
      }),
    );
  });

  it('starts every call at a multiple of its length, and never asks for more than one call may, where pageInit is a page number', () => {
    fc.assert(
      fc.property(pages, maxQuantity, (asked, max) => {
        for (const run of planRuns(asked, page(max))) {
          for (const call of run.calls) {
            expect(call.offset % call.limit).toBe(0);
            expect(call.limit).toBeLessThanOrEqual(max);
            // All are of one length, but for the one that learns whether the list goes on.
            if (call.offset + 1 < run.end) expect(call.limit).toBe(run.calls[0]!.limit);
          }
        }
      }),
    );
  });

  it('makes one call wherever an aligned window that is short enough holds the run', () => {
    fc.assert(
      fc.property(fc.nat({ max: 500 }), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 120 }), (start, first, max) => {
        const [run] = planRuns([{ offset: start, first, probe: false }], page(max)) as [PlannedRun];
        const fits = Array.from({ length: max }, (_, index) => index + 1).some((size) => start - (start % size) + size >= start + first);
        expect(run.calls.length === 1).toBe(fits);
      }),
    );
  });

  it.each(['offset', 'page'] as const)(
    'makes at most one call more for a probe, and asks for one invoice in it, in the %s reading',
    (mode) => {
      fc.assert(
        fc.property(pages, maxQuantity, (asked, max) => {
          const paging: Paging = { mode, maxQuantity: max };
          for (const run of planRuns(asked, paging)) {
            const own = asked.filter((one) => one.offset >= run.start && one.offset < run.end);
            const dataEnd = Math.max(...own.map((one) => one.offset + one.first));
            const forData = planRuns([{ offset: run.start, first: dataEnd - run.start, probe: false }], paging)[0]!.calls;
            expect(run.calls.length).toBeLessThanOrEqual(forData.length + (run.end > dataEnd ? 1 : 0));
            // A call of its own for the probe is the smallest there is.
            for (const call of run.calls) if (call.offset >= dataEnd) expect(call).toEqual({ offset: dataEnd, limit: 1 });
          }
        }),
      );
    },
  );

  it('joins pages that overlap or touch, and leaves a page apart that one invoice separates', () => {
    const at = (start: number, first: number): PageRequest => ({ offset: start, first, probe: false });
    expect(planRuns([at(10, 10), at(0, 10)], offset(1000))).toEqual([{ start: 0, end: 20, calls: [{ offset: 0, limit: 20 }] }]);
    expect(planRuns([at(0, 10), at(5, 10)], offset(1000)).map(({ start, end }) => [start, end])).toEqual([[0, 15]]);
    expect(planRuns([at(0, 10), at(11, 10)], offset(1000)).map(({ start, end }) => [start, end])).toEqual([
      [0, 10],
      [11, 21],
    ]);
    expect(planRuns([at(0, 100), at(10, 10), at(50, 10)], offset(1000)).map(({ start, end }) => [start, end])).toEqual([[0, 100]]);
  });

  it.each([offset, page])('asks for one invoice alone to learn whether a page of the largest size is the last', (paging) => {
    expect(planRuns([{ offset: 0, first: 1000, probe: true }], paging(1000))).toEqual([
      {
        start: 0,
        end: 1001,
        calls: [
          { offset: 0, limit: 1000 },
          { offset: 1000, limit: 1 },
        ],
      },
    ]);
  });

  it('asks in no larger pages than it needs, where no single one holds the run and pageInit is a page number', () => {
    expect(planRuns([{ offset: 59, first: 2, probe: false }], page(6))[0]!.calls).toEqual([
      { offset: 58, limit: 2 },
      { offset: 60, limit: 2 },
    ]);
  });

  it('plans nothing where nothing is asked for', () => {
    expect(planRuns([], offset(1000))).toEqual([]);
  });
});

describe('The calls for a contract', () => {
  const at = (start: number, first: number, probe = false): PageRequest => ({ offset: start, first, probe });

  it('are one for its first invoice, where no page is asked for, and none besides those for its pages', () => {
    const calls = (...asked: PageRequest[]): unknown => planPages(asked, offset(10)).map((run) => run.calls);
    const head = at(0, 0);
    expect([calls(head), calls(head, head)]).toEqual([[[{ offset: 0, limit: 1 }]], [[{ offset: 0, limit: 1 }]]]);
    expect([calls(at(50, 5)), calls(head, at(50, 5)), calls(at(50, 5), head)]).toEqual(Array(3).fill([[{ offset: 50, limit: 5 }]]));
  });

  it('have a page where one of their runs has all of it, and the invoice after it where that is asked for', () => {
    const runs = [
      { start: 10, end: 20 },
      { start: 30, end: 35 },
    ];
    const found = (page: PageRequest): number => runs.indexOf(findRun(runs, page)!);
    expect([at(10, 10), at(10, 9, true), at(12, 3), at(30, 5), at(34, 1)].map(found)).toEqual([0, 0, 0, 1, 1]);
    expect([at(10, 10, true), at(9, 2), at(0, 5), at(19, 2), at(20, 5), at(28, 3), at(33, 3), at(40, 1)].map(found)).toEqual(
      Array(8).fill(-1),
    );
    // The contract's own data come with any of them.
    expect([found(at(0, 0)), findRun<PlannedRun>([], at(0, 0))]).toEqual([0, undefined]);
  });

  it('are counted once where an earlier wave has brought a page, and for each window otherwise', () => {
    const count = (...waves: (readonly PageRequest[] | undefined)[]): number => countCalls(waves, offset(10));
    expect([count(), count([]), count(undefined), count([at(0, 0)]), count([at(0, 5)]), count([at(0, 10)])]).toEqual([0, 0, 0, 1, 1, 1]);
    expect([count([at(0, 10, true)]), count([at(0, 25)]), count([at(0, 5), at(50, 5)])]).toEqual([2, 3, 2]);
    expect([count([at(0, 5)], [at(2, 3)]), count([at(0, 5)], [at(2, 4)]), count(undefined, [at(0, 5)])]).toEqual([1, 2, 1]);
    expect(count([at(0, 15)], [at(0, 10)], [at(5, 15)])).toBe(4);
    expect(countCalls([[at(59, 2)]], page(6))).toBe(2);
  });
});
