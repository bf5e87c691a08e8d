import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { EntryStore } from '../../../../src/cache/entries/entry-store';
import { createRedisStore } from '../../../../src/cache/redis/redis-store';
import { CountingObserver, silentOutage, until } from '../../../support/cache-fixtures';
import { startReplicatedCluster, type RedisServer } from '../../../support/redis-server';

describe('a cluster of three primaries and three replicas', () => {
  let nodes: RedisServer[] = [];
  let store: EntryStore;
  const outages: string[] = [];
  const names = Array.from({ length: 60 }, (_, i) => `bills:2:{contract-${i}}`);

  beforeAll(async () => {
    nodes = await startReplicatedCluster();
    store = createRedisStore({
      urls: nodes.slice(0, 3).map(({ url }) => url),
      observer: new CountingObserver(),
      reads: { began: (reason) => void outages.push(reason), ended: () => undefined },
      writes: silentOutage,
      waitLimitMs: 6000,
    });
  }, 60_000);
  afterAll(async () => {
    await store.close();
    for (const node of nodes) await node.close();
  });

  async function countHits(): Promise<number> {
    let hits = 0;
    for (const name of names) if ((await store.getMany([name]))[0] !== undefined) hits++;
    return hits;
  }

  async function fill(): Promise<void> {
    for (const name of names) store.set(name, Buffer.from('x'), 600_000);
    await new Promise((resolve) => setImmediate(resolve));
  }

  test('loses no more than the keys of a primary that is killed, and finds its replica when that takes over', async () => {
    await until(async () => {
      await fill();
      return (await countHits()) === names.length;
    });
    await nodes[0]?.kill();
    const during = await countHits();
    expect(during).toBeGreaterThan(names.length / 3);
    // The replica holds what the primary held: nothing has to be stored again.
    await until(async () => (await countHits()) === names.length);
    expect(outages).toEqual([]);
  }, 60_000);
});

describe('an endpoint that accepts connections and never answers', () => {
  test('is reported as an outage, and tried again', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const outages: string[] = [];
    const store = createRedisStore({
      urls: [`redis://127.0.0.1:${(server.address() as AddressInfo).port}`],
      observer: new CountingObserver(),
      reads: { began: (reason) => void outages.push(reason), ended: () => undefined },
      writes: silentOutage,
      waitLimitMs: 75,
    });
    await until(() => outages.length === 1);
    expect(outages[0]).toBe('no connection within 5000 ms');
    await until(() => sockets.length > 1);
    await store.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }, 60_000);
});
