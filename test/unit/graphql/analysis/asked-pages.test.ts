import { BILLS } from '../../../../src/billing/model/bills';
import type { PageRequest } from '../../../../src/billing/model/window';
import { AskedPages } from '../../../../src/graphql/analysis/asked-pages';
import { customer } from '../../../support/listed-source';

const paging = { mode: 'offset', maxQuantity: 10 } as const;
const of = (contractNumber: string) => ({ customer, contractNumber });
const page = (offset: number): PageRequest => ({ offset, first: 5, probe: false });
const others = { name: 'others', identity: BILLS.identity };

describe('The pages that are asked for', () => {
  it('are of so many lists at most', () => {
    const asked = new AskedPages(2);
    expect(['1', '2', '1'].map((number) => asked.add(BILLS, of(number), page(0), 0))).toEqual([true, true, true]);
    expect([asked.add(BILLS, of('3'), page(0), 0), asked.add(others, of('1'), page(0), 0)]).toEqual([false, false]);
    expect([asked.add(BILLS, of('2'), page(50), 0), asked.countCalls(paging)]).toEqual([true, 3]);
    asked.clear();
    expect([asked.countCalls(paging), asked.add(BILLS, of('3'), page(0), 0)]).toEqual([0, true]);
  });

  it('take one call for the same page, and one for each list that has it', () => {
    const asked = new AskedPages();
    for (let times = 0; times < 3; times++) asked.add(BILLS, of('1'), page(0), 0);
    expect([asked.countCalls(paging), asked.first]).toEqual([1, { owner: of('1'), pages: [page(0)] }]);
    asked.add(others, of('1'), page(0), 0);
    asked.add(BILLS, { customer, contractNumber: null }, page(0), 0);
    expect(asked.countCalls(paging)).toBe(3);
  });

  it('have a first question where invoices are asked for at once, and first', () => {
    const asked = new AskedPages();
    expect(asked.first).toBeNull();
    asked.add(BILLS, of('1'), page(0), 1);
    expect(asked.first).toBeNull();
    asked.add(BILLS, of('1'), page(5), 0);
    asked.add(BILLS, of('1'), page(20), 0);
    asked.add(BILLS, of('2'), page(0), 0);
    expect(asked.first).toEqual({ owner: of('1'), pages: [page(5), page(20)] });
    const none = new AskedPages();
    none.add(others, of('1'), page(0), 0);
    none.add(BILLS, of('1'), page(0), 0);
    expect(none.first).toBeNull();
  });
});
