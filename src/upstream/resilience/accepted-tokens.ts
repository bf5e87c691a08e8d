import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../../billing/model/caller';
import type { AcceptedTokens } from '../../billing/ports/accepted-tokens';

/** Tokens that are remembered; at some 120 bytes each, 6 MB. */
const MAX_TOKENS = 50_000;

/**
 * Remembers which tokens the billing API has accepted: by a salted hash, never the token itself. The token used least
 * recently is forgotten first, which costs its caller's next call a place in the queue of unknown tokens.
 */
export class AcceptedTokenSet implements AcceptedTokens {
  readonly #salt = randomBytes(16);
  readonly #hashes: LRUCache<string, true>;
  /** Each caller object is hashed once. */
  readonly #hashOf = new WeakMap<Caller, string>();

  constructor(maxTokens = MAX_TOKENS) {
    this.#hashes = new LRUCache({ max: maxTokens });
  }

  has(caller: Caller): boolean {
    return this.#hashes.get(this.#toHash(caller)) === true;
  }

  /** Notes that the billing API accepted the caller's token. Returns whether that was not known. */
  accept(caller: Caller): boolean {
    const hash = this.#toHash(caller);
    if (this.#hashes.get(hash) === true) return false;
    this.#hashes.set(hash, true);
    return true;
  }

  /** Notes that the billing API refused the caller's token. */
  refuse(caller: Caller): void {
    this.#hashes.delete(this.#toHash(caller));
  }

  #toHash(caller: Caller): string {
    let hash = this.#hashOf.get(caller);
    if (hash === undefined) {
      hash = createHash('sha256').update(this.#salt).update(caller.token).digest('base64url');
      this.#hashOf.set(caller, hash);
    }
    return hash;
  }
}
