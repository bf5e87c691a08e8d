import { LRUCache } from 'lru-cache';
import { BillingError } from '../billing/model/billing-error';
import type { BillingSource, BillsAnswer, BillsDecoder, BillsRequest, CallContext } from '../billing/ports/billing-source';
import type { Bills } from '../billing/model/bills';
import type { LookupResult, TracedStep } from '../billing/ports/operation-trace';
import type { CacheObserver } from '../telemetry/observers/cache-observer';
import { CallLock } from './coalescing/call-lock';
import { openEntry, sealEntry, type Entry } from './entries/entry';
import { EntryKey } from './entries/entry-key';
import type { EntryLocks } from './entries/entry-locks';
import type { EntryStore } from './entries/entry-store';
import type { KeyRing } from './entries/key-ring';
import { toLifetime, type Lifetime, type LifetimeLimits } from './entries/lifetime';
import { seal, unseal } from './entries/seal';
import type { SharedFlights } from './coalescing/in-flight-calls';
import { addWindow, decodeWindows, encodeWindows, findCovering, mergeWindows, type KeptWindow } from './entries/window-index';

/** What a cached source is made of. */
export interface CachedSourceOptions {
  readonly source: BillingSource;
  readonly flights: SharedFlights;
  readonly ring: KeyRing;
  readonly store: EntryStore;
  readonly decode: BillsDecoder;
  readonly limits: LifetimeLimits;
  readonly observer: CacheObserver;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Larger answers are not kept: one of them would push out thousands of others, or hold up a Redis that many share. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Contracts whose windows this process knows: at some 600 bytes each, 6 MB. */
const MAX_KNOWN_LISTS = 10_000;
const NO_WINDOWS: readonly KeptWindow[] = [];

/**
 * Remembers answers for the caller who got them. It looks first for a call under way, then into the store, and then
 * makes the call, which others may join: so of equal questions at once, one goes to the store and one upstream.
 */
export class CachedSource implements BillingSource {
  readonly #options: CachedSourceOptions;
  readonly #now: () => number;
  /** Questions of this moment to a store that is a way off, by key. */
  readonly #lookups = new Map<string, Promise<BillsAnswer | null>>();
  /**
   * Which windows are remembered of a contract, by the name of its list: places, counts and times, nothing of a
   * customer's. Beside a shared store it only keeps answers that come together from writing each other out of the list.
   */
  readonly #windows = new LRUCache<string, readonly KeptWindow[]>({ max: MAX_KNOWN_LISTS });
  /** Whether the last answer could be kept. A billing API that forbids it forbids it for all, and there is nothing to wait for. */
  #mayKeep = true;

  constructor(options: CachedSourceOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  async read(request: BillsRequest, context: CallContext): Promise<BillsAnswer> {
    const { flights, ring, store, observer } = this.#options;
    const key = EntryKey.of(ring, context.caller, request);
    try {
      if (!flights.has(context.caller, request)) {
        const step = context.trace?.startLookup(store.layer);
        const known = await this.#lookUp(key, request);
        step?.end(known ? 'hit' : 'miss');
        if (known) {
          observer.hit(store.layer, false);
          return known;
        }
        observer.missed(store.layer);
      }
      return await flights.share(request, context, (shared) => this.#fetch(key, request, shared));
    } catch (error) {
      const standIn = this.#options.limits.staleSeconds > 0 && isOutage(error) ? await this.#standIn(key, request, context) : null;
      if (!standIn) throw error;
      observer.hit(store.layer, standIn.stale);
      return standIn;
    }
  }

  /** What may be given in the place of an answer that the billing API failed to give. */
  async #standIn(key: EntryKey, request: BillsRequest, { trace }: CallContext): Promise<BillsAnswer | null> {
    const step = trace?.startLookup(this.#options.store.layer);
    const known = await this.#recall(key, request, 'staleUntilMs');
    step?.end(known ? (known.stale ? 'stale' : 'hit') : 'miss');
    return known;
  }

  #lookUp(key: EntryKey, request: BillsRequest): Promise<BillsAnswer | null> {
    // Memory answers before anything else can happen in this process. A store that is a way off is asked once for
    // all who ask the same, so that they all go on together, to one call.
    if (!this.#options.store.isShared) return this.#recall(key, request, 'freshUntilMs');
    let lookup = this.#lookups.get(key.text);
    if (!lookup) {
      lookup = this.#recall(key, request, 'freshUntilMs').finally(() => this.#lookups.delete(key.text));
      this.#lookups.set(key.text, lookup);
    }
    return lookup;
  }

  /** The remembered answer: of this window, or cut from a larger one. Never rejects; what cannot be used is not there. */
  async #recall(key: EntryKey, request: BillsRequest, field: keyof Lifetime): Promise<BillsAnswer | null> {
    const { store } = this.#options;
    const [value, list] = await store.getMany(store.isShared ? [key.text, key.index] : [key.text]);
    const exact = value && this.#toAnswer(openEntry(key.keys.sealing, key.text, value), request, 0, field);
    if (exact) return exact;
    const larger = findCovering(this.#windowsOf(key, list), request.window, this.#now(), field);
    if (!larger) return null;
    const name = key.nameOf(larger);
    const [other] = name === key.text ? [] : await store.getMany([name]);
    return other ? this.#toAnswer(openEntry(key.keys.sealing, name, other), request, request.window.offset - larger.offset, field) : null;
  }

  /** The contract's windows: those that this process knows of, and those of the list that lay in the store. */
  #windowsOf(key: EntryKey, list: Buffer | undefined): readonly KeptWindow[] {
    const known = this.#windows.get(key.index) ?? NO_WINDOWS;
    const opened = list && unseal(key.keys.sealing, key.index, list);
    if (!opened) return known;
    const windows = mergeWindows(known, decodeWindows(opened), this.#now());
    this.#windows.set(key.index, windows);
    return windows;
  }

  /** @param skip invoices of the entry before the window that was asked for. */
  #toAnswer(entry: Entry | null, request: BillsRequest, skip: number, field: keyof Lifetime): BillsAnswer | null {
    const nowMs = this.#now();
    if (!entry || entry[field] <= nowMs) return null;
    const stale = entry.freshUntilMs <= nowMs;
    const bills = entry.body && this.#decode(entry.body, request, skip);
    // A body that cannot be read any more is not "no such contract".
    if (bills === null && entry.body) return null;
    return { bills, received: null, freshUntilMs: stale ? 0 : entry.freshUntilMs, stale };
  }

  #decode(body: Buffer, request: BillsRequest, skip: number): Bills | null {
    try {
      const bills = this.#options.decode(body, request);
      const { limit } = request.window;
      if (skip === 0 && bills.invoices.length <= limit) return bills;
      return { ...bills, invoices: bills.invoices.slice(skip, skip + limit) };
    } catch {
      return null;
    }
  }

  #fetch(key: EntryKey, request: BillsRequest, context: CallContext): Promise<BillsAnswer> {
    const { locks } = this.#options.store;
    return locks && this.#mayKeep ? this.#fetchOnce(key, request, { context, locks }) : this.#call(key, request, context);
  }

  /** Makes the call, or waits for another process's call for the same. */
  async #fetchOnce(
    key: EntryKey,
    request: BillsRequest,
    { context, locks }: { context: CallContext; locks: EntryLocks },
  ): Promise<BillsAnswer> {
    const { store, observer } = this.#options;
    const lock = new CallLock({ store, locks, name: key.lock, entryName: key.text, observer });
    const step = context.trace?.startLock(store.layer);
    const entering = lock.enter(context, () => this.#recall(key, request, 'freshUntilMs'));
    const known = await (step ? endWith(step, entering) : entering);
    if (known) {
      context.returnCall();
      observer.hit(store.layer, false);
      return known;
    }
    try {
      return await this.#call(key, request, context);
    } finally {
      lock.leave();
    }
  }

  async #call(key: EntryKey, request: BillsRequest, context: CallContext): Promise<BillsAnswer> {
    const answer = await this.#options.source.read(request, context);
    const { bills, received } = answer;
    if (!received || received.body.length > MAX_BODY_BYTES) return answer;
    const nowMs = this.#now();
    const lifetime = toLifetime(received.headers, bills !== null, key.keys.expiresAtMs, { nowMs, limits: this.#options.limits });
    this.#mayKeep = lifetime !== null;
    if (!lifetime) return answer;
    const { freshUntilMs, staleUntilMs } = lifetime;
    // Before the call is over for those who wait: who asks after it is over finds the entry.
    this.#keep(key, { body: bills && received.body, freshUntilMs, staleUntilMs }, nowMs);
    if (bills) this.#list(key, { ...request.window, count: bills.invoices.length, freshUntilMs, staleUntilMs }, nowMs);
    return { bills, received, freshUntilMs, stale: false };
  }

  #keep(key: EntryKey, entry: Entry, nowMs: number): void {
    this.#options.store.set(key.text, sealEntry(key.keys.sealing, key.text, entry), entry.staleUntilMs - nowMs);
  }

  /** Adds a window to the contract's list. Two processes that do so at once lose one of the two: a miss, later. */
  #list(key: EntryKey, window: KeptWindow, nowMs: number): void {
    const windows = addWindow(this.#windows.get(key.index) ?? NO_WINDOWS, window, nowMs);
    this.#windows.set(key.index, windows);
    // Without a shared store nobody else could read it.
    if (!this.#options.store.isShared) return;
    const lastUntilMs = windows.reduce((last, kept) => Math.max(last, kept.staleUntilMs), 0);
    this.#options.store.set(key.index, seal(key.keys.sealing, key.index, encodeWindows(windows)), lastUntilMs - nowMs);
  }
}

/** Ends a step of a trace with what was found. */
async function endWith(step: TracedStep<[result: LookupResult]>, answer: Promise<BillsAnswer | null>): Promise<BillsAnswer | null> {
  let result: LookupResult = 'miss';
  try {
    const known = await answer;
    if (known) result = 'hit';
    return known;
  } finally {
    step.end(result);
  }
}

/**
 * Whether the billing API failed, as opposed to having refused: no answer in time, no connection, a status of 5xx.
 * What was remembered may stand in for an answer, and must not for a refusal.
 */
function isOutage(error: unknown): boolean {
  if (!(error instanceof BillingError)) return false;
  return error.failure === 'timeout' || (error.failure === 'unavailable' && (error.status === null || error.status >= 500));
}
