import { LRUCache } from 'lru-cache';
import type { ListOwner } from '../../billing/model/paged-list';
import type { Window } from '../../billing/model/window';
import {
  addWindow,
  decodeWindows,
  encodeWindows,
  findCovering,
  mergeWindows,
  withoutDoubtful,
  type CachedWindow,
  type KnownPaging,
} from './cached-windows';
import type { EntryKey } from './entry-key';
import type { EntryStore } from './entry-store';
import type { Lifetime } from './lifetime';
import { upTo } from '../../runtime/maps/entry-bound';

/** Contracts whose windows this process knows: at some 600 bytes each, 6 MB. */
const MAX_KNOWN_LISTS = 10_000;
interface WindowLookup {
  readonly key: EntryKey;
  readonly request: ListOwner & { readonly window: Window };
}

const NO_WINDOWS: readonly CachedWindow[] = [];

/**
 * Which windows of a contract are cached, by the name of its list: places, counts and times, nothing of a customer's.
 * Beside a shared store it only keeps responses that come together from writing each other out of the list.
 */
export class WindowLists {
  readonly #store: EntryStore;
  readonly #known = new LRUCache<string, readonly CachedWindow[]>(upTo(MAX_KNOWN_LISTS));

  readonly #paging: KnownPaging | undefined;

  /** @param paging absent: pages are what was requested. */
  constructor(store: EntryStore, paging?: KnownPaging) {
    this.#store = store;
    this.#paging = paging;
  }

  /**
   * The smallest cached window of the contract that can serve the request; undefined if none can.
   * @param field the expiry to check.
   */
  findCovering(
    { key, request }: WindowLookup,
    list: Buffer | undefined,
    { nowMs, field }: { readonly nowMs: number; readonly field: keyof Lifetime },
  ): CachedWindow | undefined {
    const windows = this.of(key, list, nowMs);
    const usable = this.#paging ? withoutDoubtful(windows, request, this.#paging) : windows;
    return findCovering(usable, request.window, nowMs, field);
  }

  /** The contract's windows: those that this process knows of, and those of the list that lay in the store. */
  of({ index, keys }: EntryKey, list: Buffer | undefined, nowMs: number): readonly CachedWindow[] {
    const known = this.#known.get(index) ?? NO_WINDOWS;
    const opened = list && keys.open(index, list);
    if (!opened) return known;
    const windows = mergeWindows(known, decodeWindows(opened), nowMs);
    this.#known.set(index, windows);
    return windows;
  }

  /** Adds a window to the contract's list. Two processes that do so at once lose one of the two: a miss, later. */
  add({ index, keys }: EntryKey, window: CachedWindow, nowMs: number): void {
    const windows = addWindow(this.#known.get(index) ?? NO_WINDOWS, window, nowMs);
    this.#known.set(index, windows);
    // Without a shared store nobody else could read it.
    if (!this.#store.isShared) return;
    const lastUntilMs = windows.reduce((last, cached) => Math.max(last, cached.staleUntilMs), 0);
    this.#store.set(index, keys.seal(index, encodeWindows(windows)), lastUntilMs - nowMs);
  }
}
