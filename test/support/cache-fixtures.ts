import type { Bills } from '../../src/billing/model/bills';
import { BillingOperation } from '../../src/billing/ports/billing-operation';
import type { BillsAnswer } from '../../src/billing/ports/billing-source';
import { Caller } from '../../src/billing/model/caller';
import { parseCustomer } from '../../src/billing/model/customer';
import { CachedSource } from '../../src/cache/cached-source';
import type { EntryStore } from '../../src/cache/entries/entry-store';
import { createLocalGenerations, createSharedGenerations, type CallerGenerations } from '../../src/cache/entries/caller-generations';
import type { KeyRing } from '../../src/cache/keys/key-ring';
import { createLocalKeyRing } from '../../src/cache/keys/local-key-ring';
import { createSharedKeyRing } from '../../src/cache/keys/shared-key-ring';
import type { OutageListener } from '../../src/cache/redis/health/outage';
import { InFlightCalls } from '../../src/cache/coalescing/in-flight-calls';
import type { CacheObserver, StoreLayer, StorePart } from '../../src/telemetry/observers/cache-observer';
import { createBillsResource } from '../../src/upstream/bills/bills-resource';
import { AdaptiveLimit } from '../../src/upstream/resilience/adaptive-limit';
import { Attempts } from '../../src/upstream/resilience/attempts';
import { UpstreamSource } from '../../src/upstream/upstream-source';
import { openTransport } from './transport';

/** Counts what it is told. */
export class CountingObserver implements CacheObserver {
  hits = 0;
  staleHits = 0;
  joins = 0;
  misses = 0;
  waits = 0;
  failures = 0;
  storedBytes = 0;
  /** What the store is out for now. */
  readonly out = new Set<StorePart>();

  hit(_layer: StoreLayer, stale: boolean): void {
    if (stale) this.staleHits++;
    else this.hits++;
  }
  joined(): void {
    this.joins++;
  }
  waited(): void {
    this.waits++;
  }
  missed(): void {
    this.misses++;
  }
  stored(_layer: StoreLayer, bytes: number): void {
    this.storedBytes += bytes;
  }
  failed(): void {
    this.failures++;
  }
  availabilityChanged(part: StorePart, isAvailable: boolean): void {
    if (isAvailable) this.out.delete(part);
    else this.out.add(part);
  }
}

export const silentOutage: OutageListener = { began: () => undefined, ended: () => undefined };

/** Waits until it holds; fails after a minute, or what is given. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  const startedAtMs = performance.now();
  while (performance.now() - startedAtMs < limitMs) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`It did not come true within ${limitMs / 1000} seconds.`);
}

/** A cache in front of a scripted upstream, over a real connection, with a clock that the test moves. */
export interface CacheRig {
  /** Asks as the bearer of the token. Rejects with BillingError. */
  ask(token: string, question?: Question): Promise<BillsAnswer>;
  /** Lets time pass. */
  pass(ms: number): void;
  /** Sets the wall clock forward, or back. */
  setWallClock(byMs: number): void;
  /** The monotonic clock. */
  elapsedMs(): number;
  readonly source: CachedSource<Bills>;
  readonly observer: CountingObserver;
  close(): Promise<void>;
}

export interface Question {
  readonly id?: string;
  /** Null: all of the customer's. */
  readonly contract?: string | null;
  readonly offset?: number;
  readonly limit?: number;
  readonly signal?: AbortSignal;
  /** The operation that asks; one of its own where not given. */
  readonly operation?: BillingOperation;
}

export interface CacheRigOptions {
  readonly upstreamUrl: string;
  readonly openStore: (observer: CountingObserver) => EntryStore;
  readonly ring?: KeyRing;
  readonly generations?: CallerGenerations;
  readonly ttlSeconds?: number;
  readonly staleSeconds?: number;
  readonly timeoutMs?: number;
  /** Callers that outlive the rig: as the gateway keeps them, one a token. */
  readonly callers?: Map<string, Caller>;
  /** Where the clock stands; the present where not given. */
  readonly startMs?: number;
}

export const TEST_SECRET = 'a secret of the tests, 32 characters and more';

export function openCacheRig(options: CacheRigOptions): CacheRig {
  let epochMs = options.startMs ?? Date.now();
  let monotonicMs = 0;
  const observer = new CountingObserver();
  const transport = openTransport(options.upstreamUrl, {
    connections: { max: 64 },
    maxBodyBytes: 1 << 24,
    timeoutMs: options.timeoutMs ?? 5000,
  });
  const store = options.openStore(observer);
  const ring = options.ring ?? (store.isShared ? createSharedKeyRing({ secret: TEST_SECRET, scope: 'test' }) : createLocalKeyRing());
  const limits = { ttlSeconds: options.ttlSeconds ?? 30, staleSeconds: options.staleSeconds ?? 0 };
  const longestLifeMs = (limits.ttlSeconds + limits.staleSeconds) * 1000;
  const resource = createBillsResource();
  const source = new CachedSource<Bills>({
    resource,
    source: new UpstreamSource(resource, new Attempts(transport, { limit: new AdaptiveLimit({ start: 64, max: 64 }), callBudget: 100 }), {
      retries: 0,
    }),
    calls: new InFlightCalls<Bills>(observer),
    ring,
    generations:
      options.generations ?? (store.isShared ? createSharedGenerations({ ring, store, longestLifeMs }) : createLocalGenerations()),
    store,
    limits,
    observer,
    clock: { epochMs: () => epochMs, monotonicMs: () => monotonicMs },
  });
  const callers = options.callers ?? new Map<string, Caller>();
  return {
    observer,
    ask: (token, { id = '80012345', contract = '1001', offset = 0, limit = 21, ...given } = {}) => {
      const caller = callers.get(token) ?? toCaller(token);
      callers.set(token, caller);
      const { signal = new AbortController().signal, operation = new BillingOperation({ caller, signal, callBudget: 100 }) } = given;
      return source.read({ customer: parseCustomer('RUC', id), contractNumber: contract, window: { offset, limit } }, operation);
    },
    pass: (ms) => {
      epochMs += ms;
      monotonicMs += ms;
    },
    setWallClock: (byMs) => {
      epochMs += byMs;
    },
    elapsedMs: () => monotonicMs,
    source,
    close: async () => {
      await store.close();
      await transport.close();
    },
  };
}

/** The caller of a bearer token. */
export function toCaller(token: string): Caller {
  const caller = Caller.parse(`Bearer ${token}`);
  if (!caller) throw new Error('It is no token.');
  return caller;
}

/** A token that says when it ends; nobody checks its signature here. */
export function toJwt(claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`;
}
