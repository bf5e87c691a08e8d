import { toAskedBills, toBillsBody } from '../support/bills-body';
import { startGateway, type Gateway } from '../support/gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

const CONTRACT = `query ($id: ID!, $number: ID!, $first: Int, $after: String) {
  customer(idType: "RUC", id: $id) { contract(number: $number) { dueDate invoices(first: $first, after: $after) { nodes { number } pageInfo { hasNextPage endCursor } } } }
}`;
const variables = { id: '80012345', number: '1001', first: 5 };

describe('the shared cache, as a client sees it', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await startScriptedUpstream(({ url, headers }) => ({
      body: toBillsBody(toAskedBills(url), 100, { dueDate: headers.authorization }),
    }));
  });
  afterEach(async () => {
    await gateway.close();
    await upstream.close();
  });

  async function start(settings: Record<string, string> = {}): Promise<void> {
    gateway = await startGateway({ BILLING_API_URL: upstream.url, CACHE_TTL_SECONDS: '30', ...settings });
  }

  test('answers a repeated operation without an upstream call, and says so', async () => {
    await start();
    const first = await gateway.query(CONTRACT, variables);
    const second = await gateway.query(CONTRACT, variables);
    expect(upstream.requests).toHaveLength(1);
    expect(second.data).toEqual(first.data);
    expect(first.extensions?.['billing']).toEqual({ calls: 1, merged: 0, cached: 0, stale: 0 });
    expect(second.extensions?.['billing']).toEqual({ calls: 0, merged: 0, cached: 1, stale: 0 });
  });

  test('tells the client how long the answer is good, for the client alone, from the first answer on', async () => {
    await start();
    for (let i = 0; i < 2; i++) {
      const { headers } = await gateway.query(CONTRACT, variables);
      const [, seconds] = /^private, max-age=(\d+)$/.exec(headers.get('cache-control') ?? '') ?? [];
      expect(Number(seconds)).toBeGreaterThan(20);
      expect(Number(seconds)).toBeLessThanOrEqual(30);
      expect(headers.get('vary')).toMatch(/^accept, authorization, origin, x-billing-/);
      expect(headers.get('x-billing-stale')).toBeNull();
    }
  });

  test('tells the remaining life of the oldest part', async () => {
    await start();
    upstream.setScript(({ url }) => ({
      body: toBillsBody(toAskedBills(url)),
      headers: url.includes('=1002') ? { 'cache-control': 'max-age=9' } : {},
    }));
    const both = 'query { customer(idType: "RUC", id: "80012345") { contracts(numbers: ["1001", "1002"]) { dueDate } } }';
    const { headers } = await gateway.query(both);
    expect(headers.get('cache-control')).toMatch(/^private, max-age=[5-9]$/);
  });

  test('never gives the bearer of one token what another token fetched', async () => {
    await start();
    for (const token of ['one', 'two', 'one', 'two']) {
      const { data } = await gateway.query(CONTRACT, variables, { token });
      expect(data.customer.contract.dueDate).toBe(`Bearer ${token}`);
    }
    expect(upstream.requests).toHaveLength(2);
  });

  test('40 equal requests at once from one token cost one upstream call; from 40 tokens, 40', async () => {
    await start();
    upstream.setScript(({ url, headers }) => ({
      body: toBillsBody(toAskedBills(url), 100, { dueDate: headers.authorization }),
      delayMs: 50,
    }));
    const one = await Promise.all(Array.from({ length: 40 }, () => gateway.query(CONTRACT, variables, { token: 'one' })));
    expect(one.every(({ errors }) => errors.length === 0)).toBe(true);
    expect(upstream.requests).toHaveLength(1);
    const many = await Promise.all(Array.from({ length: 40 }, (_, i) => gateway.query(CONTRACT, variables, { token: `token-${i}` })));
    expect(many.map(({ data }): unknown => data.customer.contract.dueDate)).toEqual(
      Array.from({ length: 40 }, (_, i) => `Bearer token-${i}`),
    );
    expect(upstream.requests).toHaveLength(41);
  });

  test('with CACHE_TTL_SECONDS=0, keeps nothing, tells the client to keep nothing, and still shares calls under way', async () => {
    await start({ CACHE_TTL_SECONDS: '0' });
    const { headers } = await gateway.query(CONTRACT, variables);
    expect(headers.get('cache-control')).toBe('no-store');
    await gateway.query(CONTRACT, variables);
    expect(upstream.requests).toHaveLength(2);
    // Long enough for all to have come, on a busy machine too.
    upstream.setScript(({ url }) => ({ body: toBillsBody(toAskedBills(url)), delayMs: 1500 }));
    await Promise.all(Array.from({ length: 40 }, () => gateway.query(CONTRACT, variables)));
    expect(upstream.requests).toHaveLength(3);
  });

  test('answers a smaller page from a larger one, and the contract alone from any', async () => {
    await start();
    await gateway.query(CONTRACT, { ...variables, first: 50 });
    const { data } = await gateway.query(CONTRACT, { ...variables, first: 10 });
    expect(data.customer.contract.invoices).toMatchObject({
      nodes: Array.from({ length: 10 }, (_, i) => ({ number: `1001-${String(i).padStart(6, '0')}` })),
      pageInfo: { hasNextPage: true },
    });
    const next = await gateway.query(CONTRACT, { ...variables, first: 10, after: data.customer.contract.invoices.pageInfo.endCursor });
    expect(next.data.customer.contract.invoices.nodes[0]).toEqual({ number: '1001-000010' });
    await gateway.query('query { customer(idType: "RUC", id: "80012345") { contract(number: "1001") { dueDate } } }');
    expect(upstream.requests).toHaveLength(1);
  });

  test('answers a smaller page from a larger one where the billing API counts pages', async () => {
    await start({ BILLING_API_PAGING: 'page', BILLING_API_PAGE_BASE: '1' });
    const total = 30;
    upstream.setScript(({ url }) => {
      const asked = toAskedBills(url);
      return { body: toBillsBody({ ...asked, pageInit: (asked.pageInit - 1) * asked.quantity }, total) };
    });
    const all = await gateway.query(CONTRACT, { ...variables, first: 40 });
    expect(all.data.customer.contract.invoices.nodes).toHaveLength(30);
    const { data } = await gateway.query(CONTRACT, { ...variables, first: 7 });
    const next = await gateway.query(CONTRACT, { ...variables, first: 7, after: data.customer.contract.invoices.pageInfo.endCursor });
    const far = await gateway.query(CONTRACT, {
      ...variables,
      first: 1000,
      after: next.data.customer.contract.invoices.pageInfo.endCursor,
    });
    expect([
      ...data.customer.contract.invoices.nodes,
      ...next.data.customer.contract.invoices.nodes,
      ...far.data.customer.contract.invoices.nodes,
    ]).toEqual(all.data.customer.contract.invoices.nodes);
    // One for the page behind the longest one so far, to see that there is none.
    expect(upstream.requests.map(({ url }) => toAskedBills(url).quantity)).toEqual([41, 30]);
  });

  test('gives what is past its time while the billing API fails, flagged in the trace and by a header, and to be kept by nobody', async () => {
    await start({ CACHE_TTL_SECONDS: '1', CACHE_STALE_SECONDS: '60', BILLING_API_RETRIES: '0' });
    const first = await gateway.query(CONTRACT, variables);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    upstream.setScript(() => ({ status: 503 }));
    const second = await gateway.query(CONTRACT, variables);
    expect(second.errors).toEqual([]);
    expect(second.data).toEqual(first.data);
    expect(second.extensions?.['billing']).toEqual({ calls: 1, merged: 0, cached: 1, stale: 1 });
    expect(second.headers.get('x-billing-stale')).toBe('1');
    expect(second.headers.get('cache-control')).toBe('no-store');
    upstream.setScript(() => ({ status: 403 }));
    expect((await gateway.query(CONTRACT, variables)).errors[0]?.extensions?.['code']).toBe('FORBIDDEN');
  });

  test('tells nobody to keep an answer with an error in it, or one that fetched nothing', async () => {
    await start();
    upstream.setScript(() => ({ status: 500 }));
    expect((await gateway.query(CONTRACT, variables)).headers.get('cache-control')).toBe('no-store');
    expect((await gateway.query('{ __typename }')).headers.get('cache-control')).toBe('no-store');
  });
});
