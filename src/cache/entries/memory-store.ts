import type { KeyvStoreAdapter } from 'keyv';
import { LRUCache } from 'lru-cache';
import type { CacheObserver } from '../../telemetry/observers/cache-observer';
import type { EntryStore } from './entry-store';
import { createRawKeyv, toKeyvTtl, type RawData } from './raw-keyv';

/** Settings of the memory store. */
export interface MemoryStoreOptions {
  /** Bytes that all entries together may take, names and bookkeeping included. */
  readonly maxBytes: number;
  readonly observer: CacheObserver;
}

/** What an entry takes besides its value: its name, a Buffer with memory of its own, a place in the list (measured: 430 to 500). */
const ENTRY_OVERHEAD_BYTES = 512;
/** More entries than this are not kept, however small: the list's own memory is taken at the start. */
const MAX_ENTRIES = 100_000;

/** Makes a store in this process's memory. What was not used for longest goes first. */
export function createMemoryStore({ maxBytes, observer }: MemoryStoreOptions): EntryStore {
  const entries = new LRUCache<string, RawData>({
    max: Math.max(1, Math.min(MAX_ENTRIES, Math.floor(maxBytes / ENTRY_OVERHEAD_BYTES))),
    maxSize: maxBytes,
    sizeCalculation: (data) => (data.value?.length ?? 0) + ENTRY_OVERHEAD_BYTES,
  });
  const keyv = createRawKeyv(toAdapter(entries));
  return {
    layer: 'memory',
    isShared: false,
    locks: null,
    getMany: (names) => keyv.getMany(names as string[]),
    set: (name, value, ttlMs) => {
      const ttl = toKeyvTtl(ttlMs);
      if (ttl === undefined) return;
      observer.stored('memory', value.length);
      // It cannot fail: there is nothing behind it but a list.
      void keyv.set(name, value, ttl);
    },
    close: () => keyv.clear(),
  };
}

/** The list as Keyv wants its stores. Keyv looks at the time to live itself, when it reads. */
function toAdapter(entries: LRUCache<string, RawData>): KeyvStoreAdapter {
  const adapter = {
    opts: {},
    namespace: undefined,
    get: (name: string) => Promise.resolve(entries.get(name)),
    getMany: (names: string[]) => names.map((name) => entries.get(name)),
    set: (name: string, data: RawData) => {
      entries.set(name, data);
    },
    delete: (name: string) => Promise.resolve(entries.delete(name)),
    clear: () => {
      entries.clear();
      return Promise.resolve();
    },
    on() {
      return adapter;
    },
  };
  return adapter as unknown as KeyvStoreAdapter;
}
