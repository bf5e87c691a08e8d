import { createBillingApi, type BillingApi, type BillingApiOptions } from '../../../src/billing-api/billing-api';
import { getBills, toInvoiceNumbers } from '../../support/bills-request';

async function withApi<T>(options: BillingApiOptions, use: (api: BillingApi) => Promise<T>): Promise<T> {
  const api = await createBillingApi(options);
  try {
    return await use(api);
  } finally {
    await api.close();
  }
}

const contract = 'contractNumber=700100';

describe('Paging', () => {
  let all: (string | undefined)[];
  beforeAll(async () => {
    all = await withApi({}, async (api) => toInvoiceNumbers(await getBills(api, { query: contract })));
  });

  it('reads pageInit as an offset from 0 by default', async () => {
    await withApi({}, async (api) => {
      expect(toInvoiceNumbers(await getBills(api, { query: `${contract}&pageInit=0&quantity=5` }))).toEqual(all.slice(0, 5));
      expect(toInvoiceNumbers(await getBills(api, { query: `${contract}&pageInit=7&quantity=5` }))).toEqual(all.slice(7, 12));
      expect(toInvoiceNumbers(await getBills(api, { query: `${contract}&pageInit=30` }))).toEqual(all.slice(30));
    });
  });

  it.each([0, 1] as const)('reads pageInit as the number of a page counted from %i where that is the reading', async (pageBase) => {
    await withApi({ paging: 'page', pageBase }, async (api) => {
      expect(toInvoiceNumbers(await getBills(api, { query: `${contract}&quantity=5` }))).toEqual(all.slice(0, 5));
      expect(toInvoiceNumbers(await getBills(api, { query: `${contract}&pageInit=${pageBase}&quantity=5` }))).toEqual(all.slice(0, 5));
      expect(toInvoiceNumbers(await getBills(api, { query: `${contract}&pageInit=${pageBase + 7}&quantity=5` }))).toEqual(all.slice(35));
    });
  });

  it('refuses page 0 where pages are counted from 1', async () => {
    await withApi({ paging: 'page', pageBase: 1 }, async (api) => {
      const answer = await getBills(api, { query: `${contract}&pageInit=0&quantity=5` });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text).error.message).toBe('pageInit must not be less than 1.');
    });
  });

  it('answers a window past the end, or of no invoices, with the contract and an empty list', async () => {
    await withApi({}, async (api) => {
      for (const query of ['pageInit=36&quantity=5', 'pageInit=9007199254740991', 'quantity=0']) {
        const answer = await getBills(api, { query: `${contract}&${query}` });
        expect(JSON.parse(answer.text)).toMatchObject({ contractNo: '700100', invoiceCollection: [] });
      }
    });
  });

  it('gives no more than its limit to a call without quantity, and pages through more than 5,000 invoices', async () => {
    await withApi({ maxQuantity: 2000 }, async (api) => {
      const seen = new Set<string | undefined>();
      for (const pageInit of [0, 2000, 4000]) {
        const page = toInvoiceNumbers(await getBills(api, { query: `contractNumber=700101&pageInit=${pageInit}` }));
        expect(page).toHaveLength(pageInit === 4000 ? 1280 : 2000);
        for (const number of page) seen.add(number);
      }
      expect(seen.size).toBe(5280);
    });
  });

  it('serves all the invoices of a customer without contractNumber where that is optional', async () => {
    await withApi({ contractNumberRequired: false }, async (api) => {
      const bills = JSON.parse((await getBills(api, { query: 'pageInit=30&quantity=10' })).text) as {
        invoiceCollection: { invoiceContractNo: string }[];
      };
      expect(Object.keys(bills)).toEqual(['invoiceCollection']);
      expect(bills.invoiceCollection.map((invoice) => invoice.invoiceContractNo)).toEqual([
        ...Array<string>(6).fill('700100'),
        ...Array<string>(4).fill('700101'),
      ]);
      expect(toInvoiceNumbers(await getBills(api, { customer: 'RUC/80054321' }))).toEqual([]);
      expect(toInvoiceNumbers(await getBills(api, { query: 'contractNumber=700103&quantity=2' }))).toHaveLength(2);
    });
  });
});
