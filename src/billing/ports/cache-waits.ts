import { WaitingTime } from '../../runtime/waiting-time';

/** What one operation has waited for a cache that processes share, so that the wait can be bounded for the whole of it. */
export class CacheWaits {
  /** For the store's responses to its lookups. */
  readonly store = new WaitingTime();
  /** For calls of other processes that hold a lock. */
  readonly locks = new WaitingTime();
  /** Whether a response of the store came late, or not at all. */
  storeWasLate = false;
}
