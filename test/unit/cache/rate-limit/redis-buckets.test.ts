import { createRedisBuckets } from '../../../../src/cache/rate-limit/redis-buckets';
import type { SharedCallBuckets } from '../../../../src/billing/admission/call-buckets';
import { until } from '../../../support/cache-fixtures';
import { startRedis, type RedisServer } from '../../../support/redis-server';
import { startTcpProxy, type TcpProxy } from '../../../support/tcp-proxy';

describe('buckets in a Redis', () => {
  let redis: RedisServer;
  let proxy: TcpProxy;
  let buckets: SharedCallBuckets;

  beforeAll(async () => {
    redis = await startRedis();
    proxy = await startTcpProxy(redis.port);
    const outages = { began: () => undefined, ended: () => undefined };
    const tls = { cert: null, key: null, ca: null };
    buckets = createRedisBuckets({ urls: [`redis://127.0.0.1:${proxy.port}`], tls, callsPerMinute: 60, waitMs: 500, outages });
    await until(async () => (await buckets.take('first', 1)) !== null);
  });
  afterAll(async () => {
    await buckets.close();
    await proxy.close();
    await redis.close();
  });

  test('are shared again after the network has lost their connection without a word', async () => {
    const connections = proxy.connectionCount();
    proxy.swallow();
    expect(await buckets.take('lost', 1)).toBeNull();
    await until(async () => (await buckets.take('lost', 1)) !== null);
    expect(proxy.connectionCount()).toBe(connections + 1);
  });

  test('let calls be made at once when the clock of Redis is behind the one that they were counted by', async () => {
    const tomorrow = Date.now() + 86_400_000;
    await redis.command('SET', 'bills:2:{calls:ahead}', `0.000000 ${tomorrow}`, 'PX', '90000000');
    // What has come in meanwhile cannot be known. From here on, the bucket fills by this clock.
    expect(await buckets.take('ahead', 1)).toMatchObject({ granted: false });
    await until(async () => (await buckets.take('ahead', 1))?.granted === true, 10_000);
  });
});
