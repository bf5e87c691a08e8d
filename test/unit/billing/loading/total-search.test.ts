import { Billing } from '../../../../src/billing/billing';
import { toTotalBounds, type TotalBounds } from '../../../../src/billing/loading/total-search';
import { customer, failureOf, ListedSource, startOperation, toInvoiceAt, type ListedSourceOptions } from '../../../support/listed-source';

const owner = { customer, contractNumber: '1' };
const UNKNOWN: TotalBounds = { least: 0, most: Infinity };

function start(options: ListedSourceOptions) {
  const source = new ListedSource(options);
  const billing = new Billing(source, startOperation({ callBudget: 1000 }), { mode: 'offset', maxQuantity: 10 });
  return { billing, positions: () => source.requests.map(({ window }) => window.offset) };
}

describe('The search for the length of a list', () => {
  it.each<[string, TotalBounds[], number[]]>([
    ['nothing', [UNKNOWN], [0, 2, 6, 14, 30, 62, 126, 94, 78, 70, 66, 68, 69]],
    ['an item at a later place', [{ least: 40, most: Infinity }], [79, 59, 69, 74, 72, 71, 70]],
    ['its length', [{ least: 70, most: 70, seemsLeast: true }], []],
    ['a place where it seems to end', [{ least: 70, most: Infinity, seemsLeast: true }], [70]],
    ['a place where it seems to end, and does not', [{ least: 50, most: Infinity, seemsLeast: true }], [50, 101, 76, 63, 70, 67, 69]],
    ['a place past its end', [{ least: 0, most: 100 }], [50, 75, 63, 69, 72, 71, 70]],
    [
      'a place where it seems to end, and an item after that',
      [
        { least: 30, most: Infinity, seemsLeast: true },
        { least: 50, most: Infinity },
      ],
      [99, 74, 62, 68, 71, 70, 69],
    ],
    [
      'an item before the place where it seems to end',
      [
        { least: 69, most: Infinity },
        { least: 70, most: 90, seemsLeast: true },
      ],
      [70],
    ],
    [
      'twice the same place, where it seems to end according to one',
      [
        { least: 70, most: Infinity },
        { least: 70, most: Infinity, seemsLeast: true },
      ],
      [70],
    ],
  ])('asks for few places, whoever asks first, where what is known is %s', async (_what, bounds, expected) => {
    for (const askers of [bounds, bounds.toReversed()])
      for (const endIsUnknown of [false, true]) {
        const { billing, positions } = start({ total: 70, endIsUnknown });
        expect(await Promise.all(askers.map((each) => billing.totalCount(owner, each)))).toEqual(askers.map(() => 70));
        expect(positions()).toEqual(expected);
      }
  });

  it('ends where the billing API has an item at every place', async () => {
    const { billing, positions } = start({ total: Infinity });
    const failure = await failureOf(billing.totalCount(owner));
    expect(failure).toMatchObject({ failure: 'invalid-response', message: expect.stringMatching(/no end that could be found/) });
    expect(positions()).toHaveLength(30);
  });
});

describe('What a page says of the length of its list', () => {
  const pageOf = (count: number, hasMore: boolean | null, first = 3) => ({
    items: Array.from({ length: count }, (_, index) => toInvoiceAt('1', index)),
    hasMore,
    offset: 7,
    first,
  });
  it.each([
    ['nothing, where nothing was asked for', pageOf(0, null, 0), UNKNOWN],
    ['most of it, where the page is empty', pageOf(0, false), { least: 0, most: 7 }],
    ['where it seems to end, where the page is short', pageOf(2, null), { least: 9, most: Infinity, seemsLeast: true }],
    ['where it seems to end, where no page follows', pageOf(3, false), { least: 10, most: Infinity, seemsLeast: true }],
    ['least of it, where the page is full', pageOf(3, null), { least: 10, most: Infinity }],
    ['least of it, where another page follows', pageOf(3, true), { least: 11, most: Infinity }],
  ])('is %s', (_what, page, bounds) => {
    expect(toTotalBounds(page)).toEqual(bounds);
  });
});
