import fc from 'fast-check';
import { planRuns } from '../../../../src/billing/paging/window-plan';
import { CONTRACT_REQUEST, toBillsPath, toFilterParameters, toPushLimits } from '../../../../src/upstream/bills/bills-path';
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

  describe('with a filter', () => {
    const status = { parameter: 'status', true: 'PC', false: 'C A' };
    const filters = { status, billPeriods: { parameter: 'period', separator: ';' } };
    const request = { customer, contractNumber: '007', window: { offset: 0, limit: 5 } };
    const form = { ...CONTRACT_REQUEST, extraParameters: { status: 'PC|CA', a: 'b' }, filters };
    const start = '/customers/RUC/80012345/bills?pageInit=0&quantity=5&contractNumber=007';

    it('writes its parameters, in the place of extra parameters of the same name', () => {
      expect(toBillsPath({ ...request, filter: { status: false, billPeriods: ['2025-01', '2025&02'] } }, form)).toBe(
        `${start}&status=C%20A&a=b&period=2025-01%3B2025%2602`,
      );
      expect(toBillsPath(request, form)).toBe(`${start}&status=PC%7CCA&a=b`);
    });

    it.each([
      [{ status: true, billPeriods: null }, { billPeriods: { parameter: 'period' } }],
      [{ status: null, billPeriods: ['1'] }, { status }],
      [{ status: true, billPeriods: ['1'] }, { status }],
      [{ status: null, billPeriods: ['1', '2'] }, { billPeriods: { parameter: 'period' } }],
      [{ status: null, billPeriods: [] }, filters],
      [{ status: null, billPeriods: ['1', ' '] }, filters],
      [{ status: null, billPeriods: ['1;2'] }, filters],
      [{ status: null, billPeriods: ['\ud800'] }, filters],
      [{ status: null, billPeriods: ['x'.repeat(501)] }, filters],
    ])('leaves %j to the gateway, where the API cannot be asked for all of it', (filter, limited) => {
      expect(toFilterParameters(filter, limited)).toBeNull();
      expect(toPushLimits({ filters: limited }).pushes?.(filter)).toBe(false);
      expect(() => toBillsPath({ ...request, filter }, { ...form, filters: limited })).toThrow('cannot be asked');
    });
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
