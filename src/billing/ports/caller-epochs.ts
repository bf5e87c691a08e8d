import { LRUCache } from 'lru-cache';
import type { Caller } from '../model/caller';
import type { CallerCache } from './caller-caches';
import { upTo } from '../../runtime/maps/entry-bound';

/** Tokens whose number is known at a time. Forgetting one costs its cached responses, and never gives anybody's away. */
const MAX_TOKENS = 20_000;

/**
 * Numbers the tokens of this process. A cache in memory puts the number into its keys; a token that is evicted gets a new
 * one, so that nothing that was cached for it is found any more, in one step and whatever is still on its way into the
 * cache under the old number. No number is given out twice.
 */
export class CallerEpochs implements CallerCache {
  readonly #epochs = new LRUCache<string, number>(upTo(MAX_TOKENS));
  #count = 0;

  /** The number of the caller's token: unique to it, the same until it is evicted. */
  of({ tokenId }: Caller): number {
    let epoch = this.#epochs.get(tokenId);
    if (epoch === undefined) this.#epochs.set(tokenId, (epoch = ++this.#count));
    return epoch;
  }

  evictCaller({ tokenId }: Caller): void {
    this.#epochs.delete(tokenId);
  }
}
