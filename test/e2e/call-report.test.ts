import { toCursor } from '../support/invoice-cursor';
import type { DetailedBillingTrace } from '../../src/graphql/server/billing-trace';
import { toAskedBills } from '../support/bills-body';
import { byContract, good, withScript, type ScriptedGateway } from '../support/scripted-gateway';

const LISTED = { headers: { 'x-billing-trace': 'calls' } };
const inCustomer = (body: string, id = '80012345'): string => `{ customer(idType: "RUC", id: "${id}") { ${body} } }`;
const nodes = '{ nodes { number } }';
type Named = DetailedBillingTrace['requests'][number];
const MS: unknown = expect.any(Number);

/** What the answer says it cost. */
async function costOf({ gateway }: ScriptedGateway, query: string, headers: Record<string, string> = {}): Promise<DetailedBillingTrace> {
  return (await gateway.query(query, undefined, { headers: { ...LISTED.headers, ...headers } })).extensions?.[
    'billing'
  ] as DetailedBillingTrace;
}

describe.each(['production', 'development'])('The header "x-billing-trace: calls", in %s', (mode) => {
  const settings = { NODE_ENV: mode };

  it('lists each question with its window, origin, outcome and time, beside the sums', () =>
    withScript(
      good,
      async (ends) => {
        const billing = await costOf(
          ends,
          inCustomer(
            `contract(number: "1") { dueDate a: invoices(first: 5) ${nodes} b: invoices(first: 5, after: "${toCursor(49)}") ${nodes} }`,
          ),
        );
        expect(billing).toEqual({
          calls: 2,
          merged: 0,
          cached: 0,
          stale: 0,
          upstreamMs: MS,
          requests: [0, 50].map((offset) => ({
            customer: expect.any(String),
            contract: expect.any(String),
            offset,
            quantity: 5,
            source: 'api',
            outcome: 'OK',
            durationMs: MS,
          })),
        });
      },
      settings,
    ));

  it('costs the operation nothing: the same calls are made, for an operation that comes again as well', () =>
    withScript(
      good,
      async (ends) => {
        for (const headers of [{ 'x-billing-trace': '1' }, {}, {}, { 'x-billing-trace': '1' }]) {
          const before = ends.upstream.requests.length;
          const billing = await costOf(ends, inCustomer('contract(number: "1") { dueDate }'), headers);
          expect(ends.upstream.requests.length - before).toBe(1);
          expect(Object.keys(billing)).toHaveLength('x-billing-trace' in headers ? 4 : 6);
        }
      },
      settings,
    ));

  it('tells what the cache gave, for an answer that is kept whole, too', () =>
    withScript(
      good,
      async (ends) => {
        const query = inCustomer('contract(number: "1") { dueDate }');
        for (let i = 0; i < 4; i++) await ends.gateway.query(query);
        expect(await costOf(ends, query)).toEqual({
          calls: 0,
          merged: 0,
          cached: 1,
          stale: 0,
          upstreamMs: 0,
          requests: [expect.objectContaining({ source: 'cache', outcome: 'OK' })],
        });
        expect(ends.upstream.requests).toHaveLength(1);
      },
      { ...settings, CACHE_TTL_SECONDS: '30' },
    ));

  it('is not needed for the four sums, which are what they were', () =>
    withScript(
      good,
      async ({ gateway }) => {
        const { extensions } = await gateway.query(inCustomer('contract(number: "1") { dueDate }'), undefined, {
          headers: { 'x-billing-trace': '1' },
        });
        expect(extensions).toEqual({ billing: { calls: 1, merged: 0, cached: 0, stale: 0 } });
      },
      settings,
    ));
});

describe('The list of calls', () => {
  it('names customers and contracts so that the same are the same, and nobody can tell which they are', () =>
    withScript(good, async (ends) => {
      const query = `{ a: customer(idType: "RUC", id: "80012345") { one: contract(number: "700100") { a: invoices(first: 2) ${nodes} b: invoices(first: 2, after: "${toCursor(50)}") ${nodes} } two: contract(number: "2") { dueDate } } b: customer(idType: "RUC", id: "8") { contract(number: "700100") { dueDate } } }`;
      const text = JSON.stringify(await costOf(ends, query));
      const { requests } = JSON.parse(text) as DetailedBillingTrace;
      const [one, oneLater, two, other] = requests as [Named, Named, Named, Named];
      expect(requests).toHaveLength(4);
      expect([oneLater.customer, oneLater.contract, two.customer]).toEqual([one.customer, one.contract, one.customer]);
      expect(new Set([one.customer, one.contract, two.contract, other.customer, other.contract]).size).toBe(5);
      for (const name of [one.customer, one.contract]) expect(name).toMatch(/^[\w-]{12}$/);
      expect(text).not.toMatch(/80012345|700100|RUC/);
    }));

  it('names them in another way for another token, and in the same way for the same one', () =>
    withScript(good, async ({ gateway }) => {
      const nameFor = async (token: string): Promise<string> =>
        (await gateway.query(inCustomer('contract(number: "1") { dueDate }'), undefined, { ...LISTED, token })).extensions?.['billing']
          .requests[0].contract as string;
      const [first, again, other] = [await nameFor('one'), await nameFor('one'), await nameFor('two')];
      expect(again).toBe(first);
      expect(other).not.toBe(first);
    }));

  it("tells of all the customer's invoices, which are of no one contract", () =>
    withScript(good, async (ends) => {
      expect((await costOf(ends, inCustomer(`invoices(first: 3) ${nodes}`))).requests).toEqual([
        expect.objectContaining({ contract: null, offset: 0, quantity: 3 }),
      ]);
    }));

  it('tells of failures by the code that the error has', () =>
    withScript(byContract({ 2: { status: 404 }, 3: { status: 503 }, 4: { status: 403 }, 5: { body: 'no JSON' } }), async (ends) => {
      const { requests } = await costOf(ends, inCustomer('contracts(numbers: ["1", "2", "3", "4", "5"]) { dueDate }'));
      expect(requests.map(({ source, outcome }) => [source, outcome])).toEqual(
        ['OK', 'NOT_FOUND', 'UPSTREAM_UNAVAILABLE', 'FORBIDDEN', 'UPSTREAM_INVALID_RESPONSE'].map((outcome) => ['api', outcome]),
      );
    }));

  it('tells of a search that the budget ended: that last question was not asked', () =>
    withScript(
      (request) => good(request, 100),
      async (ends) => {
        const { calls, requests } = await costOf(ends, inCustomer('contract(number: "1") { invoice(number: "none") { amount } }'));
        expect(calls).toBe(2);
        expect(requests.map(({ source, outcome }) => [source, outcome])).toEqual([
          ['api', 'OK'],
          ['api', 'OK'],
          ['none', 'UPSTREAM_BUDGET_EXCEEDED'],
        ]);
      },
      { UPSTREAM_CALL_BUDGET: '2', BILLING_API_MAX_QUANTITY: '10' },
    ));

  it('tells of what stood in for a failing billing API', () =>
    withScript(
      good,
      async (ends) => {
        const query = inCustomer('contract(number: "1") { dueDate }');
        await ends.gateway.query(query);
        ends.upstream.setScript(() => ({ status: 503 }));
        let billing = await costOf(ends, query);
        while (billing.calls === 0) billing = await costOf(ends, query);
        expect(billing).toMatchObject({ calls: 1, stale: 1, requests: [{ source: 'stale', outcome: 'OK' }] });
      },
      { CACHE_TTL_SECONDS: '1', CACHE_STALE_SECONDS: '60' },
    ));

  it('tells of a call that another operation had under way', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await withScript(
      (request) => held.then(() => good(request)),
      async (ends) => {
        const query = inCustomer('contract(number: "1") { dueDate }');
        const first = costOf(ends, query);
        await ends.upstream.waitForRequests(1);
        const second = costOf(ends, query);
        // The second is under way once a later one of another contract has come all the way to the billing API.
        const later = costOf(ends, inCustomer('contract(number: "2") { dueDate }'));
        await ends.upstream.waitForRequests(2);
        release();
        expect((await Promise.all([first, second, later])).map(({ calls, requests }) => [calls, requests[0]?.source])).toEqual([
          [1, 'api'],
          [0, 'shared'],
          [1, 'api'],
        ]);
      },
    );
  });

  it('tells of a question without an answer when the time was over', () =>
    withScript(
      (request) => (toAskedBills(request.url).contractNumber === '1' ? { hang: 'before-headers' } : good(request)),
      async (ends) => {
        const billing = await costOf(ends, inCustomer('contracts(numbers: ["1", "2"]) { dueDate }'), { 'x-request-timeout-ms': '80' });
        expect(billing.requests.map(({ source, outcome }) => [source, outcome])).toEqual([
          ['api', 'UPSTREAM_TIMEOUT'],
          ['api', 'OK'],
        ]);
        // Calls at the same time count once: the time is that of the one which did not come.
        expect(billing.upstreamMs).toBe(Math.max(...billing.requests.map(({ durationMs }) => durationMs)));
      },
    ));

  it('is not there for an operation that is refused, nor for one that asks for nothing of a customer', () =>
    withScript(good, async ({ gateway }) => {
      const refused = await gateway.query(inCustomer('nothing'), undefined, LISTED);
      const missing = await gateway.query(inCustomer('contract(number: "1") { dueDate }'), undefined, { ...LISTED, token: null });
      const open = await gateway.query('{ __typename }', undefined, { ...LISTED, token: null });
      expect([refused, missing, open].map(({ status, extensions }) => [status, extensions])).toEqual([
        [400, undefined],
        [401, undefined],
        [200, undefined],
      ]);
    }));
});
