/** Where remembered answers lie. */
export type CacheLayer = 'memory' | 'redis';

/** Told of what the shared cache does, one question at a time. Must not throw. */
export interface CacheObserver {
  /** A question was answered by something remembered; `stale`: past its time, because the billing API failed. */
  hit(layer: CacheLayer, stale: boolean): void;
  /** Nothing that was remembered answers the question. */
  missed(layer: CacheLayer): void;
  /** An answer was handed to the store. */
  stored(layer: CacheLayer, bytes: number): void;
  /** The store could not be read or written: the question went on as if nothing had been remembered. */
  failed(layer: CacheLayer): void;
}
