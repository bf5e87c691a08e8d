import type { RawRequest } from '../support/raw-request';
import type { ReceivedSpan } from '../support/otlp-collector';
import { byContract, good } from '../support/scripted-gateway';
import { startRedis } from '../support/redis-server';
import { withTracedGateway } from '../support/traced-gateway';

const TOKEN = 'Zk3pQ9vX2mL7tR4wB8nC';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE_ID}-${PARENT_ID}-01`;
const ATTEMPT = 'GET /customers/{idType}/{id}/bills';

const contract = (number: string): string => `contract(number: "${number}") { dueDate }`;
const named = (selection: string, name = 'Bills'): string => `query ${name} { customer(idType: "RUC", id: "80012345") { ${selection} } }`;
const post = (body: unknown, headers: Record<string, string> = {}, token = TOKEN): RawRequest => ({
  method: 'POST',
  path: '/graphql',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const ask = (selection: string, headers: Record<string, string> = {}): RawRequest => post({ query: named(selection) }, headers);

const operationsOf = (spans: readonly ReceivedSpan[]): ReceivedSpan[] =>
  spans.filter(({ kind }) => kind === 2).sort((a, b) => Number(a.startNs - b.startNs));
/** What was done for an operation, in the order in which it began. */
const partsOf = (spans: readonly ReceivedSpan[], operation: ReceivedSpan): ReceivedSpan[] =>
  spans.filter(({ parentSpanId }) => parentSpanId === operation.spanId).sort((a, b) => Number(a.startNs - b.startNs));
const only = <T>(list: readonly T[]): T => {
  expect(list).toHaveLength(1);
  return list[0] as T;
};

interface Line {
  readonly msg: string;
  readonly traceId?: string;
  readonly path?: string;
}
const operationLines = (lines: readonly string[]): Line[] =>
  lines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === 'operation');

describe('The trace of an operation', () => {
  it("is the caller's, and goes on in the billing API: operation, plan, attempt", async () => {
    await withTracedGateway(async ({ send, stop, upstream, logLines }) => {
      await send(ask(`a: ${contract('7')} b: ${contract('7')}`, { traceparent: TRACEPARENT, tracestate: 'vendor=1,other=x' }));
      const spans = await stop();
      const operation = only(operationsOf(spans));
      expect(operation).toMatchObject({
        name: 'query',
        traceId: TRACE_ID,
        parentSpanId: PARENT_ID,
        traceState: 'vendor=1,other=x',
        statusCode: 0,
      });
      expect(operation.attributes).toEqual({
        'graphql.operation.name': 'Bills',
        'graphql.operation.type': 'query',
        'http.route': '/graphql',
        'http.response.status_code': 200,
        'billing_gateway.outcome': 'ok',
        'billing_gateway.path': 'reference',
        'billing_gateway.calls': 1,
        'billing_gateway.merged': 1,
        'billing_gateway.cached': 0,
        'billing_gateway.stale': 0,
      });
      const [plan, attempt] = partsOf(spans, operation);
      expect(spans).toHaveLength(3);
      expect(plan).toMatchObject({
        name: 'plan calls',
        kind: 1,
        traceId: TRACE_ID,
        attributes: { 'billing_gateway.plan.pages': 1, 'billing_gateway.plan.calls': 1 },
      });
      expect(attempt).toMatchObject({ name: ATTEMPT, kind: 3, traceId: TRACE_ID, statusCode: 0 });
      expect(attempt?.attributes).toEqual({
        'http.request.method': 'GET',
        'url.template': '/customers/{idType}/{id}/bills',
        'server.address': '127.0.0.1',
        'server.port': upstream.port,
        'http.response.status_code': 200,
      });
      expect(only(upstream.requests).headers).toMatchObject({
        traceparent: `00-${TRACE_ID}-${attempt!.spanId}-01`,
        tracestate: 'vendor=1,other=x',
      });
      expect(only(operationLines(logLines)).traceId).toBe(TRACE_ID);
      for (const part of [plan!, attempt!]) {
        expect(part.startNs).toBeGreaterThanOrEqual(operation.startNs);
        expect(part.endNs).toBeLessThanOrEqual(operation.endNs);
      }
      expect(operation.resource).toMatchObject({ 'service.name': 'billing-graphql-gateway', 'service.instance.id': expect.any(String) });
    });
  });

  it('is a new one where the caller names none, and the log line names it, whatever gives the answer', async () => {
    await withTracedGateway(
      async ({ send, stop, logLines }) => {
        for (let i = 0; i < 4; i++) await send(ask(contract('7')));
        const spans = await stop();
        const operations = operationsOf(spans);
        expect(
          operations.map(({ attributes }) => [
            attributes['billing_gateway.path'],
            attributes['graphql.operation.name'],
            attributes['graphql.operation.type'],
          ]),
        ).toEqual(['reference', 'compiled', 'response-cache', 'response-cache'].map((path) => [path, 'Bills', 'query']));
        expect(new Set(operations.map(({ traceId }) => traceId)).size).toBe(4);
        expect(operationLines(logLines).map(({ path, traceId }) => [path, traceId])).toEqual(
          operations.map(({ attributes, traceId }) => [attributes['billing_gateway.path'], traceId]),
        );
        const lookups = operations.map((operation) =>
          partsOf(spans, operation).map(({ name, attributes }) => [
            name,
            attributes['billing_gateway.cache.layer'],
            attributes['billing_gateway.cache.result'],
          ]),
        );
        expect(lookups).toEqual([
          [
            ['plan calls', undefined, undefined],
            ['cache lookup', 'memory', 'miss'],
            [ATTEMPT, undefined, undefined],
          ],
          [
            ['plan calls', undefined, undefined],
            ['cache lookup', 'memory', 'hit'],
          ],
          [],
          [],
        ]);
      },
      { environment: { CACHE_TTL_SECONDS: '60' } },
    );
  });

  it('has each attempt of a call, with how often it was sent before and how it ended', async () => {
    await withTracedGateway(
      async ({ send, stop, upstream }) => {
        await send(ask(contract('7')));
        const spans = await stop();
        const attempts = partsOf(spans, only(operationsOf(spans))).filter(({ kind }) => kind === 3);
        expect(
          attempts.map(({ attributes, statusCode }) => [
            attributes['http.request.resend_count'],
            attributes['http.response.status_code'],
            attributes['error.type'],
            statusCode,
          ]),
        ).toEqual([
          [undefined, 503, '503', 2],
          [1, undefined, 'unavailable', 2],
          [2, 200, undefined, 0],
        ]);
        expect(upstream.requests.map(({ headers }) => headers['traceparent'])).toEqual(
          attempts.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`),
        );
      },
      {
        script: (request, index) => [{ status: 503, headers: { connection: 'close' } }, { reset: true }][index] ?? good(request),
        environment: { BILLING_API_RETRIES: '2' },
      },
    );
  });

  it('is linked to the one whose call it joined', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await withTracedGateway(
      async ({ send, stop, upstream, logLines }) => {
        const first = send(ask(contract('7'), { traceparent: TRACEPARENT }));
        await upstream.waitForRequests(1);
        const second = send(ask(contract('7')));
        // The second one's own call for another contract shows that it has come as far as its questions.
        const third = send(ask(`${contract('7')} other: ${contract('8')}`));
        await upstream.waitForRequests(2);
        release();
        await Promise.all([first, second, third]);
        const spans = await stop();
        expect(logLines.join('\n')).toContain('"calls":0,"merged":0');
        const [starter] = operationsOf(spans).filter(({ traceId }) => traceId === TRACE_ID);
        const joined = spans.filter(({ name }) => name === 'join call');
        expect(joined).toHaveLength(2);
        for (const { links, traceId } of joined) {
          expect(links).toEqual([{ traceId: TRACE_ID, spanId: starter!.spanId }]);
          expect(traceId).not.toBe(TRACE_ID);
        }
        expect(spans.filter(({ name }) => name === ATTEMPT)).toHaveLength(2);
      },
      { script: async (request) => (await held, good(request)) },
    );
  });

  it('tells errors by their codes; what the client did wrong is no error of the gateway', async () => {
    const script = byContract({
      401: { status: 401 },
      403: { status: 403 },
      404: { status: 404 },
      500: { status: 500 },
      17: { body: 'nothing' },
      18: { hang: 'before-headers' },
    });
    await withTracedGateway(
      async ({ send, stop }) => {
        for (const number of ['401', '403', '404', '500', '17', '18', '1/2']) await send(ask(contract(number)));
        await send(ask(`a: ${contract('403')} b: ${contract('500')}`));
        const spans = await stop();
        const told = operationsOf(spans).map((operation) => {
          const attempt = partsOf(spans, operation).find(({ kind }) => kind === 3);
          return [operation.attributes['error.type'], operation.statusCode, attempt?.attributes['error.type'], attempt?.statusCode];
        });
        expect(told.slice(0, 7)).toEqual([
          ['UNAUTHENTICATED', 0, '401', 2],
          ['FORBIDDEN', 0, '403', 2],
          [undefined, 0, undefined, 0],
          ['UPSTREAM_UNAVAILABLE', 2, '500', 2],
          ['UPSTREAM_INVALID_RESPONSE', 2, undefined, 0],
          ['UPSTREAM_TIMEOUT', 2, 'timeout', 2],
          ['BAD_USER_INPUT', 0, undefined, undefined],
        ]);
        expect([...(operationsOf(spans)[7]!.attributes['billing_gateway.error.codes'] as string[])].sort()).toEqual([
          'FORBIDDEN',
          'UPSTREAM_UNAVAILABLE',
        ]);
      },
      { script, environment: { BILLING_API_TIMEOUT_MS: '300' } },
    );
  });

  it('is there for what is refused before it is executed', async () => {
    await withTracedGateway(async ({ send, stop, upstream }) => {
      await send(post('{"query": '));
      await send(post({ query: '{ nothing }' }));
      await send(post({ query: '{ customer(' }));
      await send({
        method: 'POST',
        path: '/graphql',
        headers: { 'content-type': 'application/json', traceparent: TRACEPARENT },
        body: JSON.stringify({ query: named(contract('7')) }),
      });
      await send(ask(contract('7'), { 'x-request-timeout-ms': 'soon' }));
      const spans = await stop();
      expect(
        spans.map(({ name, attributes }) => [
          name,
          attributes['error.type'],
          attributes['http.response.status_code'],
          attributes['billing_gateway.outcome'],
        ]),
      ).toEqual([
        ['GraphQL Operation', 'BAD_REQUEST', 400, 'refused'],
        ['GraphQL Operation', 'GRAPHQL_VALIDATION_FAILED', 400, 'refused'],
        ['GraphQL Operation', 'GRAPHQL_PARSE_FAILED', 400, 'refused'],
        ['query', 'UNAUTHENTICATED', 401, 'refused'],
        ['GraphQL Operation', 'BAD_REQUEST', 400, 'refused'],
      ]);
      expect(spans[3]?.traceId).toBe(TRACE_ID);
      expect(upstream.requests).toHaveLength(0);
    });
  });

  it('shows the look into Redis, and the lock', async () => {
    const redis = await startRedis();
    try {
      await withTracedGateway(
        async ({ send, stop }) => {
          // More than two: on a busy machine, Redis may take longer than it is waited for.
          for (let i = 0; i < 6; i++) await send(ask(contract('7')));
          const spans = await stop();
          const steps = operationsOf(spans).map((operation) =>
            partsOf(spans, operation)
              .filter(({ name }) => name.startsWith('cache'))
              .map(({ name, attributes }) => [name, attributes['billing_gateway.cache.layer'], attributes['billing_gateway.cache.result']]),
          );
          expect(steps).toContainEqual([
            ['cache lookup', 'redis', 'miss'],
            ['cache lock', 'redis', 'miss'],
          ]);
          expect(steps).toContainEqual([['cache lookup', 'redis', 'hit']]);
        },
        { environment: { CACHE_TTL_SECONDS: '60', REDIS_URL: redis.url, CACHE_SECRET: 'a-secret-of-more-than-thirty-two-characters' } },
      );
    } finally {
      await redis.close();
    }
  });

  it('shows that something past its time stood in', async () => {
    await withTracedGateway(
      async ({ send, stop, upstream }) => {
        while (upstream.requests.length < 2) await send(ask(contract('7')));
        const spans = await stop();
        const last = only(operationsOf(spans).filter(({ attributes }) => attributes['billing_gateway.stale'] === 1));
        expect(last.statusCode).toBe(0);
        expect(
          partsOf(spans, last)
            .map(({ attributes }) => attributes['billing_gateway.cache.result'])
            .filter(Boolean),
        ).toEqual(['miss', 'stale']);
      },
      {
        script: (request, index) => (index === 0 ? good(request) : { status: 503 }),
        environment: { CACHE_TTL_SECONDS: '1', CACHE_STALE_SECONDS: '60' },
      },
    );
  });

  it('shows how long a call waits for its turn', async () => {
    await withTracedGateway(
      async ({ send, stop }) => {
        await send(ask(['1', '2', '3'].map((number) => `c${number}: ${contract(number)}`).join(' ')));
        const spans = await stop();
        expect(partsOf(spans, only(operationsOf(spans))).filter(({ name }) => name === 'wait for a place')).toHaveLength(2);
      },
      { environment: { BILLING_API_CONNECTIONS: '1' } },
    );
  });
});

describe('Whether an operation is traced', () => {
  const unsampled = TRACEPARENT.replace(/01$/, '00');

  it('is up to the caller, who may have decided that it is not', async () => {
    await withTracedGateway(async ({ send, stop, upstream, logLines }) => {
      await send(ask(contract('7'), { traceparent: unsampled }));
      expect(await stop()).toEqual([]);
      // The trace goes on, all the same.
      expect(only(upstream.requests).headers['traceparent']).toMatch(new RegExp(`^00-${TRACE_ID}-(?!${PARENT_ID})[0-9a-f]{16}-00$`));
      expect(only(operationLines(logLines)).traceId).toBe(TRACE_ID);
    });
  });

  it.each([
    ['always_off', '', [TRACEPARENT]],
    ['traceidratio', '0', [TRACEPARENT, '']],
    ['parentbased_traceidratio', '0', ['', unsampled]],
    ['parentbased_always_off', '', ['', unsampled]],
  ])('is never so with %s %s for what it does not choose', async (sampler, argument, traceparents) => {
    await withTracedGateway(
      async ({ send, stop, upstream }) => {
        for (const traceparent of traceparents)
          expect((await send(ask(contract('7'), traceparent === '' ? {} : { traceparent }))).status).toBe(200);
        expect(await stop()).toEqual([]);
        for (const { headers } of upstream.requests) expect(headers['traceparent']).toMatch(/-00$/);
      },
      { environment: { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument } },
    );
  });

  it.each([
    ['always_on', '', unsampled],
    ['traceidratio', '1', unsampled],
    ['parentbased_traceidratio', '0', TRACEPARENT],
    ['parentbased_always_off', '', TRACEPARENT],
  ])('is so with %s %s for what it chooses', async (sampler, argument, traceparent) => {
    await withTracedGateway(
      async ({ send, stop }) => {
        await send(ask(contract('7'), { traceparent }));
        expect(operationsOf(await stop())).toHaveLength(1);
      },
      { environment: { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument } },
    );
  });

  it('has nothing to do with the caller where nothing is propagated', async () => {
    await withTracedGateway(
      async ({ send, stop, upstream }) => {
        await send(ask(contract('7'), { traceparent: TRACEPARENT }));
        const operation = only(operationsOf(await stop()));
        expect([operation.traceId === TRACE_ID, operation.parentSpanId]).toEqual([false, '']);
        expect(only(upstream.requests).headers).not.toHaveProperty('traceparent');
      },
      { environment: { OTEL_PROPAGATORS: 'none' } },
    );
  });
});

describe('What a trace must not tell', () => {
  const SECRET = 'b1f0c4d2a98e47d6b35c0e7719fa2c64d8';
  const CUSTOMER = '7318840296617';
  const CONTRACT = '590172638409';
  const told = [SECRET, SECRET.slice(0, 20), CUSTOMER, CONTRACT, 'hidden-prefix', 'FERNANDEZ', 'pageInit', 'dueDate'];
  const secretQuery = (number: string, name = 'Bills'): string =>
    `query ${name} { customer(idType: "RUC", id: "${CUSTOMER}") { contract(number: "${number}") { dueDate invoice(number: "FERNANDEZ") { amount } } } }`;
  const secretly = (body: unknown, headers: Record<string, string> = {}): RawRequest => post(body, headers, SECRET);

  it.each(['http/protobuf', 'http/json'])('is in none of the bytes that are sent: %s', async (protocol) => {
    const script = byContract({
      401: { status: 401, body: { error: { message: SECRET } } },
      400: { status: 400, body: { error: { message: `${CUSTOMER} ${CONTRACT}` } } },
      500: { status: 500, body: SECRET },
      17: { body: SECRET },
      18: { reset: true },
    });
    await withTracedGateway(
      async ({ send, stop, collector, upstream }) => {
        for (const number of [CONTRACT, CONTRACT, CONTRACT, '401', '400', '500', '17', '18', `${CONTRACT}/${SECRET}`])
          await send(secretly({ query: secretQuery(number) }));
        const requests = [
          secretly({ query: secretQuery(CONTRACT, `_${SECRET}`) }),
          secretly({ query: secretQuery(CONTRACT, `Customer${CUSTOMER}`) }),
          secretly({ query: secretQuery(CONTRACT), operationName: SECRET }),
          secretly(`{"query": ${SECRET}`),
          secretly({ query: `{ _${SECRET} }` }),
          secretly({ query: secretQuery(CONTRACT) }, { 'x-request-id': SECRET, tracestate: `v=${SECRET}`, traceparent: TRACEPARENT }),
          secretly({ query: secretQuery(CONTRACT) }, { tracestate: `v=${SECRET.slice(0, 20)},w=1`, traceparent: TRACEPARENT }),
          secretly({ query: secretQuery(CONTRACT) }, { traceparent: `00-${SECRET.slice(0, 32)}-b7ad6b7169203331-01` }),
          secretly({ query: secretQuery(CONTRACT) }, { traceparent: `00-${TRACE_ID}-${SECRET.slice(0, 16)}-01` }),
          secretly({ query: secretQuery(CONTRACT) }, { baggage: `customer=${CUSTOMER}` }),
          {
            path: `/graphql?query=${encodeURIComponent(secretQuery(CONTRACT))}&token=${SECRET}`,
            headers: { authorization: `Bearer ${SECRET}` },
          },
        ];
        for (const request of requests) await send(request);
        const spans = await stop();
        expect(operationsOf(spans)).toHaveLength(9 + requests.length);
        // Identifiers of spans are bytes in protobuf, and digits elsewhere.
        const bytes = Buffer.concat(collector.deliveries.map((delivery) => delivery.bytes));
        const text = `${bytes.toString('latin1')} ${bytes.toString('hex')} ${JSON.stringify(spans, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`;
        expect(told.filter((secret) => text.includes(secret))).toEqual([]);
        expect(text).toContain('/customers/{idType}/{id}/bills');
        // What told the token was not passed on either, and nothing else of the caller's was.
        for (const { headers } of upstream.requests) {
          expect(`${String(headers['traceparent'])} ${String(headers['tracestate'])}`).not.toContain(SECRET.slice(0, 16));
          expect(headers).not.toHaveProperty('baggage');
        }
        // The search would find them.
        expect(told.filter((secret) => Buffer.from(`span "${secret}"`).toString('latin1').includes(secret))).toEqual(told);
      },
      { script, environment: { CACHE_TTL_SECONDS: '60', OTEL_EXPORTER_OTLP_PROTOCOL: protocol } },
    );
  });
});
