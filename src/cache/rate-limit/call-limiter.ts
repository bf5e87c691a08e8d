import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import type { SharedCallBuckets, TakenCalls } from '../../billing/admission/call-buckets';
import type { CallLimiter, CallQuota, CallShortage } from '../../billing/admission/call-limiter';
import type { Caller } from '../../billing/model/caller';
import type { Clock } from '../../runtime/clock';
import type { OutageListener } from '../redis/health/outage';
import type { RedisTls } from '../redis/redis-client';
import { LocalBuckets } from './local-buckets';

/** Settings of the limit. */
export interface CallLimiterOptions {
  readonly callsPerMinute: number;
  /** Names the buckets: the same in every process that shares them. Null: a random one, for this process alone. */
  readonly secret: string | null;
  /** Null: the buckets are this process's own. */
  readonly shared: SharedCallBuckets | null;
  readonly clock?: Clock | undefined;
}

/** Settings of the limit, and of what its processes share. */
export interface OpenLimiterOptions extends Omit<CallLimiterOptions, 'shared'> {
  /** Buckets of the primary process; null where there is none. Redis comes first. */
  readonly ofPrimary: SharedCallBuckets | null;
  readonly redisUrls: readonly string[];
  readonly redisTls: RedisTls;
  readonly redisWaitMs: number;
  /** Called when Redis cannot be reached; each process then counts on its own. */
  readonly outages: OutageListener;
}

/** A limit that owns what it opened. */
export interface OpenCallLimiter extends CallLimiter {
  close(): Promise<void>;
}

/** Opens the limit; null where there is to be none. Redis's client is loaded only where there is a Redis. */
export async function openCallLimiter(options: OpenLimiterOptions): Promise<OpenCallLimiter | null> {
  const { callsPerMinute, redisUrls: urls, redisTls: tls, redisWaitMs: waitMs, outages, ofPrimary } = options;
  if (callsPerMinute === 0) return null;
  if (urls.length === 0) return new BucketLimiter({ ...options, shared: ofPrimary });
  const { createRedisBuckets } = await import('./redis-buckets.js');
  return new BucketLimiter({ ...options, shared: createRedisBuckets({ urls, tls, callsPerMinute, waitMs, outages }) });
}

/**
 * Limits the calls of each token by a token bucket. Shared buckets decide where they can be reached; what they said last, and
 * what was taken since, is also known here: it is what a response tells without asking, and what decides while they are out of reach.
 */
export class BucketLimiter implements OpenCallLimiter {
  readonly #local: LocalBuckets;
  readonly #shared: SharedCallBuckets | null;
  readonly #hashKey: KeyObject;
  readonly #keys = new WeakMap<Caller, string>();

  constructor({ callsPerMinute, secret, shared, clock }: CallLimiterOptions) {
    this.#local = new LocalBuckets(callsPerMinute, clock);
    this.#shared = shared;
    // The label keeps the secret's other uses apart from this one.
    this.#hashKey = createSecretKey(
      createHmac('sha256', secret ?? randomBytes(32))
        .update('buckets of calls')
        .digest(),
    );
  }

  /** How many buckets this process knows. */
  get count(): number {
    return this.#local.count;
  }

  async take(caller: Caller, calls: number): Promise<CallShortage | null> {
    const key = this.#keyOf(caller);
    const { granted, calls: left } = (await this.#takeShared(key, calls)) ?? this.#local.take(key, calls);
    return granted ? null : { ...this.#toQuota(left), seconds: Math.max(1, this.#toSeconds(calls - left)) };
  }

  giveBack(caller: Caller, calls: number): void {
    const key = this.#keyOf(caller);
    this.#local.take(key, -calls);
    void this.#takeShared(key, -calls);
  }

  quotaOf(caller: Caller): CallQuota {
    return this.#toQuota(this.#local.callsIn(this.#keyOf(caller)));
  }

  async close(): Promise<void> {
    await this.#shared?.close();
  }

  async #takeShared(key: string, calls: number): Promise<TakenCalls | null> {
    if (!this.#shared) return null;
    const taken = await this.#shared.take(key, calls);
    if (taken) this.#local.set(key, taken.calls);
    return taken;
  }

  #toQuota(left: number): CallQuota {
    const limit = this.#local.callsPerMinute;
    return { limit, remaining: Math.max(0, Math.floor(left)), resetSeconds: this.#toSeconds(limit - left) };
  }

  #toSeconds(calls: number): number {
    return Math.ceil((calls * 60) / this.#local.callsPerMinute);
  }

  /** The caller's token under a key, not its identity: headers that are forwarded must not give a token another bucket. */
  #keyOf(caller: Caller): string {
    let key = this.#keys.get(caller);
    if (key === undefined) {
      key = createHmac('sha256', this.#hashKey).update(caller.tokenId).digest('base64url');
      this.#keys.set(caller, key);
    }
    return key;
  }
}
