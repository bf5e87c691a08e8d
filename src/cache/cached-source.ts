import { LRUCache } from 'lru-cache';
import { BillingError } from '../billing/model/billing-error';
import type { Bills } from '../billing/model/bills';
import type { Caller } from '../billing/model/caller';
import type { BillingSource, BillsAnswer, BillsDecoder, BillsRequest, CallContext } from '../billing/ports/billing-source';
import { BillsIdentity } from '../billing/ports/bills-identity';
import type { CallerCache } from '../billing/ports/caller-caches';
import type { LookupResult, TracedStep } from '../billing/ports/operation-trace';
import { systemClock, type Clock } from '../runtime/clock';
import type { CacheObserver } from '../telemetry/observers/cache-observer';
import { isOutage } from './is-outage';
import { CallLock } from './coalescing/call-lock';
import type { InFlightCalls } from './coalescing/in-flight-calls';
import { addWindow, decodeWindows, encodeWindows, findCovering, mergeWindows, type CachedWindow } from './entries/cached-windows';
import type { CallerGenerations } from './entries/caller-generations';
import { openEntry, sealEntry, type Entry } from './entries/entry';
import { EntryKey } from './entries/entry-key';
import type { EntryLocks } from './entries/entry-locks';
import type { EntryStore, StoredValues } from './entries/entry-store';
import type { KeyRing } from './keys/key-ring';
import { toLifetime, type Lifetime, type LifetimeLimits } from './entries/lifetime';

/** What a cached source is made of. */
export interface CachedSourceOptions {
  readonly source: BillingSource;
  readonly calls: InFlightCalls;
  readonly ring: KeyRing;
  readonly generations: CallerGenerations;
  readonly store: EntryStore;
  readonly decode: BillsDecoder;
  readonly limits: LifetimeLimits;
  readonly observer: CacheObserver;
  /** Evicts a caller from all caches of the process; this one alone where it is not given. */
  readonly caches?: CallerCache;
  readonly clock?: Clock;
}

/** Larger responses are not cached: one of them would push out thousands of others, or hold up a Redis that many share. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Contracts whose windows this process knows: at some 600 bytes each, 6 MB. */
const MAX_KNOWN_LISTS = 10_000;
const NO_WINDOWS: readonly CachedWindow[] = [];

/** A request on its way through the cache. */
interface Lookup {
  readonly request: BillsRequest;
  readonly identity: BillsIdentity;
  readonly key: EntryKey;
}

/**
 * Caches responses for the caller who got them. It looks first for a call in flight, then into the store, and then makes
 * the call, which others may join: so of equal requests at once, one goes to the store and one upstream.
 *
 * Times: entries of a store in memory carry times of the monotonic clock. Those of a store that processes share can only
 * carry times of the wall clock; what seems to live longer than any entry may (the clock was set back) is over.
 */
export class CachedSource implements BillingSource, CallerCache {
  readonly #options: CachedSourceOptions;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #staleTtlMs: number;
  /** Lookups of this moment in a store that is a way off, by the name of the entry. */
  readonly #lookups = new Map<string, Promise<BillsAnswer | null>>();
  /**
   * Which windows of a contract are cached, by the name of its list: places, counts and times, nothing of a customer's.
   * Beside a shared store it only keeps responses that come together from writing each other out of the list.
   */
  readonly #windows = new LRUCache<string, readonly CachedWindow[]>({ max: MAX_KNOWN_LISTS });
  /** Whether the last response could be stored. A billing API that forbids it forbids it for all, and there is nothing to wait for. */
  #mayStore = true;

  constructor(options: CachedSourceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#ttlMs = options.limits.ttlSeconds * 1000;
    this.#staleTtlMs = this.#ttlMs + options.limits.staleSeconds * 1000;
  }

  read(request: BillsRequest, context: CallContext): Promise<BillsAnswer> {
    const identity = BillsIdentity.of(context.caller, request);
    const lookup: Lookup = { request, identity, key: EntryKey.of(this.#options.ring, identity) };
    const answer = this.#read(lookup, context);
    return this.#options.limits.staleSeconds > 0 ? answer.catch((error: unknown) => this.#standIn(lookup, context, error)) : answer;
  }

  evictCaller(caller: Caller): void {
    this.#options.generations.renew(caller);
  }

  #read(lookup: Lookup, context: CallContext): Promise<BillsAnswer> {
    const { calls, store } = this.#options;
    if (calls.has(lookup.identity)) return this.#share(lookup, context);
    const step = context.trace?.startLookup(store.layer);
    const found = this.#lookUp(lookup);
    const goOn = (known: BillsAnswer | null): BillsAnswer | Promise<BillsAnswer> => {
      step?.end(known ? 'hit' : 'miss');
      if (known) {
        this.#options.observer.hit(store.layer, false);
        return known;
      }
      this.#options.observer.missed(store.layer);
      return this.#share(lookup, context);
    };
    if (found instanceof Promise) return found.then(goOn);
    const answer = goOn(found);
    return answer instanceof Promise ? answer : Promise.resolve(answer);
  }

  #share(lookup: Lookup, context: CallContext): Promise<BillsAnswer> {
    return this.#options.calls.share(lookup.identity, context, (shared) => this.#fetch(lookup, shared));
  }

  /** What may be given in the place of a response that the billing API failed to give. */
  async #standIn(lookup: Lookup, { trace }: CallContext, error: unknown): Promise<BillsAnswer> {
    if (!isOutage(error)) throw error;
    const step = trace?.startLookup(this.#options.store.layer);
    const known = await this.#find(lookup, 'staleUntilMs');
    step?.end(known ? (known.stale ? 'stale' : 'hit') : 'miss');
    if (!known) throw error;
    this.#options.observer.hit(this.#options.store.layer, known.stale);
    return known;
  }

  /**
   * The fresh response in the store. Memory answers before anything else can happen in this process. A store that is a
   * way off is asked once for all who ask the same, so that they all go on together, to one call.
   */
  #lookUp(lookup: Lookup): BillsAnswer | null | Promise<BillsAnswer | null> {
    const { text } = lookup.key;
    const underWay = this.#lookups.get(text);
    if (underWay) return underWay;
    const found = this.#find(lookup, 'freshUntilMs');
    if (!(found instanceof Promise)) return found;
    const ended = found.finally(() => this.#lookups.delete(text));
    this.#lookups.set(text, ended);
    return ended;
  }

  /** The cached response: of this window, or cut from a larger one. Never rejects; what cannot be used is not there. */
  #find(lookup: Lookup, field: keyof Lifetime): BillsAnswer | null | Promise<BillsAnswer | null> {
    const { store, generations } = this.#options;
    const { keys, text, index } = lookup.key;
    const marker = generations.markerName(keys);
    const values = store.getMany(marker === null ? [text] : [text, index, marker]);
    const use = (found: StoredValues): BillsAnswer | null | Promise<BillsAnswer | null> => {
      if (!generations.learn(lookup.identity.caller, keys, found[2])) return null;
      return this.#toAnswer(lookup, text, { value: found[0], skip: 0, field }) ?? this.#findLarger(lookup, found[1], field);
    };
    return values instanceof Promise ? values.then(use) : use(values);
  }

  #findLarger(lookup: Lookup, list: Buffer | undefined, field: keyof Lifetime): BillsAnswer | null | Promise<BillsAnswer | null> {
    const { key, request } = lookup;
    const larger = findCovering(this.#windowsOf(key, list), request.window, this.#nowMs(), field);
    if (!larger) return null;
    const name = key.nameOf(larger);
    if (name === key.text) return null;
    const skip = request.window.offset - larger.offset;
    const values = this.#options.store.getMany([name]);
    const use = ([value]: StoredValues): BillsAnswer | null => this.#toAnswer(lookup, name, { value, skip, field });
    return values instanceof Promise ? values.then(use) : use(values);
  }

  /** The contract's windows: those that this process knows of, and those of the list that lay in the store. */
  #windowsOf(key: EntryKey, list: Buffer | undefined): readonly CachedWindow[] {
    const known = this.#windows.get(key.index) ?? NO_WINDOWS;
    const opened = list && key.keys.open(key.index, list);
    if (!opened) return known;
    const windows = mergeWindows(known, decodeWindows(opened), this.#nowMs());
    this.#windows.set(key.index, windows);
    return windows;
  }

  /** The store's time, which entries carry. */
  #nowMs(): number {
    return this.#options.store.isShared ? this.#clock.epochMs() : this.#clock.monotonicMs();
  }

  #toAnswer({ request, identity, key }: Lookup, name: string, { value, skip, field }: Found): BillsAnswer | null {
    const entry = value && openEntry(key.keys, name, value);
    if (!entry || entry.generation !== this.#options.generations.of(identity.caller)) return null;
    const nowMs = this.#nowMs();
    const leftMs = entry.freshUntilMs - nowMs;
    const isFresh = leftMs > 0 && leftMs <= this.#ttlMs;
    if (!isFresh && (field === 'freshUntilMs' || !isWithin(entry.staleUntilMs - nowMs, this.#staleTtlMs))) return null;
    const bills = entry.body && this.#decode(entry.body, request, skip);
    // A body that cannot be read any more is not "no such contract".
    if (bills === null && entry.body) return null;
    return { bills, received: null, freshUntilMs: isFresh ? this.#clock.monotonicMs() + leftMs : 0, stale: !isFresh };
  }

  /** @param skip invoices of the entry before the window that was asked for. */
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

  #fetch(lookup: Lookup, context: CallContext): Promise<BillsAnswer> {
    const { locks } = this.#options.store;
    return locks && this.#mayStore ? this.#fetchOnce(lookup, context, locks) : this.#call(lookup, context);
  }

  /** Makes the call, or waits for another process's call for the same. */
  async #fetchOnce(lookup: Lookup, context: CallContext, locks: EntryLocks): Promise<BillsAnswer> {
    const { store, observer } = this.#options;
    const { lock: name, text: entryName } = lookup.key;
    const lock = new CallLock({ store, locks, name, entryName, observer });
    const step = context.trace?.startLock(store.layer);
    const entering = lock.enter(context, async () => this.#find(lookup, 'freshUntilMs'));
    const known = await (step ? endWith(step, entering) : entering);
    if (known) {
      context.returnCall();
      observer.hit(store.layer, false);
      return known;
    }
    try {
      return await this.#call(lookup, context);
    } finally {
      lock.leave();
    }
  }

  #call(lookup: Lookup, context: CallContext): Promise<BillsAnswer> {
    const { source, generations, caches = this } = this.#options;
    const { caller } = lookup.identity;
    const generation = generations.of(caller);
    return source.read(lookup.request, context).then(
      (answer) => this.#store(lookup, answer, generation),
      (error: unknown) => {
        if (error instanceof BillingError && error.failure === 'unauthenticated') caches.evictCaller(caller);
        throw error;
      },
    );
  }

  /** Stores a response, where that is allowed. Before the call is over for those who wait: who asks after it is over finds the entry. */
  #store({ key, request }: Lookup, answer: BillsAnswer, generation: number): BillsAnswer {
    const { bills, received } = answer;
    if (!received || received.body.length > MAX_BODY_BYTES) return answer;
    const epochMs = this.#clock.epochMs();
    const lifetime = toLifetime(received.headers, bills !== null, key.keys.expiresAtMs, { nowMs: epochMs, limits: this.#options.limits });
    this.#mayStore = lifetime !== null;
    if (!lifetime) return answer;
    const nowMs = this.#nowMs();
    const freshMs = lifetime.freshUntilMs - epochMs;
    const staleMs = lifetime.staleUntilMs - epochMs;
    const times = { freshUntilMs: nowMs + freshMs, staleUntilMs: nowMs + staleMs };
    const entry: Entry = { body: bills && received.body, generation, ...times };
    this.#options.store.set(key.text, sealEntry(key.keys, key.text, entry), staleMs);
    if (bills) this.#list(key, { ...request.window, count: bills.invoices.length, ...times }, nowMs);
    return { bills, received, freshUntilMs: this.#clock.monotonicMs() + freshMs, stale: false };
  }

  /** Adds a window to the contract's list. Two processes that do so at once lose one of the two: a miss, later. */
  #list({ index, keys }: EntryKey, window: CachedWindow, nowMs: number): void {
    const windows = addWindow(this.#windows.get(index) ?? NO_WINDOWS, window, nowMs);
    this.#windows.set(index, windows);
    // Without a shared store nobody else could read it.
    if (!this.#options.store.isShared) return;
    const lastUntilMs = windows.reduce((last, cached) => Math.max(last, cached.staleUntilMs), 0);
    this.#options.store.set(index, keys.seal(index, encodeWindows(windows)), lastUntilMs - nowMs);
  }
}

/** What lay in the store, and how it is to be read. */
interface Found {
  readonly value: Buffer | undefined;
  /** Invoices of the entry before the window that was asked for. */
  readonly skip: number;
  /** Until when it must be good: fresh, or at least usable where the billing API fails. */
  readonly field: keyof Lifetime;
}

function isWithin(leftMs: number, mostMs: number): boolean {
  return leftMs > 0 && leftMs <= mostMs;
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
