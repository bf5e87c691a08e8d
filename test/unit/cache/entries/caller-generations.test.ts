import { Caller } from '../../../../src/billing/model/caller';
import { createLocalGenerations, createSharedGenerations, type CallerGenerations } from '../../../../src/cache/entries/caller-generations';
import { createMemoryStore } from '../../../../src/cache/entries/memory-store';
import { createSharedKeyRing } from '../../../../src/cache/keys/shared-key-ring';
import { CountingObserver } from '../../../support/cache-fixtures';

const callerOf = (token: string, forwarded: readonly string[] = []): Caller => Caller.parse(`Bearer ${token}`, forwarded) as Caller;
const ring = createSharedKeyRing({ secret: 's'.repeat(32), scope: 'an API' });

/** Two processes with one store, and what was written into that. */
function startBoth() {
  const memory = createMemoryStore({ maxBytes: 1e6, observer: new CountingObserver() });
  const written: { name: string; ttlMs: number; replaces: boolean | undefined }[] = [];
  const store: typeof memory = {
    ...memory,
    set: (name, value, ttlMs, replaces) => {
      written.push({ name, ttlMs, replaces });
      memory.set(name, value, ttlMs, replaces);
    },
  };
  const start = (): CallerGenerations => createSharedGenerations({ ring, store, longestLifeMs: 5000 });
  const markerOf = async (caller: Caller, generations: CallerGenerations): Promise<Buffer | undefined> =>
    (await store.getMany([generations.markerName(ring.of(caller)) as string]))[0];
  const learn = async (generations: CallerGenerations, caller: Caller): Promise<boolean> =>
    generations.learn(caller, ring.of(caller), await markerOf(caller, generations));
  return { one: start(), other: start(), written, learn, markerOf };
}

describe('The generation of a caller, in a store that processes share', () => {
  it('is the first one until the caller is evicted', async () => {
    const { one, other, learn } = startBoth();
    expect(await learn(one, callerOf('a'))).toBe(true);
    expect([one.of(callerOf('a')), other.of(callerOf('a')), one.of(callerOf('b'))]).toEqual([0, 0, 0]);
  });

  it('is another one after each eviction, which other processes learn with their next lookup, and is nobody else’s', async () => {
    const { one, other, learn } = startBoth();
    const seen = new Set([one.of(callerOf('a'))]);
    for (let evictions = 1; evictions <= 5; evictions++) {
      one.renew(callerOf('a', ['accept-language', 'es']));
      const generation = one.of(callerOf('a'));
      expect(other.of(callerOf('a'))).not.toBe(generation);
      expect(await learn(other, callerOf('a'))).toBe(true);
      expect(other.of(callerOf('a'))).toBe(generation);
      seen.add(generation);
    }
    expect(seen.size).toBe(6);
    expect(await learn(other, callerOf('b'))).toBe(true);
    expect([one.of(callerOf('b')), other.of(callerOf('b'))]).toEqual([0, 0]);
  });

  it('is stored for longer than anything that it makes void, in the place of any other', () => {
    const { one, written } = startBoth();
    one.renew(callerOf('a'));
    expect(written).toEqual([{ name: one.markerName(ring.of(callerOf('a'))), ttlMs: 65_000, replaces: true }]);
    expect(one.markerName(ring.of(callerOf('b')))).not.toBe(written[0]?.name);
  });

  it('is not known where what is stored cannot be read: then nothing can be trusted', async () => {
    const { one, other, markerOf } = startBoth();
    one.renew(callerOf('a'));
    const marker = (await markerOf(callerOf('a'), one)) as Buffer;
    const name = one.markerName(ring.of(callerOf('a'))) as string;
    const keys = ring.of(callerOf('a'));
    for (const unreadable of [
      Buffer.alloc(0),
      Buffer.from('x'),
      marker.subarray(1),
      keys.seal(name, Buffer.alloc(7)),
      keys.seal('other', Buffer.alloc(8)),
    ])
      expect(other.learn(callerOf('a'), keys, unreadable)).toBe(false);
    expect(other.learn(callerOf('b'), ring.of(callerOf('b')), marker)).toBe(false);
    expect([other.of(callerOf('a')), other.of(callerOf('b'))]).toEqual([0, 0]);
  });
});

describe('The generation of a caller, in a store of one process', () => {
  it('changes with an eviction, and needs nothing of the store', () => {
    const generations = createLocalGenerations();
    const before = generations.of(callerOf('a'));
    expect(generations.of(callerOf('a'))).toBe(before);
    generations.renew(callerOf('a'));
    expect(generations.of(callerOf('a'))).not.toBe(before);
    expect(generations.markerName(ring.of(callerOf('a')))).toBeNull();
    expect(generations.learn(callerOf('a'), ring.of(callerOf('a')), undefined)).toBe(true);
  });
});
