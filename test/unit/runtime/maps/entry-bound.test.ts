import { LRUCache } from 'lru-cache';
import { upTo } from '../../../../src/runtime/maps/entry-bound';

describe('A number of entries as the bound of an LRU cache', () => {
  it('evicts the entry that was used least recently, and none before the cache is full', () => {
    const cache = new LRUCache<string, number>(upTo(3));
    for (const name of ['a', 'b', 'c']) cache.set(name, 1);
    expect([...cache.keys()]).toEqual(['c', 'b', 'a']);
    cache.get('a');
    cache.set('b', 2);
    cache.set('d', 1);
    expect([...cache.entries()]).toEqual([
      ['d', 1],
      ['b', 2],
      ['a', 1],
    ]);
    cache.delete('b');
    cache.set('e', 1);
    expect([...cache.keys()]).toEqual(['e', 'd', 'a']);
  });

  it('takes no memory for entries that are not there', () => {
    const { arrayBuffers } = process.memoryUsage();
    const caches = Array.from({ length: 100 }, () => new LRUCache<string, number>(upTo(1_000_000)));
    // With `max`, each has two arrays of four bytes an entry, beside those of its keys and values.
    expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(1_000_000);
    expect(caches).toHaveLength(100);
  });
});
