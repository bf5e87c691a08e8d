import { toCursor } from '../../../support/invoice-cursor';
import { BILLS } from '../../../../src/billing/model/bills';
import { toCursor as toCursorOf } from '../../../../src/billing/model/cursor';
import { toFilteredList } from '../../../../src/billing/model/invoice-filter';
import {
  pageWindow,
  parsePageArguments,
  readingStart,
  toPageOfTail,
  toScanPage,
  type FilteredRequest,
  type PageArguments,
  type PageLimits,
  type PageRequest,
} from '../../../../src/billing/model/window';

const limits = { maxPageSize: 1000 };
const parsePage = (first: unknown, after: unknown, probe: boolean, most: PageLimits): PageRequest =>
  parsePageArguments({ first, after }, BILLS, most, probe) as PageRequest;

describe('A page from the start of a list', () => {
  it('takes the first 20 where nothing is said', () => {
    expect(parsePage(undefined, undefined, false, limits)).toEqual({ offset: 0, first: 20, probe: false });
    expect(parsePage(null, null, true, limits)).toEqual({ offset: 0, first: 20, probe: true });
  });

  it('starts right after the cursor', () => {
    expect(parsePage(5, toCursor(0), false, limits)).toEqual({ offset: 1, first: 5, probe: false });
    expect(parsePage(1, toCursor(999_999_999), false, limits)).toEqual({ offset: 1_000_000_000, first: 1, probe: false });
  });

  it('allows the largest page and refuses one more', () => {
    expect(parsePage(1000, null, false, limits).first).toBe(1000);
    expect(() => parsePage(1001, null, false, limits)).toThrow('`first` must be a whole number from 1 to 1000.');
  });

  it.each([0, -1, -2147483648, 2147483647, 1.5, Number.NaN, Infinity, '5', true, {}])('refuses %j as `first`', (first) => {
    expect(() => parsePage(first, null, false, limits)).toThrow('`first` must be a whole number from 1 to 1000.');
  });

  it('cuts the default size, and nothing else, to a deployment whose pages are smaller', () => {
    expect(parsePage(undefined, null, false, { maxPageSize: 5 }).first).toBe(5);
    expect(() => parsePage(6, null, false, { maxPageSize: 5 })).toThrow('from 1 to 5');
  });

  it('asks for one invoice more to learn whether a next page exists', () => {
    expect(pageWindow({ offset: 3, first: 5, probe: true })).toEqual({ offset: 3, limit: 6 });
    expect(pageWindow({ offset: 3, first: 5, probe: false })).toEqual({ offset: 3, limit: 5 });
  });
});

describe('A page that is counted from an end or ends before a cursor', () => {
  const parse = (args: PageArguments, probe = true) => parsePageArguments(args, BILLS, limits, probe);

  it('needs the length of the list for `last` alone, with `first` left out or null', () => {
    expect(parse({ last: 5 })).toEqual({ last: 5, from: 0 });
    expect(parse({ last: 5, first: null, after: toCursor(2) })).toEqual({ last: 5, from: 3 });
  });

  it('is probed for a next page where anything lies before the cursor, and only where that was asked', () => {
    expect(parse({ first: 5, before: toCursor(9) })).toEqual({ offset: 0, first: 5, probe: true });
    const tail = { last: 5, from: 0 };
    expect(parse({ last: 5, before: toCursor(9) })).toEqual({ offset: 4, first: 5, probe: true, tail });
    expect(parse({ last: 5, before: toCursor(9) }, false)).toEqual({ offset: 4, first: 5, probe: false, tail });
    expect(parse({ first: 5, before: toCursor(0) })).toEqual({ offset: 0, first: 0, probe: false });
    expect(parse({ first: 5, after: toCursor(4), before: toCursor(3) })).toEqual({ offset: 5, first: 0, probe: false });
  });

  it('is placed by the length of the list', () => {
    expect(toPageOfTail({ last: 3, from: 0 }, 10)).toEqual({ offset: 7, first: 3, probe: false });
    expect(toPageOfTail({ last: 3, from: 8 }, 10)).toEqual({ offset: 8, first: 2, probe: false });
    expect(toPageOfTail({ last: 3, from: 12 }, 10)).toEqual({ offset: 12, first: 0, probe: false });
    expect(toPageOfTail({ last: 3, from: 0 }, 2)).toEqual({ offset: 0, first: 2, probe: false });
  });
});

describe('A page of the invoices that a filter means', () => {
  const filter = { status: true, billPeriods: null };
  const list = toFilteredList(BILLS, filter);
  const at = (position: number): string => toCursorOf(position, list);
  const parse = (args: PageArguments, pushes = true, probe = true): FilteredRequest =>
    parsePageArguments({ ...args, filter }, BILLS, { ...limits, pushes: () => pushes }, probe) as FilteredRequest;

  it.each<[string, PageArguments, boolean, object]>([
    ['the first ones', { first: 5 }, true, { window: { offset: 0, first: 6, probe: false }, lead: 0, count: 5 }],
    [
      'the first ones, without a look at the next',
      { first: 5 },
      false,
      { window: { offset: 0, first: 5, probe: false }, lead: 0, count: 5 },
    ],
    ['those after a cursor', { first: 5, after: at(9) }, true, { window: { offset: 10, first: 6, probe: false }, lead: 0, count: 5 }],
    [
      'those between two cursors',
      { first: 5, after: at(9), before: at(12) },
      false,
      { window: { offset: 10, first: 2 }, lead: 0, count: 2 },
    ],
    [
      'those before a cursor, with a look at the one before',
      { last: 5, before: at(9) },
      true,
      { window: { offset: 3, first: 7 }, lead: 1, count: 5 },
    ],
    ['the first ones before a cursor', { last: 5, before: at(3) }, false, { window: { offset: 0, first: 3 }, lead: 0, count: 3 }],
    [
      'those before a cursor and after another',
      { last: 5, before: at(9), after: at(6) },
      false,
      { window: { offset: 7, first: 2 }, lead: 0, count: 2 },
    ],
    [
      'none, which takes a look at one',
      { first: 5, after: at(9), before: at(4) },
      false,
      { window: { offset: 10, first: 1 }, lead: 0, count: 0 },
    ],
  ])('is a window of the list that the billing API makes by it: %s', (_what, args, probe, pushed) => {
    const request = parse(args, true, probe);
    expect(request.pushed).toMatchObject({ ...pushed, list });
    expect(readingStart(request)).toBeNull();
  });

  it.each<[string, PageArguments, boolean, number | null]>([
    ['the last ones', { last: 5 }, true, 0],
    ['those after a cursor of the whole list', { first: 5, after: toCursor(9) }, true, 10],
    ['those before a cursor of the whole list', { last: 5, before: toCursor(9) }, true, 8],
    ['the first ones, of an API that does not filter', { first: 5 }, false, 0],
    ['the last ones after a cursor, of an API that does not filter', { last: 5, after: toCursor(9) }, false, 10],
    ['none', { first: 5, after: toCursor(9), before: toCursor(10) }, false, null],
    ['one between two cursors', { last: 5, after: toCursor(9), before: toCursor(11) }, false, 10],
  ])('is looked for in the whole list: %s', (_what, args, pushes, from) => {
    const request = parse(args, pushes);
    expect([request.pushed, readingStart(request)]).toEqual([null, from]);
  });

  it('is looked for in the largest pages there are, which do not overlap', () => {
    expect([0, 39, 40, 81].map((position) => toScanPage(position, 40))).toEqual(
      [0, 0, 40, 80].map((offset) => ({ offset, first: 40, probe: false })),
    );
  });
});
