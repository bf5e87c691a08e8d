import { TrialCache } from '../../../../src/runtime/maps/trial-cache';

const toCache = (ttlMs?: number): TrialCache<string> =>
  new TrialCache<string>({ maxSize: 800, sizeOf: (value) => value.length, ...(ttlMs === undefined ? {} : { ttlMs }) });
const TEN = '0123456789';

describe('A cache with entries on trial', () => {
  it('has room for an eighth on trial, and for the rest of those that are kept', () => {
    const cache = toCache();
    for (let i = 0; i < 100; i++) cache.try(`t${i}`, TEN);
    expect(cache.keys()).toHaveLength(10);
    for (let i = 0; i < 100; i++) cache.keep(`k${i}`, TEN);
    expect(cache.keys()).toHaveLength(80);
    expect([cache.get('k99'), cache.get('k30'), cache.get('k29'), cache.get('t99'), cache.get('t89')]).toEqual([
      TEN,
      TEN,
      undefined,
      TEN,
      undefined,
    ]);
  });

  it('keeps an entry that was on trial, once, and another attempt takes nothing from it', () => {
    const cache = toCache();
    cache.try('a', 'first');
    cache.keep('a', 'first');
    cache.try('a', 'second');
    cache.keep('a', 'third');
    for (let i = 0; i < 100; i++) cache.try(`t${i}`, TEN);
    expect([cache.get('a'), cache.keys().filter((key) => key === 'a')]).toEqual(['first', ['a']]);
  });

  it('deletes and clears both', () => {
    const cache = toCache();
    cache.try('a', TEN);
    cache.keep('b', TEN);
    expect([cache.delete('a'), cache.delete('b'), cache.delete('a'), cache.keys()]).toEqual([true, true, false, []]);
    cache.try('a', TEN);
    cache.keep('b', TEN);
    cache.clear();
    expect([cache.get('a'), cache.get('b')]).toEqual([undefined, undefined]);
  });

  it('forgets an entry after its time, also while it is used', async () => {
    const cache = toCache(20);
    cache.try('a', TEN);
    cache.keep('b', TEN);
    const endMs = performance.now() + 60_000;
    while ((cache.get('a') ?? cache.get('b')) !== undefined && performance.now() < endMs)
      await new Promise((resolve) => setTimeout(resolve, 1));
    expect([cache.get('a'), cache.get('b')]).toEqual([undefined, undefined]);
  });
});
