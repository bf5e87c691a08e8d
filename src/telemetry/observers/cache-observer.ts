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
  /** A request was answered from an entry; `stale`: an expired one, because the billing API failed. */
  hit(layer: StoreLayer, stale: boolean): void;
  /** A request joined a call in flight for the same request of the same caller. */
  joined(): void;
  /** A request waited for another process's call. */
  waited(outcome: LockWaitOutcome): void;
  /** No entry answers the request. */
  missed(layer: StoreLayer): void;
  /** An answer was handed to the store. */
  stored(layer: StoreLayer, bytes: number): void;
  /** The store could not be read or written: the request went on as if there were no entry. */
  failed(layer: StoreLayer): void;
  /** The store is not used for this from now on, or is used again; a node: another one is out, or none is any more. */
  availabilityChanged(part: StorePart, isAvailable: boolean): void;
}
