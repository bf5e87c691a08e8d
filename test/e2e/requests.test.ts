import { requestRaw } from '../support/raw-request';
import { startGateway, toAnswer, type Gateway, type GraphqlAnswer } from '../support/gateway';

const DATA = 'customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate } }';
const TWO = `query First { a: customer(idType: "RUC", id: "1") { id } } query Second($number: ID!) { ${DATA} }`;

describe('A request', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  const token = (): string => `Bearer ${gateway.app.billingApi!.issueToken()}`;
  const get = async (parameters: Record<string, string>, headers: Record<string, string>): Promise<GraphqlAnswer> =>
    toAnswer(await fetch(`${gateway.url}/graphql?${new URLSearchParams(parameters).toString()}`, { headers }));

  it('chooses between the operations of a document by name', async () => {
    const before = gateway.upstreamCalls();
    expect((await gateway.query(TWO, undefined, { operationName: 'First' })).data).toEqual({ a: { id: '1' } });
    expect(gateway.upstreamCalls()).toBe(before);
    expect((await gateway.query(TWO, { number: '700100' }, { operationName: 'Second' })).data).toEqual({
      customer: { contract: { dueDate: '2025-07-15' } },
    });
  });

  it.each([
    ['no name', undefined],
    ['a name that is not there', 'Third'],
  ])('with two operations and %s is OPERATION_RESOLUTION_FAILURE', async (_what, operationName) => {
    const answer = await gateway.query(TWO, { number: '1' }, operationName === undefined ? {} : { operationName });
    expect([answer.status, answer.data]).toEqual([400, undefined]);
    expect(answer.errors).toMatchObject([{ extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } }]);
  });

  it('looks for a token only on behalf of the operation that it names', async () => {
    const document = `query Public { __typename } query Private($number: ID!) { ${DATA} }`;
    expect((await gateway.query(document, undefined, { token: null, operationName: 'Public' })).status).toBe(200);
    expect((await gateway.query(document, { number: '1' }, { token: null, operationName: 'Private' })).status).toBe(401);
  });

  it('by GET with a token needs nothing else: a browser asks before it sends one to another origin', async () => {
    const answer = await get({ query: `query($number: ID!) { ${DATA} }`, variables: '{"number":"700100"}' }, { authorization: token() });
    expect([answer.status, answer.data]).toEqual([200, { customer: { contract: { dueDate: '2025-07-15' } } }]);
    const named = await get({ query: TWO, operationName: 'Second', variables: '{"number":"700100"}' }, { authorization: token() });
    expect(named.data).toEqual({ customer: { contract: { dueDate: '2025-07-15' } } });
  });

  it('by GET without a token and without a word that it is meant is refused, as a page of another origin could send it', async () => {
    const answer = await get({ query: '{ __typename }' }, {});
    expect([answer.status, answer.errors[0]?.extensions]).toEqual([400, { code: 'BAD_REQUEST' }]);
    expect((await get({ query: '{ __typename }' }, { 'apollo-require-preflight': '1' })).data).toEqual({ __typename: 'Query' });
    expect((await get({ query: `{ ${DATA.replace('$number', '"1"')} }` }, { 'apollo-require-preflight': '1' })).status).toBe(401);
  });

  it.each([
    ['not JSON', '{', 'application/json', 400],
    ['empty', '', 'application/json', 400],
    ['no object', '[]', 'application/json', 400],
    ['without a query', '{}', 'application/json', 400],
    ['with a query that is no text', '{"query":5}', 'application/json', 400],
    ['with variables that are no object', '{"query":"{ __typename }","variables":[1]}', 'application/json', 400],
    ['a batch', '[{"query":"{ __typename }"}]', 'application/json', 400],
    ['of a type that a form can send', 'query=%7B__typename%7D', 'application/x-www-form-urlencoded', 415],
    ['text', '{ __typename }', 'text/plain', 415],
  ])('whose body is %s is BAD_REQUEST', async (_what, body, contentType, status) => {
    const answer = await toAnswer(
      await fetch(`${gateway.url}/graphql`, { method: 'POST', headers: { 'content-type': contentType, authorization: token() }, body }),
    );
    expect([answer.status, answer.data]).toEqual([status, undefined]);
    expect(answer.errors.map(({ extensions }) => extensions?.['code'])).toEqual(['BAD_REQUEST']);
  });

  it.each(['PUT', 'PATCH', 'DELETE'])('by %s is told which methods there are', async (method) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method,
      headers: { 'content-type': 'application/json', 'apollo-require-preflight': '1' },
      body: '{"query":"{ __typename }"}',
    });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST, QUERY']);
  });

  it.each([
    ['an empty', ''],
    ['an immoderate', 'text/plain,'.repeat(100)],
  ])('with %s `Accept` is told in JSON, on behalf of its caller', async (_what, accept) => {
    const headers = { authorization: token(), 'content-type': 'application/json', accept };
    const body = JSON.stringify({ query: `query($number: ID!) { ${DATA} }`, variables: { number: '700100' } });
    const answer = await requestRaw(Number(new URL(gateway.url).port), { method: 'POST', path: '/graphql', headers, body });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json; charset=utf-8' } });
    expect(JSON.parse(answer.text)).toMatchObject({ data: { customer: { contract: { dueDate: '2025-07-15' } } } });
  });

  it('is told in the media type that it asks for', async () => {
    for (const [accept, type] of [
      ['application/graphql-response+json', 'application/graphql-response+json; charset=utf-8'],
      ['application/json', 'application/json; charset=utf-8'],
      ['*/*', 'application/json; charset=utf-8'],
    ] as const) {
      const answer = await gateway.query('{ __typename }', undefined, { headers: { accept } });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type]);
    }
    const refused = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/html' },
      body: '{"query":"{ __typename }"}',
    });
    expect(refused.status).toBe(406);
  });
});
