import { execFileSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { EntryStore } from '../../../../src/cache/entries/entry-store';
import { toTlsOptions } from '../../../../src/cache/redis/redis-client';
import { createRedisStore } from '../../../../src/cache/redis/redis-store';
import type { RedisStoreOptions } from '../../../../src/cache/redis/redis-store-options';
import { CountingObserver, silentOutage, until } from '../../../support/cache-fixtures';
import { findFreePort, startRedis, startRedisCluster, type RedisServer } from '../../../support/redis-server';

/** What the store says of an outage. */
interface Told {
  readonly reason: string;
  readonly advice: string | null | undefined;
}

const stores: EntryStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

function open(urls: readonly string[], options: Partial<RedisStoreOptions> = {}): { store: EntryStore; told: Told[]; noLocks: Told[] } {
  const [told, noLocks]: [Told[], Told[]] = [[], []];
  const listen = (list: Told[]) => ({
    began: (reason: string, advice?: string | null) => void list.push({ reason, advice }),
    ended: () => undefined,
  });
  const store = createRedisStore({
    urls,
    observer: new CountingObserver(),
    reads: listen(told),
    writes: silentOutage,
    locks: listen(noLocks),
    waitLimitMs: 6000,
    ...options,
  });
  stores.push(store);
  return { store, told, noLocks };
}

/** Stores and reads names until all of them are found. */
async function untilUsed(store: EntryStore, names: readonly string[] = ['bills:2:{one}']): Promise<void> {
  await until(async () => {
    for (const name of names) store.set(name, Buffer.from('x'), 60_000);
    await new Promise((resolve) => setImmediate(resolve));
    const values = await store.getMany(names);
    return values.length === names.length && values.every((value) => value !== undefined);
  });
}

describe('an endpoint that accepts connections and never answers', () => {
  test('is reported as an outage, and tried again', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { told } = open([`redis://127.0.0.1:${(server.address() as AddressInfo).port}`]);
    await until(() => told.length === 1, 30_000);
    expect(told[0]?.reason).toBe('no connection within 5000 ms');
    await until(() => sockets.length > 1);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }, 60_000);
});

describe('a single address', () => {
  test('may be the one of a cluster: the other nodes are found by it', async () => {
    const nodes = await startRedisCluster();
    const { store, told } = open([(nodes[0] as RedisServer).url]);
    await untilUsed(
      store,
      Array.from({ length: 20 }, (_, i) => `bills:2:{${i}}`),
    );
    expect(told).toEqual([]);
    for (const node of nodes) expect(Number(await node.command('DBSIZE'))).toBeGreaterThan(0);
    for (const node of nodes) await node.close();
  }, 60_000);
});

describe('Sentinels', () => {
  /** What answers each connection like a Sentinel that knows a primary at this port; null: not at all. */
  async function startSentinel(primaryPort: number | null) {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.on('data', (chunk) => {
        if (primaryPort === null) return;
        for (const [word] of chunk.toString('latin1').matchAll(/\r\n(CLIENT|SENTINEL)\r\n/g))
          socket.write(
            word.includes('CLIENT') ? '+OK\r\n' : `*2\r\n$9\r\n127.0.0.1\r\n$${String(primaryPort).length}\r\n${primaryPort}\r\n`,
          );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = (): void => {
      sockets.forEach((socket) => socket.destroy());
      server.close();
    };
    return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, close };
  }

  test('are heard, also where one of them accepts connections and never answers', async () => {
    const redis = await startRedis();
    const sentinels = [await startSentinel(null), await startSentinel(redis.port), await startSentinel(redis.port)];
    const { store, told } = open(sentinels.map(({ host }) => `redis-sentinel://${host}/bills`));
    await untilUsed(store);
    expect(told).toEqual([]);
    sentinels.forEach(({ close }) => close());
    await redis.close();
  });
});

describe('a cluster one of whose nodes is full', () => {
  test('takes entries and locks for the other nodes, and says so once', async () => {
    const nodes = await startRedisCluster();
    const [full, other] = nodes as [RedisServer, RedisServer];
    const told: string[] = [];
    const observer = new CountingObserver();
    const writes = { began: (reason: string) => void told.push(reason), ended: () => void told.push('ended') };
    const { store } = open([full.url], { writes, observer });
    const names = Array.from({ length: 20 }, (_, i) => `bills:2:{${i}}`);
    await untilUsed(store, names);
    for (const node of nodes) await node.command('FLUSHALL');
    await full.command('CONFIG', 'SET', 'maxmemory', '1');
    const write = async (): Promise<void> => {
      for (const name of names) {
        store.set(name, Buffer.from('y'), 60_000);
        await store.getMany([name]);
      }
    };
    await write();
    const stored = Number(await other.command('DBSIZE'));
    expect(stored).toBeGreaterThan(0);
    // As many as belong to the other node, all of them.
    const found = await store.getMany(names);
    expect(found.filter((value) => value !== undefined)).toHaveLength(stored);
    const slots = await Promise.all(names.map(async (name) => Number(await other.command('CLUSTER', 'KEYSLOT', name))));
    expect(stored).toBe(slots.filter((slot) => slot >= 8192).length);
    const others = names.find((_, i) => (slots[i] as number) >= 8192) as string;
    expect(await store.locks?.take(`${others}!`, { owner: 'one', ttlMs: 60_000 })).toBe('taken');
    expect(told).toEqual([expect.stringMatching(new RegExp(`^node 127.0.0.1:${full.port}: OOM`))]);
    expect(observer.out).toEqual(new Set(['write']));
    await full.command('CONFIG', 'SET', 'maxmemory', '0');
    await until(async () => {
      await write();
      return observer.out.size === 0;
    });
    await untilUsed(store, names);
    expect(told.slice(1)).toEqual(['ended']);
    for (const node of nodes) await node.close();
  }, 60_000);
});

describe('one Redis', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.close());
  const as = (credentials: string) => redis.url.replace('//', `//${credentials}@`);

  test('that has become a replica is read, and left for the primary that its address leads to by then', async () => {
    const { store } = open([redis.url]);
    await untilUsed(store);
    await redis.command('REPLICAOF', '127.0.0.1', String(await findFreePort()));
    /** Each connection begins with a question for the slots. */
    const searches = async () => {
      const stats = String(await redis.command('INFO', 'commandstats'));
      return Number(/cmdstat_cluster\|slots:calls=(\d+)/.exec(stats)?.[1]) - 1;
    };
    await until(async () => {
      store.set('bills:2:{two}', Buffer.from('x'), 60_000);
      return (await searches()) > 0;
    });
    // What it holds is read, between one connection and the next.
    await until(async () => (await store.getMany(['bills:2:{one}']))[0]?.toString() === 'x');
    await redis.command('REPLICAOF', 'NO', 'ONE');
    await untilUsed(store, ['bills:2:{three}']);
  });

  test('works with the least rights that the documentation names', async () => {
    await redis.command('ACL', 'SETUSER', 'least', 'on', '>pw', '~bills:2:*', '+get', '+mget', '+set', '+eval', '+del');
    const { store, told, noLocks } = open([as('least:pw')]);
    await untilUsed(store);
    expect(await store.locks?.take('bills:2:{one}!', { owner: 'one', ttlMs: 60_000 })).toBe('taken');
    store.locks?.release('bills:2:{one}!', 'one');
    await until(async () => (await redis.command('EXISTS', 'bills:2:{one}!')) === 0);
    expect([told, noLocks]).toEqual([[], []]);
  });

  test.each(['eval', 'del'])('that refuses %s is used without locks, and says so once', async (command) => {
    await redis.command('ACL', 'SETUSER', 'less', 'on', '>pw', '~bills:2:*', '+get', '+mget', '+set', '+eval', '+del', `-${command}`);
    const { store, noLocks } = open([as('less:pw')]);
    await untilUsed(store);
    expect(await store.locks?.take('bills:2:{one}!', { owner: 'one', ttlMs: 60_000 })).toBe('unavailable');
    expect(noLocks).toHaveLength(1);
    expect(noLocks[0]?.advice).toContain('+get +mget +set +eval +del');
  });

  test.each<[string, () => string[], RegExp]>([
    ['a wrong password', () => [as('none:wrong')], /correct the user name and the password/],
    ['several addresses that are no cluster', () => [redis.url, redis.url], /several addresses/],
    ['an address that is no Sentinel', () => [redis.url.replace('redis:', 'redis-sentinel:') + '/bills'], /not those of Sentinels/],
    ['TLS for a port that does not speak it', () => [redis.url.replace('redis:', 'rediss:')], /does not speak TLS/],
    ['a host name that nobody knows', () => ['redis://no-such-host.invalid:6379'], /correct the host name/],
    ['keys that the user may not read', () => [as('none:pw')], /rights ~bills:2:\*/],
  ])('is told what to do about %s', async (_mistake, urls, advice) => {
    await redis.command('ACL', 'SETUSER', 'none', 'on', '>pw', '~other:*', '+@all');
    const { told } = open(urls());
    await until(() => told.length > 0, 30_000);
    expect(told[0]?.advice).toMatch(advice);
  });
});

describe('a Redis that speaks TLS alone, and asks for a certificate', () => {
  let directory: string;
  let redis: RedisServer;
  let url: string;
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'redis-tls-'));
    const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: directory, stdio: 'ignore' });
    const subject = ['-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    openssl('req', '-x509', ...subject, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test authority', '-days', '2');
    for (const name of ['redis', 'gateway']) {
      openssl(
        'req',
        ...subject,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        `/CN=${name}`,
        '-addext',
        'subjectAltName=IP:127.0.0.1',
      );
      const out = ['-out', `${name}.crt`, '-days', '2', '-copy_extensions', 'copy'];
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', ...out);
    }
    const port = await findFreePort();
    url = `rediss://127.0.0.1:${port}`;
    const file = (name: string) => join(directory, name);
    const files = ['--tls-cert-file', file('redis.crt'), '--tls-key-file', file('redis.key'), '--tls-ca-cert-file', file('ca.crt')];
    redis = await startRedis('--tls-port', String(port), ...files, '--tls-auth-clients', 'yes');
  });
  afterAll(async () => {
    await redis.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('is used with the certificate, its key, and the authority', async () => {
    const { store, told } = open([url], { tls: { cert: read('gateway.crt'), key: read('gateway.key'), ca: read('ca.crt') } });
    await untilUsed(store);
    expect(told).toEqual([]);
  });

  test.each<[string, () => RedisStoreOptions['tls'], RegExp]>([
    ['its authority is not known', () => ({ cert: null, key: null, ca: null }), /set REDIS_TLS_CA_FILE/],
    [
      'there is no certificate for it',
      () => ({ cert: null, key: null, ca: read('ca.crt') }),
      /set REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE/,
    ],
  ])('says what to do where %s', async (_case, tls, advice) => {
    // A connection may be reset before the alert that says why is read: then another one is made.
    let said: string | null | undefined;
    for (let attempt = 0; attempt < 5 && !advice.test(said ?? ''); attempt++) {
      const { told } = open([url], { tls: tls() as NonNullable<RedisStoreOptions['tls']> });
      await until(() => told.length > 0, 30_000);
      said = told[0]?.advice;
    }
    expect(said).toMatch(advice);
  });

  test('keeps nothing of the connections that it refused', async () => {
    const options = toTlsOptions({ cert: null, key: null, ca: read('ca.crt') });
    for (let attempt = 0; attempt < 3; attempt++) {
      const socket = connect({ ...options, host: '127.0.0.1', port: Number(new URL(url).port) });
      // No listener of the test's own: an error without one would be thrown here.
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect(getEventListeners(options.signal, 'abort')).toEqual([]);
  });

  test('says what to do where it is addressed without TLS', async () => {
    const { told } = open([url.replace('rediss:', 'redis:')]);
    await until(() => told.length > 0, 30_000);
    expect(told).toEqual([{ reason: expect.any(String), advice: expect.stringMatching(/use rediss:/) }]);
  });
});
