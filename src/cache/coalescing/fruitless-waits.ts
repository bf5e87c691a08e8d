import { LRUCache } from 'lru-cache';
import type { Caller } from '../../billing/model/caller';
import { upTo } from '../../runtime/maps/entry-bound';

/** How long a caller may wait at locks for nothing, in milliseconds, within each period. */
const MAX_FRUITLESS_MS = 3000;
const PERIOD_MS = 30_000;
/** Callers that are accounted for at once. */
const MAX_CALLERS = 10_000;

/**
 * Limits the time each caller loses to locks that are never released, which anyone with write access to the shared store could
 * hold. After three seconds of waiting without a response, a caller does not wait again for the rest of the half minute. Waits
 * that end with a response are not limited: they are the purpose of the locks.
 */
export class FruitlessWaits {
  readonly #accounts = new LRUCache<string, { waitedMs: number }>({ ...upTo(MAX_CALLERS), ttl: PERIOD_MS });

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
