import type { StoreClient } from './entry-store';

/** What came of a try to take a lock: `unavailable` where there are no locks to be had now, so that nobody is to wait. */
export type LockOutcome = 'taken' | 'held' | 'unavailable';

/** Who wants a lock, and for how long. */
export interface LockRequest {
  /** A value that nobody else uses. */
  readonly owner: string;
  readonly ttlMs: number;
  readonly context?: StoreClient;
}

/** Short locks in a store that processes share. Nothing here rejects or throws: what fails is as if there were no locks. */
export interface EntryLocks {
  /**
   * Takes the lock of this name for `ttlMs` milliseconds, unless somebody holds it. There are none to be had for an
   * operation that has met a late store: it would wait once more. While it is held, the store's
   * `getMany` finds a value under the name. What the store is asked in the same turn of the event loop, it does after this.
   */
  take(name: string, request: LockRequest): Promise<LockOutcome>;
  /** Gives the lock back where the owner still holds it. Returns at once. */
  release(name: string, owner: string): void;
}
