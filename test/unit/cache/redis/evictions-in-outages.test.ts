import { createRedisStore } from '../../../../src/cache/redis/redis-store';
import { BillingOperation } from '../../../../src/billing/ports/billing-operation';
import { monotonicMs } from '../../../../src/runtime/clock';
import { toAskedBills, toBillsBody } from '../../../support/bills-body';
import { openCacheRig, silentOutage, toCaller, until, type CacheRig } from '../../../support/cache-fixtures';
import { startRedis, type RedisServer } from '../../../support/redis-server';
import { startScriptedUpstream, type ScriptedUpstream } from '../../../support/scripted-upstream';
import { startTcpProxy } from '../../../support/tcp-proxy';

describe('What was evicted while Redis took no entries', () => {
  let redis: RedisServer;
  let upstream: ScriptedUpstream;
  const rigs: CacheRig[] = [];

  beforeEach(async () => {
    redis = await startRedis();
    upstream = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url)) }));
  });
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.close();
    await upstream.close();
    await redis.close();
  });

  function open(waitLimitMs: number, port = redis.port): CacheRig {
    const rig = openCacheRig({
      upstreamUrl: upstream.url,
      openStore: (observer) =>
        createRedisStore({ urls: [`redis://127.0.0.1:${port}`], observer, reads: silentOutage, writes: silentOutage, waitLimitMs }),
    });
    rigs.push(rig);
    return rig;
  }

  /** Whether the rig answers from Redis. */
  async function isCached(rig: CacheRig, token: string): Promise<boolean> {
    return (await rig.ask(token)).received === null;
  }

  /** Reads anew, as for `Cache-Control: no-cache`. */
  async function readAnew(rig: CacheRig, token: string): Promise<void> {
    const recency = { notBeforeMs: monotonicMs(), usesCached: false };
    const operation = new BillingOperation({ caller: toCaller(token), signal: new AbortController().signal, callBudget: 10, recency });
    expect((await rig.ask(token, { operation })).received).not.toBeNull();
  }

  async function refuseToken(rig: CacheRig, token: string): Promise<void> {
    upstream.setScript(() => ({ status: 401 }));
    // Another contract: the cached one is answered without a call.
    await expect(rig.ask(token, { contract: '2002' })).rejects.toMatchObject({ failure: 'unauthenticated' });
    upstream.setScript(({ url }) => ({ body: toBillsBody(toAskedBills(url)) }));
  }

  it.each(['a refused token', 'a request for something recent'])('is not found by any process when Redis is back: %s', async (by) => {
    const [one, two] = [open(6000), open(6000)];
    await until(async () => (await isCached(one, 'alice')) && (await isCached(two, 'alice')));
    // It takes no more entries, and still gives out those that it has.
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    if (by === 'a refused token') await refuseToken(one, 'alice');
    else await readAnew(one, 'alice');
    expect(await isCached(one, 'alice')).toBe(false);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await until(async () => !(await isCached(two, 'alice')));
  });

  it('is not found again after a Redis that answered nothing answers again', async () => {
    const [one, two] = [open(75), open(6000)];
    await until(async () => (await isCached(one, 'alice')) && (await isCached(two, 'alice')));
    redis.freeze();
    await refuseToken(one, 'alice');
    redis.thaw();
    expect(await isCached(one, 'alice')).toBe(false);
    await until(async () => !(await isCached(two, 'alice')));
  });

  it('is not found any more by the others, also where the network lost the connection of a process that is asked nothing since', async () => {
    const proxy = await startTcpProxy(redis.port);
    const [one, two] = [open(75, proxy.port), open(6000)];
    await until(async () => (await isCached(one, 'alice')) && (await isCached(two, 'alice')));
    proxy.swallow();
    await refuseToken(one, 'alice');
    await until(async () => !(await isCached(two, 'alice')), 20_000);
    await proxy.close();
  });

  it('is written by a process that stops, where Redis is back by then', async () => {
    const [one, two] = [open(6000), open(6000)];
    await until(async () => (await isCached(one, 'alice')) && (await isCached(two, 'alice')));
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    await refuseToken(one, 'alice');
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await one.close();
    expect(await isCached(two, 'alice')).toBe(false);
  });
});
