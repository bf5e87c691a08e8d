import { Billing } from '../../../src/billing/billing';
import { Contract } from '../../../src/billing/loading/contract';
import { BillingError } from '../../../src/billing/model/billing-error';
import type { PageRequest } from '../../../src/billing/model/window';
import { customer, failureOf, ListedSource, startOperation, type ListedSourceOptions } from '../../support/listed-source';

const near: PageRequest = { offset: 0, first: 5, probe: false };
const far: PageRequest = { offset: 500, first: 5, probe: true };

function createBilling(options: ListedSourceOptions) {
  const source = new ListedSource(options);
  return { source, billing: new Billing(source, startOperation(), { mode: 'offset', maxQuantity: 1000 }) };
}

describe('Billing.contract', () => {
  it('makes one call for the contract, its existence and a page of its invoices', async () => {
    const { billing, source } = createBilling({ total: 50 });
    const contract = await billing.contract(customer, '1', [near]);
    expect(contract).toMatchObject({ number: '1', dueDate: '2025-07-15' });
    expect((await billing.contractInvoices(contract!, near))?.items).toHaveLength(5);
    expect(source.requests).toHaveLength(1);
  });

  it('costs two contracts with distant pages one call a page, the contract itself none besides', async () => {
    const { billing, source } = createBilling({ total: 505 });
    const contract = await billing.contract(customer, '1', [near, far]);
    expect(await billing.contractInvoices(contract!, far)).toMatchObject({ hasMore: false, offset: 500 });
    expect(source.requests).toHaveLength(2);
  });

  it('gives each page what was asked for it, however alike the pages are', async () => {
    const filter = { status: true, billPeriods: null };
    const { billing, source } = createBilling({ total: 50, filters: true, invoiceAt: (index) => ({ status: index % 2 === 1 }) });
    const pages: PageRequest[] = [near, { ...near, probe: true }, { ...near, first: 3 }, { ...near, offset: 5 }];
    const contract = (await billing.contract(customer, '1', pages, [{ filter, page: near }]))!;
    const before = source.requests.length;
    for (const page of pages) {
      const { items, hasMore } = (await billing.contractInvoices(contract, page))!;
      expect(items.map(({ amount }) => amount)).toEqual(Array.from({ length: page.first }, (_, index) => page.offset + index));
      expect([hasMore, billing.knownInvoices(contract, page)?.items]).toEqual([page.probe || null, items]);
    }
    expect((await contract.loadOf(near, filter)?.page())?.items.map(({ number }) => number)).toEqual(['n1', 'n3', 'n5', 'n7', 'n9']);
    expect(contract.loadOf(near, { ...filter })).toBe(contract.loadOf(near, filter));
    expect(contract.loadOf(near, { ...filter, status: false })).toBeUndefined();
    expect(source.requests).toHaveLength(before);
  });

  it('knows the page that came with it, and no other one', async () => {
    const { billing } = createBilling({ total: 50 });
    const contract = (await billing.contract(customer, '1', [near]))!;
    expect(billing.knownInvoices(contract, near)?.items).toHaveLength(5);
    expect(billing.knownInvoices(contract, far)).toBeUndefined();
    expect(contract).toMatchObject({ billingAddresses: null, nodeId: expect.any(String) });
  });

  it.each([
    ['a page', [near], [5, 3]],
    ['none', [], [1, 3]],
  ])('asks at once for a page that the billing API filters, beside %s of its own', async (_what, pages, limits) => {
    const { billing, source } = createBilling({ total: 50, filters: true });
    const filter = { status: true, billPeriods: null };
    const contract = (await billing.contract(customer, '1', pages, [{ filter, page: { ...near, first: 3 } }]))!;
    expect(source.requests.map(({ window }) => window.limit)).toEqual(limits);
    expect(source.requests.map((request) => request.filter)).toEqual([undefined, filter]);
    expect(contract.loadOf({ ...near, first: 3 })).toBeUndefined();
  });

  it('counts pages that another call answered, anew for each execution', async () => {
    const { billing } = createBilling({ total: 50 });
    const ask = () => billing.contract(customer, '1', [near, { ...near, offset: 5 }]);
    await ask();
    expect([billing.merged, billing.scanPageSize]).toEqual([1, 1000]);
    billing.noteRepeated(2);
    expect(billing.merged).toBe(3);
    billing.restart();
    await ask();
    expect(billing.merged).toBe(1);
  });

  it('keeps the contract and its other page where one of two distant pages fails, whichever it is', async () => {
    for (const failing of [near, far]) {
      const late = new BillingError('timeout', 'late');
      const { billing } = createBilling({
        total: 600,
        before: ({ window }) => (window.offset === failing.offset ? Promise.reject(late) : undefined),
      });
      const contract = await billing.contract(customer, '1', [near, far]);
      expect(contract).toMatchObject({ dueDate: '2025-07-15' });
      expect(await failureOf(billing.contractInvoices(contract!, failing))).toBe(late);
      expect((await billing.contractInvoices(contract!, failing === near ? far : near))?.items).toHaveLength(5);
    }
  });

  it('fails with the first error where every page fails', async () => {
    const { billing } = createBilling({
      total: 5,
      before: ({ window }) => Promise.reject(new BillingError('unavailable', `at ${window.offset}`)),
    });
    expect((await failureOf(billing.contract(customer, '1', [near, far]))).message).toBe('at 0');
  });
});

describe('Billing.askAhead', () => {
  it('asks for pages that the operation finds then, and counts them when it does', async () => {
    const { billing, source } = createBilling({ total: 505 });
    await billing.askAhead({ customer, contractNumber: '1' }, [near, far]);
    expect(source.requests.map(({ window }) => window.offset)).toEqual([0, 500]);
    const contract = (await billing.contract(customer, '1', [near, far]))!;
    expect((await billing.contractInvoices(contract, far))?.items).toHaveLength(5);
    expect([source.requests.length, billing.merged]).toEqual([2, 0]);
  });

  it('fails where its first call does, and not where a later one does', async () => {
    const gone = new BillingError('unavailable', 'gone');
    const failAt = (at: number) =>
      createBilling({ total: 505, before: ({ window }) => (window.offset === at ? Promise.reject(gone) : undefined) }).billing;
    const owner = { customer, contractNumber: '1' };
    expect(await failureOf(failAt(0).askAhead(owner, [near, far]))).toBe(gone);
    await failAt(500).askAhead(owner, [near, far]);
    await failAt(0).askAhead(owner, []);
  });
});

describe('A contract', () => {
  it('has the data that came with it, and none where nothing was asked for', () => {
    const address = { street: 'a', neighborhood: null, city: null, state: null, country: null, zipCode: null };
    const bills = { contractNumber: '1', dueDate: '2025-07-15', billingAddresses: [address], invoices: [] };
    expect(new Contract(customer, '1', bills, [])).toMatchObject({ dueDate: '2025-07-15', billingAddresses: [address] });
    expect(new Contract(customer, '1', null, [])).toMatchObject({ number: '1', dueDate: null, billingAddresses: null });
  });
});
