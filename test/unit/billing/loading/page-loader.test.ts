import fc from 'fast-check';
import { BILLS } from '../../../../src/billing/model/bills';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { PageLoader } from '../../../../src/billing/loading/page-loader';
import type { PageRequest } from '../../../../src/billing/model/window';
import { PagingEvidence } from '../../../../src/billing/paging/paging-evidence';
import type { Paging } from '../../../../src/billing/paging/window-plan';
import {
  countdown,
  customer,
  failureOf,
  ListedSource,
  startOperation,
  toInvoiceAt,
  type ListedSourceOptions,
} from '../../../support/listed-source';

function createLoader(options: ListedSourceOptions, paging: Paging = { mode: 'offset', maxQuantity: 1000 }, callBudget = 1000) {
  const source = new ListedSource(options);
  const operation = startOperation({ callBudget });
  const loader = new PageLoader(BILLS, source, operation, paging);
  const read = async (contractNumber: string | null, page: PageRequest) => (await loader.load({ customer, contractNumber }, page)).page();
  return { source, operation, loader, read, windows: () => source.requests.map(({ window }) => [window.offset, window.limit]) };
}

const pageRequest = fc.record({ offset: fc.nat({ max: 60 }), first: fc.integer({ min: 1, max: 30 }), probe: fc.boolean() });
const ticks = fc.array(
  fc.array(fc.record({ contract: fc.constantFrom('1', '2', null), page: pageRequest }), { minLength: 1, maxLength: 6 }),
  { minLength: 1, maxLength: 3 },
);

describe('PageLoader', () => {
  it('gives every page exactly its slice and says rightly whether more follows, whatever else is asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        ticks,
        fc.record({ total: fc.nat({ max: 80 }), surplus: fc.constantFrom(0, 0, 1, 7, 100) }),
        fc.record({ mode: fc.constantFrom('offset' as const, 'page' as const), maxQuantity: fc.integer({ min: 1, max: 40 }) }),
        async (asked, list, paging) => {
          const { read, source } = createLoader(list, paging);
          for (const tick of asked) {
            const loaded = await Promise.all(tick.map(({ contract, page }) => read(contract, page)));
            tick.forEach(({ contract, page }, index) => {
              const end = Math.min(list.total, page.offset + page.first);
              const invoices = Array.from({ length: Math.max(0, end - page.offset) }, (_, at) => toInvoiceAt(contract, page.offset + at));
              expect(loaded[index]).toEqual({ items: invoices, hasMore: page.probe ? list.total > page.offset + page.first : null });
            });
          }
          for (const { window } of source.requests) {
            expect(window.limit).toBeLessThanOrEqual(paging.maxQuantity);
            if (paging.mode === 'page') expect(window.offset % window.limit).toBe(0);
          }
        },
      ),
    );
  });

  it.each([
    { total: 19, hasMore: false },
    { total: 20, hasMore: false },
    { total: 21, hasMore: true },
  ])('says with one call whether a page of 20 is the last of $total invoices', async ({ total, hasMore }) => {
    const { read, windows } = createLoader({ total });
    expect(await read('1', { offset: 0, first: 20, probe: true })).toMatchObject({ hasMore });
    expect(windows()).toEqual([[0, 21]]);
  });

  it.each([
    { total: 3, hasMore: false },
    { total: 1000, hasMore: false },
    { total: 1001, hasMore: true },
  ])('asks at once for a page of the largest size and for the invoice after it, of a list of $total', async ({ total, hasMore }) => {
    const both = countdown(2);
    const { read, windows, loader } = createLoader({ total, before: both });
    const page = await read('1', { offset: 0, first: 1000, probe: true });
    expect(page?.hasMore).toBe(hasMore);
    expect(page?.items).toHaveLength(Math.min(total, 1000));
    expect(windows()).toEqual([
      [0, 1000],
      [1000, 1],
    ]);
    expect(loader.merged).toBe(0);
  });

  it.each([3, 999])(
    'does not mind that the invoice after a page of the largest size cannot be had, where the list of %i ends before',
    async (total) => {
      const { read } = createLoader({
        total,
        before: (_request, index) => (index === 1 ? Promise.reject(new Error('past the end')) : undefined),
      });
      expect(await read('1', { offset: 0, first: 1000, probe: true })).toMatchObject({ hasMore: false });
    },
  );

  it('takes a window past the end that is answered as unknown for the end of the list', async () => {
    const { read } = createLoader({ total: 1000, endIsUnknown: true });
    expect(await read('1', { offset: 0, first: 1000, probe: true })).toMatchObject({ hasMore: false });
    const long = createLoader({ total: 1000, endIsUnknown: true });
    expect((await long.read('1', { offset: 500, first: 1500, probe: false }))?.items).toHaveLength(500);
  });

  it('gives an empty page past the end of the list', async () => {
    const { read, windows } = createLoader({ total: 5 });
    expect(await read('1', { offset: 100, first: 10, probe: true })).toEqual({ items: [], hasMore: false });
    expect(windows()).toEqual([[100, 11]]);
  });

  it("makes one call of a tick's equal, overlapping and touching pages, and counts those that it answered besides", async () => {
    const { read, windows, loader } = createLoader({ total: 100 });
    await Promise.all([
      read('1', { offset: 0, first: 10, probe: false }),
      read('1', { offset: 0, first: 10, probe: false }),
      read('1', { offset: 5, first: 10, probe: false }),
      read('1', { offset: 15, first: 10, probe: true }),
    ]);
    expect(windows()).toEqual([[0, 26]]);
    expect(loader.merged).toBe(3);
  });

  it('does not ask again for what an earlier tick brought', async () => {
    const { read, windows } = createLoader({ total: 100 });
    await read('1', { offset: 0, first: 50, probe: true });
    expect((await read('1', { offset: 10, first: 20, probe: true }))?.hasMore).toBe(true);
    expect(windows()).toEqual([[0, 51]]);
  });

  it('asks for what is missing alone, where an earlier tick brought the rest, and tells the trace how many calls that takes', async () => {
    const planned: number[][] = [];
    const source = new ListedSource({ total: 100 });
    const operation = Object.assign(startOperation(), {
      trace: { startPlanning: () => ({ end: (pages: number, calls: number) => void planned.push([pages, calls]) }) },
    });
    const loader = new PageLoader(BILLS, source, operation, { mode: 'offset', maxQuantity: 50 });
    const owner = { customer, contractNumber: '1' };
    const near: PageRequest = { offset: 0, first: 10, probe: false };
    const pages: PageRequest[] = [near, { ...near, offset: 40, first: 20 }, { ...near, offset: 2, first: 3 }];
    for (const asked of [[near], pages, [near]]) await Promise.all(asked.map((page) => loader.load(owner, page)));
    expect(source.requests.map(({ window }) => [window.offset, window.limit])).toEqual([
      [0, 10],
      [40, 20],
    ]);
    expect(planned).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it("gives the contract's own data where its invoices cannot be read", async () => {
    const unreadable = new BillingError('invalid-response', 'no list');
    const content = {
      contractNumber: '1',
      dueDate: '2025-07-15',
      billingAddresses: null,
      get invoices(): never {
        throw unreadable;
      },
    };
    const source = { read: () => Promise.resolve({ content, received: null, freshUntilMs: 0, stale: false }) };
    const evidence = new PagingEvidence(10, false);
    const loader = new PageLoader(BILLS, source, startOperation(), { mode: 'offset', maxQuantity: 10, evidence });
    const load = await loader.load({ customer, contractNumber: '1' }, { offset: 0, first: 5, probe: true });
    expect(await load.head()).toMatchObject({ dueDate: '2025-07-15' });
    expect(await failureOf(load.page())).toBe(unreadable);
  });

  it("answers for the contract's own data from any call that is made for the contract", async () => {
    const head: PageRequest = { offset: 0, first: 0, probe: false };
    const { loader, windows } = createLoader({ total: 100 });
    const [one, other] = await Promise.all([
      loader.load({ customer, contractNumber: '1' }, head),
      loader.load({ customer, contractNumber: '1' }, { offset: 40, first: 5, probe: false }),
    ]);
    expect(await one.head()).toMatchObject({ dueDate: '2025-07-15' });
    expect(await other.page()).toMatchObject({ hasMore: null });
    expect(await (await loader.load({ customer, contractNumber: '1' }, head)).head()).toMatchObject({ dueDate: '2025-07-15' });
    expect(windows()).toEqual([[40, 5]]);

    const alone = createLoader({ total: 100 });
    expect(await (await alone.loader.load({ customer, contractNumber: '1' }, head)).head()).toMatchObject({ dueDate: '2025-07-15' });
    expect(alone.windows()).toEqual([[0, 1]]);
  });

  it("never makes a contract wait for another one's slow call, asked for in the same tick or while it is under way", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { read } = createLoader({ total: 5, before: ({ contractNumber }) => (contractNumber === 'slow' ? held : undefined) });
    const page = { offset: 0, first: 5, probe: false };
    let slowIsDone = false;
    const slow = read('slow', page).then(() => (slowIsDone = true));
    expect((await read('1', page))?.items).toHaveLength(5);
    // A page that is known already, asked for in one tick with a new one of the slow contract.
    const slowAgain = read('slow', { offset: 50, first: 5, probe: false });
    expect((await read('1', page))?.items).toHaveLength(5);
    expect((await read('2', page))?.items).toHaveLength(5);
    expect(slowIsDone).toBe(false);
    release();
    await Promise.all([slow, slowAgain]);
  });

  it('remembers a failure: whoever asks for the same again gets the same error and no further call', async () => {
    const broken = new BillingError('unavailable', 'gone');
    const { read, source } = createLoader({ total: 5, before: () => Promise.reject(broken) });
    const page = { offset: 0, first: 5, probe: false };
    const failures = await Promise.all([
      failureOf(read('1', page)),
      failureOf(read('1', page)),
      failureOf(read('1', { ...page, offset: 2 })),
    ]);
    expect(new Set(failures)).toEqual(new Set([broken]));
    expect(await failureOf(read('1', page))).toBe(broken);
    expect(source.requests).toHaveLength(1);
  });

  it('lets a failed call cost only the pages that need it', async () => {
    const { read } = createLoader(
      { total: 30, before: ({ window }) => (window.offset >= 10 ? Promise.reject(new BillingError('timeout', 'late')) : undefined) },
      { mode: 'offset', maxQuantity: 10 },
    );
    const [first, second, both] = await Promise.allSettled([
      read('1', { offset: 0, first: 10, probe: false }),
      read('1', { offset: 10, first: 10, probe: false }),
      read('1', { offset: 5, first: 10, probe: false }),
    ]);
    expect([first.status, second.status, both.status]).toEqual(['fulfilled', 'rejected', 'rejected']);
  });

  it('lets the first call of a run fail without the page that begins with the second', async () => {
    const { read } = createLoader(
      { total: 30, before: ({ window }) => (window.offset === 0 ? Promise.reject(new BillingError('timeout', 'late')) : undefined) },
      { mode: 'offset', maxQuantity: 10 },
    );
    const [first, second] = await Promise.allSettled([
      read('1', { offset: 0, first: 10, probe: false }),
      read('1', { offset: 10, first: 10, probe: false }),
    ]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
  });

  it('never waits for the call after the last one that a page needs', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { read } = createLoader(
      { total: 40, before: ({ window }) => (window.offset >= 20 ? held : undefined) },
      { mode: 'offset', maxQuantity: 10 },
    );
    const longer = read('1', { offset: 0, first: 30, probe: false });
    expect((await read('1', { offset: 0, first: 20, probe: false }))?.items).toHaveLength(20);
    release();
    expect((await longer)?.items).toHaveLength(30);
  });

  it.each([5, 25])('gives null for a page of %i invoices of a contract that is not known', async (first) => {
    const source = { read: () => Promise.resolve({ content: null, received: null, freshUntilMs: 0, stale: false }) };
    const loader = new PageLoader(BILLS, source, startOperation(), { mode: 'offset', maxQuantity: 10 });
    const load = await loader.load({ customer, contractNumber: '1' }, { offset: 0, first, probe: false });
    expect([await load.page(), await load.head(), load.knownPage()]).toEqual([null, null, undefined]);
  });

  it('knows a page without waiting once its one call is answered', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { loader } = createLoader({ total: 30, before: () => held }, { mode: 'offset', maxQuantity: 10 });
    const owner = { customer, contractNumber: '1' };
    const [one, long] = await Promise.all([
      loader.load(owner, { offset: 0, first: 5, probe: true }),
      loader.load({ ...owner, contractNumber: '2' }, { offset: 0, first: 15, probe: false }),
    ]);
    expect(one.knownPage()).toBeUndefined();
    release();
    await one.head();
    expect(one.knownPage()).toEqual(await one.page());
    await long.page();
    expect(long.knownPage()).toBeUndefined();
  });

  it('counts as merged only pages without a call of their own', async () => {
    const { read, loader } = createLoader({ total: 100 }, { mode: 'offset', maxQuantity: 10 });
    await Promise.all([
      read('1', { offset: 0, first: 5, probe: false }),
      read('1', { offset: 50, first: 3, probe: false }),
      read('1', { offset: 53, first: 3, probe: false }),
      read('2', { offset: 0, first: 25, probe: false }),
    ]);
    expect(loader.merged).toBe(1);
    loader.noteRepeated(2);
    expect(loader.merged).toBe(3);
  });

  it('counts the pages of each of the runs that a tick takes', async () => {
    const { read, loader } = createLoader({ total: 600 }, { mode: 'offset', maxQuantity: 10 });
    const pages = [
      [0, 25],
      [500, 3],
      [501, 3],
    ] as const;
    await Promise.all(pages.map(([offset, first]) => read('1', { offset, first, probe: false })));
    expect(loader.merged).toBe(1);
  });

  it('makes no further call with a token that the billing API has refused', async () => {
    const refused = new BillingError('unauthenticated', 'no');
    const { read, source } = createLoader({ total: 5, before: () => Promise.reject(refused) });
    expect(await failureOf(read('1', { offset: 0, first: 5, probe: false }))).toBe(refused);
    expect(await failureOf(read('2', { offset: 0, first: 5, probe: false }))).toBe(refused);
    expect(source.requests).toHaveLength(1);
    // Not even of a cache, which would spend no call.
    let reads = 0;
    const cache = { read: () => Promise.reject(++reads === 1 ? refused : new Error('read again')) };
    const loader = new PageLoader(BILLS, cache, startOperation(), { mode: 'offset', maxQuantity: 10 });
    for (const contractNumber of ['1', '2'])
      expect(await failureOf((await loader.load({ customer, contractNumber }, { offset: 0, first: 5, probe: false })).page())).toBe(
        refused,
      );
  });

  it('counts nothing twice while an operation is executed again over the same loads', async () => {
    const { read, loader, operation, source } = createLoader({ total: 100 });
    const page = { offset: 0, first: 10, probe: false };
    await Promise.all([read('1', page), read('1', page)]);
    loader.restart();
    await Promise.all([read('1', page), read('1', page)]);
    expect([loader.merged, operation.calls, source.requests.length]).toEqual([1, 1, 1]);
  });
});
