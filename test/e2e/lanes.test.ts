import { ApolloServer } from '@apollo/server';
import fc from 'fast-check';
import { createBillingApi } from '../../src/billing-api/billing-api';
import { startGateway, type Gateway } from '../support/gateway';
import { randomOperation, VARIABLES } from '../support/random-operations';

/** A header that keeps a request in Apollo Server's lane, and changes nothing else. */
const APOLLO_LANE = { 'apollo-federation-include-trace': 'none' };

interface Sent {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly bytes: Buffer;
  /** Whether Apollo Server had a part in it. */
  readonly byApollo: boolean;
}

const executions = jest.spyOn(ApolloServer.prototype, 'executeHTTPGraphQLRequest');

async function send(gateway: Gateway, body: unknown, headers: Record<string, string> = {}): Promise<Sent> {
  const before = executions.mock.calls.length;
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', 'x-request-id': 'same', ...headers },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const answered = new Headers(response.headers);
  answered.delete('date');
  return { status: response.status, headers: Object.fromEntries(answered), bytes, byApollo: executions.mock.calls.length > before };
}

/** The answer of each lane to one request. What came first has taught the prepared lane the operation. */
async function sendByBoth(
  gateway: Gateway,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ apollo: Sent; prepared: Sent }> {
  const apollo = await send(gateway, body, { ...headers, ...APOLLO_LANE });
  const prepared = await send(gateway, body, headers);
  expect(apollo.byApollo).toBe(true);
  return { apollo, prepared };
}

function expectSame({ apollo, prepared }: { apollo: Sent; prepared: Sent }): void {
  expect(prepared.bytes.toString()).toBe(apollo.bytes.toString());
  expect(prepared.status).toBe(apollo.status);
  expect(prepared.headers).toEqual(apollo.headers);
}

const customer = (selection: string): string => `{ customer(idType: "RUC", id: "80012345") { ${selection} } }`;

describe.each(['production', 'development'])('The two lanes, in %s', (mode) => {
  let gateway: Gateway;
  let token: string;
  let bearer: Record<string, string>;

  beforeAll(async () => {
    const api = await createBillingApi();
    token = api.issueToken();
    bearer = { authorization: `Bearer ${token}` };
    gateway = await startGateway({ NODE_ENV: mode, BILLING_API_URL: api.url, INTROSPECTION: 'true', UPSTREAM_CALL_BUDGET: '300' });
    const close = gateway.close.bind(gateway);
    gateway = {
      ...gateway,
      close: async () => {
        await close();
        await api.close();
      },
    };
  });
  afterAll(() => gateway.close());

  const successes: [string, string, Record<string, unknown>][] = [
    [
      'a contract with everything',
      customer(
        'contract(number: "700100") { number dueDate billingAddresses { street neighborhood city state country zipCode } invoices(first: 12) { nodes { number contractNumber billPeriod amount status } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { number } } } }',
      ),
      {},
    ],
    ['amounts that a double cannot hold', customer('contract(number: "700103") { invoices(first: 50) { nodes { amount } } }'), {}],
    [
      'the largest page there is',
      customer('contract(number: "700101") { invoices(first: 1000) { nodes { number contractNumber billPeriod amount status } } }'),
      {},
    ],
    ['a contract that is not known', customer('contract(number: "999999") { number invoices { nodes { number } } }'), {}],
    [
      'a contract without invoices',
      customer('contract(number: "700102") { invoices { nodes { number } pageInfo { hasNextPage endCursor } } }'),
      {},
    ],
    [
      'twenty aliases of one contract',
      customer(Array.from({ length: 20 }, (_, i) => `c${i}: contract(number: "700100") { ...F }`).join(' ')).replace(
        /$/,
        ' fragment F on Contract { dueDate invoices(first: 5) { nodes { number amount } } }',
      ),
      {},
    ],
    [
      'windows that overlap',
      customer(
        'contract(number: "700100") { a: invoices(first: 6) { nodes { number } } b: invoices(first: 9) { nodes { number } pageInfo { hasNextPage } } }',
      ),
      {},
    ],
    ['a customer alone', customer('idType id __typename'), {}],
    [
      'entities',
      'query E($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Contract { dueDate number } ... on Customer { id } ... on Invoice { amount } } }',
      {
        r: [
          { __typename: 'Contract', number: '700100', customer: { idType: 'RUC', id: '80012345' } },
          { __typename: 'Customer', idType: 'RUC', id: '1' },
          { __typename: 'Contract', number: '999999', customer: { idType: 'RUC', id: '80012345' } },
        ],
      },
    ],
    [
      'variables of each kind',
      'query Q($n: ID!, $f: Int = 3, $a: String, $s: Boolean!) { customer(idType: "RUC", id: "80012345") { contract(number: $n) { dueDate @skip(if: $s) invoices(first: $f, after: $a) { nodes { number } } } } }',
      { n: '700100', s: false },
    ],
  ];

  it.each(successes)('answer %s alike, byte for byte', async (_name, query, variables) => {
    const both = await sendByBoth(gateway, { query, variables }, bearer);
    expectSame(both);
    expect(both.prepared.byApollo).toBe(false);
    expect(both.prepared.bytes.toString()).not.toContain('"errors"');
  });

  it.each([
    'application/json',
    '*/*',
    'application/graphql-response+json',
    'application/graphql-response+json, application/json;q=0.9',
    'text/html, application/json;q=0.5',
  ])('choose the same type of answer for Accept: %s', async (accept) => {
    expectSame(await sendByBoth(gateway, { query: customer('contract(number: "700100") { dueDate }') }, { ...bearer, accept }));
  });

  it.each([
    ['no token', customer('contract(number: "700100") { dueDate }'), {}],
    ['a token that is refused', customer('contract(number: "700100") { dueDate }'), { authorization: 'Bearer nobody' }],
    ['a customer who is not theirs', '{ customer(idType: "CPF", id: "11144477735") { contract(number: "550300") { dueDate } } }', null],
    ['an argument that is not of its form', customer('contract(number: "7/1") { dueDate }'), null],
    ['a page that is too large', customer('contract(number: "700100") { invoices(first: 100000) { nodes { number } } }'), null],
    ['a cursor that nobody made', customer('contract(number: "700100") { invoices(after: "x") { nodes { number } } }'), null],
    [
      'one contract that fails and one that does not',
      customer('a: contract(number: "700100") { dueDate } b: contract(number: "x") { dueDate }'),
      null,
    ],
    ['a field that does not exist', customer('nothing'), null],
    ['a document that cannot be parsed', '{ customer(', null],
    ['introspection', '{ __schema { queryType { name } } _service { sdl } }', {}],
    ['accept of nothing that is had', customer('id'), { accept: 'image/png' }],
    ['a deadline that is none', customer('id'), { 'x-request-timeout-ms': 'soon' }],
  ])("answer %s alike: it is Apollo Server's", async (_name, query, headers) => {
    const sent = {
      ...(headers === null || !('authorization' in headers) ? (headers !== null && Object.keys(headers).length === 0 ? {} : bearer) : {}),
      ...headers,
    } as Record<string, string>;
    await send(gateway, { query }, sent);
    const both = await sendByBoth(gateway, { query }, sent);
    expectSame(both);
    expect(both.prepared.byApollo).toBe(true);
  });

  it('answer variables that are not of their types alike, after the operation was answered', async () => {
    const query = 'query Q($n: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $n) { dueDate } } }';
    expectSame(await sendByBoth(gateway, { query, variables: { n: '700100' } }, bearer));
    for (const variables of [{}, { n: null }, { n: ['700100'] }, { n: 2 ** 60 }, { n: 700100 }, { n: '700100', more: 1 }, { n: 'x' }]) {
      expectSame(await sendByBoth(gateway, { query, variables }, bearer));
    }
  });

  it('choose the same operation of a document with several', async () => {
    const query = `query A ${customer('id')} query B ${customer('idType')}`;
    for (const operationName of ['A', 'B', 'C', '', null, undefined])
      expectSame(await sendByBoth(gateway, { query, operationName }, bearer));
  });

  it('answer whatever valid operation alike', async () => {
    let prepared = 0;
    await fc.assert(
      fc.asyncProperty(randomOperation, async (query) => {
        const both = await sendByBoth(gateway, { query, variables: VARIABLES }, bearer);
        expectSame(both);
        if (!both.prepared.byApollo) prepared++;
        // A document that is refused as too deep or too large is Apollo Server's in both.
        if (both.apollo.status === 200 && !both.apollo.bytes.toString().includes('"errors"')) expect(both.prepared.byApollo).toBe(false);
      }),
      { numRuns: 60 },
    );
    expect(prepared).toBeGreaterThan(20);
  }, 120_000);

  it('are told apart by this comparison when one of them writes something else', async () => {
    const { apollo, prepared } = await sendByBoth(gateway, { query: customer('id') }, bearer);
    expect(() =>
      expectSame({ apollo, prepared: { ...prepared, bytes: Buffer.from(prepared.bytes.toString().replace('80012345', '80012346')) } }),
    ).toThrow();
    expect(() => expectSame({ apollo, prepared: { ...prepared, headers: { ...prepared.headers, 'cache-control': 'public' } } })).toThrow();
  });
});
