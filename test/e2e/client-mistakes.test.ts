import { createHash } from 'node:crypto';
import { requestRaw } from '../support/raw-request';
import { withScript, good } from '../support/scripted-gateway';

interface Mistake {
  readonly body?: unknown;
  readonly text?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly code: string;
  /** Default 400. */
  readonly status?: number;
  readonly message?: RegExp;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const customer = (selection: string): string => `{ customer(idType: "RUC", id: "1") { ${selection} } }`;
const persisted = (value: unknown): unknown => ({ query: '{ __typename }', extensions: { persistedQuery: value } });
const list = 'query($n: [ID!]!) { customer(idType: "RUC", id: "1") { contracts(numbers: $n) { number } } }';
const repeat = (times: number, make: (index: number) => string): string => Array.from({ length: times }, (_, i) => make(i)).join(' ');

/** Every kind of mistake that a client can make, as far as we know of them. */
const MISTAKES: Readonly<Record<string, Mistake>> = {
  'a hash of another persisted query': {
    body: persisted({ version: 1, sha256Hash: '0'.repeat(64) }),
    code: 'BAD_REQUEST',
    message: /hash .* does not match/,
  },
  'a persisted query of version 2': {
    body: persisted({ version: 2, sha256Hash: hash('{ __typename }') }),
    code: 'BAD_REQUEST',
    message: /version` must be 1/,
  },
  'a hash that is no text': { body: persisted({ version: 1, sha256Hash: { toString: 1 } }), code: 'BAD_REQUEST' },
  'a hash that is no text, alone': {
    body: { extensions: { persistedQuery: { version: 1, sha256Hash: [1] } } },
    code: 'PERSISTED_QUERY_NOT_FOUND',
    status: 200,
  },
  'a persisted query that is true': { body: persisted(true), code: 'BAD_REQUEST' },
  'a mutation': { body: { query: 'mutation { pay }' }, code: 'GRAPHQL_VALIDATION_FAILED', message: /queries only/ },
  'a mutation by GET': { method: 'GET', path: '/graphql?query=mutation%7Bpay%7D', code: 'BAD_REQUEST', status: 405 },
  'a subscription': { body: { query: 'subscription { paid }' }, code: 'GRAPHQL_VALIDATION_FAILED', message: /queries only/ },
  '60 invalid values': { body: { query: list, variables: { n: Array.from({ length: 60 }, () => true) } }, code: 'BAD_USER_INPUT' },
  'an invalid value': { body: { query: list, variables: { n: [{}] } }, code: 'BAD_USER_INPUT' },
  'a missing variable': { body: { query: list }, code: 'BAD_USER_INPUT' },
  'null in a condition': {
    body: {
      query: `query($due: Boolean = true) ${customer('id contract(number: "1") { dueDate @include(if: $due) }')}`,
      variables: { due: null },
    },
    code: 'BAD_USER_INPUT',
    status: 200,
  },
  'null in a condition at the root': {
    body: { query: 'query($x: Boolean = true) { __typename @skip(if: $x) }', variables: { x: null } },
    code: 'BAD_USER_INPUT',
    status: 200,
  },
  'an unknown operation': { body: { query: 'query A { __typename }', operationName: 'B' }, code: 'OPERATION_RESOLUTION_FAILURE' },
  'an operation that is not chosen': {
    body: { query: 'query A { __typename } query B { __typename }' },
    code: 'OPERATION_RESOLUTION_FAILURE',
  },
  'an operation name without end': {
    body: { query: '{ __typename }', operationName: 'A'.repeat(200_000) },
    code: 'OPERATION_RESOLUTION_FAILURE',
  },
  'a name in the document without end': { body: { query: `query ${'A'.repeat(150_000)} { f g }` }, code: 'GRAPHQL_VALIDATION_FAILED' },
  'a document without end': {
    body: { query: `{ ${'x'.repeat(200_000)} }` },
    code: 'GRAPHQL_PARSE_FAILED',
    message: /200004 characters; 160000/,
  },
  'a value without end': {
    body: { query: customer(`contract(number: [{a: "${'x'.repeat(150_000)}"}]) { number }`) },
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  'a variable without end': {
    body: { query: 'query($n: Int) { __typename @skip(if: $n) }', variables: { n: 'x'.repeat(200_000) } },
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  'a text without end for a number': {
    body: {
      query: `query($n: Int) ${customer('contract(number: "1") { invoices(first: $n) { nodes { number } } }')}`,
      variables: { n: 'x'.repeat(200_000) },
    },
    code: 'BAD_USER_INPUT',
  },
  'a WebSocket': {
    method: 'GET',
    path: '/graphql',
    headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-protocol': 'graphql-transport-ws' },
    code: 'BAD_REQUEST',
    message: /There is no WebSocket: .* Send a query by POST/,
  },
  'a deferred fragment': {
    body: { query: customer('... @defer { contract(number: "1") { dueDate } }') },
    headers: { accept: 'multipart/mixed;incrementalSpec=v0.2,application/graphql-response+json,application/json;q=0.9' },
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /@defer.* is not supported: a response comes in one piece/,
  },
  'a streamed list': {
    body: { query: customer('contracts(numbers: ["1"]) @stream(initialCount: 1) { dueDate }') },
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /@stream.* is not supported/,
  },
  "a client library's own directive": {
    body: { query: customer('isOpen: id @client') },
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /@client.* is meant for a client library/,
  },
  'a directive that nobody knows': {
    body: { query: customer('id @nonsense') },
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /Unknown directive .*@nonsense/,
  },
  'a fragment that leads to itself': { body: { query: '{ ...F } fragment F on Query { ...F }' }, code: 'GRAPHQL_VALIDATION_FAILED' },
  'no GraphQL': { body: { query: '{' }, code: 'GRAPHQL_PARSE_FAILED' },
  'brackets without end': { body: { query: '{a'.repeat(60_000) }, code: 'GRAPHQL_PARSE_FAILED' },
  'fragments that multiply': {
    body: {
      query: `{ ...F0 } ${repeat(20, (i) => `fragment F${i} on Query { __typename ${i < 19 ? `...F${i + 1} ...F${i + 1}` : ''} }`)}`,
    },
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /more than \d+ (selections|pairs)/,
  },
  'fields that conflict': {
    body: { query: `{ ${repeat(200, (i) => `x: customer(idType: "RUC", id: "${i}") { id }`)} }` },
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /pairs of fields/,
  },
  'a query that is a number': { body: { query: 5 }, code: 'BAD_REQUEST' },
  'variables that are a list': { body: { query: '{ __typename }', variables: [] }, code: 'BAD_REQUEST' },
  'extensions that are a text': { body: { query: '{ __typename }', extensions: 'x' }, code: 'BAD_REQUEST' },
  'a name of an operation that is a number': { body: { query: '{ __typename }', operationName: 7 }, code: 'BAD_REQUEST' },
  'two operations in one request': { body: [{ query: '{ __typename }' }], code: 'BAD_REQUEST' },
  'the id of a document where none are kept': {
    body: { documentId: 'sha256:1', variables: {} },
    code: 'BAD_REQUEST',
    message: /TRUSTED_DOCUMENTS/,
  },
  'an empty query': { body: { query: '' }, code: 'BAD_REQUEST' },
  'no query': { body: {}, code: 'BAD_REQUEST' },
  'a name that reaches for the prototype': { text: '{"query":"{ __typename }","variables":{"__proto__":{"a":1}}}', code: 'BAD_REQUEST' },
  'no JSON': { text: '{"query":', code: 'BAD_REQUEST' },
  'JSON within JSON without end': {
    text: `{"query":"{ __typename }","variables":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
    code: 'BAD_REQUEST',
  },
  'an empty body': { text: '', code: 'BAD_REQUEST' },
  'another media type': { text: '<query/>', headers: { 'content-type': 'text/xml' }, code: 'BAD_REQUEST', status: 415 },
  'an answer in another media type': {
    body: { query: '{ __typename }' },
    headers: { accept: 'image/png' },
    code: 'BAD_REQUEST',
    status: 406,
    message: /application\/json.*text\/csv/,
  },
  'another method': { method: 'PUT', body: { query: '{ __typename }' }, code: 'BAD_REQUEST', status: 405 },
  'a number whose digits are lost': {
    text: '{"query":"query($i: ID!) { customer(idType: \\"A\\", id: $i) { id } }","variables":{"i":4503599627370497.4}}',
    code: 'BAD_USER_INPUT',
  },
  'a contract that is none': { body: { query: customer('contract(number: "x") { number }') }, code: 'BAD_USER_INPUT', status: 200 },
  'a customer that is none': { body: { query: '{ customer(idType: "", id: "1") { id } }' }, code: 'BAD_USER_INPUT', status: 200 },
  'a page that is none': {
    body: { query: customer('contract(number: "1") { invoices(first: -1) { nodes { number } } }') },
    code: 'BAD_USER_INPUT',
    status: 200,
  },
  'a cursor that is none': {
    body: { query: customer('contract(number: "1") { invoices(after: "x") { nodes { number } } }') },
    code: 'BAD_USER_INPUT',
    status: 200,
  },
  'representations that are none': {
    body: {
      query: 'query($r: [_Any!]!) { _entities(representations: $r) { __typename } }',
      variables: { r: [5, 'x', [], {}, { __typename: 'Constructor' }] },
    },
    code: 'BAD_USER_INPUT',
    status: 200,
  },
};

describe("A client's mistakes", () => {
  it.each(['with-a-token', null])('get a code of the client, a short answer, and no line for the operator (token: %s)', async (token) => {
    await withScript(good, async ({ gateway }) => {
      const surprises: string[] = [];
      for (const [name, mistake] of Object.entries(MISTAKES)) {
        const answer = await requestRaw(gateway.port, {
          method: mistake.method ?? 'POST',
          path: mistake.path ?? '/graphql',
          headers: {
            ...(mistake.method === 'GET' ? { 'apollo-require-preflight': '1' } : { 'content-type': 'application/json' }),
            ...(token === null ? {} : { authorization: `Bearer ${token}` }),
            ...mistake.headers,
          },
          body: mistake.method === 'GET' ? '' : (mistake.text ?? JSON.stringify(mistake.body)),
        });
        if (token === null && answer.status === 401) continue;
        const { code, status = 400, message = /./ } = mistake;
        const isAsExpected = answer.status === status && answer.text.includes(code) && message.test(answer.text);
        if (!isAsExpected || answer.text.length > 20_000 || answer.text.includes('INTERNAL'))
          surprises.push(`${name}: ${answer.status} ${answer.text.length} ${answer.text.slice(0, 300)}`);
      }
      expect(surprises).toEqual([]);
      const errors = gateway.logLines.filter((line) => (JSON.parse(line) as { level: number | string }).level === 'error');
      expect(errors).toEqual([]);
      expect(gateway.logLines.some((line) => line.includes('"level":50'))).toBe(false);
    });
  });
});
