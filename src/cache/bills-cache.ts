import { randomBytes } from 'node:crypto';
import type { BillingSource, BillsDecoder } from '../billing/ports/billing-source';
import type { CacheObserver } from '../telemetry/observers/cache-observer';
import { CachedSource } from './cached-source';
import type { EntryStore } from './entries/entry-store';
import { createKeyRing } from './entries/key-ring';
import { createMemoryStore } from './entries/memory-store';
import type { OutageListener } from './redis/outage';
import { SharedFlights } from './coalescing/in-flight-calls';

/** Settings of the shared cache. */
export interface BillsCacheOptions {
  /** How long an answer is kept at most, in seconds; 0: nothing is kept, and only calls under way are shared. */
  readonly ttlSeconds: number;
  /** How long past that it may stand in where the billing API fails, in seconds; 0: not at all. */
  readonly staleSeconds: number;
  /** For the store in memory, in bytes. */
  readonly maxBytes: number;
  /** Empty: the store is in memory. Several: the nodes of a cluster. */
  readonly redisUrls: readonly string[];
  /** Null: a random one, for this process alone. */
  readonly secret: string | null;
  /** Which billing API is cached, read in which way: caches of different scopes share nothing. */
  readonly scope: string;
  readonly decode: BillsDecoder;
  /** Told when Redis cannot be read, and when it can again. */
  readonly reads: OutageListener;
  /** Told when Redis takes no entries, and when it does again. */
  readonly writes: OutageListener;
  readonly observer?: CacheObserver;
}

/** A billing source that remembers, per caller. */
export interface BillsCache {
  readonly source: BillingSource;
  close(): Promise<void>;
}

const SILENT: CacheObserver = {
  hit: () => undefined,
  joined: () => undefined,
  waited: () => undefined,
  missed: () => undefined,
  stored: () => undefined,
  failed: () => undefined,
};

/** Opens the shared cache in front of a source. */
export async function createBillsCache(source: BillingSource, options: BillsCacheOptions): Promise<BillsCache> {
  const observer = options.observer ?? SILENT;
  const flights = new SharedFlights(observer);
  if (options.ttlSeconds === 0) return { source: toSharingSource(source, flights), close: () => Promise.resolve() };
  const ring = createKeyRing({ secret: options.secret ?? randomBytes(32).toString('base64'), scope: options.scope });
  const store = await openStore(options, observer);
  const { decode, ttlSeconds, staleSeconds } = options;
  return {
    source: new CachedSource({ source, flights, ring, store, decode, limits: { ttlSeconds, staleSeconds }, observer }),
    close: () => store.close(),
  };
}

/** Redis's client is loaded only where there is a Redis: it is a third of all files, and 16 MiB. */
async function openStore({ redisUrls, maxBytes, reads, writes }: BillsCacheOptions, observer: CacheObserver): Promise<EntryStore> {
  if (redisUrls.length === 0) return createMemoryStore({ maxBytes, observer });
  const { createRedisStore } = await import('./redis/redis-store.js');
  return createRedisStore({ urls: redisUrls, observer, reads, writes });
}

/** Nothing remembered, but calls under way shared. */
function toSharingSource(source: BillingSource, flights: SharedFlights): BillingSource {
  return {
    read: (request, context) => flights.share(request, context, (shared) => source.read(request, shared)),
  };
}
