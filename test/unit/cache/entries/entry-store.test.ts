import { randomBytes } from 'node:crypto';
import type { EntryLocks } from '../../../../src/cache/entries/entry-locks';
import type { EntryStore } from '../../../../src/cache/entries/entry-store';
import { createMemoryStore } from '../../../../src/cache/entries/memory-store';
import { createRedisStore } from '../../../../src/cache/redis/redis-store';
import { LARGE_BODIES, LARGE_BODY_BYTES } from '../../../../src/runtime/turns/shared-turn-budget';
import { CountingObserver, silentOutage, until } from '../../../support/cache-fixtures';
import { startRedis, startRedisCluster, type RedisServer } from '../../../support/redis-server';

const take = (locks: EntryLocks, name: string, owner: string, ttlMs = 60_000) => locks.take(name, { owner, ttlMs });
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

interface Backend {
  readonly open: (observer: CountingObserver) => EntryStore;
  readonly close: () => Promise<void>;
}

async function startBackend(kind: string): Promise<Backend> {
  if (kind === 'memory')
    return { open: (observer) => createMemoryStore({ maxBytes: 1024 * 1024, observer }), close: () => Promise.resolve() };
  const servers: RedisServer[] = kind === 'cluster' ? await startRedisCluster() : [await startRedis()];
  return {
    open: (observer) =>
      createRedisStore({
        urls: servers.map((server) => server.url),
        observer,
        reads: silentOutage,
        writes: silentOutage,
        waitLimitMs: 6000,
      }),
    close: async () => {
      for (const server of servers) await server.close();
    },
  };
}

describe.each(['memory', 'redis', 'cluster'])('a store of entries: %s', (kind) => {
  let backend: Backend;
  let store: EntryStore;
  let observer: CountingObserver;
  const name = () => `bills:1:{${randomBytes(9).toString('base64url')}}`;
  const get = async (of: string) => {
    await nextTurn();
    return (await store.getMany([of]))[0];
  };

  beforeAll(async () => {
    backend = await startBackend(kind);
  });
  afterAll(() => backend.close());
  beforeEach(async () => {
    observer = new CountingObserver();
    store = backend.open(observer);
    // A Redis is connected to in the background.
    await until(async () => {
      store.set('probe', Buffer.from('x'), 60_000);
      return (await get('probe')) !== undefined;
    });
  });
  afterEach(() => store.close());

  it('hands out large entries in turns of the event loop that have room for them, and others at once', async () => {
    const [large, small] = [name(), name()];
    store.set(large, Buffer.alloc(LARGE_BODY_BYTES + 1), 60_000);
    store.set(small, Buffer.alloc(LARGE_BODY_BYTES), 60_000);
    await until(async () => (await get(large)) !== undefined && (await get(small)) !== undefined);
    // Each takes a turn.
    let left = 20_000;
    const others = Array.from({ length: left }, async () => {
      await LARGE_BODIES.take(Infinity);
      left--;
    });
    expect((await store.getMany([small]))[0]).toHaveLength(LARGE_BODY_BYTES);
    expect(left).toBeGreaterThan(0);
    expect((await store.getMany([large]))[0]).toHaveLength(LARGE_BODY_BYTES + 1);
    expect(left).toBe(0);
    await Promise.all(others);
  });

  test('gives back the bytes that were stored, whatever they are', async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    for (const value of [every, Buffer.alloc(0), randomBytes(200_000)]) {
      const of = name();
      store.set(of, value, 60_000);
      expect((await get(of))?.equals(value)).toBe(true);
    }
  });

  test('finds what was stored a turn of the event loop ago, without anybody waiting for the storing', async () => {
    const of = name();
    store.set(of, Buffer.from('now'), 60_000);
    expect((await get(of))?.toString()).toBe('now');
  });

  test('answers several names in their order, with nothing for those that it does not hold', async () => {
    const contract = name();
    store.set(`${contract}0.10`, Buffer.from('first'), 60_000);
    store.set(contract, Buffer.from('list'), 60_000);
    await nextTurn();
    const values = await store.getMany([`${contract}0.10`, `${contract}10.10`, contract]);
    expect(values.map((value) => value?.toString())).toEqual(['first', undefined, 'list']);
  });

  test('holds the later of two values', async () => {
    const of = name();
    store.set(of, Buffer.from('old'), 60_000);
    store.set(of, Buffer.from('new'), 60_000);
    expect((await get(of))?.toString()).toBe('new');
  });

  test('forgets a value when its time is over', async () => {
    const of = name();
    store.set(of, Buffer.from('short'), 40);
    await until(async () => (await get(of)) === undefined);
  });

  test.each([0, -1, -0.5, Number.NaN, Infinity, -Infinity])(
    'stores nothing for a life of %p: Keyv would take 0 for "forever"',
    async (ttlMs) => {
      const of = name();
      store.set(of, Buffer.from('never'), ttlMs);
      expect(await get(of)).toBeUndefined();
    },
  );

  test('keeps a life of a part of a millisecond for a millisecond, and not forever', async () => {
    const of = name();
    store.set(of, Buffer.from('brief'), 0.2);
    await until(async () => (await get(of)) === undefined);
  });

  test('tells its observer what it stored, in bytes', async () => {
    const before = observer.storedBytes;
    const failuresBefore = observer.failures;
    store.set(name(), Buffer.alloc(1000), 60_000);
    await until(() => observer.storedBytes === before + 1000);
    expect(observer.failures).toBe(failuresBefore);
  });
});

describe.each(['redis', 'cluster'])('the locks of a store: %s', (kind) => {
  let backend: Backend;
  let store: EntryStore;
  let locks: EntryLocks;
  const name = () => `bills:1:{${randomBytes(9).toString('base64url')}}0.21!`;

  beforeAll(async () => {
    backend = await startBackend(kind);
    store = backend.open(new CountingObserver());
    locks = store.locks as EntryLocks;
    for (let place = 0; place < 8; place++) await until(async () => (await take(locks, name(), 'probe', 1000)) === 'taken');
  });
  afterAll(async () => {
    await store.close();
    await backend.close();
  });

  test('one owner has a lock, others see it and may not take it', async () => {
    const of = name();
    expect(await take(locks, of, 'one', 60_000)).toBe('taken');
    expect(await take(locks, of, 'two', 60_000)).toBe('held');
    expect((await store.getMany([of]))[0]?.toString()).toBe('one');
  });

  test('its owner gives it back, and nobody else', async () => {
    const of = name();
    await take(locks, of, 'one', 60_000);
    locks.release(of, 'two');
    expect(await take(locks, of, 'three', 60_000)).toBe('held');
    locks.release(of, 'one');
    expect(await take(locks, of, 'three', 60_000)).toBe('taken');
  });

  test('ends by itself', async () => {
    const of = name();
    await take(locks, of, 'one', 40);
    await until(async () => (await take(locks, of, 'two', 60_000)) === 'taken');
  });

  test('is taken before what is asked in the same turn is looked up', async () => {
    const of = name();
    const taking = take(locks, of, 'one', 60_000);
    const [value] = await store.getMany([of]);
    expect(value?.toString()).toBe('one');
    expect(await taking).toBe('taken');
  });
});

describe('the locks of Redis', () => {
  let redis: RedisServer;
  let store: EntryStore;

  beforeEach(async () => {
    redis = await startRedis();
    store = createRedisStore({
      urls: [redis.url],
      observer: new CountingObserver(),
      reads: silentOutage,
      writes: silentOutage,
      waitLimitMs: 100,
    });
    await until(async () => (await takeLock('probe')) === 'taken');
  });
  afterEach(async () => {
    await store.close();
    await redis.close();
  });
  const takeLock = async (name: string) => store.locks && take(store.locks, name, 'one');

  test('are not to be had while Redis is gone, and are again when it is back', async () => {
    await redis.kill();
    await until(async () => (await takeLock('lock 1')) === 'unavailable');
    await redis.restart();
    await until(async () => {
      await store.getMany(['lock 2']); // what finds out that it is back
      return (await takeLock('lock 2')) === 'taken';
    });
  });

  test('are not waited for a second time where Redis was late', async () => {
    redis.freeze();
    expect(await store.getMany(['entry'])).toEqual([]);
    expect(await takeLock('lock 3')).toBe('unavailable');
    redis.thaw();
    await until(async () => (await store.getMany(['entry'])).length === 1);
    expect(await redis.command('EXISTS', 'lock 3')).toBe(0);
  });

  test('that came too late are given back', async () => {
    redis.freeze();
    expect(await takeLock('lock 4')).toBe('unavailable');
    redis.thaw();
    await until(async () => (await store.getMany(['lock 4'])).length === 1);
    expect(await redis.command('EXISTS', 'lock 4')).toBe(0);
  });

  test('are not to be had without memory, and entries are still read', async () => {
    store.set('entry', Buffer.from('x'), 60_000);
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    expect(await takeLock('lock 5')).toBe('unavailable');
    expect((await store.getMany(['entry']))[0]?.toString()).toBe('x');
  });

  test('are given back at the end, with what was stored: the connection is not closed over them', async () => {
    await takeLock('lock 8');
    await takeLock('lock 9');
    store.set('last entry', Buffer.from('x'), 60_000);
    store.locks?.release('lock 9', 'one');
    await store.close();
    expect((await redis.scan()).map(({ name }) => name).filter((name) => /lock [89]|last entry/.test(name))).toEqual(['last entry']);
  });

  test('do not hold up the end where Redis is silent', async () => {
    await takeLock('lock 10');
    redis.freeze();
    store.locks?.release('lock 10', 'one');
    await store.close();
    redis.thaw();
  });

  test('are not taken any more by a user who may not release them', async () => {
    await redis.command('ACL', 'SETUSER', 'default', '-eval');
    await takeLock('lock 6');
    store.locks?.release('lock 6', 'one');
    await until(async () => (await takeLock('lock 7')) === 'unavailable');
    store.set('entry', Buffer.from('x'), 60_000);
    await nextTurn();
    expect((await store.getMany(['entry']))[0]?.toString()).toBe('x');
  });
});

describe('the memory store', () => {
  const observer = new CountingObserver();

  test('has no locks and is not shared: equal questions of one process share their call', () => {
    expect(createMemoryStore({ maxBytes: 10_000, observer })).toMatchObject({ locks: null, isShared: false });
  });

  test('holds nothing once it is closed', async () => {
    const store = createMemoryStore({ maxBytes: 10_000, observer });
    store.set('a', Buffer.alloc(10), 60_000);
    expect((await store.getMany(['a']))[0]?.length).toBe(10);
    await store.close();
    expect(await store.getMany(['a'])).toEqual([undefined]);
  });

  test('stays within its bytes, and lets go of what was not used for longest', async () => {
    const store = createMemoryStore({ maxBytes: 10_000, observer });
    store.set('used', Buffer.alloc(1000), 60_000);
    store.set('unused', Buffer.alloc(1000), 60_000);
    for (let i = 0; i < 20; i++) {
      await store.getMany(['used']);
      store.set(`other ${i}`, Buffer.alloc(1000), 60_000);
    }
    await nextTurn();
    const values = await store.getMany(['used', 'unused', ...Array.from({ length: 20 }, (_, i) => `other ${i}`)]);
    expect(values[0]?.length).toBe(1000);
    expect(values[1]).toBeUndefined();
    // 1,000 bytes and 512 for the entry itself: six fit into 10,000.
    expect(values.filter((value) => value !== undefined)).toHaveLength(6);
  });

  test('does not take a value that is larger than all of it', async () => {
    const store = createMemoryStore({ maxBytes: 10_000, observer });
    store.set('small', Buffer.alloc(10), 60_000);
    store.set('huge', Buffer.alloc(20_000), 60_000);
    await nextTurn();
    expect((await store.getMany(['small', 'huge'])).map((value) => value?.length)).toEqual([10, undefined]);
  });

  test('counts entries as well as bytes: empty ones take room too', async () => {
    const store = createMemoryStore({ maxBytes: 5120, observer });
    for (let i = 0; i < 50; i++) store.set(`empty ${i}`, Buffer.alloc(0), 60_000);
    await nextTurn();
    const values = await store.getMany(Array.from({ length: 50 }, (_, i) => `empty ${i}`));
    expect(values.filter((value) => value !== undefined)).toHaveLength(10);
  });
});
