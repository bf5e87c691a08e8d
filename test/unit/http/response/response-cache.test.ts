import { randomBytes } from 'node:crypto';
import { Caller } from '../../../../src/billing/model/caller';
import { JSON_TYPE } from '../../../../src/http/request/media-types';
import { ResponseCache, type ResponseKey } from '../../../../src/http/response/response-cache';
import { toCompleted } from '../../../support/completed';

const callerOf = (token: string, forwarded: readonly string[] = []): Caller => Caller.parse(`Bearer ${token}`, forwarded) as Caller;
describe('A cached response', () => {
  const sent = Buffer.from('{"query":"{ a }"}');
  const caller = callerOf('a');
  const keysOf = (cache: ResponseCache): Readonly<Record<string, ResponseKey>> => ({
    'the request': cache.keyOf(caller, JSON_TYPE, Buffer.from(sent)),
    'another caller': cache.keyOf(callerOf('b'), JSON_TYPE, sent),
    'another forwarded header': cache.keyOf(callerOf('a', ['x-channel', '1']), JSON_TYPE, sent),
    'another media type': cache.keyOf(caller, 'application/graphql-response+json', sent),
    'other bytes': cache.keyOf(caller, JSON_TYPE, Buffer.from('{"query":"{ b }"}')),
    'a byte more': cache.keyOf(caller, JSON_TYPE, Buffer.concat([sent, Buffer.from(' ')])),
    nothing: cache.keyOf(caller, JSON_TYPE, Buffer.alloc(0)),
  });

  it('is found for the same request of the same caller alone', () => {
    const cache = new ResponseCache(2 ** 20);
    cache.offer(keysOf(cache)['the request']!, toCompleted('its own'), 0);
    const found = Object.entries(keysOf(cache)).map(([name, key]) => [name, cache.find(key, 0)?.body]);
    expect(found.filter(([, body]) => body !== undefined)).toEqual([['the request', 'its own']]);
  });

  it('is never the one of other bytes, even if they share their hash', () => {
    const cache = new ResponseCache(2 ** 24);
    // Of a long request, not all bytes are hashed.
    const long = Buffer.alloc(100_000, 'x');
    const bodies = Array.from({ length: 200 }, (_, index) => {
      const body = Buffer.from(long);
      body[1000 + index] = 0x79;
      return body;
    });
    const names = new Set(bodies.map((body) => cache.keyOf(caller, JSON_TYPE, body).name));
    expect(names.size).toBeLessThan(bodies.length);
    for (const [index, body] of bodies.entries()) cache.offer(cache.keyOf(caller, JSON_TYPE, body), toCompleted(String(index)), 0);
    const found = bodies.map((body) => cache.find(cache.keyOf(caller, JSON_TYPE, body), 0)?.body);
    expect(found.every((body, index) => body === undefined || body === String(index))).toBe(true);
    expect(found.filter((body) => body !== undefined)).toHaveLength(names.size);
  });

  it('is told apart by each byte of a short request', () => {
    const cache = new ResponseCache(2 ** 20);
    const names = new Set<string>();
    for (let length = 1; length < 40; length++)
      for (let at = 0; at < length; at++) {
        const body = Buffer.alloc(length, 'x');
        body[at] = 0x79;
        names.add(cache.keyOf(caller, JSON_TYPE, body).name);
      }
    expect(names.size).toBe((39 * 40) / 2);
  });

  it('does not change with the buffer that the request was read into', () => {
    const cache = new ResponseCache(2 ** 20);
    const read = Buffer.from(sent);
    cache.offer(cache.keyOf(caller, JSON_TYPE, read), toCompleted('its own'), 0);
    read.fill('z');
    expect(cache.find(cache.keyOf(caller, JSON_TYPE, sent), 0)?.body).toBe('its own');
    expect(cache.find(cache.keyOf(caller, JSON_TYPE, read), 0)).toBeUndefined();
  });

  it('is gone when it is no longer fresh, and when its caller is evicted', () => {
    const cache = new ResponseCache(2 ** 20);
    const early = cache.keyOf(caller, JSON_TYPE, sent);
    cache.offer(early, toCompleted('its own'), 0);
    expect(cache.find(early, 999)?.body).toBe('its own');
    expect(cache.find(early, 1000)).toBeUndefined();
    expect(cache.count).toBe(0);
    cache.offer(early, toCompleted('its own'), 0);
    cache.evictCaller(caller);
    // Nor is one that was on its way when the caller was evicted.
    cache.offer(early, toCompleted('its own'), 0);
    expect(cache.find(cache.keyOf(caller, JSON_TYPE, sent), 0)).toBeUndefined();
  });

  it.each([
    ['that made calls', { cost: { calls: 1, merged: 0, cached: 1, stale: 0 } }],
    ['without cached parts', { cost: { calls: 0, merged: 0, cached: 0, stale: 0 } }],
    ['with errors', { outcome: 'partial' as const }],
    ['that is not fresh', { freshness: { freshUntilMs: 0, stale: false } }],
    ['that may not be stored', { freshness: { freshUntilMs: null, stale: false } }],
  ])('is none %s', (_, changed) => {
    const cache = new ResponseCache(2 ** 20);
    const key = cache.keyOf(caller, JSON_TYPE, sent);
    cache.offer(key, toCompleted('its own', changed), 0);
    expect([cache.count, cache.find(key, 0)]).toEqual([0, undefined]);
  });

  it('costs nothing when it is sent, and says so', () => {
    const cache = new ResponseCache(2 ** 20);
    const key = cache.keyOf(caller, JSON_TYPE, sent);
    cache.offer(
      key,
      toCompleted('its own', { cost: { calls: 0, merged: 3, cached: 2, stale: 0 }, freshness: { freshUntilMs: 1, stale: false } }),
      0,
    );
    expect(cache.find(key, 0)).toMatchObject({
      path: 'response-cache',
      cost: { calls: 0, merged: 0, cached: 2, stale: 0 },
      body: 'its own',
    });
    cache.clear();
    expect([cache.find(key, 0), cache.count]).toEqual([undefined, 0]);
  });

  it('counts its compressed forms towards the bound, unless another one has taken its place', async () => {
    const cache = new ResponseCache(64 * 1024);
    const key = cache.keyOf(caller, JSON_TYPE, sent);
    const large = randomBytes(2500);
    const compress = async (): Promise<void> => {
      const { body, derived } = cache.find(key, 0)!;
      await derived!.compressed(body, 'gzip');
    };
    cache.offer(key, toCompleted('small'), 0);
    await compress();
    expect(cache.find(key, 0)?.body).toBe('small');
    cache.offer(key, toCompleted('', { body: large }), 0);
    const compressed = compress();
    cache.offer(key, toCompleted('newer'), 0);
    await compressed;
    expect(cache.find(key, 0)?.body).toBe('newer');
    cache.offer(key, toCompleted('', { body: large }), 0);
    expect(cache.find(key, 0)?.body).toBe(large);
    await compress();
    // Both forms together are larger than an entry may be.
    expect([cache.find(key, 0), cache.count]).toEqual([undefined, 0]);
  });

  it('counts its name towards the bound, of which a forwarded header may be a large part', () => {
    const cache = new ResponseCache(64 * 1024);
    const isCached = (length: number): boolean => {
      const key = cache.keyOf(callerOf('a', ['x-channel', 'x'.repeat(length)]), JSON_TYPE, sent);
      cache.offer(key, toCompleted('short'), 0);
      return cache.find(key, 0) !== undefined;
    };
    expect([isCached(3000), isCached(4000)]).toEqual([true, false]);
  });

  it('counts what was sent towards the bound on all of them', () => {
    const cache = new ResponseCache(64 * 1024);
    const offer = (body: Buffer): void => cache.offer(cache.keyOf(caller, JSON_TYPE, body), toCompleted('short'), 0);
    // Larger than an entry may be.
    offer(Buffer.alloc(4096));
    expect(cache.count).toBe(0);
    for (let index = 0; index < 100; index++) offer(Buffer.alloc(3000, String(index)));
    expect(cache.count).toBeGreaterThan(10);
    expect(cache.count).toBeLessThan(64 / 3);
  });
});
