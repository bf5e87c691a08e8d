import { until } from '../support/cache-fixtures';
import { startGateway, type Gateway } from '../support/gateway';
import { startRedis, type RedisServer } from '../support/redis-server';
import { good } from '../support/scripted-gateway';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../support/scripted-upstream';

const toQuery = (contract: string): string =>
  `query Bills { customer(idType: "RUC", id: "80012345") { contract(number: "${contract}") { dueDate } } }`;

describe('Request Cache-Control, with the entries in a Redis that two processes share', () => {
  let upstream: ScriptedUpstream;
  let redis: RedisServer;
  let first: Gateway;
  let second: Gateway;
  let dueDate: string;

  beforeEach(async () => {
    dueDate = '2025-07-15';
    upstream = await startScriptedUpstream((request) => good(request, 3, { dueDate }));
    redis = await startRedis();
    const start = (): Promise<Gateway> =>
      startGateway({
        BILLING_API_URL: upstream.url,
        BILLING_API_RETRIES: '0',
        CACHE_TTL_SECONDS: '600',
        REDIS_URL: redis.url,
        CACHE_SECRET: 'the secret of these tests: 32 characters and more',
        // A busy machine must not look like an outage of Redis.
        REDIS_WAIT_MS: '30000',
      });
    [first, second] = [await start(), await start()];
    // They connect in the background.
    for (const gateway of [first, second])
      await until(async () => (await ask(gateway, {}, { contract: '999', token: 'probe' })).cached === 1);
  });
  afterEach(async () => {
    await first.close();
    await second.close();
    await upstream.close();
    await redis.close();
  });

  interface Asked {
    readonly contract?: string;
    readonly token?: string;
  }
  interface Answer {
    readonly dueDate: unknown;
    readonly calls: number;
    readonly cached: number;
  }

  async function ask(
    gateway: Gateway,
    headers: Readonly<Record<string, string>> = {},
    { contract = '7', token = 'payer' }: Asked = {},
  ): Promise<Answer> {
    const { data, extensions } = await gateway.query(toQuery(contract), {}, { token, headers });
    const { calls, cached } = extensions!['billing'] as { calls: number; cached: number };
    return { dueDate: data.customer.contract.dueDate as unknown, calls, cached };
  }

  /** Waits until the entry that a gateway writes in the background is there. */
  const settle = (gateway: Gateway, token = 'payer'): Promise<void> => until(async () => (await ask(gateway, {}, { token })).cached === 1);

  it.each(['no-cache', 'no-store', 'max-age=0'])('%s reads anew, and what was read is the entry of both', async (directive) => {
    const fresh = { 'cache-control': directive };
    for (const token of ['payer', 'other']) expect(await ask(first, {}, { token })).toEqual({ dueDate, calls: 1, cached: 0 });
    for (const token of ['payer', 'other']) await settle(first, token);
    const before = dueDate;
    dueDate = '2025-08-15';
    expect(await ask(second)).toEqual({ dueDate: before, calls: 0, cached: 1 });
    expect(await ask(second, fresh)).toEqual({ dueDate, calls: 1, cached: 0 });
    await until(async () => (await ask(second)).dueDate === dueDate);
    for (const gateway of [first, second]) expect(await ask(gateway)).toEqual({ dueDate, calls: 0, cached: 1 });
    // Nobody else's entry was touched.
    for (const gateway of [first, second])
      expect(await ask(gateway, {}, { token: 'other' })).toEqual({ dueDate: before, calls: 0, cached: 1 });
  });

  it('max-age=n goes by the age of an entry, whichever process has made it', async () => {
    await settle(first);
    const madeAtMs = performance.now();
    await until(() => performance.now() - madeAtMs > 1000);
    dueDate = '2025-08-15';
    expect(await ask(second, { 'cache-control': 'max-age=599' })).toEqual({ dueDate: '2025-07-15', calls: 0, cached: 1 });
    expect(await ask(second, { 'cache-control': 'max-age=1' })).toEqual({ dueDate, calls: 1, cached: 0 });
    await until(async () => (await ask(second)).dueDate === dueDate);
    // It is recent now, for the first process as well.
    expect(await ask(first, { 'cache-control': 'max-age=599' })).toEqual({ dueDate, calls: 0, cached: 1 });
  });

  it('no-cache waits for no call of the other process, which began earlier', async () => {
    const held: ((answer: ScriptedAnswer) => void)[] = [];
    const before = upstream.requests.length;
    upstream.setScript(() => new Promise<ScriptedAnswer>((resolve) => held.push(resolve)));
    const early = ask(first);
    await upstream.waitForRequests(before + 1);
    const fresh = ask(second, { 'cache-control': 'no-cache' });
    await upstream.waitForRequests(before + 2);
    held[1]?.(good(upstream.requests[before + 1]!, 3, { dueDate: '2025-08-15' }));
    expect(await fresh).toEqual({ dueDate: '2025-08-15', calls: 1, cached: 0 });
    held[0]?.(good(upstream.requests[before]!, 3, { dueDate: '2025-07-15' }));
    expect((await early).dueDate).toBe('2025-07-15');
  });
});
