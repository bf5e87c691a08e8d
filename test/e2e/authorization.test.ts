import { createBillingApi, type BillingApi } from '../../src/billing-api/billing-api';
import { startGateway, type Gateway } from '../support/gateway';
import { good, withScript } from '../support/scripted-gateway';

const DATA = '{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { dueDate } } }';

describe('Authorization', () => {
  let billingApi: BillingApi;
  let gateway: Gateway;
  beforeAll(async () => {
    billingApi = await createBillingApi();
    gateway = await startGateway({ BILLING_API_URL: billingApi.url });
  });
  afterAll(async () => {
    await gateway.close();
    await billingApi.close();
  });

  /** What the gateway answers to the query under these headers, and the calls that it made. */
  async function ask(query: string, headers: Record<string, string> = {}, variables?: Record<string, unknown>) {
    const before = billingApi.requestCount();
    const answer = await gateway.query(query, variables, { token: null, headers });
    return { ...answer, calls: billingApi.requestCount() - before };
  }

  it.each(['Bearer abc.def-ghi_jkl~mno+pqr/stu==', 'bearer abc', 'BEARER  two-spaces'])(
    'passes the header %j on, byte for byte, and no other header of the client',
    async (authorization) => {
      await withScript(good, async ({ gateway: scripted, upstream }) => {
        const headers = {
          authorization,
          cookie: 'session=1',
          'x-forwarded-for': '10.0.0.1',
          'x-billing-trace': '1',
          'user-agent': 'of-the-client',
          'accept-language': 'es',
        };
        const { errors } = await scripted.query('{ customer(idType: "RUC", id: "1") { contract(number: "1") { dueDate } } }', undefined, {
          token: null,
          headers,
        });
        expect(errors).toEqual([]);
        expect(upstream.requests).toHaveLength(1);
        expect(upstream.requests[0]?.headers.authorization).toBe(authorization);
        expect(upstream.requests[0]?.headers['user-agent']).toMatch(/^billing-graphql-gateway/);
        expect(Object.keys(upstream.requests[0]!.headers).sort()).toEqual([
          'accept',
          'accept-encoding',
          'authorization',
          'connection',
          'host',
          'user-agent',
        ]);
      });
    },
  );

  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['a scheme alone', { authorization: 'Bearer' }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['a token with a space in it', { authorization: 'Bearer two words' }],
    ['two schemes', { authorization: 'Bearer a, Basic b' }],
    ['a token in another header', { 'x-authorization': 'Bearer abc' }],
  ])('answers an operation that needs data and carries %s with 401 and the challenge, before any upstream call', async (_what, headers) => {
    const { status, headers: answered, text, calls } = await ask(DATA, headers);
    expect([status, answered.get('www-authenticate'), calls]).toEqual([401, 'Bearer', 0]);
    expect(answered.get('cache-control')).toBe('no-store');
    expect(JSON.parse(text)).toEqual({
      errors: [{ message: expect.stringContaining('bearer token'), extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it.each([
    ['a customer alone, who is not looked up', '{ customer(idType: "RUC", id: "1") { id } }'],
    ['entities', '{ _entities(representations: [{ __typename: "Customer", idType: "RUC", id: "1" }]) { __typename } }'],
    ['data beside introspection', `{ __typename ${DATA.slice(1)}`],
    ['data through a fragment with a misleading name', `{ ...__schema } fragment __schema on Query ${DATA}`],
    ['data under a misleading alias', '{ __type: customer(idType: "RUC", id: "1") { id } }'],
  ])('counts %s as an operation that needs data', async (_what, query) => {
    const { status, calls } = await ask(query);
    expect([status, calls]).toEqual([401, 0]);
  });

  it.each([
    ['the type name', '{ __typename }', { __typename: 'Query' }],
    ['introspection', '{ __schema { queryType { name } } }', { __schema: { queryType: { name: 'Query' } } }],
    ['introspection of a type', '{ __type(name: "Contract") { kind } }', { __type: { kind: 'OBJECT' } }],
    ['the subgraph', '{ _service { sdl } }', { _service: { sdl: expect.stringContaining('@key') } }],
    ['data that is skipped', `{ __typename ...F @skip(if: true) } fragment F on Query ${DATA}`, { __typename: 'Query' }],
  ])('asks for no token where %s is all that is wanted', async (_what, query, data) => {
    const answer = await ask(query);
    expect([answer.status, answer.errors, answer.data, answer.calls]).toEqual([200, [], data, 0]);
  });

  it('decides by the variables whether a token is needed', async () => {
    const query = `query($data: Boolean!) { __typename ...F @include(if: $data) } fragment F on Query ${DATA}`;
    expect(await ask(query, {}, { data: false })).toMatchObject({ status: 200, data: { __typename: 'Query' } });
    expect(await ask(query, {}, { data: true })).toMatchObject({ status: 401, data: undefined, calls: 0 });
    const nullable = query.replace('Boolean!', 'Boolean = true');
    expect(await ask(nullable, {}, { data: null })).toMatchObject({ status: 401, calls: 0 });
  });

  it.each([
    ['made up', () => 'made-up'],
    ['expired', () => billingApi.issueToken({ expiresInSeconds: -10 })],
    ['of another scope', () => billingApi.issueToken({ scope: 'write' })],
  ])('reports a token that is %s, which the billing API refuses, as a field error with HTTP 200', async (_what, token) => {
    const { status, data, errors, calls, headers } = await ask(DATA, { authorization: `Bearer ${token()}` });
    expect([status, data, calls]).toEqual([200, { customer: { contract: null } }, 1]);
    expect(errors).toMatchObject([{ path: ['customer', 'contract'], extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('reports a customer that the token may not read as FORBIDDEN', async () => {
    const { status, data, errors } = await ask(
      '{ customer(idType: "CPF", id: "11144477735") { contract(number: "550300") { dueDate } } }',
      { authorization: `Bearer ${billingApi.issueToken()}` },
    );
    expect([status, data]).toEqual([200, { customer: { contract: null } }]);
    expect(errors).toMatchObject([{ path: ['customer', 'contract'], extensions: { code: 'FORBIDDEN' } }]);
  });

  it('reports a document that is wrong before it asks for a token', async () => {
    expect(await ask('{ nothing }')).toMatchObject({ status: 400, errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
    expect(await ask('{ oops')).toMatchObject({ status: 400, errors: [{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }] });
  });

  it('needs no token for its probes', async () => {
    for (const path of ['/healthz', '/readyz']) expect((await fetch(gateway.url + path)).status).toBe(200);
  });
});
