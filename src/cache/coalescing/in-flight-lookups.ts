import type { BillsAnswer, CallContext } from '../../billing/ports/billing-source';
import { monotonicMs } from '../../runtime/clock';
import { ShortLivedMap } from '../../runtime/maps/short-lived-map';
import { withinTime } from '../../runtime/time-limit';

type Result<Content> = BillsAnswer<Content> | null;

/** Deduplicates lookups in a store of another process: those of one entry at a time are one. */
export class InFlightLookups<Content> {
  readonly #lookups = new ShortLivedMap<Promise<Result<Content>>>();
  readonly #limitMs: number;

  /** @param limitMs how long an operation may wait for the store in all, in milliseconds. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /**
   * The result of the lookup under way for this entry, or of the one that `start` begins. What it does not wait for
   * comes at once.
   * @param start must not reject.
   */
  share(
    name: string,
    context: CallContext,
    start: () => Result<Content> | Promise<Result<Content>>,
  ): Result<Content> | Promise<Result<Content>> {
    const underWay = this.#lookups.get(name);
    if (underWay) return this.#join(underWay, context);
    const result = start();
    if (!(result instanceof Promise)) return result;
    const ended = result.finally(() => this.#lookups.delete(entry));
    const entry = this.#lookups.set(name, ended);
    return ended;
  }

  /** Null where the operation that joins has waited for the store for long enough. */
  async #join(lookup: Promise<Result<Content>>, { cacheWaits }: CallContext): Promise<Result<Content>> {
    const { store } = cacheWaits;
    const startedAtMs = monotonicMs();
    const leftMs = this.#limitMs - store.totalMs(startedAtMs);
    store.begin(startedAtMs);
    try {
      return await withinTime(lookup, leftMs);
    } catch {
      cacheWaits.storeWasLate = true;
      return null;
    } finally {
      store.end(monotonicMs());
    }
  }
}
