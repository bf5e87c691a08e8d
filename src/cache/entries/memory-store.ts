import { LRUCache } from 'lru-cache';
import { monotonicMs } from '../../runtime/clock';
import { turnForBody } from '../../runtime/turns/shared-turn-budget';
import type { CacheObserver } from '../../telemetry/observers/cache-observer';
import { isLifetime, type EntryStore } from './entry-store';

/** Settings of the memory store. */
export interface MemoryStoreOptions {
  /** Bytes that all entries together may take, names and bookkeeping included. */
  readonly maxBytes: number;
  readonly observer: CacheObserver;
}

interface StoredValue {
  readonly value: Buffer;
  readonly untilMs: number;
}

/** What an entry takes besides its value: its name, a Buffer with memory of its own, a place in the list (measured: 430 to 500). */
const ENTRY_OVERHEAD_BYTES = 512;

/** Makes a store in this process's memory. What was not used for longest goes first. */
export function createMemoryStore({ maxBytes, observer }: MemoryStoreOptions): EntryStore {
  const entries = new LRUCache<string, StoredValue>({
    maxSize: maxBytes,
    sizeCalculation: ({ value }) => value.length + ENTRY_OVERHEAD_BYTES,
  });
  const get = (name: string): Buffer | undefined => {
    const stored = entries.get(name);
    if (!stored || stored.untilMs > monotonicMs()) return stored?.value;
    entries.delete(name);
    return undefined;
  };
  return {
    layer: 'memory',
    isShared: false,
    locks: null,
    waitLimitMs: Infinity,
    getMany: (names) => {
      const values = names.map(get);
      const turn = turnForBody(values[0]?.length ?? 0);
      // Looked up once more then: it may have been replaced.
      return turn ? turn.then(() => names.map(get)) : values;
    },
    set: (name, value, ttlMs) => {
      if (!isLifetime(ttlMs)) return;
      observer.stored('memory', value.length);
      entries.set(name, { value, untilMs: monotonicMs() + ttlMs });
    },
    close: () => {
      entries.clear();
      return Promise.resolve();
    },
  };
}
