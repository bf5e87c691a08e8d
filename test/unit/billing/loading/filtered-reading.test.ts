import { Billing } from '../../../../src/billing/billing';
import { BILLS, type Invoice } from '../../../../src/billing/model/bills';
import { parsePageArguments, type FilteredRequest } from '../../../../src/billing/model/window';
import { PagingEvidence } from '../../../../src/billing/paging/paging-evidence';
import { toCursor } from '../../../support/invoice-cursor';
import { customer, ListedSource, startOperation, type ListedSourceOptions } from '../../../support/listed-source';

const contract = { customer, contractNumber: '1' };
const parse = (args: object, probe = false): FilteredRequest =>
  parsePageArguments(
    { first: null, after: null, last: null, before: null, filter: { status: true }, ...args },
    BILLS,
    { maxPageSize: 100 },
    probe,
  ) as FilteredRequest;

/** A list of which every tenth invoice is paid, from the sixth one on. */
function start(options: ListedSourceOptions, evidence?: PagingEvidence) {
  const source = new ListedSource({ invoiceAt: (index) => ({ status: index % 10 === 5 }), ...options });
  const paging = { mode: 'offset', maxQuantity: evidence ? 20 : 10, ...(evidence && { evidence }) } as const;
  const billing = new Billing(source, startOperation(), paging);
  const positionsOf = async (request: FilteredRequest, asksPrevious = true) =>
    (await billing.filteredInvoices(contract, request, asksPrevious))?.matching?.positions;
  return { source, billing, positionsOf, offsets: () => source.requests.map(({ window }) => window.offset) };
}

describe('The reading of a list for a filtered page', () => {
  it.each([
    ['at the place of the cursor that ends it', { first: 5, before: toCursor(10) }, [5], [0]],
    ['after it, where that is in a page', { first: 5, before: toCursor(26) }, [5, 15, 25], [0, 10, 20]],
    ['at the place of the cursor before it, backward', { last: 5, after: toCursor(29), before: toCursor(57) }, [35, 45, 55], [30, 40, 50]],
  ])('ends %s', async (_what, args, positions, offsets) => {
    const { positionsOf, offsets: read } = start({ total: 60 });
    expect(await positionsOf(parse(args))).toEqual(positions);
    expect(read().sort((a, b) => a - b)).toEqual(offsets);
  });

  it('tells what comes after the cursor that ends the page from what is in it', async () => {
    const { billing } = start({ total: 60 });
    const page = await billing.filteredInvoices(contract, parse({ first: 5, before: toCursor(25) }, true), true);
    expect(page).toMatchObject({ hasMore: true, matching: { positions: [5, 15] } });
  });

  it.each([
    ['forward', { first: 1 }],
    ['forward, to a cursor', { first: 5, before: toCursor(6) }],
    ['backward', { last: 1, before: toCursor(9) }],
  ])('looks at no invoice that the page does not need, %s', async (_what, args) => {
    const looked: number[] = [];
    const watched = (index: number): Partial<Invoice> =>
      Object.defineProperty({ amount: index }, 'status', {
        enumerable: true,
        get: () => {
          looked.push(index);
          return index === 5;
        },
      });
    const { source } = start({ total: 9 });
    const billing = new Billing(
      {
        read: async (request, context) => {
          const answer = await source.read(request, context);
          const invoices = answer.content!.invoices.map((each, index) => Object.setPrototypeOf(watched(index), each) as Invoice);
          return { ...answer, content: { ...answer.content!, invoices } };
        },
      },
      startOperation(),
      { mode: 'offset', maxQuantity: 10 },
    );
    expect((await billing.filteredInvoices(contract, parse(args), false))?.matching?.positions).toEqual([5]);
    expect(looked).toEqual('last' in args ? [8, 7, 6, 5] : [0, 1, 2, 3, 4, 5]);
  });

  it('finds the pages before a cursor past the end, where places there are not found', async () => {
    const { positionsOf } = start({ total: 30, endIsUnknown: true });
    expect(await positionsOf(parse({ last: 2, before: toCursor(57) }))).toEqual([15, 25]);
  });

  it('says that others precede the last ones, where that is asked', async () => {
    const { billing } = start({ total: 60 });
    const page = await billing.filteredInvoices(contract, parse({ last: 2 }), true);
    expect(page?.matching).toMatchObject({ positions: [45, 55], hasPrevious: true });
    expect((await billing.filteredInvoices(contract, parse({ last: 6 }), true))?.matching?.hasPrevious).toBe(false);
  });
});

describe('The end of a list that is read for a filtered page', () => {
  it.each([
    ['not where the page is full before it', { first: 1 }, [0]],
    ['not where a cursor ends the page at it', { first: 5, before: toCursor(15) }, [0]],
    ['where the page is not full', { first: 5 }, [0, 15]],
    ['where a cursor ends the page after it', { first: 5, before: toCursor(16) }, [0, 15]],
    ['not where the page is counted from a cursor at it', { last: 5, before: toCursor(15) }, [0]],
    ['where the page is counted from a cursor after it', { last: 5, before: toCursor(16) }, [0, 15]],
  ])('is verified %s', async (_what, args, offsets) => {
    const { positionsOf, offsets: read } = start({ total: 15 }, new PagingEvidence(20, false));
    expect(await positionsOf(parse(args))).toEqual([5]);
    expect(read()).toEqual(offsets);
  });
});
