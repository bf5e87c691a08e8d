import { Billing } from '../../../../src/billing/billing';
import { BillingError } from '../../../../src/billing/model/billing-error';
import type { Invoice } from '../../../../src/billing/model/bills';
import { Caller } from '../../../../src/billing/model/caller';
import type { PageRequest } from '../../../../src/billing/model/window';
import { PagingEvidence } from '../../../../src/billing/paging/paging-evidence';
import { toPaging } from '../../../../src/billing/paging/window-plan';
import { BillingOperation } from '../../../../src/billing/ports/billing-operation';
import type { BillingSource, BillsAnswer, BillsRequest, CallContext } from '../../../../src/billing/ports/billing-source';
import { customer, failureOf, toInvoiceAt } from '../../../support/listed-source';

const contract = { customer, contractNumber: '1' };
const MAX_QUANTITY = 20;

interface World {
  /** Invoices of the list. */
  readonly total: number;
  /** Most invoices of a response. */
  readonly cap?: number;
  /** Whether a page number counts pages of the size that is sent, and not of the size that was asked for. */
  readonly mode?: 'offset' | 'page';
  /** Whether a window past the end is not found. */
  readonly endIsUnknown?: boolean;
  /** Whether every window has the first invoices. */
  readonly ignoresPlace?: boolean;
  /** Whether every window has all invoices. */
  readonly ignoresLimit?: boolean;
  /** Waits, or fails, before a response is made. */
  readonly before?: (request: BillsRequest) => Promise<void> | undefined;
  /** Whether the operation reports all that it reads as complete, as an export does. */
  readonly claimsEnd?: boolean;
}

/** An operation over an API of which nothing is known yet. */
function start({ total, cap = Infinity, mode = 'offset', endIsUnknown, ignoresPlace, ignoresLimit, before, claimsEnd = false }: World) {
  const windows: number[][] = [];
  const fresh: number[] = [];
  const source: BillingSource = {
    read: async (request, context: CallContext): Promise<BillsAnswer> => {
      context.spendCall();
      const { offset, limit } = request.window;
      windows.push([offset, limit]);
      if (context.recency?.usesCached === false) fresh.push(windows.length - 1);
      await before?.(request);
      const count = ignoresLimit ? total : Math.min(limit, cap);
      const from = ignoresPlace ? 0 : mode === 'page' ? (offset / limit) * count : offset;
      const invoices = Array.from({ length: Math.max(0, Math.min(count, total - from)) }, (_, at) => toInvoiceAt('1', from + at));
      const isUnknown = endIsUnknown && from > 0 && from >= total;
      return {
        content: isUnknown ? null : { contractNumber: '1', dueDate: 'due', billingAddresses: null, invoices },
        received: null,
        freshUntilMs: 0,
        stale: false,
      };
    },
  };
  const paging = toPaging({ mode, listsContracts: false, evidence: new PagingEvidence(MAX_QUANTITY, mode === 'page') });
  const caller = Caller.parse('Bearer a') as Caller;
  const open = (): Billing =>
    new Billing(source, new BillingOperation({ caller, signal: new AbortController().signal, callBudget: 1000, claimsEnd }), paging);
  const billing = open();
  const read = async (page: PageRequest, of = billing, number = '1'): Promise<{ amounts: unknown[]; hasMore: boolean | null }> => {
    const found = (await of.contract(customer, number, [page]))!;
    const { items, hasMore } = of.knownInvoices(found, page) ?? (await of.contractInvoices(found, page))!;
    return { amounts: items.map(({ amount }: Invoice) => amount), hasMore };
  };
  return { billing, open, read, windows, fresh };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const FIRST: PageRequest = { offset: 0, first: 19, probe: true };
const failAt =
  (offset: number, error: Error): NonNullable<World['before']> =>
  ({ window }) =>
    window.offset === offset ? Promise.reject(error) : undefined;

describe('A page that may have been cut in silence', () => {
  it.each<[string, World, number[][]]>([
    [
      'and was not',
      { total: 15 },
      [
        [0, 20],
        [15, 1],
      ],
    ],
    [
      'and was not, where places past the end are not found',
      { total: 15, endIsUnknown: true },
      [
        [0, 20],
        [15, 1],
      ],
    ],
    [
      'and was: that is confirmed, and the rest is read',
      { total: 30, cap: 15 },
      [
        [0, 20],
        [15, 1],
        [0, 16],
        [15, 5],
      ],
    ],
    ['and was not, since fewer than ten are sent', { total: 9 }, [[0, 20]]],
  ])('is looked after, %s', async (_what, world, expected) => {
    const { read, windows, fresh } = start(world);
    const count = Math.min(19, world.total);
    expect(await read(FIRST)).toEqual({ amounts: range(0, count), hasMore: world.total > 19 });
    expect(windows).toEqual(expected);
    // Only what is confirmed has to be new.
    expect(fresh).toEqual(expected.length > 2 ? [2] : []);
  });

  it('is read on where an export claims that it is all, however few are sent', async () => {
    const { read, windows } = start({ total: 9, cap: 5, claimsEnd: true });
    expect(await read(FIRST)).toEqual({ amounts: range(0, 9), hasMore: false });
    expect(windows.slice(0, 2)).toEqual([
      [0, 20],
      [5, 1],
    ]);
  });

  it('is read on in growing waves of the size that is sent', async () => {
    const { read, windows } = start({ total: 100, cap: 5, claimsEnd: true });
    expect((await read(FIRST)).amounts).toEqual(range(0, 19));
    expect(windows).toEqual([
      [0, 20],
      [5, 1],
      [0, 6],
      [5, 5],
      [10, 5],
      [15, 5],
    ]);
  });

  it.each([
    ['was not cut', Infinity, 15, 1],
    // What is known of other lists is enough to look for the rest, and that begins with the invoice behind the page.
    ['was cut', 15, 30, 2],
  ])('waits for the look behind a page of its size of another list, which %s', async (_what, cap, total, looks) => {
    const { read, open, windows } = start({ total, cap });
    const pages = await Promise.all(['1', '2'].map((number) => read(FIRST, open(), number)));
    for (const page of pages) expect(page).toEqual({ amounts: range(0, Math.min(19, total)), hasMore: total > 19 });
    expect(windows.filter(([offset, limit]) => offset === 15 && limit === 1)).toHaveLength(looks);
  });

  it.each<[string, World, number | null]>([
    ['places are ignored, and fewer than ten are sent', { total: 9, ignoresPlace: true }, 9],
    ['places are ignored, and ten are sent', { total: 10, ignoresPlace: true }, null],
    ['places and sizes are ignored, and a number is sent that is no limit', { total: 13, ignoresPlace: true, ignoresLimit: true }, 13],
    ['places and sizes are ignored, and a number is sent that may be a limit', { total: 15, ignoresPlace: true, ignoresLimit: true }, null],
  ])('is the whole list or not known to be, where %s', async (_what, world, count) => {
    const summary = start(world).billing.invoiceSummary(contract, {});
    if (count !== null) expect(await summary).toMatchObject({ count, isComplete: true });
    else expect(await summary).toMatchObject({ count: world.total, isComplete: false });
  });

  it('is read on where the call behind it, of the same page, has more', async () => {
    const { read } = start({ total: 30, cap: 5 });
    expect((await read({ offset: 0, first: 25, probe: false })).amounts).toEqual(range(0, 25));
  });

  it('is not looked after by the call behind it where that has nothing', async () => {
    const { read, windows } = start({ total: 5 });
    expect((await read({ offset: 0, first: 25, probe: false })).amounts).toEqual(range(0, 5));
    expect(windows).toEqual([
      [0, 20],
      [20, 5],
    ]);
  });

  it.each([
    ['offset', 0],
    ['offset', 20],
    ['page', 0],
  ] as const)('does not hold up a page that has all of its invoices, with paging by %s, at %i', async (mode, offset) => {
    const never = new Promise<void>(() => undefined);
    const { billing } = start({ total: offset + 15, mode, before: ({ window }) => (window.offset === offset + 15 ? never : undefined) });
    const pages = [15, 20].map((first): PageRequest => ({ offset, first, probe: false }));
    const found = (await billing.contract(customer, '1', pages))!;
    void billing.contractInvoices(found, pages[1]!);
    expect((await billing.contractInvoices(found, pages[0]!))?.items).toHaveLength(15);
  });

  it.each([
    ['goes on, where that is asked', 'unavailable', true, true],
    ['may go on, where that is not asked', 'unavailable', false, null],
    ['ends, since an API that refuses to say more has no other page', 'invalid-response', true, false],
    ['ends, since there is no place behind it', 'invalid-input', true, false],
  ] as const)('%s, where nobody can say: for a failure that is "%s"', async (_what, failure, probe, hasMore) => {
    for (const [mode, offset] of [
      ['offset', 0],
      ['offset', 20],
      ['page', 0],
    ] as const) {
      const { read } = start({ total: offset + 15, mode, before: failAt(offset + 15, new BillingError(failure, 'gone')) });
      expect(await read({ ...FIRST, offset, probe })).toEqual({ amounts: range(offset, offset + 15), hasMore });
    }
  });

  it('fails where nobody can say whether it is all, and that is claimed, or by a mistake of the gateway', async () => {
    const gone = new BillingError('unavailable', 'gone');
    expect(await failureOf(start({ total: 15, claimsEnd: true, before: failAt(15, gone) }).read(FIRST))).toBe(gone);
    const mistake = new TypeError('a mistake');
    expect(await failureOf(start({ total: 15, before: failAt(15, mistake) }).read(FIRST))).toBe(mistake);
  });

  it('is not used as a later page of an API that pages by number, which sends others in its place', async () => {
    const { billing } = start({ total: 100, mode: 'page', cap: 15 });
    const pages = [5, 20].map((first): PageRequest => ({ offset: 20, first, probe: false }));
    const found = (await billing.contract(customer, '1', pages))!;
    for (const page of pages)
      expect((await billing.contractInvoices(found, page))?.items.map(({ amount }) => amount)).toEqual(range(20, 20 + page.first));
  });

  it('fails where it is a later page of an API that pages by number: it may be elsewhere', async () => {
    const gone = new BillingError('unavailable', 'gone');
    const { read } = start({ total: 35, mode: 'page', before: ({ window }) => (window.limit === 1 ? Promise.reject(gone) : undefined) });
    expect(await failureOf(read({ offset: 20, first: 20, probe: false }))).toBe(gone);
  });

  it('is the last one where a full page was sent before', async () => {
    const { billing, windows } = start({ total: 45 });
    expect(await billing.invoiceSummary(contract, {})).toMatchObject({ count: 45, isComplete: true });
    expect(windows).toEqual([0, 20, 40].map((offset) => [offset, 20]));
  });
});

describe('A later page', () => {
  const LATER: PageRequest = { offset: 20, first: 5, probe: true };

  it('is not compared with the first one where that was not read', async () => {
    const { read, windows } = start({ total: 40 });
    expect((await read(LATER)).amounts).toEqual(range(20, 25));
    expect(windows).toEqual([[20, 6]]);
  });

  it('is compared with the first one, and the first one with none', async () => {
    const { read, windows } = start({ total: 60 });
    expect((await read({ offset: 0, first: 35, probe: true })).amounts).toEqual(range(0, 35));
    expect(windows).toEqual([
      [0, 20],
      [20, 16],
    ]);
  });

  it('is compared with the first one once, of all lists of its kind', async () => {
    const { open, read, windows } = start({ total: 60 });
    for (const offset of [0, 20, 40]) expect((await read({ ...LATER, offset }, open())).amounts).toEqual(range(offset, offset + 5));
    expect((await read({ offset: 0, first: 35, probe: true }, open())).amounts).toEqual(range(0, 35));
    expect(windows).toEqual([
      [0, 6],
      [20, 6],
      [40, 6],
      [0, 20],
      [20, 16],
    ]);
  });

  it.each([false, true])(
    'is compared with a first one that comes after it, which shows whether places are ignored: %s',
    async (ignoresPlace) => {
      let laterCame = (): void => undefined;
      const later = new Promise<void>((resolve) => (laterCame = resolve));
      const { billing } = start({
        total: 40,
        ignoresPlace,
        before: ({ window }) => {
          if (window.offset === 0) return later;
          setImmediate(laterCame);
          return undefined;
        },
      });
      const first: PageRequest = { offset: 0, first: 5, probe: true };
      const found = billing.contract(customer, '1', [LATER, first]);
      const page = found.then((each) => billing.contractInvoices(each!, LATER));
      if (ignoresPlace) expect((await failureOf(page)).message).toMatch(/the same invoices for every page/);
      else expect((await page)?.items.map(({ amount }) => amount)).toEqual(range(20, 25));
      expect((await billing.contractInvoices((await found)!, first))?.items).toHaveLength(5);
    },
  );

  it('is given where the first one fails', async () => {
    const { billing } = start({ total: 40, before: failAt(0, new BillingError('unavailable', 'gone')) });
    const first: PageRequest = { offset: 0, first: 5, probe: true };
    const found = (await billing.contract(customer, '1', [first, LATER]))!;
    expect((await billing.contractInvoices(found, LATER))?.items.map(({ amount }) => amount)).toEqual(range(20, 25));
  });
});
