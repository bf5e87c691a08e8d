import { BILLS } from '../../../../src/billing/model/bills';
import { filterKey, toActiveFilter, toFilteredList, toPredicate, type ActiveFilter } from '../../../../src/billing/model/invoice-filter';
import { toInvoiceAt } from '../../../support/listed-source';

const active = (filter: unknown): ActiveFilter => toActiveFilter(filter) as ActiveFilter;

describe('A filter of invoices', () => {
  it.each([[undefined], [null], [{}], [{ status: null, billPeriods: null }]])('is none where it excludes nothing: %j', (argument) => {
    expect(toActiveFilter(argument)).toBeNull();
  });

  it('has one form, whatever the order of its periods, and one value stands for a list of one', () => {
    const form = { status: null, billPeriods: ['2025-06', '2025-07'] };
    expect(active({ billPeriods: ['2025-07', '2025-06', '2025-07'] })).toEqual(form);
    expect(active({ billPeriods: '2025-06' })).toEqual({ status: null, billPeriods: ['2025-06'] });
    expect(active({ billPeriods: [] })).toEqual({ status: null, billPeriods: [] });
  });

  it('has a key and a list of its own, the same for equal ones alone', () => {
    const filters = [{ status: true }, { status: false }, { billPeriods: [] }, { billPeriods: ['a,b'] }, { billPeriods: ['a', 'b'] }];
    const keysOf = (): string[] => filters.map((filter) => filterKey(active(filter)));
    const listsOf = (): string[] => filters.map((filter) => toFilteredList(BILLS, active(filter)).name);
    expect([new Set(keysOf()).size, new Set(listsOf()).size]).toEqual([filters.length, filters.length]);
    expect([keysOf(), listsOf()]).toEqual([keysOf(), listsOf()]);
    for (const name of listsOf()) expect(name).toMatch(/^bills-[a-z]{16}$/);
  });

  it('takes 100 periods of 50 characters, and no more', () => {
    const periods = (count: number, length: number): string[] =>
      Array.from({ length: count }, (_, index) => `${index}`.padEnd(length, '.'));
    expect(active({ billPeriods: periods(100, 50) }).billPeriods).toHaveLength(100);
    for (const billPeriods of [periods(101, 3), periods(1, 51), [...periods(2, 3), ...periods(1, 51)]])
      expect(() => toActiveFilter({ billPeriods })).toThrow(/^`billPeriods` must be at most 100 periods of at most 50 characters each\.$/);
  });

  it.each([
    [{ status: true }, [true, false, false, false]],
    [{ status: false }, [false, true, false, false]],
    [{ billPeriods: ['2025-06'] }, [true, false, false, false]],
    [{ status: false, billPeriods: ['2025-07', '2025-06'] }, [false, true, false, false]],
    [{ status: null, billPeriods: [] }, [false, false, false, false]],
    [{}, [true, true, true, true]],
  ])('means the invoices that have what it says, and none that lack it: %j', (filter, meant) => {
    const invoices = [
      { status: true, billPeriod: '2025-06' },
      { status: false, billPeriod: '2025-07' },
      { status: null, billPeriod: null },
      { status: null, billPeriod: '2025-08' },
    ];
    expect(invoices.map((invoice) => toPredicate(filter)({ ...toInvoiceAt('1', 0), ...invoice }))).toEqual(meant);
  });
});
