import { LRUCache } from 'lru-cache';
import type { Caller } from '../../billing/model/caller';
import type { AcceptedTokens } from '../../billing/ports/accepted-tokens';
import { upTo } from '../../runtime/maps/entry-bound';

/** Tokens that are remembered; at some 120 bytes each, 6 MB. */
const MAX_TOKENS = 50_000;

/**
 * Remembers which tokens the billing API has accepted: by a hash, never the token itself. The one accepted least recently is
 * forgotten first, which costs its caller's next call a place in the queue of unknown tokens.
 */
export class AcceptedTokenSet implements AcceptedTokens {
  readonly #ids: LRUCache<string, true>;

  constructor(maxTokens = MAX_TOKENS) {
    this.#ids = new LRUCache(upTo(maxTokens));
  }

  /** Asked several times for each request, and so no use of the token; what the billing API accepts is one. */
  has({ tokenId }: Caller): boolean {
    return this.#ids.peek(tokenId) === true;
  }

  /** Notes that the billing API accepted the caller's token. Returns whether that was not known. */
  accept({ tokenId }: Caller): boolean {
    if (this.#ids.get(tokenId) === true) return false;
    this.#ids.set(tokenId, true);
    return true;
  }

  /** Notes that the billing API refused the caller's token. */
  refuse({ tokenId }: Caller): void {
    this.#ids.delete(tokenId);
  }
}
