import { createRedisStore } from '../../../src/cache/redis/redis-store';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { openCacheRig, silentOutage, until, type CacheRig } from '../../support/cache-fixtures';
import { startRedis, type RedisServer } from '../../support/redis-server';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream';

describe('two processes with one Redis', () => {
  let redis: RedisServer;
  let upstream: ScriptedUpstream;
  const rigs: CacheRig[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    upstream = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url), 100) }));
  });
  afterAll(async () => {
    for (const rig of rigs) await rig.close();
    await upstream.close();
    await redis.close();
  });

  async function open(): Promise<CacheRig> {
    const rig = openCacheRig({
      upstreamUrl: upstream.url,
      openStore: (observer) =>
        createRedisStore({ urls: [redis.url], observer, reads: silentOutage, writes: silentOutage, waitLimitMs: 6000 }),
    });
    rigs.push(rig);
    await until(async () => {
      await rig.ask('probe');
      return (await rig.ask('probe')).received === null;
    });
    return rig;
  }

  test('answer a smaller page out of a larger one that the other has cached, and for its caller alone', async () => {
    const [first, second] = [await open(), await open()];
    await first.ask('one', { limit: 50 });
    const before = upstream.requests.length;
    // What is stored is on its way without anybody waiting for it.
    await until(async () => (await redis.scan()).length >= 4);
    const { content: bills, received } = await second.ask('one', { offset: 10, limit: 3 });
    expect(received).toBeNull();
    expect(bills?.invoices.map(({ number }) => number)).toEqual(['1001-000010', '1001-000011', '1001-000012']);
    expect(upstream.requests).toHaveLength(before);
    expect((await second.ask('two', { offset: 10, limit: 3 })).received).not.toBeNull();
  });

  test('cache no response of more than 4 MiB', async () => {
    const rig = await open();
    // In a member that nobody reads: the fields of a response may not be that long.
    const document = 'x'.repeat(4 * 1024 * 1024);
    upstream.setScript(({ url }) => ({ body: toBillsBody(toAskedBills(url), 1, { document }) }));
    for (let i = 0; i < 2; i++) expect((await rig.ask('large')).received).not.toBeNull();
    upstream.setScript(({ url }) => ({ body: toBillsBody(toAskedBills(url), 1, { document: document.slice(0, -10_000) }) }));
    await rig.ask('smaller');
    await until(async () => (await rig.ask('smaller')).received === null);
  });
});
