import { createRedisStore } from '../../src/cache/redis/redis-store';
import { parseConfig } from '../../src/config/config';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { openCacheRig, silentOutage, until, type CacheRig } from '../support/cache-fixtures';
import { startSentinels, type Sentinels } from '../support/redis-sentinels';
import { startRedis, type RedisServer } from '../support/redis-server';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

const CONTRACTS = Array.from({ length: 20 }, (_, i) => String(2000 + i));
const PATIENCE_MS = 60_000;

describe('a primary and a replica that three Sentinels watch', () => {
  let servers: RedisServer[] = [];
  let sentinels: Sentinels;
  let upstream: ScriptedUpstream;
  let rig: CacheRig;
  let began = 0;
  let ended = 0;

  beforeAll(async () => {
    const primary = await startRedis('--repl-diskless-sync-delay', '0');
    const replica = await startRedis('--repl-diskless-sync-delay', '0', '--replicaof', '127.0.0.1', String(primary.port));
    servers = [primary, replica];
    sentinels = await startSentinels('bills', primary.port, 1);
    upstream = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url), 3) }));
    const { redisUrls } = parseConfig({ REDIS_URL: sentinels.url, CACHE_SECRET: 'x'.repeat(32) });
    rig = openCacheRig({
      upstreamUrl: upstream.url,
      ttlSeconds: 3600,
      openStore: (observer) =>
        createRedisStore({
          urls: redisUrls,
          observer,
          reads: { began: () => began++, ended: () => ended++ },
          writes: silentOutage,
          waitLimitMs: 6000,
        }),
    });
    await untilAllHit();
  }, 120_000);
  afterAll(async () => {
    await rig.close();
    await upstream.close();
    await sentinels.close();
    for (const server of servers) await server.close();
  });

  /** Asks for every contract; no request may fail. */
  async function countHits(): Promise<number> {
    let hits = 0;
    for (const contract of CONTRACTS) if ((await rig.ask('one', { contract })).received === null) hits++;
    return hits;
  }

  const untilAllHit = () => until(async () => (await countHits()) === CONTRACTS.length, PATIENCE_MS);

  test('the replica is used as soon as the Sentinels have made it the primary, with what it holds', async () => {
    const [primary, replica] = servers as [RedisServer, RedisServer];
    const replicated = async () => (await replica.scan()).length === (await primary.scan()).length;
    await until(replicated, PATIENCE_MS);
    await primary.kill();
    const before = upstream.requests.length;
    // While there is no primary, each request is a call. A slow machine may have the new one before it has asked for all.
    const hits = await countHits();
    const isPromoted = async () => (await sentinels.primaryPort()) === replica.port;
    if (!(await isPromoted())) expect(hits).toBe(0);
    expect(upstream.requests.length - before).toBe(CONTRACTS.length - hits);
    await until(isPromoted, PATIENCE_MS);
    await until(async () => (await countHits()) > 0, PATIENCE_MS);
    const atFailover = upstream.requests.length;
    await untilAllHit();
    // What the replica held has not to be asked for again.
    expect(upstream.requests.length - atFailover).toBe(0);
    await until(() => ended === 1);
    expect(began).toBe(1);
  }, 120_000);

  test('the old primary comes back as a replica, and takes over when the new one is lost', async () => {
    const [old, current] = servers as [RedisServer, RedisServer];
    await old.restart();
    // The Sentinels close its connections when they make it a replica.
    const readRole = async () => String(await old.command('INFO', 'replication').catch(() => ''));
    await until(async () => (await readRole()).includes('master_link_status:up'), PATIENCE_MS);
    await current.kill();
    await until(async () => (await sentinels.primaryPort()) === old.port, PATIENCE_MS);
    await untilAllHit();
  }, 120_000);
});
