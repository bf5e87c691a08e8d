import type { CallContext } from '../../billing/ports/billing-source';
import type { StoreLayer } from '../../telemetry/observers/cache-observer';
import type { EntryLocks } from './entry-locks';

/** Values in the order of their names; undefined, or an empty list, for values that are missing or cannot be read. */
export type StoredValues = readonly (Buffer | undefined)[];

/** For whom a store is asked: what the operation has waited already counts against what it may wait. */
export type StoreClient = Pick<CallContext, 'cacheWaits'>;

/**
 * Keeps sealed values by name. What fails is a miss: nothing here rejects or throws. It knows no callers, and needs
 * none: it can open nothing of what it holds.
 */
export interface EntryStore {
  readonly layer: StoreLayer;
  /** Whether other processes use it too, and asking it takes a way there and back. */
  readonly isShared: boolean;
  /** Null where no other process uses the store: equal requests of one process share their call without a lock. */
  readonly locks: EntryLocks | null;
  /** How long an operation waits for the store in all, whatever number of lookups it makes, in milliseconds. */
  readonly waitLimitMs: number;
  /**
   * The values under the names, entries before what belongs to them: at once from memory, as a promise from a store in another process. An
   * entry that is large comes in the turn of the event loop in which it may be read.
   */
  getMany(names: readonly string[], context?: StoreClient): StoredValues | Promise<StoredValues>;
  /**
   * Keeps a value for `ttlMs` milliseconds; not at all where that is not a positive number. Returns at once: a
   * `getMany` in a later turn of this process's event loop finds it.
   * @param replaces whether what lies under the name must not be found again, even while the store cannot take the value.
   */
  set(name: string, value: Buffer, ttlMs: number, replaces?: boolean): void;
  close(): Promise<void>;
}

/** Whether a value can be stored for so long, in milliseconds. */
export function isLifetime(ttlMs: number): boolean {
  return ttlMs > 0 && Number.isFinite(ttlMs);
}
