import { toAskedBills, toBillsBody } from '../support/bills-body';
import { until } from '../support/cache-fixtures';
import { startGateway, type Gateway, type GraphqlAnswer } from '../support/gateway';
import { startRedis, type RedisServer } from '../support/redis-server';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

const ONE = 'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate } } }';
const MANY = 'query ($numbers: [ID!]!) { customer(idType: "RUC", id: "80012345") { contracts(numbers: $numbers) { dueDate } } }';
const SUMMARY = '{ customer(idType: "RUC", id: "80012345") { contract(number: "7") { invoiceSummary { count isComplete } } } }';
const summaryOf = (number: string): string => SUMMARY.replace('"7"', `"${number}"`);
const SECRET = 'a secret of at least thirty-two characters';

/** Slow enough that few calls come back while a test runs: one in six seconds. */
const LIMIT = '10';

let upstream: ScriptedUpstream;
let gateways: Gateway[];
beforeEach(async () => {
  gateways = [];
  upstream = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url), 40) }));
});
afterEach(async () => {
  for (const gateway of gateways) await gateway.close();
  await upstream.close();
});

async function start(settings: Record<string, string> = {}): Promise<Gateway> {
  const gateway = await startGateway({ BILLING_API_URL: upstream.url, CALLS_PER_MINUTE: LIMIT, ...settings });
  gateways.push(gateway);
  return gateway;
}

function numbers(count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, index) => String(from + index));
}

/** Calls that may have come into a bucket since then, on the clock of `performance.now()`. */
function callsSince(startedMs: number): number {
  return Math.ceil(((performance.now() - startedMs) * Number(LIMIT)) / 60_000);
}

/** What the response says is left. */
function leftOf({ headers }: Pick<GraphqlAnswer, 'headers'>): number {
  const [, remaining] = /^"default";r=(\d+);t=\d+$/.exec(headers.get('ratelimit') ?? '') ?? [];
  return Number(remaining);
}

describe('Without CALLS_PER_MINUTE', () => {
  it('limits nobody, and says nothing about it', async () => {
    const gateway = await start({ CALLS_PER_MINUTE: '0' });
    const { headers, status } = await gateway.query(ONE, { number: '1' });
    expect(status).toBe(200);
    expect([...headers.keys()].filter((name) => name.startsWith('ratelimit'))).toEqual([]);
  });
});

describe('With CALLS_PER_MINUTE', () => {
  it('tells what is left, and the policy', async () => {
    const gateway = await start();
    const answer = await gateway.query(MANY, { numbers: numbers(3) });
    expect(answer.headers.get('ratelimit-policy')).toBe('"default";q=10;w=60');
    expect(leftOf(answer)).toBe(7);
    const [, seconds] = /;t=(\d+)$/.exec(answer.headers.get('ratelimit')!)!;
    expect(Number(seconds)).toBeGreaterThan(10);
    expect(Number(seconds)).toBeLessThanOrEqual(18);
  });

  it('refuses an operation that needs more than is left with 429, before any of its calls', async () => {
    const gateway = await start();
    await gateway.query(MANY, { numbers: numbers(8) });
    const before = upstream.requests.length;
    const refused = await gateway.query(MANY, { numbers: numbers(6) });
    expect(refused.status).toBe(429);
    expect(refused.data).toBeUndefined();
    expect(upstream.requests).toHaveLength(before);
    const [error] = refused.errors;
    expect(refused.errors).toHaveLength(1);
    expect(error!.extensions).toEqual({ code: 'RATE_LIMITED', retryAfterSeconds: Number(refused.headers.get('retry-after')) });
    expect(error!.extensions!['retryAfterSeconds']).toBeGreaterThanOrEqual(1);
    expect(error!.extensions!['retryAfterSeconds']).toBeLessThanOrEqual(24);
    expect(error!.message).toMatch(
      /^This token may make 10 calls to the billing API a minute\. The operation needs 6, and \d are left: none was made\. Repeat it after \d+ s,/,
    );
    // What is left is left to smaller operations.
    expect((await gateway.query(ONE, { number: '1' })).status).toBe(200);
  });

  it('refuses on the path of known operations as on that of new ones', async () => {
    const gateway = await start();
    for (let round = 0; round < 10; round++) expect((await gateway.query(ONE, { number: '1' })).status).toBe(200);
    const known = await gateway.query(ONE, { number: '1' });
    const fresh = await gateway.query('{ customer(idType: "RUC", id: "80012345") { contract(number: 9) { dueDate } } }');
    for (const answer of [known, fresh]) {
      expect(answer.status).toBe(429);
      expect(answer.errors.map(({ extensions }) => extensions!['code'])).toEqual(['RATE_LIMITED']);
      expect(leftOf(answer)).toBe(0);
      expect(answer.headers.get('server-timing')).toBeNull();
    }
    expect(upstream.requests).toHaveLength(10);
    const paths = gateway.logLines
      .map((line) => JSON.parse(line) as { path?: string; codes?: string[] })
      .filter(({ codes }) => codes?.length);
    expect(paths.map(({ path }) => path)).toEqual(['compiled', 'reference']);
  });

  it('counts each token for itself', async () => {
    const gateway = await start();
    await gateway.query(MANY, { numbers: numbers(10) }, { token: 'one' });
    expect((await gateway.query(ONE, { number: '1' }, { token: 'one' })).status).toBe(429);
    const other = await gateway.query(ONE, { number: '1' }, { token: 'two' });
    expect([other.status, leftOf(other)]).toEqual([200, 9]);
  });

  it('gives a token no further calls for other forwarded headers', async () => {
    const gateway = await start({ BILLING_API_FORWARD_HEADERS: 'x-tenant' });
    await gateway.query(MANY, { numbers: numbers(10) }, { token: 'one', headers: { 'x-tenant': 'a' } });
    expect((await gateway.query(ONE, { number: '1' }, { token: 'one', headers: { 'x-tenant': 'b' } })).status).toBe(429);
  });

  it('takes nothing for what is cached, and answers it though nothing is left', async () => {
    const gateway = await start({ CACHE_TTL_SECONDS: '60' });
    await gateway.query(MANY, { numbers: numbers(10) });
    // Out of parts, then out of the cache of whole responses.
    for (let round = 0; round < 4; round++) {
      const again = await gateway.query(MANY, { numbers: numbers(10) });
      expect([again.status, again.extensions?.['billing']]).toEqual([200, { calls: 0, merged: 0, cached: 10, stale: 0 }]);
      expect(leftOf(again)).toBe(0);
    }
    // Nine of ten are cached.
    expect((await gateway.query(MANY, { numbers: numbers(10, 2) })).status).toBe(429);
    expect(upstream.requests).toHaveLength(10);
  });

  it('answers whole responses from its cache with the headers, too', async () => {
    const gateway = await start({ CACHE_TTL_SECONDS: '60', NODE_ENV: 'production' });
    for (let round = 0; round < 5; round++) expect(leftOf(await gateway.query(ONE, { number: '1' }))).toBe(9);
    const paths = gateway.logLines.map((line) => (JSON.parse(line) as { path?: string }).path).filter((path) => path !== undefined);
    expect(paths).toContain('response-cache');
  });

  it('never lets summaries that come at once make more calls than there are: they end early, and say so', async () => {
    const gateway = await start({ BILLING_API_MAX_QUANTITY: '10' });
    const startedMs = performance.now();
    const answers = await Promise.all(numbers(30).map((number) => gateway.query(summaryOf(number))));
    expect(upstream.requests.length).toBeLessThanOrEqual(10 + callsSince(startedMs));
    let read = 0;
    for (const { status, data, errors } of answers) {
      if (status === 429) continue;
      const { count, isComplete } = data.customer.contract.invoiceSummary as { count: number; isComplete: boolean };
      expect([errors, isComplete]).toEqual([[], count === 40]);
      read += count;
    }
    // What each of the calls has brought is in one of them, or was behind the end of its list.
    expect(read).toBeLessThanOrEqual(10 * upstream.requests.length);
    expect(read).toBeGreaterThan(0);
    // Nobody is in debt: the bucket is full after a minute.
    const { headers } = await gateway.query('{ customer(idType: "RUC", id: "1") { id } }');
    const [, left, seconds] = /r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit')!)!;
    expect(upstream.requests.length).toBeGreaterThanOrEqual(10);
    expect(Number(left)).toBeLessThanOrEqual(callsSince(startedMs));
    expect(Number(seconds)).toBeLessThanOrEqual(60);
  });

  it.each([
    ['invoices(first: 5, filter: { status: false }) { nodes { number } }', { reached: expect.any(String), matches: 0 }],
    ['invoice(number: "none") { number }', {}],
    ['invoices(first: 1) { totalCount }', {}],
  ])('tells a search at its field that the calls have ended, and when there are others: %s', async (field, details) => {
    const gateway = await start({ BILLING_API_MAX_QUANTITY: '10', CALLS_PER_MINUTE: '6' });
    await gateway.query(MANY, { numbers: numbers(3, 20) });
    const { status, data, errors } = await gateway.query(
      `{ customer(idType: "RUC", id: "1") { contract(number: "7") { dueDate ${field} } } }`,
    );
    expect([status, data.customer.contract.dueDate, errors.length]).toEqual([200, '2025-07-15', 1]);
    expect(errors[0]!.extensions).toEqual({ code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number), ...details });
    expect(errors[0]!.extensions!['retryAfterSeconds']).toBeGreaterThan(20);
    expect(errors[0]!.message).toMatch(
      /^This token may make 6 calls to the billing API a minute\. None is left for the operation, which has made 3\./,
    );
    if ('reached' in details) expect(errors[0]!.message).toContain('Go on with `after: ');
    expect(upstream.requests).toHaveLength(6);
  });

  it('counts what an operation made more than was predicted', async () => {
    const gateway = await start({ BILLING_API_MAX_QUANTITY: '10' });
    const answer = await gateway.query(SUMMARY);
    expect(answer.data.customer.contract.invoiceSummary).toEqual({ count: 40, isComplete: true });
    const { calls } = answer.extensions!['billing'] as { calls: number };
    expect(calls).toBeGreaterThan(3);
    expect(leftOf(answer)).toBe(10 - calls);
  });

  it('gives back what an operation made less than was predicted', async () => {
    const gateway = await start({ BILLING_API_MAX_QUANTITY: '10' });
    // A contract within a contract: two are predicted, and the second is not asked for where there is no first.
    upstream.setScript(() => ({ status: 404, body: '' }));
    const nested = 'contract(number: 1) { dueDate customer { contract(number: 2) { dueDate } } }';
    const answer = await gateway.query(`{ customer(idType: "RUC", id: "1") { ${nested} } }`, undefined, {
      headers: { 'x-billing-dry-run': '1' },
    });
    expect(answer.extensions!['billing']).toMatchObject({ prediction: { calls: 2 } });
    expect(leftOf(await gateway.query(`{ customer(idType: "RUC", id: "1") { ${nested} } }`))).toBe(9);
    expect(upstream.requests).toHaveLength(1);
  });

  it('takes one call where equal operations share it', async () => {
    const gateway = await start();
    const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.query(ONE, { number: '1' })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { length } = upstream.requests;
    expect(length).toBeLessThanOrEqual(10);
    expect(leftOf(await gateway.query('{ customer(idType: "RUC", id: "1") { id } }'))).toBe(10 - length);
  });

  it('never lets operations that come at once make more calls than there are', async () => {
    const gateway = await start();
    const answers = await Promise.all(numbers(30).map((number) => gateway.query(ONE, { number })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
    expect(upstream.requests).toHaveLength(10);
  });

  it('refuses for good, with 400, what needs more than a full bucket', async () => {
    const gateway = await start();
    const { status, errors } = await gateway.query(MANY, { numbers: numbers(11) });
    expect([status, errors[0]!.extensions]).toEqual([400, { code: 'UPSTREAM_BUDGET_EXCEEDED', calls: 11, callBudget: 10 }]);
    expect(errors[0]!.message).toContain('CALLS_PER_MINUTE');
  });

  it('takes nothing for a dry run, for introspection, and for a request without a token', async () => {
    const gateway = await start();
    const dry = await gateway.query(MANY, { numbers: numbers(5) }, { headers: { 'x-billing-dry-run': '1' } });
    expect(leftOf(dry)).toBe(10);
    expect(leftOf(await gateway.query('{ __typename }'))).toBe(10);
    const without = await gateway.query(ONE, { number: '1' }, { token: null });
    expect([without.status, without.headers.get('ratelimit')]).toEqual([401, null]);
    expect(without.headers.get('ratelimit-policy')).toBeNull();
  });

  it('counts each page of an export, and ends it as after any failure where the calls run out', async () => {
    const gateway = await start({ CALLS_PER_MINUTE: '6', BILLING_API_MAX_QUANTITY: '5' });
    const send = (): Promise<Response> =>
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/jsonl', authorization: 'Bearer one' },
        body: JSON.stringify({
          query: '{ customer(idType: "RUC", id: "1") { contract(number: 7) { invoices { nodes { number } } } } }',
        }),
      });
    const cut = await send();
    expect(cut.status).toBe(200);
    await expect(cut.text()).rejects.toThrow();
    expect(upstream.requests).toHaveLength(6);
    const refused = await send();
    expect([refused.status, refused.headers.get('ratelimit')]).toEqual([429, expect.stringMatching(/^"default";r=0;t=/)]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(upstream.requests).toHaveLength(6);
  });

  it('lets a page of another origin read the headers', async () => {
    const gateway = await start();
    const { headers } = await gateway.query(ONE, { number: '1' }, { headers: { origin: 'https://bills.example' } });
    expect(headers.get('access-control-expose-headers')!.split(', ')).toEqual(
      expect.arrayContaining(['ratelimit', 'ratelimit-policy', 'retry-after']),
    );
  });
});

describe('Gateways that share a Redis', () => {
  let redis: RedisServer;
  /** Requests that came before the test's own. */
  let startedAt = 0;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.close());

  async function startTwo(settings: Record<string, string> = {}): Promise<readonly [Gateway, Gateway]> {
    const shared = { REDIS_URL: redis.url, CACHE_SECRET: SECRET, REDIS_WAIT_MS: '2000', ...settings };
    const pair = [await start(shared), await start(shared)] as const;
    // Each counts for itself until it is connected.
    await until(async () => {
      for (const [index, gateway] of pair.entries()) await gateway.query(ONE, { number: '1' }, { token: `probe-${index}` });
      const names = (await redis.scan()).map(({ name }) => name).filter((name) => name.includes('calls:'));
      return names.length === 2;
    });
    startedAt = upstream.requests.length;
    return pair;
  }

  it('take the calls of a token out of one bucket', async () => {
    const [one, two] = await startTwo();
    expect(leftOf(await one.query(MANY, { numbers: numbers(6) }))).toBe(4);
    expect((await two.query(MANY, { numbers: numbers(6, 10) })).status).toBe(429);
    const last = await two.query(MANY, { numbers: numbers(4, 20) });
    expect([last.status, leftOf(last)]).toEqual([200, 0]);
    expect((await one.query(ONE, { number: '30' })).status).toBe(429);
    expect(upstream.requests.length - startedAt).toBe(10);
  });

  it('never make more calls than there are, however many operations come at once to both', async () => {
    const pair = await startTwo();
    const answers = await Promise.all(numbers(40).map((number, index) => pair[index % 2]!.query(ONE, { number })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(upstream.requests.length - startedAt).toBe(10);
  });

  it('never let summaries that come at once to both make more calls than there are', async () => {
    const pair = await startTwo({ BILLING_API_MAX_QUANTITY: '10' });
    const startedMs = performance.now();
    const answers = await Promise.all(numbers(30).map((number, index) => pair[index % 2]!.query(summaryOf(number))));
    expect(upstream.requests.length - startedAt).toBeGreaterThanOrEqual(10);
    expect(upstream.requests.length - startedAt).toBeLessThanOrEqual(10 + callsSince(startedMs));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
    for (const { status, data } of answers) {
      if (status !== 200) continue;
      const { count, isComplete } = data.customer.contract.invoiceSummary as { count: number; isComplete: boolean };
      expect(isComplete).toBe(count === 40);
    }
    // No bucket in Redis is in debt.
    const buckets = (await redis.scan()).filter(({ name }) => name.includes('calls:'));
    expect(buckets).toHaveLength(3);
    for (const { value } of buckets) expect(Number(value.toString().split(' ')[0])).toBeGreaterThanOrEqual(0);
  });

  it('refuse an operation for what it needs itself, and not for what another one needs that asks for the same', async () => {
    const [one] = await startTwo();
    await one.query(MANY, { numbers: numbers(4, 40) });
    // The smaller operation joins a call of the larger one, which waits for Redis and is refused then.
    for (let round = 0; round < 4; round++) {
      const same = String(round + 1);
      const [large, small] = await Promise.all([
        one.query(MANY, { numbers: [same, ...numbers(6, 50)] }),
        one.query(MANY, { numbers: [same] }),
      ]);
      expect([large.status, small.status, small.data]).toEqual([429, 200, { customer: { contracts: [{ dueDate: expect.anything() }] } }]);
    }
    expect(upstream.requests.length - startedAt).toBe(8);
  });

  it('keep no token in Redis, and buckets only until they are full', async () => {
    const [one] = await startTwo();
    await one.query(MANY, { numbers: numbers(5) }, { token: 'a-very-secret-token' });
    const buckets = (await redis.scan()).filter(({ name }) => name.includes('calls:'));
    expect(buckets).toHaveLength(3);
    for (const { name, value, ttlMs } of buckets) {
      expect(name).toMatch(/^bills:2:\{calls:[\w-]{43}\}$/);
      expect(name + value.toString()).not.toContain('secret-token');
      expect(ttlMs).toBeGreaterThan(0);
      expect(ttlMs).toBeLessThanOrEqual(60_001);
    }
  });

  it('count for themselves while Redis is out, refuse nothing for it, and share again when it is back', async () => {
    const [one, two] = await startTwo();
    await one.query(MANY, { numbers: numbers(3) });
    await redis.kill();
    // What this process knew goes on.
    const own = await one.query(MANY, { numbers: numbers(4, 10) });
    expect([own.status, leftOf(own)]).toEqual([200, 3]);
    expect((await one.query(MANY, { numbers: numbers(4, 20) })).status).toBe(429);
    expect((await two.query(MANY, { numbers: numbers(9, 40) })).status).toBe(200);
    await until(() => one.logLines.some((line) => line.includes('the limit on calls is')));
    await redis.restart();
    await until(async () => {
      await one.query(ONE, { number: '1' }, { token: 'after' });
      return (await redis.scan()).some(({ name }) => name.includes('calls:'));
    });
    await until(() => one.logLines.some((line) => line.includes('is shared again')));
  });

  it('answer while Redis hangs', async () => {
    const [one] = await startTwo({ REDIS_WAIT_MS: '100' });
    redis.freeze();
    try {
      expect((await one.query(ONE, { number: '1' })).status).toBe(200);
    } finally {
      redis.thaw();
    }
  });
});
