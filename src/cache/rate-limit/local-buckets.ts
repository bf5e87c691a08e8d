import { LRUCache } from 'lru-cache';
import type { TakenCalls } from '../../billing/admission/call-buckets';
import { systemClock, type Clock } from '../../runtime/clock';
import { upTo } from '../../runtime/maps/entry-bound';

/** Buckets that are known at a time, about 200 bytes each. The one that was not used for the longest is forgotten, and so full again. */
const MAX_BUCKETS = 20_000;

const MINUTE_MS = 60_000;

/** What was in a bucket, and when. */
interface Bucket {
  readonly calls: number;
  readonly atMs: number;
}

/** Token buckets in this process's memory: each holds the calls of a minute at most, and fills at that rate. */
export class LocalBuckets {
  readonly callsPerMinute: number;
  readonly #clock: Clock;
  readonly #buckets = new LRUCache<string, Bucket>(upTo(MAX_BUCKETS));

  constructor(callsPerMinute: number, clock: Clock = systemClock) {
    this.callsPerMinute = callsPerMinute;
    this.#clock = clock;
  }

  /** How many buckets are known. One that is not known is full. */
  get count(): number {
    return this.#buckets.size;
  }

  /** What is in the bucket: a fraction as well. Does not make it known. */
  callsIn(key: string): number {
    const bucket = this.#buckets.get(key);
    if (!bucket) return this.callsPerMinute;
    const filled = ((this.#clock.monotonicMs() - bucket.atMs) * this.callsPerMinute) / MINUTE_MS;
    return Math.min(this.callsPerMinute, bucket.calls + filled);
  }

  /** Takes all of the calls or none. @param calls negative to return calls to the bucket. */
  take(key: string, calls: number): TakenCalls {
    const before = this.callsIn(key);
    if (before < calls) return { granted: false, calls: before };
    const left = Math.min(this.callsPerMinute, before - calls);
    this.set(key, left);
    return { granted: true, calls: left };
  }

  /** Puts into the bucket what another process knows of it. */
  set(key: string, calls: number): void {
    if (calls >= this.callsPerMinute) this.#buckets.delete(key);
    else this.#buckets.set(key, { calls, atMs: this.#clock.monotonicMs() });
  }
}
