import { createBillingApi, type BillingApi } from '../../src/billing-api/billing-api';
import { toCursor } from '../support/invoice-cursor';
import { startGateway, type Gateway, type GraphqlAnswer } from '../support/gateway';
import { errorsOf, withScript } from '../support/scripted-gateway';

interface Connection {
  readonly nodes: { readonly number: string; readonly contractNumber: string | null }[];
  readonly edges: { readonly cursor: string }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

const CONNECTION = '{ nodes { number contractNumber } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }';
const ONE = `query($number: ID!, $first: Int, $after: String) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { invoices(first: $first, after: $after) ${CONNECTION} } } }`;
const ALL = `query($first: Int, $after: String) { customer(idType: "RUC", id: "80012345") { invoices(first: $first, after: $after) ${CONNECTION} } }`;

const inContract = (answer: GraphqlAnswer) => answer.data.customer.contract.invoices as Connection;
const inCustomer = (answer: GraphqlAnswer) => answer.data.customer.invoices as Connection;

describe.each([
  ['an offset', { BILLING_API_PAGING: 'offset' }],
  ['a page number from 0', { BILLING_API_PAGING: 'page', BILLING_API_PAGE_BASE: '0' }],
  ['a page number from 1', { BILLING_API_PAGING: 'page', BILLING_API_PAGE_BASE: '1' }],
])('Paging over a billing API that reads pageInit as %s', (_what, environment) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway(environment);
  });
  afterAll(() => gateway.close());

  /** Reads from page to page to the end. */
  async function readAll(number: string, first: number): Promise<{ numbers: string[]; pages: number; calls: number }> {
    const numbers: string[] = [];
    const before = gateway.upstreamCalls();
    let after: string | null = null;
    let pages = 0;
    do {
      const page: Connection = inContract(await gateway.query(ONE, { number, first, after }));
      expect(page.edges).toHaveLength(page.nodes.length);
      expect(page.pageInfo.hasPreviousPage).toBe(after !== null);
      numbers.push(...page.nodes.map((node) => node.number));
      pages += 1;
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    return { numbers, pages, calls: gateway.upstreamCalls() - before };
  }

  it.each([1000, 377])('gives every invoice of a contract with more than 5,000 exactly once, %i a page', async (first) => {
    const { numbers, pages, calls } = await readAll('700101', first);
    expect(numbers).toHaveLength(5280);
    expect(new Set(numbers).size).toBe(5280);
    // Newest first, as the billing API lists them: the order holds over all pages.
    expect(numbers).toEqual([...numbers].sort().reverse());
    expect(pages).toBe(Math.ceil(5280 / first));
    // A page is one call, and at most two where a page number cannot name its window or the next page must be looked for.
    expect(calls).toBeLessThanOrEqual(2 * pages);
  });

  it.each([1, 5, 7, 9, 12, 18, 35, 36, 37])('gives 36 invoices in their order, %i a page', async (first) => {
    const { numbers, pages } = await readAll('700100', first);
    expect(numbers).toEqual(Array.from({ length: 36 }, (_, index) => `001100${String(9_000_000 - index).padStart(9, '0')}`));
    expect(pages).toBe(Math.ceil(36 / first));
  });

  it('is right from any place on', async () => {
    for (const [start, first] of [
      [1, 1],
      [10, 7],
      [34, 1],
      [34, 2],
      [34, 3],
      [35, 1],
      [36, 5],
      [500, 20],
      [999_999_999, 1000],
    ] as const) {
      const page = inContract(await gateway.query(ONE, { number: '700100', first, after: toCursor(start - 1) }));
      const count = Math.max(0, Math.min(first, 36 - start));
      expect(page.nodes.map((node) => node.number)).toEqual(
        Array.from({ length: count }, (_, index) => `001100${String(9_000_000 - start - index).padStart(9, '0')}`),
      );
      expect(page.pageInfo).toEqual({
        hasNextPage: start + first < 36,
        hasPreviousPage: true,
        startCursor: count ? toCursor(start) : null,
        endCursor: count ? toCursor(start + count - 1) : null,
      });
    }
  });

  it.each([5278, 5279, 5280, 5281])('finds the invoice at place %i of the list, or that there is none', async (place) => {
    const number = `001101${String(9_000_000 - place).padStart(9, '0')}`;
    const before = gateway.upstreamCalls();
    const { data, errors } = await gateway.query(
      'query($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: "700101") { invoice(number: $number) { number } } } }',
      { number },
    );
    expect([data, errors]).toEqual([{ customer: { contract: { invoice: place < 5280 ? { number } : null } } }, []]);
    // In waves of one page, two and four.
    expect(gateway.upstreamCalls() - before).toBe(7);
  });
});

describe('A page of the largest size', () => {
  it.each([
    [999, false],
    [1000, false],
    [1001, true],
  ])('knows of a list of %i whether it goes on', async (total, hasNextPage) => {
    const invoices = Array.from({ length: total }, (_, index) => ({ invoiceNumber: String(index) }));
    await withScript(
      ({ url }) => {
        const query = new URL(url, 'http://upstream').searchParams;
        const start = Number(query.get('pageInit'));
        return { body: { invoiceCollection: invoices.slice(start, start + Number(query.get('quantity'))) } };
      },
      async ({ gateway }) => {
        const page = inContract(await gateway.query(ONE, { number: '1', first: 1000 }));
        expect([page.nodes.length, page.pageInfo.hasNextPage]).toEqual([Math.min(total, 1000), hasNextPage]);
      },
    );
  });

  it('is no larger than it was asked for where the billing API sends all it has', async () => {
    const invoices = Array.from({ length: 50 }, (_, index) => ({ invoiceNumber: String(index) }));
    await withScript(
      ({ url }) => ({ body: { invoiceCollection: invoices.slice(Number(new URL(url, 'http://upstream').searchParams.get('pageInit'))) } }),
      async ({ gateway }) => {
        const page = inContract(await gateway.query(ONE, { number: '1', first: 25 }));
        expect(page.nodes.map((node) => Number(node.number))).toEqual(Array.from({ length: 25 }, (_, index) => index));
        expect(page.pageInfo.hasNextPage).toBe(true);
      },
      { BILLING_API_MAX_QUANTITY: '10' },
    );
  });
});

describe("All of a customer's invoices", () => {
  async function withApi(contractNumberRequired: boolean, use: (gateway: Gateway, api: BillingApi) => Promise<void>): Promise<void> {
    const api = await createBillingApi({ contractNumberRequired });
    const gateway = await startGateway({ BILLING_API_URL: api.url });
    try {
      await use(gateway, api);
    } finally {
      await gateway.close();
      await api.close();
    }
  }

  it('are read over all contracts, each with the contract that it names, where the billing API allows it', async () => {
    await withApi(false, async (gateway, api) => {
      const token = api.issueToken();
      const page = inCustomer(await gateway.query(ALL, { first: 40 }, { token }));
      expect(page.nodes.map((node) => node.contractNumber)).toEqual([
        ...Array<string>(36).fill('700100'),
        ...Array<string>(4).fill('700101'),
      ]);
      expect(page.pageInfo.hasNextPage).toBe(true);
      const next = inCustomer(await gateway.query(ALL, { first: 2, after: page.pageInfo.endCursor }, { token }));
      expect(next.nodes.map((node) => node.number)).toEqual(['001101008999996', '001101008999995']);
      const before = api.requestCount();
      const { data, errors } = await gateway.query(
        `query($after: String) { customer(idType: "RUC", id: "80012345") { invoices(first: 4, after: $after) { nodes { contract { number dueDate customer { id } } } } } }`,
        { after: toCursor(33) },
        { token },
      );
      expect(errors).toEqual([]);
      const contracts = ['700100', '700100', '700101', '700101'].map((number) => ({
        number,
        dueDate: number === '700100' ? '2025-07-15' : '2025-07-31',
        customer: { id: '80012345' },
      }));
      expect(data).toEqual({ customer: { invoices: { nodes: contracts.map((contract) => ({ contract })) } } });
      expect(api.requestCount() - before).toBe(3);
    });
  });

  it("are BAD_USER_INPUT with the billing API's own words where it asks for a contract", async () => {
    await withApi(true, async (gateway, api) => {
      const answer = await gateway.query(
        '{ customer(idType: "RUC", id: "80012345") { invoices { nodes { number } } contract(number: "700100") { dueDate } } }',
        undefined,
        { token: api.issueToken() },
      );
      expect(answer.data).toEqual({ customer: { invoices: null, contract: { dueDate: '2025-07-15' } } });
      expect(errorsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', path: ['customer', 'invoices'] }]);
      expect(answer.errors[0]?.message).toBe('contractNumber is required.');
    });
  });
});
