import { BillingError } from '../billing/model/billing-error';
import type { Caller } from '../billing/model/caller';
import type { BillingSource, BillsAnswer, BillsRequest, CallContext, PagedResource } from '../billing/ports/billing-source';
import { RequestIdentity } from '../billing/ports/request-identity';
import type { CallerCache } from '../billing/ports/caller-caches';
import type { LookupResult, TracedStep } from '../billing/ports/operation-trace';
import { systemClock, type Clock } from '../runtime/clock';
import type { CacheObserver } from '../telemetry/observers/cache-observer';
import { mayUseStale } from './may-use-stale';
import { CallLock } from './coalescing/call-lock';
import { FruitlessWaits } from './coalescing/fruitless-waits';
import type { InFlightCall } from './coalescing/in-flight-call';
import type { InFlightCalls } from './coalescing/in-flight-calls';
import { InFlightLookups } from './coalescing/in-flight-lookups';
import { countItems, type CachedWindow, type KnownPaging } from './entries/cached-windows';
import type { CallerGenerations } from './entries/caller-generations';
import { openEntry, sealEntry } from './entries/entry';
import { EntryKey } from './entries/entry-key';
import type { EntryLocks } from './entries/entry-locks';
import type { EntryStore, StoredValues } from './entries/entry-store';
import type { KeyRing } from './keys/key-ring';
import { WindowLists } from './entries/window-lists';
import { isWithin, toLifetime, type Lifetime, type LifetimeLimits } from './entries/lifetime';

/** What a cached source is made of. */
export interface CachedSourceOptions<Content> {
  readonly resource: PagedResource<Content, unknown>;
  readonly source: BillingSource<Content>;
  readonly calls: InFlightCalls<Content>;
  readonly ring: KeyRing;
  readonly generations: CallerGenerations;
  readonly store: EntryStore;
  readonly limits: LifetimeLimits;
  readonly observer: CacheObserver;
  readonly paging?: KnownPaging | undefined;
  /** Called with the caller of a fresh response that a store shared with other processes had: the billing API has accepted its token. */
  readonly onShared?: ((caller: Caller) => void) | undefined;
  /** Evicts a caller from all caches of the process; this one alone where it is not given. */
  readonly caches?: CallerCache;
  readonly clock?: Clock;
}

/** Larger responses are not cached: one of them would push out thousands of others, or hold up a Redis that many share. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** A request on its way through the cache. */
interface Lookup {
  readonly request: BillsRequest;
  readonly identity: RequestIdentity;
  readonly key: EntryKey;
}

/**
 * Caches responses for the caller who got them. It looks first for a call in flight, then into the store, and then makes
 * the call, which others may join: so of equal requests at once, one goes to the store and one upstream.
 *
 * Times: entries of a store in memory have times of the monotonic clock. Those of a store that processes share can only
 * have times of the wall clock; what seems to live longer than any entry may (the clock was set back) is over.
 */
export class CachedSource<Content> implements BillingSource<Content>, CallerCache {
  readonly #options: CachedSourceOptions<Content>;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #staleTtlMs: number;
  readonly #lookups: InFlightLookups<Content>;
  readonly #windows: WindowLists;
  readonly #fruitlessWaits = new FruitlessWaits();
  /** Whether the last response could be stored. A billing API that forbids it forbids it for all, and there is nothing to wait for. */
  #mayStore = true;

  constructor(options: CachedSourceOptions<Content>) {
    this.#options = options;
    this.#lookups = new InFlightLookups(options.store.waitLimitMs);
    this.#windows = new WindowLists(options.store, options.paging);
    this.#clock = options.clock ?? systemClock;
    this.#ttlMs = options.limits.ttlSeconds * 1000;
    this.#staleTtlMs = this.#ttlMs + options.limits.staleSeconds * 1000;
  }

  read(request: BillsRequest, context: CallContext): Promise<BillsAnswer<Content>> {
    const identity = RequestIdentity.of(context.caller, this.#options.resource, request);
    const lookup: Lookup = { request, identity, key: EntryKey.of(this.#options.ring, identity) };
    const answer = this.#read(lookup, context);
    // Who asks for something recent does not want what is past its time (RFC 9111, section 5.2.1.1).
    return this.#options.limits.staleSeconds > 0 && !context.recency
      ? answer.catch((error: unknown) => this.#standIn(lookup, context, error))
      : answer;
  }

  evictCaller(caller: Caller): void {
    this.#options.generations.renew(caller);
  }

  #read(lookup: Lookup, context: CallContext): Promise<BillsAnswer<Content>> {
    const { calls, store } = this.#options;
    if (context.recency?.usesCached === false || calls.has(lookup.identity, context)) return this.#share(lookup, context);
    const step = context.trace?.startLookup(store.layer);
    const found = this.#lookUp(lookup, context);
    const goOn = (known: BillsAnswer<Content> | null): BillsAnswer<Content> | Promise<BillsAnswer<Content>> => {
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

  #share(lookup: Lookup, context: CallContext): Promise<BillsAnswer<Content>> {
    return this.#options.calls.share(lookup.identity, context, (shared) => this.#fetch(lookup, shared));
  }

  /** What may be given in the place of a response that the billing API failed to give. */
  async #standIn(lookup: Lookup, context: CallContext, error: unknown): Promise<BillsAnswer<Content>> {
    if (!mayUseStale(error)) throw error;
    const step = context.trace?.startLookup(this.#options.store.layer);
    const known = await this.#find(lookup, 'staleUntilMs', context);
    step?.end(known ? (known.stale ? 'stale' : 'hit') : 'miss');
    if (!known) throw error;
    this.#options.observer.hit(this.#options.store.layer, known.stale);
    return known;
  }

  /**
   * The fresh response in the store. Memory answers before anything else can happen in this process. A store of another
   * process is asked once for all who ask the same, so that they all go on together, to one call.
   */
  #lookUp(lookup: Lookup, context: CallContext): BillsAnswer<Content> | null | Promise<BillsAnswer<Content> | null> {
    // Of a lookup that is shared, the result would be as recent as the first one wants it.
    if (context.recency) return this.#find(lookup, 'freshUntilMs', context);
    return this.#lookups.share(lookup.key.text, context, () => this.#find(lookup, 'freshUntilMs', context));
  }

  /** The cached response: of this window, or cut from a larger one. Never rejects; what cannot be used is not there. */
  #find(lookup: Lookup, field: keyof Lifetime, context: CallContext): BillsAnswer<Content> | null | Promise<BillsAnswer<Content> | null> {
    const { store, generations } = this.#options;
    const { keys, text, index } = lookup.key;
    const marker = generations.markerName(keys);
    const values = store.getMany(marker === null ? [text] : [text, index, marker], context);
    const use = (found: StoredValues): BillsAnswer<Content> | null | Promise<BillsAnswer<Content> | null> => {
      if (!generations.learn(lookup.identity.caller, keys, found[2])) return null;
      const answer = this.#toAnswer(lookup, text, { value: found[0], skip: 0, field, context });
      if (answer) return answer;
      const larger = this.#windows.findCovering(lookup, found[1], { nowMs: this.#nowMs(), field });
      return larger ? this.#findIn(larger, lookup, field, context) : null;
    };
    return values instanceof Promise ? values.then(use) : use(values);
  }

  #findIn(larger: CachedWindow, lookup: Lookup, field: keyof Lifetime, context: CallContext) {
    const { key, request } = lookup;
    const name = key.nameOf(larger);
    if (name === key.text) return null;
    const skip = request.window.offset - larger.offset;
    const values = this.#options.store.getMany([name], context);
    const use = ([value]: StoredValues): BillsAnswer<Content> | null => this.#toAnswer(lookup, name, { value, skip, field, context });
    return values instanceof Promise ? values.then(use) : use(values);
  }

  /** The store's time, which entries have. */
  #nowMs(): number {
    return this.#options.store.isShared ? this.#clock.epochMs() : this.#clock.monotonicMs();
  }

  #toAnswer({ request, identity, key }: Lookup, name: string, { value, skip, field, context }: Found): BillsAnswer<Content> | null {
    const entry = value && openEntry(key.keys, name, value);
    if (!entry || entry.generation !== this.#options.generations.of(identity.caller)) return null;
    const nowMs = this.#nowMs();
    const leftMs = entry.freshUntilMs - nowMs;
    const isFresh = isWithin(leftMs, this.#ttlMs);
    if (!isFresh && (field === 'freshUntilMs' || !isWithin(entry.staleUntilMs - nowMs, this.#staleTtlMs))) return null;
    if (!this.#isRecent(leftMs, context)) return null;
    const content = entry.body && this.#decode(entry.body, request, skip);
    // A cached body that can no longer be read is not "no such contract".
    if (content === null && entry.body) return null;
    if (isFresh && this.#options.store.isShared) this.#options.onShared?.(identity.caller);
    return {
      content,
      bytes: entry.body?.length ?? 0,
      received: null,
      freshUntilMs: isFresh ? this.#clock.monotonicMs() + leftMs : 0,
      stale: !isFresh,
      isPart: name !== key.text,
    };
  }

  /** Whether an entry with so much time left is recent enough. No entry lives longer than the TTL, so it is at most this old. */
  #isRecent(leftMs: number, { recency }: CallContext): boolean {
    return recency === null || this.#ttlMs - leftMs <= this.#clock.monotonicMs() - recency.notBeforeMs;
  }

  /** @param skip items of the entry before the window that was asked for. */
  #decode(body: Buffer, request: BillsRequest, skip: number): Content | null {
    try {
      return this.#options.resource.decode(body, request, skip).content;
    } catch {
      return null;
    }
  }

  #fetch(lookup: Lookup, context: InFlightCall<Content>): Promise<BillsAnswer<Content>> {
    const { locks } = this.#options.store;
    // Another process's call may have begun too early.
    return locks && this.#mayStore && context.recency?.usesCached !== false
      ? this.#fetchOnce(lookup, context, locks)
      : this.#call(lookup, context);
  }

  /** Makes the call, or waits for another process's call for the same. */
  async #fetchOnce(lookup: Lookup, context: InFlightCall<Content>, locks: EntryLocks): Promise<BillsAnswer<Content>> {
    const { store, observer } = this.#options;
    const { lock: name, text: entryName } = lookup.key;
    const lock = new CallLock({ store, locks, name, entryName, fruitlessWaits: this.#fruitlessWaits, observer });
    const step = context.trace?.startLock(store.layer);
    const entering = lock.enter(context, async () => this.#find(lookup, 'freshUntilMs', context));
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

  #call(lookup: Lookup, context: InFlightCall<Content>): Promise<BillsAnswer<Content>> {
    const { source, generations, caches = this } = this.#options;
    const { caller } = lookup.identity;
    const generation = generations.of(caller);
    return source.read(lookup.request, context).then(
      (answer) => (context.isSuperseded ? answer : this.#store(lookup, answer, { generation, context })),
      (error: unknown) => {
        if (error instanceof BillingError && error.failure === 'unauthenticated') caches.evictCaller(caller);
        throw error;
      },
    );
  }

  /** Stores a response, if allowed. Called before the call resolves for its waiters, so that a later request finds the entry. */
  #store({ key, request }: Lookup, answer: BillsAnswer<Content>, { generation, context }: Begun): BillsAnswer<Content> {
    const { content, received } = answer;
    const { resource, store } = this.#options;
    // Who asked for something recent must not be given something older the next time, also where this cannot be stored.
    const replaces = context.recency !== null;
    if (replaces) store.set(key.text, NO_ENTRY, this.#staleTtlMs, true);
    if (!received || received.isPartial || received.body.length > MAX_BODY_BYTES) return answer;
    const epochMs = this.#clock.epochMs();
    const lifetime = toLifetime(received.headers, content !== null, key.keys.expiresAtMs, { nowMs: epochMs, limits: this.#options.limits });
    this.#mayStore = lifetime !== null;
    if (!lifetime) return answer;
    const nowMs = this.#nowMs();
    const freshMs = lifetime.freshUntilMs - epochMs;
    const staleMs = lifetime.staleUntilMs - epochMs;
    const times = { freshUntilMs: nowMs + freshMs, staleUntilMs: nowMs + staleMs };
    store.set(key.text, sealEntry(key.keys, key.text, { body: content && received.body, generation, ...times }), staleMs, replaces);
    const count = content && countItems(() => resource.items(content));
    if (count !== null) this.#windows.add(key, { ...request.window, count, ...times }, nowMs);
    return { ...answer, freshUntilMs: this.#clock.monotonicMs() + freshMs, stale: false };
  }
}

/** Nothing can be read from it. */
const NO_ENTRY = Buffer.alloc(0);

/** A call as it was begun. */
interface Begun {
  /** The caller's at that time. */
  readonly generation: number;
  readonly context: CallContext;
}

/** A stored entry, and how to read it. */
interface Found {
  readonly value: Buffer | undefined;
  /** Items of the entry before the window that was asked for. */
  readonly skip: number;
  /** Of the caller that asks. */
  readonly context: CallContext;
  /** Until when it must be good: fresh, or at least usable where the billing API fails. */
  readonly field: keyof Lifetime;
}

/** Ends a step of a trace with what was found. */
async function endWith<Known>(step: TracedStep<[result: LookupResult]>, answer: Promise<Known | null>): Promise<Known | null> {
  let result: LookupResult = 'miss';
  try {
    const known = await answer;
    if (known) result = 'hit';
    return known;
  } finally {
    step.end(result);
  }
}
