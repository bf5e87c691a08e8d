import { toSampleData } from '../../src/billing-api/data/sample-data';
import type { Invoice } from '../../src/billing-api/data/bills-collection';
import { toAskedBills, toBillsBody, toWireInvoice } from '../support/bills-body';
import { toCursor } from '../support/invoice-cursor';
import { startGateway, type Gateway, type GraphqlAnswer } from '../support/gateway';
import { errorsOf, withScript } from '../support/scripted-gateway';
import type { RecordedRequest, ScriptedAnswer } from '../support/scripted-upstream';

const invoicesOf = (number: string): readonly Invoice[] =>
  toSampleData()
    .customers.flatMap(({ contracts }) => contracts)
    .find(({ contractNo }) => contractNo === number)!.invoiceCollection;
const inContract = (number: string, body: string): string =>
  `{ customer(idType: "RUC", id: "80012345") { contract(number: "${number}") { ${body} } } }`;
const PAGE = '{ nodes { number status } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }';
/** A header by which graphql-js executes a request, whatever is known of its operation. */
const BY_GRAPHQL_JS = { headers: { 'apollo-federation-include-trace': 'none' } };

describe('invoices(filter: …)', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ REQUEST_DEADLINE_MS: '60000', BILLING_API_TIMEOUT_MS: '30000' });
  });
  afterAll(() => gateway.close());

  /** Sends an operation as graphql-js and as the compiled execution answer it, and returns what both say, and the calls of each. */
  async function ask(query: string, variables?: Record<string, unknown>): Promise<GraphqlAnswer & { calls: number }> {
    const first = await gateway.query(query, variables, BY_GRAPHQL_JS);
    await gateway.query(query, variables);
    const second = await gateway.query(query, variables);
    expect(second.text).toBe(first.text);
    return { ...second, calls: second.extensions?.['billing'].calls as number };
  }
  const predicted = async (query: string): Promise<unknown> =>
    (await gateway.query(query, undefined, { headers: { 'x-billing-dry-run': '1' } })).extensions?.['billing'].prediction as unknown;

  it('takes at most 100 periods of 50 characters, and asks the billing API for nothing where there are more', async () => {
    const periods = (count: number, length: number): string[] =>
      Array.from({ length: count }, (_, index) => String(index).padEnd(length, '.'));
    for (const selection of ['invoices(filter: $f) { nodes { number } }', 'invoiceSummary(filter: $f) { count }']) {
      const query = `query($f: InvoiceFilter) ${inContract('700100', selection)}`;
      expect((await ask(query, { f: { billPeriods: periods(100, 50) } })).errors).toEqual([]);
      for (const billPeriods of [periods(101, 3), periods(1, 51)]) {
        const { errors, data, calls } = await ask(query, { f: { billPeriods } });
        expect(errors).toMatchObject([
          { message: '`billPeriods` must be at most 100 periods of at most 50 characters each.', extensions: { code: 'BAD_USER_INPUT' } },
        ]);
        expect([data.customer.contract, calls]).toEqual([null, 0]);
      }
    }
  });

  it('returns the invoices that it means, with their places in the whole list, in the call that brings the contract and one behind the last', async () => {
    const open = invoicesOf('700100').flatMap(({ invoiceStatus, invoiceNumber }, position) =>
      invoiceStatus === false ? [{ number: invoiceNumber, position }] : [],
    );
    const query = inContract('700100', `dueDate invoices(first: 50, filter: { status: false }) { ${PAGE.slice(1, -1)} totalCount }`);
    const { data, errors, calls } = await ask(query);
    expect([errors, calls]).toEqual([[], 2]);
    const cursors = open.map(({ position }) => toCursor(position));
    expect(data.customer.contract.invoices).toEqual({
      nodes: open.map(({ number }) => ({ number, status: false })),
      edges: cursors.map((cursor) => ({ cursor })),
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: cursors[0], endCursor: cursors.at(-1) },
      totalCount: open.length,
    });
    expect(await predicted(query)).toMatchObject({ calls: 1, atLeast: true });
  });

  it.each(['status: true', 'billPeriods: ["2025-05", "2025-01", "2024-03"]', 'status: true, billPeriods: "2025-05"', 'billPeriods: []'])(
    'pages through what it means, forward and backward: %s',
    async (filter) => {
      const numbers = async (direction: 'first' | 'last'): Promise<unknown[]> => {
        const seen: unknown[] = [];
        for (let cursor: string | null = null; ;) {
          const place = cursor === null ? '' : `, ${direction === 'first' ? 'after' : 'before'}: "${cursor}"`;
          const { data, errors } = await ask(inContract('700100', `invoices(${direction}: 4${place}, filter: { ${filter} }) ${PAGE}`));
          expect(errors).toEqual([]);
          const { nodes, pageInfo } = data.customer.contract.invoices;
          if (direction === 'first') seen.push(...(nodes as unknown[]));
          else seen.unshift(...(nodes as unknown[]));
          const isMore = (direction === 'first' ? pageInfo.hasNextPage : pageInfo.hasPreviousPage) as boolean;
          if (!isMore) return seen;
          cursor = (direction === 'first' ? pageInfo.endCursor : pageInfo.startCursor) as string;
        }
      };
      const whole = (await gateway.query(inContract('700100', 'invoices(first: 100) { nodes { number status billPeriod } }'))).data;
      const all = whole.customer.contract.invoices.nodes as { number: string; status: boolean; billPeriod: string }[];
      const isMeant = ({ status, billPeriod }: (typeof all)[number]): boolean =>
        (!filter.includes('status') || status) && (!filter.includes('billPeriods') || filter.includes(`"${billPeriod}"`));
      const expected = all.filter(isMeant).map(({ number, status }) => ({ number, status }));
      expect(await numbers('first')).toEqual(expected);
      expect(await numbers('last')).toEqual(expected);
    },
  );

  it('reads a list once for equal filters, for a sum and for its length', async () => {
    const query = inContract(
      '700101',
      `a: invoices(first: 3, filter: { status: true }) { totalCount nodes { number } }
       b: invoices(first: 3, filter: { status: true }) { totalCount nodes { number } }
       invoiceSummary(filter: { status: true }) { count isComplete }`,
    );
    const { data, calls } = await ask(query);
    const { a, b, invoiceSummary } = data.customer.contract;
    expect([a, a.totalCount]).toEqual([b, invoiceSummary.count]);
    // Six pages of a thousand, read as 1 + 2 + 4.
    expect(calls).toBe(7);
  });

  it('is taken from variables, as a whole and in part, and null is none', async () => {
    const query =
      'query ($filter: InvoiceFilter, $status: Boolean) { customer(idType: "RUC", id: "80012345") { contract(number: "700100") { a: invoices(first: 2, filter: $filter) { nodes { status } } b: invoices(first: 2, filter: { status: $status }) { nodes { status } } } } }';
    const open = { nodes: [{ status: false }] };
    expect((await ask(query, { filter: { status: false }, status: false })).data.customer.contract).toEqual({ a: open, b: open });
    const any = (await ask(query, { filter: null })).data.customer.contract;
    expect(any.a).toEqual(any.b);
    expect((await ask(inContract('700100', 'a: invoices(first: 2) { nodes { status } }'))).data.customer.contract.a).toEqual(any.a);
  });

  it('is refused like any other page where an argument is not of its form, without a call', async () => {
    const before = gateway.upstreamCalls();
    const answer = await gateway.query(inContract('700100', 'invoices(first: 0, filter: { status: true }) { nodes { number } }'));
    expect(errorsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', path: ['customer', 'contract', 'invoices'] }]);
    expect(gateway.upstreamCalls()).toBe(before);
  });
});

/** A contract whose invoices have a status of true at these places alone. */
function matchingAt(total: number, places: readonly number[]): (request: RecordedRequest) => ScriptedAnswer {
  return ({ url }) => {
    const asked = toAskedBills(url);
    const { invoiceCollection } = toBillsBody(asked, total) as { invoiceCollection: unknown[] };
    const invoices = invoiceCollection.map((_, index) => {
      const place = asked.pageInit + index;
      return { ...toWireInvoice(asked.contractNumber ?? '1', place), invoiceStatus: places.includes(place) };
    });
    return { body: toBillsBody(asked, total, { invoiceCollection: invoices }) };
  };
}

/** Holds as many responses back until all their requests have come: the first of them may make the others superfluous. */
function holdUntilAllCome(count: number): () => Promise<void> {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let come = 0;
  return () => {
    if (++come === count) release();
    return released;
  };
}

describe('The scan for a filter', () => {
  const settings = { BILLING_API_MAX_QUANTITY: '10', UPSTREAM_CALL_BUDGET: '4', REQUEST_DEADLINE_MS: '60000' };
  const query = (args: string, body = 'nodes { number } pageInfo { hasNextPage endCursor }') =>
    `{ customer(idType: "RUC", id: "1") { contract(number: "1") { dueDate invoices(${args}, filter: { status: true }) { ${body} } } } }`;

  it('goes on from a cursor where the page before it ended, and asks for windows that a cache may have', () => {
    const answer = matchingAt(40, [3, 17, 31]);
    const [secondWave, thirdWave] = [holdUntilAllCome(2), holdUntilAllCome(4)];
    return withScript(
      async (request) => {
        const { pageInit } = toAskedBills(request.url);
        if (pageInit > 0) await (pageInit < 30 ? secondWave() : thirdWave());
        return answer(request);
      },
      async ({ gateway, upstream }) => {
        const ask = async (args: string): Promise<unknown> => (await gateway.query(query(args))).data.customer.contract.invoices;
        const offsets = () => upstream.requests.map(({ url }) => toAskedBills(url)).map(({ pageInit, quantity }) => [pageInit, quantity]);
        const first = await ask('first: 1');
        expect(first).toEqual({ nodes: [{ number: '1-000003' }], pageInfo: { hasNextPage: true, endCursor: toCursor(3) } });
        expect(offsets()).toEqual([
          [0, 10],
          [10, 10],
          [20, 10],
        ]);
        const second = await ask(`first: 1, after: "${toCursor(3)}"`);
        expect(second).toEqual({ nodes: [{ number: '1-000017' }], pageInfo: { hasNextPage: true, endCursor: toCursor(17) } });
        // The windows that were read before are cached; the next wave is of four.
        expect(offsets().slice(3)).toEqual([30, 40, 50, 60].map((offset) => [offset, 10]));
        expect(await ask(`first: 1, after: "${toCursor(17)}"`)).toEqual({
          nodes: [{ number: '1-000031' }],
          pageInfo: { hasNextPage: false, endCursor: toCursor(31) },
        });
        expect(await ask(`first: 1, after: "${toCursor(31)}"`)).toEqual({ nodes: [], pageInfo: { hasNextPage: false, endCursor: null } });
      },
      { ...settings, UPSTREAM_CALL_BUDGET: '100', CACHE_TTL_SECONDS: '30' },
    );
  });

  it('never shows a part of a page as the whole: where the call budget ends first, the error says where to go on', () =>
    withScript(
      matchingAt(1000, [35, 78]),
      async ({ gateway, upstream }) => {
        for (let i = 0; i < 2; i++) {
          const { data, errors } = await gateway.query(query('first: 2'));
          expect(data.customer.contract).toEqual({ dueDate: '2025-07-15', invoices: null });
          expect(errors[0]).toMatchObject({
            path: ['customer', 'contract', 'invoices'],
            extensions: { code: 'UPSTREAM_BUDGET_EXCEEDED', reached: toCursor(39), matches: 1 },
          });
        }
        expect(upstream.requests).toHaveLength(8);
        const found = await gateway.query(query('first: 1', 'nodes { number }'));
        expect([found.errors, found.data.customer.contract.invoices.nodes]).toEqual([[], [{ number: '1-000035' }]]);
        const later = await gateway.query(query(`first: 1, after: "${toCursor(39)}"`, 'nodes { number }'));
        expect([later.errors, later.data.customer.contract.invoices.nodes]).toEqual([[], [{ number: '1-000078' }]]);
      },
      settings,
    ));

  it('reads backward from a cursor', () =>
    withScript(
      matchingAt(1000, [985, 990]),
      async ({ gateway, upstream }) => {
        const { data, errors } = await gateway.query(
          query(`last: 1, before: "${toCursor(990)}"`, 'nodes { number } pageInfo { hasNextPage }'),
        );
        expect([errors, data.customer.contract.invoices]).toEqual([
          [],
          { nodes: [{ number: '1-000985' }], pageInfo: { hasNextPage: true } },
        ]);
        expect(upstream.requests).toHaveLength(2);
      },
      settings,
    ));

  it("finds a customer's invoices, whatever the contract; null where there is no such customer", () =>
    withScript(
      (request) => (toAskedBills(request.url).id === '9' ? { status: 404 } : matchingAt(25, [24])(request)),
      async ({ gateway, upstream }) => {
        const ask = async (id: string, args: string): Promise<unknown> =>
          (
            await gateway.query(
              `{ customer(idType: "RUC", id: "${id}") { invoices(${args}, filter: { status: true }) { nodes { number } } } }`,
            )
          ).data.customer.invoices;
        expect(await ask('1', 'first: 5')).toEqual({ nodes: [{ number: '1-000024' }] });
        expect(upstream.requests).toHaveLength(3);
        expect(await ask('9', 'first: 5')).toBeNull();
        expect(upstream.requests).toHaveLength(4);
        expect(await ask('9', `first: 5, after: "${toCursor(19)}"`)).toBeNull();
        expect(await ask('1', `first: 5, after: "${toCursor(24)}"`)).toEqual({ nodes: [] });
      },
      settings,
    ));
});
