import { LRUCache } from 'lru-cache';
import type { Caller } from '../../billing/model/caller';

/** How long a caller may wait at locks for nothing, in milliseconds, within each period. */
const MAX_FRUITLESS_MS = 3000;
const PERIOD_MS = 30_000;
/** Callers that are accounted for at once. */
const MAX_CALLERS = 10_000;

/**
 * Bounds what each caller loses at locks that come to nothing. Whoever can write to the shared store can take every lock
 * and never release it; so once a caller has waited in vain for three seconds, it waits no more for the rest of the
 * half minute. Waits that end with a response are not limited: they are what locks are for.
 */
export class FruitlessWaits {
  readonly #accounts = new LRUCache<string, { waitedMs: number }>({ max: MAX_CALLERS, ttl: PERIOD_MS });

  /** Whether the caller may wait at a lock now. */
  mayWait({ tokenId }: Caller): boolean {
    return (this.#accounts.get(tokenId)?.waitedMs ?? 0) < MAX_FRUITLESS_MS;
  }

  /** Notes a wait that ended without a response. */
  add({ tokenId }: Caller, ms: number): void {
    const account = this.#accounts.get(tokenId);
    // The period goes on from where it began.
    if (account) account.waitedMs += ms;
    else this.#accounts.set(tokenId, { waitedMs: ms });
  }
}
