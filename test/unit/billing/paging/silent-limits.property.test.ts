import fc from 'fast-check';
import { Billing } from '../../../../src/billing/billing';
import { toTotalBounds } from '../../../../src/billing/loading/total-search';
import { BILLS, type Invoice } from '../../../../src/billing/model/bills';
import { parsePageArguments, type FilteredRequest } from '../../../../src/billing/model/window';
import { PagingEvidence } from '../../../../src/billing/paging/paging-evidence';
import { toPaging } from '../../../../src/billing/paging/window-plan';
import type { BillingSource, BillsAnswer, BillsRequest, CallContext } from '../../../../src/billing/ports/billing-source';
import { toCursor } from '../../../support/invoice-cursor';
import { customer, startOperation, toInvoiceAt } from '../../../support/listed-source';

/** An API whose lists are as long as `totals` says, and that sends `caps` invoices at most, by contract. */
class CappedSource implements BillingSource {
  calls = 0;
  readonly #totals: readonly number[];
  readonly #caps: readonly number[];
  readonly #mode: 'offset' | 'page';

  constructor(totals: readonly number[], caps: readonly number[], mode: 'offset' | 'page') {
    this.#totals = totals;
    this.#caps = caps;
    this.#mode = mode;
  }

  read({ contractNumber, window }: BillsRequest, context: CallContext): Promise<BillsAnswer> {
    context.spendCall();
    this.calls++;
    const index = Number(contractNumber);
    const limit = Math.min(window.limit, this.#caps[index]!);
    // A page number counts pages of the size that is sent.
    const offset = this.#mode === 'page' ? (window.offset / window.limit) * limit : window.offset;
    const count = Math.max(0, Math.min(limit, this.#totals[index]! - offset));
    const invoices = Array.from({ length: count }, (_, at) => invoiceAt(contractNumber, offset + at));
    const content = { contractNumber, dueDate: null, billingAddresses: null, invoices };
    return Promise.resolve({ content, received: null, freshUntilMs: 0, stale: false });
  }
}

/** Every third one is paid. */
function invoiceAt(contractNumber: string | null, index: number): Invoice {
  return { ...toInvoiceAt(contractNumber, index), status: index % 3 === 0 };
}

const MAX_QUANTITY = 40;
const question = fc.record({
  contract: fc.nat({ max: 2 }),
  kind: fc.constantFrom('summary', 'total', 'search', 'missing', 'page', 'paid', 'last paid'),
  first: fc.integer({ min: 1, max: 90 }),
  after: fc.option(fc.nat({ max: 140 })),
  before: fc.option(fc.nat({ max: 140 })),
});

describe.each(['offset', 'page'] as const)('Lists of an API that cuts pages in silence, with paging by %s', (mode) => {
  const start = (caps: readonly number[], totals: readonly number[]) => {
    const source = new CappedSource(totals, caps, mode);
    const paging = toPaging({ mode, listsContracts: false, evidence: new PagingEvidence(MAX_QUANTITY, mode === 'page') });
    return { source, ask: () => new Billing(source, startOperation({ callBudget: 100_000 }), paging) };
  };
  const totals = fc.array(fc.integer({ min: 0, max: 130 }), { minLength: 3, maxLength: 3 });

  it('are whole wherever that is claimed, whatever was asked before, and however they are cut', () =>
    fc.assert(
      fc.asyncProperty(
        totals,
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 3, maxLength: 3 }),
        fc.array(question, { minLength: 1, maxLength: 6 }),
        async (lengths, caps, questions) => {
          // Reading may begin at a later page, which an API that pages by number takes from elsewhere where it cuts pages. That shows
          // unless longer pages were seen: of an API that cuts some lists to fewer than others, it does not show.
          const beginsLater = mode === 'page' && questions.some(({ kind }) => kind.endsWith('paid'));
          const { ask } = start(beginsLater ? caps.map(() => caps[0] as number) : caps, lengths);
          for (const { contract, kind, first, ...cursors } of questions) {
            const n = lengths[contract]!;
            const owner = { customer, contractNumber: String(contract) };
            const billing = ask();
            const sum = { count: n, amount: (n * Math.max(0, n - 1)) / 2, withoutAmount: 0, isComplete: true };
            if (kind === 'summary') expect(await billing.invoiceSummary(owner, {})).toEqual(sum);
            else if (kind === 'search')
              expect((await billing.invoice(customer, owner.contractNumber, `n${n - 1}`))?.amount).toBe(n > 0 ? n - 1 : undefined);
            else if (kind === 'paid' || kind === 'last paid') {
              const [after, before] = [cursors.after ?? -1, cursors.before ?? Infinity];
              const args = {
                ...(kind === 'paid' ? { first } : { last: first }),
                after: cursors.after === null ? null : toCursor(after),
                before: cursors.before === null ? null : toCursor(before),
                filter: { status: true },
              };
              const request = parsePageArguments(args, BILLS, { maxPageSize: 100 }, true) as FilteredRequest;
              const paid = Array.from({ length: n }, (_, index) => index).filter((index) => index % 3 === 0);
              const between = paid.filter((index) => index > after && index < before);
              const page = (await billing.filteredInvoices(owner, request, true))!;
              const expected = kind === 'paid' ? between.slice(0, first) : between.slice(-first);
              expect(page.items.map(({ amount }) => amount)).toEqual(expected);
              expect(page.matching?.positions).toEqual(expected);
              if (before > after && expected.length > 0) {
                expect(page.hasMore).toBe(paid.some((index) => (kind === 'paid' ? index > expected.at(-1)! : index >= before)));
                expect(page.matching?.hasPrevious).toBe(after >= 0 || (kind === 'last paid' && between.length > first));
              }
            } else if (kind === 'missing') expect(await billing.invoice(customer, owner.contractNumber, 'x')).toBeNull();
            else {
              const page = { offset: 0, first, probe: kind === 'page' };
              const contractOf = (await billing.contract(customer, owner.contractNumber, [page]))!;
              const loaded = billing.knownInvoices(contractOf, page) ?? (await billing.contractInvoices(contractOf, page))!;
              expect(loaded.items).toEqual(Array.from({ length: loaded.items.length }, (_, at) => invoiceAt(owner.contractNumber, at)));
              expect(await billing.totalCount(owner, toTotalBounds(loaded))).toBe(n);
            }
          }
        },
      ),
    ));

  it('have whole pages too, from the first one on, where a round number of ten or more is sent of each', () =>
    fc.assert(
      fc.asyncProperty(
        totals,
        fc.constantFrom(10, 15, 16, 20, 25, 30, 32, 45, 50),
        fc.array(
          fc.record({
            contract: fc.nat({ max: 2 }),
            offset: mode === 'page' ? fc.constant(0) : fc.constantFrom(0, 0, 7, 40, 80),
            first: fc.integer({ min: 1, max: 90 }),
            probe: fc.boolean(),
          }),
          {
            minLength: 1,
            maxLength: 6,
          },
        ),
        async (lengths, cap, pages) => {
          // What is left of a list may be as long as a page that is cut: of such, every tenth alone is looked at.
          fc.pre(lengths.every((n) => pages.every(({ offset }) => n - offset !== cap)));
          const { ask } = start([cap, cap, cap], lengths);
          for (const { contract, ...page } of pages) {
            const n = lengths[contract]!;
            const billing = ask();
            const contractOf = (await billing.contract(customer, String(contract), [page]))!;
            const { items, hasMore } = billing.knownInvoices(contractOf, page) ?? (await billing.contractInvoices(contractOf, page))!;
            const expected = Math.max(0, Math.min(page.first, n - page.offset));
            expect(items.map(({ amount }) => amount)).toEqual(Array.from({ length: expected }, (_, at) => page.offset + at));
            expect(hasMore).toBe(page.probe ? n > page.offset + page.first : null);
          }
        },
      ),
    ));

  it.each([
    ['before', 62, 27],
    ['after', 62, 27],
    ['before', 55, 33],
    ['after', 55, 33],
  ])(
    'have filtered pages that begin at a later place: %s a cursor, of %d invoices, of which %d are sent at most',
    async (side, total, cap) => {
      for (const readsFirstPage of [false, true]) {
        const { ask } = start([cap], [total]);
        const paidOf = async (args: object): Promise<unknown> => {
          const request = parsePageArguments({ ...args, filter: { status: true } }, BILLS, { maxPageSize: 100 }, true) as FilteredRequest;
          return (await ask().filteredInvoices({ customer, contractNumber: '0' }, request, true))?.matching?.positions;
        };
        if (readsFirstPage) expect(await paidOf({ first: 2 })).toEqual([0, 3]);
        if (side === 'before') expect(await paidOf({ last: 2, before: toCursor(46) })).toEqual([42, 45]);
        else expect(await paidOf({ first: 2, after: toCursor(39) })).toEqual([42, 45]);
      }
    },
  );

  it('that are sent whole take no further call once a longer one was seen, and one for a claim', async () => {
    const { source, ask } = start([1000, 1000, 1000], [35, 12, 12]);
    const callsOf = async (use: (billing: Billing) => Promise<unknown>): Promise<number> => {
      const before = source.calls;
      await use(ask());
      return source.calls - before;
    };
    const page = (contract: string) => (billing: Billing) =>
      billing
        .contract(customer, contract, [{ offset: 0, first: 39, probe: true }])
        .then((found) => billing.contractInvoices(found!, { offset: 0, first: 39, probe: true }));
    expect([await callsOf(page('0')), await callsOf(page('1')), await callsOf(page('2'))]).toEqual([2, 1, 1]);
    expect(await callsOf((billing) => billing.invoiceSummary({ customer, contractNumber: '1' }, {}))).toBe(2);
  });
});
