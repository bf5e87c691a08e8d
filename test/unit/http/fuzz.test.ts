import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { startGateway, type Gateway } from '../../support/gateway';
import { sendBytes } from '../../support/raw-bytes';
import { requestRaw } from '../../support/raw-request';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../../support/scripted-upstream';

const TOKEN = 'fuzz-token-that-nobody-may-see';
const HIDDEN_PATH = 'hidden-base-path';
/** The one customer that is asked for; no log line may hold it. */
const CUSTOMER_ID = '80099887766';

/** All codes that a client may meet but the one that says that the mistake is ours. */
const CODES = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'RATE_LIMITED',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_INVALID_RESPONSE',
  'UPSTREAM_BUDGET_EXCEEDED',
  'RESULT_LIMIT_EXCEEDED',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_QUERY_NOT_FOUND',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
]);

const GOOD = `query Bills($n: [ID!]!, $first: Int = 2) { customer(idType: "CPF", id: "${CUSTOMER_ID}") { contracts(numbers: $n) { number dueDate billingAddresses { city } invoices(first: $first) { nodes { number amount status } pageInfo { hasNextPage endCursor } } } } }`;

interface ErrorBody {
  readonly errors?: readonly { readonly message: unknown; readonly extensions?: { readonly code?: unknown } }[];
}

describe('Whatever comes, from a client or from the billing API', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  const good = (): void => upstream.setScript((request) => ({ body: toBillsBody(toAskedBills(request.url)) }));

  beforeAll(async () => {
    process.on('unhandledRejection', onUnhandled);
    upstream = await startScriptedUpstream();
    gateway = await startGateway({
      BILLING_API_URL: `${upstream.url}/${HIDDEN_PATH}`,
      BILLING_API_TIMEOUT_MS: '1000',
      BILLING_API_RETRIES: '0',
      BILLING_API_MAX_BODY_BYTES: '300000',
      CACHE_TTL_SECONDS: '0',
      LOG_LEVEL: 'trace',
    });
    good();
  });
  afterAll(async () => {
    process.off('unhandledRejection', onUnhandled);
    await gateway.close();
    await upstream.close();
  });
  afterEach(async () => {
    // It goes on as if nothing had been: that is what "no crash" means.
    good();
    const answer = await gateway.query(GOOD, { n: ['700100'] }, { token: 'a-token-of-another' });
    expect([answer.status, answer.errors]).toEqual([200, []]);
    expect(unhandled).toEqual([]);
    for (const line of gateway.logLines) expectNothingSecret(line);
    expect(gateway.logLines.filter((line) => line.includes(CUSTOMER_ID))).toEqual([]);
  });

  function expectNothingSecret(text: string): void {
    const found = [TOKEN, HIDDEN_PATH, `:${upstream.port}`, 'node_modules', '.ts:', '.js:'].filter((secret) => text.includes(secret));
    expect({ found, text: found.length > 0 ? text : '' }).toEqual({ found: [], text: '' });
  }

  /** An answer that a client can do something with, and that tells nothing it may not. */
  function expectGoodAnswer(status: number, text: string): void {
    expectNothingSecret(text);
    expect(status).toBeLessThan(500);
    const body = JSON.parse(text) as ErrorBody;
    for (const { message, extensions } of body.errors ?? []) {
      expect([typeof message, CODES.has(String(extensions?.code)) || { unexpected: extensions?.code, message }]).toEqual(['string', true]);
    }
    if (status >= 400) expect(body.errors?.length).toBeGreaterThan(0);
  }

  async function post(body: string): Promise<void> {
    const answer = await requestRaw(gateway.port, {
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body,
    });
    expectGoodAnswer(answer.status, answer.text);
  }

  const scraps = fc.constantFrom(
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    '$',
    '@',
    '...',
    ':',
    '!',
    '=',
    '|',
    '&',
    '"',
    '"""',
    '#',
    '\\',
    '\n',
    '\u0000',
    '\ufeff',
    '\ud800',
    '💸',
    '0',
    '-1',
    '1e999',
    '99999999999999999999',
    '.5',
    'null',
    'true',
    '__schema',
    '__typename',
    'query',
    'mutation',
    'subscription',
    'fragment F on Contract { number }',
    '...F',
    '... on Customer { id }',
    '@skip(if: true)',
    '@include(if: $x)',
    'customer',
    '_entities',
    '_service { sdl }',
    'contract(number: "1")',
    'invoice(number: "x") { contract { dueDate } }',
    'after: "djE6MQ"',
    'first: 0',
    'representations: [{ __typename: "Contract" }]',
    '{ __typename: 7 }',
  );
  /** A text with pieces of it cut out, doubled, and replaced by scraps. */
  const mangled = (text: string): fc.Arbitrary<string> =>
    fc
      .array(fc.tuple(fc.nat(text.length), fc.nat(12), fc.oneof(scraps, fc.string({ maxLength: 5, unit: 'binary' }))), {
        minLength: 1,
        maxLength: 4,
      })
      .map((edits) => edits.reduce((edited, [at, length, scrap]) => edited.slice(0, at) + scrap + edited.slice(at + length), text));
  const documents = fc.oneof(
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
    { weight: 3, arbitrary: fc.array(scraps, { maxLength: 30 }).map((parts) => parts.join(' ')) },
    { weight: 6, arbitrary: mangled(GOOD) },
    {
      weight: 2,
      arbitrary: mangled(
        'query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Invoice { amount contract { dueDate } } ... on Contract { invoice(number: "1") { number } } } }',
      ),
    },
  );

  it('malformed GraphQL is answered with a code of the list', async () => {
    await fc.assert(
      fc.asyncProperty(documents, fc.boolean(), async (query, byGet) => {
        if (!byGet) return post(JSON.stringify({ query, variables: { n: ['1'], r: [] } }));
        // An address that is longer than a head may be is refused without JSON of ours being needed.
        const answer = await requestRaw(gateway.port, {
          path: `/graphql?query=${encodeURIComponent(Buffer.from(query).toString())}&variables=${encodeURIComponent('{"n":["1"],"r":[]}')}`,
          headers: { 'apollo-require-preflight': '1', authorization: `Bearer ${TOKEN}` },
        });
        expectGoodAnswer(answer.status, answer.text);
      }),
      { numRuns: 400 },
    );
  });

  it('values of any kind in the place of variables, names and extensions are answered so, too', async () => {
    const any = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.constantFrom('1', '00', ['1', null], [['1']], { length: 3 }, 1e21, -0, '9'.repeat(30), '\u0000', '../', '%2e%2e', '１'),
    );
    const requests = fc.record(
      {
        query: fc.oneof({ weight: 4, arbitrary: fc.constant(GOOD) }, { weight: 1, arbitrary: any }),
        variables: fc.oneof(fc.record({ n: any, first: any }), any),
        operationName: any,
        extensions: any,
        documentId: any,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(requests, (request) => post(JSON.stringify(request))),
      { numRuns: 300 },
    );
  });

  it('representations of any kind are answered so, too', async () => {
    const key = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('1', 'CPF', 7, 2 ** 60));
    const customer = fc.oneof(key, fc.record({ idType: key, id: key }, { requiredKeys: [] }));
    const representation = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record(
        {
          __typename: fc.constantFrom('Contract', 'Customer', 'Invoice', 'Query', '__proto__', 7, null),
          idType: key,
          id: key,
          number: key,
          customer,
          contract: fc.oneof(key, fc.record({ customer, number: key })),
        },
        { requiredKeys: ['__typename'] },
      ),
    );
    const query =
      'query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Customer { id } ... on Contract { dueDate customer { id } } ... on Invoice { amount contract { dueDate } } } }';
    await fc.assert(
      fc.asyncProperty(fc.array(representation, { maxLength: 5 }), (r) => post(JSON.stringify({ query, variables: { r } }))),
      { numRuns: 200 },
    );
  });

  it('malformed JSON is answered so, too, however deep', async () => {
    const bodies = fc.oneof(
      mangled(JSON.stringify({ query: GOOD, variables: { n: ['1'] } })),
      fc.json({ maxDepth: 5 }),
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.constantFrom(
        '[',
        '"',
        '\ufeff{}',
        `{"query":"{ __typename }","variables":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
        `{"query":${JSON.stringify(GOOD)},"variables":{"n":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`,
        `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
        '{"query":"{ __typename }","constructor":{"prototype":{}}}',
      ),
      fc.constant(
        JSON.stringify({
          query: 'query($r: [_Any!]!) { _entities(representations: $r) { __typename } }',
          variables: { r: [JSON.parse(`${'{"__typename":"Contract","customer":'.repeat(1000)}1${'}'.repeat(1000)}`)] },
        }),
      ),
      fc
        .constantFrom(
          `{ _entities(representations: [${'{ a: '.repeat(600)}1${' }'.repeat(600)}]) { __typename } }`,
          `{ customer(idType: ${'['.repeat(1500)}${']'.repeat(1500)}, id: 1) { id } }`,
          `{ ${'customer { '.repeat(1600)}id${' }'.repeat(1600)} }`,
        )
        .map((query) => JSON.stringify({ query })),
    );
    await fc.assert(fc.asyncProperty(bodies, post), { numRuns: 250 });
  });

  it('heads of any kind end in an answer that tells nothing, or in none', async () => {
    const odd = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 30 }),
      fc.constantFrom(
        '',
        ' ',
        '\t',
        'a\r\nx-injected: 1',
        '\u0000',
        '*/*',
        'text/html',
        'application/json;charset=utf-7',
        'application/json, multipart/mixed',
        'gzip, deflate',
        '-1',
        '99999999999999999999',
        'chunked, chunked',
        '0x10',
        'text/plain',
        'x'.repeat(9000),
      ),
    );
    const name = fc.oneof(
      fc.constantFrom(
        'accept',
        'content-type',
        'content-length',
        'transfer-encoding',
        'content-encoding',
        'host',
        'origin',
        'expect',
        'upgrade',
        'connection',
        'x-request-id',
        'x-billing-trace',
        'x-billing-dry-run',
        'x-apollo-operation-name',
        'apollo-federation-include-trace',
        'traceparent',
        'forwarded',
        'x-forwarded-host',
        'access-control-request-method',
        'authorization',
      ),
      fc.string({ unit: 'binary-ascii', maxLength: 10 }),
    );
    const head = fc.record({
      method: fc.constantFrom('POST', 'GET', 'QUERY', 'OPTIONS', 'HEAD', 'DELETE', 'TRACE', 'CONNECT', 'PROPFIND', 'post', ''),
      path: fc.oneof(
        fc.constantFrom(
          '/graphql',
          '/graphql/',
          '/graphql?query={__typename}',
          '//graphql',
          '/graphql?%',
          '/%2e%2e/graphql',
          '*',
          'http://other.example/graphql',
          '/readyz',
          '/healthz',
          '/metrics',
        ),
        fc.string({ unit: 'binary-ascii', maxLength: 20 }),
      ),
      headers: fc.array(fc.tuple(name, odd), { maxLength: 6 }),
      authorization: fc.constantFrom(
        `Bearer ${TOKEN}`,
        `Bearer ${TOKEN} ${TOKEN}`,
        `bearer  ${TOKEN}`,
        `Basic ${TOKEN}`,
        TOKEN,
        `Bearer ${TOKEN}\u0001`,
        `Bearer ${TOKEN}é`,
        `Bearer "${TOKEN}"`,
      ),
    });
    await fc.assert(
      fc.asyncProperty(head, async ({ method, path, headers, authorization }) => {
        const body = JSON.stringify({ query: GOOD, variables: { n: ['1'] } });
        const lines = [
          'Host: gateway',
          `Authorization: ${authorization}`,
          'Content-Type: application/json',
          `Content-Length: ${body.length}`,
          ...headers.map(([key, value]) => `${key}: ${value}`),
          'Connection: close',
        ];
        const answer = await sendBytes(
          gateway.port,
          Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1'),
        );
        expectNothingSecret(answer);
        expect(answer).toMatch(/^(HTTP\/1\.1 [1-4]\d\d |$)/);
      }),
      { numRuns: 300 },
    );
  });

  it('bodies of the billing API of any kind become data or a code of the list, and are not shown', async () => {
    const goodBody = JSON.stringify(toBillsBody({ idType: 'CPF', id: CUSTOMER_ID, contractNumber: '700100', pageInit: 0, quantity: 3 }));
    const hostileText = (): string => `${upstream.url}/${HIDDEN_PATH}/customers/CPF/${CUSTOMER_ID}/bills Authorization: Bearer ${TOKEN}`;
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(2 ** 60, -1, 1.5, '', [], {}, null, '700100'));
    const member = fc.constantFrom(
      'contractNo',
      'billingAddress',
      'dueDate',
      'invoiceCollection',
      'error',
      '__proto__',
      'constructor',
      'toJSON',
    );
    const wrongShape = fc
      .dictionary(member, value, { maxKeys: 4 })
      .map((members) => JSON.stringify({ ...(JSON.parse(goodBody) as object), ...members }));
    const wrongInvoice = fc
      .dictionary(
        fc.constantFrom('invoiceContractNo', 'invoiceNumber', 'billPeriod', 'invoiceAmount', 'invoiceStatus', '__proto__'),
        value,
        { maxKeys: 3 },
      )
      .map((invoice) => JSON.stringify({ contractNo: '700100', invoiceCollection: [invoice] }));
    const bodies = fc.oneof(
      mangled(goodBody),
      wrongShape,
      wrongInvoice,
      fc.json(),
      fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(
        '<html><title>502</title></html>',
        '[',
        '['.repeat(100_000),
        `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
        `{"invoiceCollection":[{"invoiceAmount":${'9'.repeat(5000)}}]}`,
        '{"invoiceCollection":[{"invoiceAmount":1e400}]}',
        'x'.repeat(400_000),
        '\ufeff{}',
        'null',
        '""',
      ),
      fc.constant(gzipSync(Buffer.alloc(10_000_000))),
      fc.constant('secret').map(() => JSON.stringify({ error: { code: 'X', message: hostileText(), stack: hostileText() } })),
    );
    const answers = fc.record({
      status: fc.constantFrom(200, 200, 200, 200, 201, 204, 206, 301, 302, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 599),
      body: bodies,
      headers: fc.constantFrom<Record<string, string>>(
        {},
        {},
        {},
        { 'content-encoding': 'gzip' },
        { 'content-type': 'text/html' },
        { 'retry-after': 'soon' },
        { 'retry-after': '-5' },
        { location: 'http://other.example/' },
        { 'cache-control': 'max-age=9e99, =, "' },
        { 'set-cookie': TOKEN },
        { age: 'x', date: 'y', vary: '*' },
      ),
      wire: fc.constantFrom<Partial<ScriptedAnswer>>(
        {},
        {},
        {},
        {},
        { truncateAtBytes: 5 },
        { reset: true },
        { rawBytes: 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n' },
        { rawBytes: '\u0000\u0001\u0002' },
        { rawBytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n' },
      ),
    });
    const query = `{ customer(idType: "CPF", id: "${CUSTOMER_ID}") { contract(number: "700100") { number dueDate billingAddresses { street city } invoices(first: 3) { nodes { number contractNumber billPeriod amount status } edges { cursor } pageInfo { hasNextPage } } invoice(number: "x") { amount } } others: contracts(numbers: [1, 2]) { number } } }`;
    await fc.assert(
      fc.asyncProperty(answers, async ({ wire, ...answer }) => {
        // Two good answers to each hostile one: the circuit breaker, which has its own tests, stays out of the way.
        upstream.setScript((request) =>
          request.url.includes('700100') ? { ...answer, ...wire } : { body: toBillsBody(toAskedBills(request.url)) },
        );
        const { status, text, data } = await gateway.query(query, {}, { token: TOKEN });
        expect([status, data.customer.others]).toEqual([200, [{ number: '1' }, { number: '2' }]]);
        expectGoodAnswer(status, text);
      }),
      { numRuns: 300 },
    );
  });

  it('would be found out if an answer or a line told too much', () => {
    for (const text of [
      `{"x":"${TOKEN}"}`,
      `connect ECONNREFUSED 127.0.0.1:${upstream.port}`,
      `/${HIDDEN_PATH}/customers`,
      'at x (/app/dist/app.js:1:2)',
    ]) {
      expect(() => expectNothingSecret(text)).toThrow();
    }
    expect(() => expectGoodAnswer(500, '{"errors":[]}')).toThrow();
    expect(() => expectGoodAnswer(200, '{"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}')).toThrow();
    expect(() => expectGoodAnswer(200, '<html>')).toThrow();
  });
});
