/** Where remembered answers lie. */
export type StoreLayer = 'memory' | 'redis';

/** What answers a request for bills instead of a call of its own: the store, a call in flight, or the response cache. */
export type CacheLayer = StoreLayer | 'in-flight' | 'response';

/**
 * How a wait for another process's call for the same ended: with its answer, with its end and no answer that may be
 * shared, or before either, because it took too long or the store went away.
 */
export type LockWaitOutcome = 'answered' | 'unanswered' | 'gave-up';

/** What a store is used for: each can be out on its own, such as writing where no memory is left. */
export type StoreUse = 'read' | 'write' | 'lock';

/** What can be out: a use of the store as a whole, or some node of a cluster, for the keys that it has. */
export type StorePart = StoreUse | 'node';

/** Notified of each cache lookup and its result. Must not throw. */
export interface CacheObserver {
  /** A question was answered by something remembered; `stale`: past its time, because the billing API failed. */
  hit(layer: StoreLayer, stale: boolean): void;
  /** A question joined a call under way for the same question of the same caller. */
  joined(): void;
  /** A question waited for another process's call. */
  waited(outcome: LockWaitOutcome): void;
  /** Nothing that was remembered answers the question. */
  missed(layer: StoreLayer): void;
  /** An answer was handed to the store. */
  stored(layer: StoreLayer, bytes: number): void;
  /** The store could not be read or written: the question went on as if nothing had been remembered. */
  failed(layer: StoreLayer): void;
  /** The store is not used for this from now on, or is used again; a node: another one is out, or none is any more. */
  availabilityChanged(part: StorePart, isAvailable: boolean): void;
}
