import { startGateway, type Gateway } from '../support/gateway';

const SANDBOX = 'https://studio.apollographql.com';
/** What the hosted Sandbox and clients of GraphQL send, and what the gateway adds for them to use. */
const WANTED = [
  'authorization',
  'content-type',
  'cache-control',
  'if-none-match',
  'apollographql-client-name',
  'apollographql-client-version',
  'apollographql-library-name',
  'apollographql-library-version',
  'x-apollo-operation-id',
  'x-request-id',
  'traceparent',
  'tracestate',
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'x-billing-trace',
  'x-billing-dry-run',
  'x-request-timeout-ms',
  // What libraries for tracing and errors add to the requests of a page.
  'baggage',
  'sentry-trace',
  'x-datadog-trace-id',
];

function preflight(gateway: Gateway, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/graphql`, {
    method: 'OPTIONS',
    headers: { origin: SANDBOX, 'access-control-request-method': 'POST', 'access-control-request-headers': WANTED.join(','), ...headers },
  });
}

describe('A page on another origin', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  it('may send a token and the headers of Sandbox', async () => {
    const { status, headers } = await preflight(gateway);
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    expect(headers.get('access-control-allow-headers')!.split(', ')).toEqual(expect.arrayContaining(WANTED));
  });

  it('may send a QUERY', async () => {
    const { status, headers } = await preflight(gateway, { 'access-control-request-method': 'QUERY' });
    expect([status, headers.get('access-control-allow-methods')!.split(', ')]).toEqual([204, ['GET', 'POST', 'QUERY', 'OPTIONS']]);
  });

  it('may reach a gateway in a private network, where it asks for it', async () => {
    const asked = await preflight(gateway, { 'access-control-request-private-network': 'true' });
    const other = await preflight(gateway);
    expect([asked, other].map(({ headers }) => headers.get('access-control-allow-private-network'))).toEqual(['true', null]);
  });

  it('can read good and bad answers, and what their headers say', async () => {
    const documents = ['{ __typename }', '{', '{ nothing }', '{ customer(idType: "RUC", id: "1") { contract(number: "1") { dueDate } } }'];
    const statuses: number[] = [];
    for (const query of [...documents, documents[0]!]) {
      const answer = await gateway.query(query, undefined, { token: null, headers: { origin: SANDBOX } });
      statuses.push(answer.status);
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(answer.headers.get('access-control-expose-headers')!.split(', ')).toEqual(
        expect.arrayContaining(['www-authenticate', 'retry-after', 'x-request-id', 'x-billing-stale', 'etag', 'accept-query']),
      );
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    }
    expect(statuses).toEqual([200, 400, 400, 401, 200]);
  });

  it('can read refusals that never reach GraphQL', async () => {
    const refusals = await Promise.all([
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { origin: SANDBOX, 'content-type': 'application/json' },
        body: 'x'.repeat(300_000),
      }),
      fetch(`${gateway.url}/graphql`, { method: 'POST', headers: { origin: SANDBOX, 'content-type': 'application/json' }, body: '{' }),
      fetch(`${gateway.url}/nowhere`, { headers: { origin: SANDBOX } }),
    ]);
    expect(refusals.map(({ status, headers }) => [status, headers.get('access-control-allow-origin')])).toEqual([
      [413, '*'],
      [400, '*'],
      [404, '*'],
    ]);
  });
});

describe('A production gateway', () => {
  it('lets in the origins that it was told of, and no page into its private network', async () => {
    const gateway = await startGateway({
      NODE_ENV: 'production',
      BILLING_API_URL: 'http://127.0.0.1:9/v2',
      CORS_ORIGINS: `${SANDBOX},https://app.example`,
    });
    const allowed = await preflight(gateway, { 'access-control-request-private-network': 'true' });
    const refused = await preflight(gateway, { origin: 'https://elsewhere.example' });
    await gateway.close();
    expect([allowed, refused].map(({ headers }) => headers.get('access-control-allow-origin'))).toEqual([SANDBOX, null]);
    expect(allowed.headers.get('access-control-allow-private-network')).toBeNull();
  });
});
