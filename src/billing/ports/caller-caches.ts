import type { Caller } from '../model/caller';

/** Something that holds responses for the callers who got them. */
export interface CallerCache {
  /**
   * Forgets everything that is cached for the caller's token, whatever was forwarded beside it. To be called when the
   * billing API refuses the token (401), and when a response may have been another caller's. Returns at once, never throws.
   */
  evictCaller(caller: Caller): void;
}

/** All caches of the process, as one: they are opened one after the other, and may be evicted from any place. */
export class CallerCaches implements CallerCache {
  readonly #caches: CallerCache[] = [];

  add(cache: CallerCache): void {
    this.#caches.push(cache);
  }

  evictCaller(caller: Caller): void {
    for (const cache of this.#caches) cache.evictCaller(caller);
  }
}
