import type { Environment } from '../../src/config/config';
import { startGateway, type Gateway } from '../support/gateway';
import { requestRaw, type RawRequest } from '../support/raw-request';
import { byContract, good, withScript } from '../support/scripted-gateway';

const TOKEN = 'secret-token-of-a-caller';
const contract = (number: string): string => `contract(number: "${number}") { dueDate }`;
const named = (selection: string, name = 'Bills'): string => `query ${name} { customer(idType: "RUC", id: "80012345") { ${selection} } }`;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

type Line = Readonly<Record<string, unknown>>;

const linesOf = (gateway: Gateway, message: string): Line[] =>
  gateway.logLines.map((line) => JSON.parse(line) as Line).filter((line) => line['msg'] === message);

describe('The log', () => {
  it('has one line an operation and one an attempt, joined by the request id that the caller chose', async () => {
    await withScript(
      (request) => good(request),
      async ({ gateway }) => {
        const answer = await gateway.query(
          named(contract('7')),
          {},
          { token: TOKEN, headers: { 'x-request-id': 'mine-1', traceparent: TRACEPARENT } },
        );
        expect(answer.headers.get('x-request-id')).toBe('mine-1');
        expect(linesOf(gateway, 'operation')).toEqual([
          {
            level: 30,
            time: expect.any(Number),
            requestId: 'mine-1',
            traceId: TRACE_ID,
            operation: 'Bills',
            outcome: 'ok',
            durationMs: expect.any(Number),
            calls: 1,
            merged: 0,
            cached: 0,
            stale: 0,
            path: 'reference',
            msg: 'operation',
          },
        ]);
        expect(linesOf(gateway, 'attempt')).toEqual([
          {
            level: 20,
            time: expect.any(Number),
            requestId: 'mine-1',
            outcome: 'ok',
            status: 200,
            durationMs: expect.any(Number),
            isRetry: false,
            msg: 'attempt',
          },
        ]);
      },
      { LOG_LEVEL: 'debug' },
    );
  });

  it('has that line whatever gave the answer, with what it cost', async () => {
    await withScript(
      (request) => good(request),
      async ({ gateway }) => {
        for (let i = 0; i < 4; i++) await gateway.query(named(`a: ${contract('7')} b: ${contract('7')}`), {}, { token: TOKEN });
        const lines = linesOf(gateway, 'operation');
        expect(
          lines.map(({ operation, outcome, path, calls, merged, cached }) => [operation, outcome, path, calls, merged, cached]),
        ).toEqual([
          ['Bills', 'ok', 'reference', 1, 1, 0],
          ['Bills', 'ok', 'compiled', 0, 1, 1],
          ['Bills', 'ok', 'response-cache', 0, 0, 1],
          ['Bills', 'ok', 'response-cache', 0, 0, 1],
        ]);
        expect(new Set(lines.map(({ requestId }) => requestId)).size).toBe(4);
        expect(linesOf(gateway, 'attempt')).toEqual([]);
      },
      { NODE_ENV: 'production', CACHE_TTL_SECONDS: '60' },
    );
  });

  it('warns of what the billing API did, and only tells what a client did', async () => {
    const script = byContract({
      500: { status: 500 },
      401: { status: 401 },
      403: { status: 403 },
      429: { status: 429 },
      17: { body: 'nothing' },
    });
    await withScript(
      script,
      async ({ gateway }) => {
        for (const number of ['500', '401', '403', '429', '17'])
          await gateway.query(named(`${contract(number)} id`), {}, { token: `${TOKEN}-${number}` });
        await gateway.query(named(contract('7/1')), {}, { token: TOKEN });
        expect(linesOf(gateway, 'operation').map(({ level, outcome, codes }) => [level, outcome, codes])).toEqual([
          [40, 'partial', ['UPSTREAM_UNAVAILABLE']],
          [30, 'partial', ['UNAUTHENTICATED']],
          [30, 'partial', ['FORBIDDEN']],
          [40, 'partial', ['RATE_LIMITED']],
          [40, 'partial', ['UPSTREAM_INVALID_RESPONSE']],
          [30, 'partial', ['BAD_USER_INPUT']],
        ]);
        expect(linesOf(gateway, 'attempt').map(({ level, outcome, status }) => [level, outcome, status])).toEqual([
          [40, 'unavailable', 500],
          [20, 'unauthenticated', 401],
          // Without a body of the API's: it may come from something in between.
          [40, 'forbidden', 403],
          [40, 'rate-limited', 429],
          [20, 'ok', 200],
        ]);
      },
      { LOG_LEVEL: 'debug' },
    );
  });

  it('warns of an answer that something past its time stood in for', async () => {
    await withScript(
      (request, index) => (index === 0 ? good(request) : { status: 503 }),
      async ({ gateway, upstream }) => {
        // Until the second call: what was remembered is past its time then.
        while (upstream.requests.length < 2) await gateway.query(named(contract('7')), {}, { token: TOKEN });
        const lines = linesOf(gateway, 'operation').map(({ level, outcome, stale }) => [level, outcome, stale]);
        expect(lines[0]).toEqual([30, 'ok', 0]);
        expect(lines.at(-1)).toEqual([40, 'ok', 1]);
      },
      { CACHE_TTL_SECONDS: '1', CACHE_STALE_SECONDS: '60' },
    );
  });

  it('tells each attempt of a call, the first and the further ones', async () => {
    await withScript(
      (request, index) => (index === 0 ? { status: 503 } : good(request)),
      async ({ gateway }) => {
        await gateway.query(named(contract('7')), {}, { token: TOKEN, headers: { 'x-request-id': 'twice' } });
        expect(linesOf(gateway, 'attempt').map(({ level, requestId, outcome, isRetry }) => [level, requestId, outcome, isRetry])).toEqual([
          [40, 'twice', 'unavailable', false],
          [20, 'twice', 'ok', true],
        ]);
      },
      { LOG_LEVEL: 'debug', BILLING_API_RETRIES: '1' },
    );
  });

  it('does not take a client that went away for a failure of the billing API', async () => {
    await withScript(
      () => ({ hang: 'before-headers' }),
      async ({ gateway, upstream }) => {
        const leave = new AbortController();
        const answer = gateway.query(named(contract('7')), {}, { token: TOKEN, signal: leave.signal });
        await upstream.waitForRequests(1);
        leave.abort();
        await expect(answer).rejects.toThrow();
        while (linesOf(gateway, 'operation').length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        expect(linesOf(gateway, 'attempt')).toMatchObject([{ level: 20, outcome: 'aborted' }]);
        expect(linesOf(gateway, 'operation')).toMatchObject([{ level: 30, operation: 'Bills', outcome: 'aborted', calls: 1 }]);
        const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
        expect(metrics).toContain('billing_gateway_operations_total{operation="other",outcome="aborted"} 1\n');
        expect(metrics).not.toContain('code="UPSTREAM_UNAVAILABLE"');
      },
      { LOG_LEVEL: 'debug' },
    );
  });

  it('has no line of what is below its level', async () => {
    await withScript(
      byContract({ 500: { status: 500 } }),
      async ({ gateway }) => {
        for (const number of ['7', '7', '500']) await gateway.query(named(contract(number)), {}, { token: TOKEN });
        expect(gateway.logLines.map((line) => (JSON.parse(line) as Line)['msg'])).toEqual(['attempt', 'operation']);
      },
      { LOG_LEVEL: 'warn' },
    );
    await withScript(
      byContract({ 500: { status: 500 } }),
      async ({ gateway }) => {
        await gateway.query(named(contract('500')), {}, { token: TOKEN });
        expect(gateway.logLines).toEqual([]);
      },
      { LOG_LEVEL: 'silent' },
    );
  });

  it('never has a token that a caller put where an id or a name belongs, and so has the answer', async () => {
    const token = '4bf92f3577b34da6a3ce929d0e0e4736';
    await withScript(
      (request) => good(request),
      async ({ gateway }) => {
        const odd = [
          { query: named(contract('7')), headers: { 'x-request-id': token } },
          { query: named(contract('7')), headers: { 'x-request-id': `id-${token}` } },
          { query: named(contract('7')), headers: { traceparent: `00-${token}-b7ad6b7169203331-01` } },
          { query: named(contract('7'), `_${token}`), headers: {} },
          { query: named(contract('7'), 'Customer80012345'), headers: {} },
          { query: 'query {', headers: { 'x-request-id': token } },
        ];
        for (const { query, headers } of odd) {
          for (let i = 0; i < 3; i++) {
            const answer = await gateway.query(query, {}, { token, headers });
            expect(answer.headers.get('x-request-id')).not.toContain(token);
          }
        }
        expect(linesOf(gateway, 'operation')).toHaveLength(18);
        expect(gateway.logLines.join('\n')).not.toMatch(new RegExp(`${token}|80012345`));
        // Another caller's name of this kind is nothing to hide.
        await gateway.query(named(contract('7')), {}, { token: 'other', headers: { 'x-request-id': token } });
        expect(linesOf(gateway, 'operation').at(-1)).toMatchObject({ requestId: token, operation: 'Bills' });
      },
      { LOG_LEVEL: 'trace', CACHE_TTL_SECONDS: '60', NODE_ENV: 'production' },
    );
  });

  describe('has one line for each operation that is refused', () => {
    const environment: Environment = { MAX_REQUEST_BYTES: '2000' };
    let gateway: Gateway;
    beforeAll(async () => {
      gateway = await startGateway(environment);
    });
    afterAll(() => gateway.close());

    const json = { 'content-type': 'application/json' };
    const bearer = { ...json, authorization: `Bearer ${TOKEN}` };
    const post = (body: unknown, headers: Record<string, string> = bearer): Omit<RawRequest, 'path'> => ({
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const path = (query: string): string => `/graphql?query=${encodeURIComponent(query)}`;

    it.each<[string, string, Omit<RawRequest, 'path'> & { path?: string }]>([
      ['without a token', 'UNAUTHENTICATED', post({ query: named(contract('7')) }, json)],
      ['that cannot be parsed', 'GRAPHQL_PARSE_FAILED', post({ query: '{' })],
      ['that does not fit the schema', 'GRAPHQL_VALIDATION_FAILED', post({ query: '{ nothing }' })],
      [
        'over the budget',
        'UPSTREAM_BUDGET_EXCEEDED',
        post({
          query: named(Array.from({ length: 101 }, (_, i) => `c${i}: contract(number: "${i}") { dueDate }`).join(' ')).slice(0, 100_000),
        }),
      ],
      ['of a name that there is not', 'OPERATION_RESOLUTION_FAILURE', post({ query: named('id'), operationName: 'Other' })],
      [
        'by a hash that is not known',
        'PERSISTED_QUERY_NOT_FOUND',
        post({ extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } }),
      ],
      ['whose body is not JSON', 'BAD_REQUEST', post('{"query":')],
      ['whose body is too large', 'BAD_REQUEST', post({ query: 'x'.repeat(2000) })],
      ['whose body is a form', 'BAD_REQUEST', post('query=x', { 'content-type': 'application/x-www-form-urlencoded' })],
      ['among others in one request', 'BAD_REQUEST', post([{ query: '{ __typename }' }])],
      ['without a document', 'BAD_REQUEST', post({})],
      ['with a deadline that is none', 'BAD_REQUEST', post({ query: named('id') }, { ...bearer, 'x-request-timeout-ms': 'soon' })],
      ['by a GET that a page could have sent', 'BAD_REQUEST', { path: path('{ __typename }') }],
      ['by a method that is not taken', 'BAD_REQUEST', { method: 'PUT', headers: bearer, body: '{}' }],
    ])('%s', async (_what, code, request) => {
      const before = linesOf(gateway, 'operation').length;
      const big = code === 'UPSTREAM_BUDGET_EXCEEDED' ? await startGateway({ MAX_ALIASES: '1000' }) : null;
      const used = big ?? gateway;
      const answer = await requestRaw(used.port, { path: '/graphql', ...request });
      const lines = linesOf(used, 'operation').slice(big ? 0 : before);
      await big?.close();
      expect(lines).toHaveLength(1);
      const line = lines[0]!;
      expect(line).toMatchObject({ level: 30, outcome: 'refused', path: 'reference', calls: 0 });
      expect(line['codes']).toEqual([code]);
      expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ extensions: { code } }] });
      expect(line['requestId']).toBe(answer.headers['x-request-id']);
    });

    it("and none for the page that a browser finds, nor for a path that is not GraphQL's", async () => {
      const before = gateway.logLines.length;
      const page = await requestRaw(gateway.port, { path: '/graphql', headers: { accept: 'text/html' } });
      expect(page.text).toContain('<html');
      await requestRaw(gateway.port, { path: '/nothing' });
      expect(gateway.logLines.slice(before)).toEqual([]);
    });
  });
});
