import { randomBytes } from 'node:crypto';
import type { Caller } from '../billing/model/caller';
import type { BillingSource, PagedResource } from '../billing/ports/billing-source';
import type { CacheObserver } from '../telemetry/observers/cache-observer';
import { CachedSource, type CachedSourceOptions } from './cached-source';
import type { EntryStore } from './entries/entry-store';
import { createLocalKeyRing } from './keys/local-key-ring';
import { createSharedKeyRing } from './keys/shared-key-ring';
import { createLocalGenerations, createSharedGenerations } from './entries/caller-generations';
import type { CallerCaches } from '../billing/ports/caller-caches';
import { RequestIdentity } from '../billing/ports/request-identity';
import type { KnownPaging } from './entries/cached-windows';
import { createMemoryStore } from './entries/memory-store';
import type { OutageListener } from './redis/health/outage';
import type { RedisTls } from './redis/redis-client';
import { InFlightCalls } from './coalescing/in-flight-calls';

/** Settings of the shared cache. */
export interface BillsCacheOptions {
  /** How long a response is cached at most, in seconds; 0: not at all, and only calls in flight are deduplicated. */
  readonly ttlSeconds: number;
  /** How long after that it may be used if the billing API fails, in seconds; 0: not at all. */
  readonly staleSeconds: number;
  /** For the store in memory, in bytes. */
  readonly maxBytes: number;
  /** Empty: the store is in memory. Several: the nodes of a cluster. */
  readonly redisUrls: readonly string[];
  /** Certificates for Redis over TLS. */
  readonly redisTls: RedisTls;
  /** How long an operation waits for Redis in all, in milliseconds. */
  readonly redisWaitMs: number;
  /** Null: a random one, for this process alone. */
  readonly secret: string | null;
  /** Which billing API is cached, read in which way: caches of different scopes share nothing. */
  readonly scope: string;
  /** Called when Redis cannot be read, and when it can again. */
  readonly reads: OutageListener;
  /** Called when Redis takes no entries, and when it does again. */
  readonly writes: OutageListener;
  /** Called when Redis refuses what locks need, and when it allows it again. */
  readonly locks: OutageListener;
  /** Called when a node of a Redis Cluster cannot be used, though others can, and when it can again. */
  readonly nodes: OutageListener;
  /** All caches of the process: this one is added to them, and a token that is refused is evicted from all. */
  readonly caches: CallerCaches;
  /** Called with the caller of a fresh response from Redis, which another process may have stored: its token has been accepted. */
  readonly onShared?: (caller: Caller) => void;
  /** What is known of how the billing API pages; absent: pages are what was requested. */
  readonly paging?: KnownPaging;
  readonly observer?: CacheObserver;
}

/** A cache of responses, per caller. */
export interface BillsCache {
  /** A source that answers from the cache, and asks the other one for what is not there. Resources share the store. */
  inFrontOf<Content>(source: BillingSource<Content>, resource: PagedResource<Content, unknown>): BillingSource<Content>;
  close(): Promise<void>;
}

const SILENT: CacheObserver = {
  hit: () => undefined,
  joined: () => undefined,
  waited: () => undefined,
  missed: () => undefined,
  stored: () => undefined,
  failed: () => undefined,
  availabilityChanged: () => undefined,
};

/** Opens the cache. */
export async function createBillsCache(options: BillsCacheOptions): Promise<BillsCache> {
  const { ttlSeconds, staleSeconds, caches, paging, onShared, observer = SILENT } = options;
  if (ttlSeconds === 0) {
    return {
      inFrontOf: (source, resource) => toDeduplicatedSource(source, resource, observer),
      close: () => Promise.resolve(),
    };
  }
  const store = await openStore(options, observer);
  const { ring, generations } = createKeys(store, options);
  caches.add({ evictCaller: (caller) => generations.renew(caller) });
  const limits = { ttlSeconds, staleSeconds };
  return {
    inFrontOf: (source, resource) =>
      new CachedSource({
        resource,
        source,
        calls: new InFlightCalls(observer),
        ring,
        generations,
        store,
        limits,
        observer,
        caches,
        paging,
        onShared,
      }),
    close: () => store.close(),
  };
}

/** What names, protects and voids the entries of a store. */
function createKeys(
  store: EntryStore,
  { secret, scope, ttlSeconds, staleSeconds }: BillsCacheOptions,
): Pick<CachedSourceOptions<unknown>, 'ring' | 'generations'> {
  if (!store.isShared) return { ring: createLocalKeyRing(), generations: createLocalGenerations() };
  const ring = createSharedKeyRing({ secret: secret ?? randomBytes(32).toString('base64'), scope });
  return { ring, generations: createSharedGenerations({ ring, store, longestLifeMs: (ttlSeconds + staleSeconds) * 1000 }) };
}

/** Redis's client is loaded only where there is a Redis: it is a third of all files, and 16 MiB. */
async function openStore(options: BillsCacheOptions, observer: CacheObserver): Promise<EntryStore> {
  const { redisUrls, redisTls: tls, redisWaitMs: waitLimitMs, maxBytes, reads, writes, locks, nodes } = options;
  if (redisUrls.length === 0) return createMemoryStore({ maxBytes, observer });
  const { createRedisStore } = await import('./redis/redis-store.js');
  return createRedisStore({ urls: redisUrls, tls, waitLimitMs, observer, reads, writes, locks, nodes });
}

/** Nothing is cached, but equal calls in flight are one. */
function toDeduplicatedSource<Content>(
  source: BillingSource<Content>,
  resource: PagedResource<Content, unknown>,
  observer: CacheObserver,
): BillingSource<Content> {
  const calls = new InFlightCalls<Content>(observer);
  return {
    read: (request, context) =>
      calls.share(RequestIdentity.of(context.caller, resource, request), context, (shared) => source.read(request, shared)),
  };
}
