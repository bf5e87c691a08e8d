import fc from 'fast-check';
import { planRuns } from '../../../../src/billing/loading/window-plan';
import { CONTRACT_REQUEST, toBillsPath } from '../../../../src/upstream/bills/bills-path';
import { customer } from '../../../support/listed-source';

const path = (offset: number, limit: number, mode: 'offset' | 'page', base: 0 | 1 = 0) =>
  toBillsPath({ customer, contractNumber: '007', window: { offset, limit } }, { ...CONTRACT_REQUEST, paging: { mode, base } });

describe('toBillsPath', () => {
  it('names the customer, the window and the contract, with every leading zero', () => {
    expect(path(40, 21, 'offset')).toBe('/customers/RUC/80012345/bills?pageInit=40&quantity=21&contractNumber=007');
  });

  it('leaves the contract out where there is none', () => {
    expect(toBillsPath({ customer, contractNumber: null, window: { offset: 0, limit: 5 } }, CONTRACT_REQUEST)).toBe(
      '/customers/RUC/80012345/bills?pageInit=0&quantity=5',
    );
  });

  it('counts pages from the base where pageInit is a page number', () => {
    expect(path(0, 20, 'page')).toContain('pageInit=0&quantity=20');
    expect(path(40, 20, 'page')).toContain('pageInit=2&quantity=20');
    expect(path(0, 20, 'page', 1)).toContain('pageInit=1&quantity=20');
    expect(path(40, 20, 'page', 1)).toContain('pageInit=3&quantity=20');
  });

  it('counts invoices from the base where a dialect says so', () => {
    expect(path(0, 20, 'offset', 1)).toContain('pageInit=1&');
    expect(path(20, 20, 'offset', 1)).toContain('pageInit=21&');
  });

  it('names parameters as a dialect does, leaves one out, and adds others', () => {
    const parameters = { pageInit: 'offset', quantity: 'limit', contractNumber: null };
    const request = { customer, contractNumber: '007', window: { offset: 20, limit: 20 } };
    expect(toBillsPath(request, { paging: { mode: 'page', base: 1 }, parameters, extraParameters: { status: 'PC|CA', a: '&b=' } })).toBe(
      '/customers/RUC/80012345/bills?offset=2&limit=20&status=PC%7CCA&a=%26b%3D',
    );
  });

  it('writes a whole page number for every call that is planned in that reading', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 1_000_000 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.constantFrom(0 as const, 1 as const),
        (offset, first, maxQuantity, base) => {
          for (const run of planRuns([{ offset, first, probe: true }], { mode: 'page', maxQuantity })) {
            for (const call of run.calls) expect(path(call.offset, call.limit, 'page', base)).toMatch(/\?pageInit=\d+&quantity=\d+&/);
          }
        },
      ),
    );
  });

  it('writes what could mean something in an address as what it is', () => {
    const odd = { customer: { idType: '../a?b', id: '1/2#3' }, contractNumber: '4&x=5', window: { offset: 0, limit: 1 } };
    expect(toBillsPath(odd, CONTRACT_REQUEST)).toBe('/customers/..%2Fa%3Fb/1%2F2%233/bills?pageInit=0&quantity=1&contractNumber=4%26x%3D5');
  });
});
