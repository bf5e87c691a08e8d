import { LRUCache } from 'lru-cache';

/** The share of a cache's bound that is for entries on trial. */
const TRIAL_SHARE = 1 / 8;

/** The bound of a cache, and what one of its entries counts. */
export interface TrialCacheOptions<V> {
  readonly maxSize: number;
  readonly sizeOf: (value: V) => number;
  /** How long an entry is stored at most, in milliseconds; absent: as long as there is room. */
  readonly ttlMs?: number;
}

/**
 * A cache whose entries are on trial until somebody who is trusted has used them. They have an eighth of the room: what anybody can make
 * up, in any number, takes the places of others like it, and of no entry that is kept. The least recently used goes first.
 */
export class TrialCache<V extends string | object> {
  readonly #kept: LRUCache<string, V>;
  readonly #onTrial: LRUCache<string, V>;

  constructor({ maxSize, sizeOf, ttlMs = 0 }: TrialCacheOptions<V>) {
    const trialSize = Math.ceil(maxSize * TRIAL_SHARE);
    const toCache = (size: number): LRUCache<string, V> => new LRUCache({ maxSize: size, sizeCalculation: sizeOf, ttl: ttlMs });
    this.#kept = toCache(maxSize - trialSize);
    this.#onTrial = toCache(trialSize);
  }

  /** The keys of all entries. */
  keys(): readonly string[] {
    return [...this.#kept.keys(), ...this.#onTrial.keys()];
  }

  get(key: string): V | undefined {
    return this.#kept.get(key) ?? this.#onTrial.get(key);
  }

  /** Stores an entry on trial. One that is kept stays so. */
  try(key: string, value: V): void {
    if (!this.#kept.has(key)) this.#onTrial.set(key, value);
  }

  /** Stores an entry for good, whether it was on trial or not. */
  keep(key: string, value: V): void {
    this.#onTrial.delete(key);
    if (!this.#kept.has(key)) this.#kept.set(key, value);
  }

  delete(key: string): boolean {
    const wasOnTrial = this.#onTrial.delete(key);
    return this.#kept.delete(key) || wasOnTrial;
  }

  clear(): void {
    this.#kept.clear();
    this.#onTrial.clear();
  }
}
