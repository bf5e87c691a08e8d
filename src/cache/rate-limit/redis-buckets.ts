import { ErrorReply } from '@redis/client';
import type { SharedCallBuckets, TakenCalls } from '../../billing/admission/call-buckets';
import { monotonicMs } from '../../runtime/clock';
import { TIMED_OUT, withinTime } from '../../runtime/time-limit';
import { KEY_PREFIX } from '../keys/shared-key-ring';
import { toFailureReason } from '../redis/failure-reason';
import { Outage, type OutageListener } from '../redis/health/outage';
import { isCluster, type RedisClient, type RedisTls } from '../redis/redis-client';
import { RedisConnection } from '../redis/redis-connection';
import { isReadOnly, isRefusal, LEAST_RIGHTS } from '../redis/rights';
import { Silence } from '../redis/health/silence';

/**
 * Takes calls out of a bucket, in one step and by the clock of Redis, so that no two processes take the same ones. A bucket is
 * `calls at`, with milliseconds since the epoch. It ends when it is full: then it is what a bucket is that is not there.
 * Where the clock is behind the bucket's (it was set back, or another Redis took over), the bucket fills from now on.
 */
const TAKE = `
local limit, calls = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local left, ahead = limit, false
local bucket = redis.call('GET', KEYS[1])
if bucket then
  local known, at = string.match(bucket, '^(%S+) (%d+)$')
  ahead = tonumber(at) > now
  left = math.min(limit, tonumber(known) + math.max(0, now - tonumber(at)) * limit / 60000)
end
local granted = left >= calls
if granted then left = math.min(limit, left - calls) end
if granted or ahead then
  redis.call('SET', KEYS[1], string.format('%.6f %.0f', left, now), 'PX', math.ceil((limit - left) * 60000 / limit) + 1)
end
return { granted and 1 or 0, string.format('%.6f', left) }
`;

/** Settings of the buckets in Redis. */
export interface RedisBucketsOptions {
  readonly urls: readonly string[];
  readonly tls: RedisTls;
  readonly callsPerMinute: number;
  /** How long an operation waits for Redis, in milliseconds. */
  readonly waitMs: number;
  /** Called when the buckets cannot be reached, and when they can again. */
  readonly outages: OutageListener;
}

/** Opens buckets in Redis or Valkey, over a connection of their own. It connects in the background, and again whenever it is lost. */
export function createRedisBuckets(options: RedisBucketsOptions): SharedCallBuckets {
  return new RedisBuckets(options);
}

class RedisBuckets implements SharedCallBuckets {
  readonly #options: RedisBucketsOptions;
  readonly #outage: Outage;
  readonly #connection: RedisConnection;
  readonly #silence = new Silence();

  constructor(options: RedisBucketsOptions) {
    this.#options = options;
    this.#outage = new Outage(options.outages, () => undefined);
    this.#connection = new RedisConnection({
      urls: options.urls,
      tls: options.tls,
      connected: () => this.#outage.probeNow(),
      failed: (error) => this.#outage.failed(toFailureReason(error), monotonicMs()),
    });
  }

  async take(key: string, calls: number): Promise<TakenCalls | null> {
    const { client } = this.#connection;
    if (!client || !this.#outage.mayTry(monotonicMs())) return null;
    const response = this.#run(client, key, calls);
    try {
      const taken = toTaken(await withinTime(response, this.#options.waitMs));
      this.#outage.succeeded(monotonicMs());
      return taken;
    } catch (error) {
      if (error === TIMED_OUT) this.#timedOut(client, response);
      else this.#failed(client, error);
      return null;
    }
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }

  #run(client: RedisClient, key: string, calls: number): Promise<unknown> {
    return client.eval(TAKE, {
      keys: [`${KEY_PREFIX}:{calls:${key}}`],
      arguments: [String(this.#options.callsPerMinute), String(calls)],
    });
  }

  #timedOut(client: RedisClient, response: Promise<unknown>): void {
    const nowMs = monotonicMs();
    this.#silence.noteLate(response);
    this.#outage.failed({ reason: `no response within ${this.#options.waitMs} ms`, advice: null }, nowMs);
    // The nodes of a cluster are watched by its client.
    if (!isCluster(client) && this.#silence.isHung(this.#outage, nowMs) && this.#connection.client === client) this.#connection.reset();
  }

  #failed(client: RedisClient, error: unknown): void {
    const nowMs = monotonicMs();
    if (error instanceof ErrorReply) {
      const advice = `the user of Redis needs the rights ${LEAST_RIGHTS} +time`;
      this.#outage.failed(isRefusal(error) ? { reason: error.message, advice } : toFailureReason(error), nowMs);
      if (isReadOnly(error)) this.#connection.search();
    } else {
      this.#connection.commandFailed(client, error);
      // A node of a cluster that is gone is no outage of all; the others' buckets are still asked.
    }
  }
}

function toTaken(reply: unknown): TakenCalls {
  const [granted, calls] = reply as [number, Buffer];
  return { granted: granted === 1, calls: Number(calls.toString()) };
}
