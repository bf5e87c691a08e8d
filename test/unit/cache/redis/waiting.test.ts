import { BILLS } from '../../../../src/billing/model/bills';
import { BillingOperation } from '../../../../src/billing/ports/billing-operation';
import { RequestIdentity } from '../../../../src/billing/ports/request-identity';
import { parseCustomer } from '../../../../src/billing/model/customer';
import { EntryKey } from '../../../../src/cache/entries/entry-key';
import { createSharedKeyRing } from '../../../../src/cache/keys/shared-key-ring';
import { createRedisStore } from '../../../../src/cache/redis/redis-store';
import type { RedisStoreOptions } from '../../../../src/cache/redis/redis-store-options';
import { toAskedBills, toBillsBody } from '../../../support/bills-body';
import { openCacheRig, silentOutage, TEST_SECRET, toCaller, until, type CacheRig } from '../../../support/cache-fixtures';
import { startRedis, type RedisServer } from '../../../support/redis-server';
import { startScriptedUpstream, type ScriptedUpstream } from '../../../support/scripted-upstream';
import { startTcpProxy, type TcpProxy } from '../../../support/tcp-proxy';

describe('waiting for Redis', () => {
  let redis: RedisServer;
  let proxy: TcpProxy;
  let upstream: ScriptedUpstream;
  let rig: CacheRig;
  const outages: string[] = [];

  beforeAll(async () => {
    upstream = await startScriptedUpstream();
  });
  afterAll(() => upstream.close());
  beforeEach(async () => {
    upstream.setScript(({ url }) => ({ body: toBillsBody(toAskedBills(url), 3) }));
    redis = await startRedis();
    proxy = await startTcpProxy(redis.port);
    outages.length = 0;
  });
  afterEach(async () => {
    await rig.close();
    await proxy.close();
    await redis.close();
  });

  async function open({ waitLimitMs = 6000 }: Partial<RedisStoreOptions> = {}): Promise<void> {
    rig = openCacheRig({
      upstreamUrl: upstream.url,
      openStore: (observer) =>
        createRedisStore({
          urls: [`redis://127.0.0.1:${proxy.port}`],
          observer,
          reads: { began: (reason) => void outages.push(reason), ended: () => undefined },
          writes: silentOutage,
          waitLimitMs,
        }),
    });
    await until(async () => {
      await rig.ask('probe');
      return (await rig.ask('probe')).received === null;
    });
  }

  const startOperation = (token: string): BillingOperation =>
    new BillingOperation({ caller: toCaller(token), signal: new AbortController().signal, callBudget: 100 });

  /** How often Redis has run a command since its counts were reset. */
  async function countOf(command: string): Promise<number> {
    const stats = String(await redis.command('INFO', 'commandstats'));
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  }

  /** Sets Redis's counts to zero, when nothing that came before is in flight: a lookup of its own is the only one that is counted. */
  async function resetCounts(): Promise<void> {
    await until(async () => {
      await redis.command('CONFIG', 'RESETSTAT');
      await rig.ask('probe');
      return (await countOf('mget')) === 1;
    });
    await redis.command('CONFIG', 'RESETSTAT');
  }

  test('is bounded for an operation as a whole, whatever number of lookups it makes', async () => {
    await open({ waitLimitMs: 600 });
    await resetCounts();
    proxy.delayMs = 400;
    const operation = startOperation('one');
    for (let number = 2000; number < 2010; number++) await rig.ask('one', { contract: String(number), operation });
    expect(await countOf('mget')).toBeLessThanOrEqual(2);
  });

  test('takes no lock, and looks no second time, where the lookup was late', async () => {
    await open({ waitLimitMs: 1500 });
    await resetCounts();
    proxy.delayMs = 1000;
    await rig.ask('one', { contract: '2000' });
    expect(await countOf('mget')).toBe(1);
    expect(await countOf('eval')).toBe(0);
  });

  test('takes no lock while the billing API forbids to store its responses', async () => {
    await open();
    upstream.setScript(({ url }) => ({ body: toBillsBody(toAskedBills(url), 3), headers: { 'cache-control': 'no-store' } }));
    await rig.ask('one', { contract: '2000' });
    await resetCounts();
    for (const contract of ['2001', '2002']) await rig.ask('one', { contract });
    expect(await countOf('set')).toBe(0);
    upstream.setScript(({ url }) => ({ body: toBillsBody(toAskedBills(url), 3) }));
    await rig.ask('one', { contract: '2003' });
    await resetCounts();
    await rig.ask('one', { contract: '2004' });
    expect(await countOf('set')).toBeGreaterThan(0);
  });

  test('counts late responses as an outage, once, until one comes in time', async () => {
    await open({ waitLimitMs: 300 });
    proxy.delayMs = 200;
    await until(async () => {
      await rig.ask('one', { contract: '2000', limit: Math.ceil(Math.random() * 1000) });
      return rig.observer.out.size > 0;
    });
    expect([...rig.observer.out]).toEqual(['read']);
    proxy.delayMs = 0;
    await until(async () => {
      await rig.ask('one', { contract: '3000' });
      return rig.observer.out.size === 0;
    });
    expect(outages).toEqual(['no response within 100 ms, 3 times in a row']);
  });

  describe('at locks that nobody releases', () => {
    /** Takes the lock of a contract's first page as somebody would who can write to Redis, for ever. */
    async function takeForEver(token: string, contract: string): Promise<void> {
      const request = { customer: parseCustomer('RUC', '80012345'), contractNumber: contract, window: { offset: 0, limit: 21 } };
      const ring = createSharedKeyRing({ secret: TEST_SECRET, scope: 'test' });
      await redis.command('SET', EntryKey.of(ring, RequestIdentity.of(toCaller(token), BILLS, request)).lock, 'a stranger');
    }

    test('is bounded for an operation as a whole', async () => {
      await open();
      const contracts = ['2000', '2001', '2002', '2003'];
      for (const contract of contracts) await takeForEver('one', contract);
      // Of its 2 seconds it may wait for a quarter, once.
      const operation = new BillingOperation({
        caller: toCaller('one'),
        signal: new AbortController().signal,
        deadlineAtMs: performance.now() + 2000,
        callBudget: 100,
      });
      for (const contract of contracts) expect((await rig.ask('one', { contract, operation })).content?.invoices).toHaveLength(3);
      expect(rig.observer.waits).toBe(1);
    });

    test('is bounded for each caller: after three seconds in vain it does not wait any more for a while', async () => {
      await open();
      for (const contract of ['2000', '2001', '2002']) await takeForEver('one', contract);
      await takeForEver('two', '2000');
      for (const contract of ['2000', '2001', '2002']) await rig.ask('one', { contract });
      expect(rig.observer.waits).toBe(1);
      await rig.ask('two', { contract: '2000' });
      expect(rig.observer.waits).toBe(2);
    });
  });
});
