import KeyvRedis, { type RedisClientType } from '@keyv/redis';
import { ErrorReply } from '@redis/client';
import type { Keyv, KeyvStoreAdapter } from 'keyv';
import { monotonicMs } from '../../runtime/clock';
import type { CacheObserver } from '../../telemetry/observers/cache-observer';
import type { EntryLocks, LockOutcome } from '../entries/entry-locks';
import type { EntryStore } from '../entries/entry-store';
import { Outage, type OutageListener } from './outage';
import { PendingCommands } from './pending-commands';
import { createRawKeyv, toKeyvTtl, type RawData } from './raw-keyv';
import { createRedisClient, hasLiveNode, refreshSlots, toReconnectDelayMs, type RedisClient } from './redis-client';
import { releaseLock, takeLock } from './redis-lock';

/** Settings of the Redis store. */
export interface RedisStoreOptions {
  /** One address of a Redis or Valkey, or several addresses of one cluster. */
  readonly urls: readonly string[];
  readonly observer: CacheObserver;
  /** Told when entries cannot be read. */
  readonly reads: OutageListener;
  /** Told when entries can be read but not written: no memory left, a replica, a user without the right. */
  readonly writes: OutageListener;
  /** How long a question waits for Redis, in milliseconds; 75 where not given. */
  readonly readTimeoutMs?: number;
}

/**
 * A Redis nearby answers within 1 ms, and within 10 ms on a bad day; the billing API takes tens to hundreds. After
 * this time it is better to ask the billing API than to go on waiting.
 */
const READ_TIMEOUT_MS = 75;
/** One slow answer is a pause; this many in a row are an outage. */
const TIMEOUTS_OF_AN_OUTAGE = 3;
/** A connection that says nothing for so long is taken to be dead (a lost network tells nobody), and made anew. */
const HUNG_MS = 3000;

/** How long connecting may take in all, the first commands included: an endpoint may accept connections and never answer. */
const CONNECT_LIMIT_MS = 5000;
/** A cluster whose node fails is asked for its slots once in this time, until another node has them. */
const REFRESH_EVERY_MS = 500;

/** A user without the right, or a service that has no such command. */
const NOT_ALLOWED = /^(NOPERM|ERR unknown command)/;

const NOTHING: readonly (Buffer | undefined)[] = [];

/** Opens a store in Redis or Valkey. It connects in the background, and again whenever the connection is lost. */
export function createRedisStore(options: RedisStoreOptions): EntryStore {
  return new RedisStore(options);
}

class RedisStore implements EntryStore {
  readonly layer = 'redis';
  readonly isShared = true;
  readonly locks: EntryLocks = {
    take: (name, owner, ttlMs) => this.#take(name, owner, ttlMs),
    release: (name, owner) => this.#release(name, owner),
  };
  readonly #client: RedisClient;
  readonly #keyv: Keyv<Buffer>;
  readonly #observer: CacheObserver;
  readonly #readTimeoutMs: number;
  readonly #reads: Outage;
  readonly #writes: Outage;
  /** Entries on their way in, and locks on their way to and fro. */
  readonly #pending = new PendingCommands();
  /** Owners of the locks that are held, by name. */
  readonly #held = new Map<string, string>();
  #timeouts = 0;
  /** Whether a connection was made: the time that it takes at the start is no outage. */
  #connected = false;
  /** Whether this user may run the script that releases locks; without it there are none. */
  #mayRelease = true;
  #closed = false;
  #nextRefreshMs = 0;

  constructor(options: RedisStoreOptions) {
    this.#observer = options.observer;
    this.#readTimeoutMs = options.readTimeoutMs ?? READ_TIMEOUT_MS;
    this.#reads = new Outage(options.reads);
    this.#writes = new Outage(options.writes);
    this.#client = createRedisClient(options.urls);
    // Without a listener, a lost connection would end the process.
    this.#client.on('error', (error: unknown) => this.#disconnected(error));
    this.#client.on('ready', () => this.#reads.probeNow());
    this.#keyv = createRawKeyv(toAdapter(this.#client));
    void this.#connect();
  }

  async getMany(names: readonly string[]): Promise<readonly (Buffer | undefined)[]> {
    if (!this.#connected || !this.#reads.mayTry(monotonicMs())) return NOTHING;
    try {
      return await this.#inTime(this.#keyv.getMany<Buffer>(names as string[]));
    } catch (error) {
      this.#observer.failed('redis');
      if (error !== TIMED_OUT) this.#disconnected(error);
      return NOTHING;
    }
  }

  set(name: string, value: Buffer, ttlMs: number): void {
    const ttl = toKeyvTtl(ttlMs);
    if (ttl === undefined || !this.#connected || this.#reads.isOn || !this.#writes.mayTry(monotonicMs())) return;
    this.#pending.begin();
    this.#keyv.set(name, value, ttl).then(
      () => {
        this.#pending.end();
        this.#observer.stored('redis', value.length);
        this.#writes.succeeded(monotonicMs());
      },
      (error: unknown) => {
        this.#pending.end();
        this.#observer.failed('redis');
        // A connection that is lost is an outage of the reads, which find it out for themselves.
        if (error instanceof ErrorReply) this.#writes.failed(toReason(error), monotonicMs());
      },
    );
  }

  async #take(name: string, owner: string, ttlMs: number): Promise<LockOutcome> {
    // What was late a moment ago is not waited for a second time by the same question.
    if (!this.#connected || !this.#mayRelease || this.#timeouts > 0 || this.#reads.isOn || this.#writes.isOn) return 'unavailable';
    this.#pending.begin();
    try {
      const reply = await this.#inTime(takeLock(this.#client, name, { owner, ttlMs }));
      if (reply === null) return 'held';
      this.#held.set(name, owner);
      return 'taken';
    } catch (error) {
      this.#observer.failed('redis');
      if (error instanceof ErrorReply) this.#writes.failed(toReason(error), monotonicMs());
      // It may be taken late, when nobody knows of it any more.
      if (error === TIMED_OUT) this.#release(name, owner);
      return 'unavailable';
    } finally {
      this.#pending.end();
    }
  }

  #release(name: string, owner: string): void {
    if (this.#held.get(name) === owner) this.#held.delete(name);
    if (!this.#connected) return;
    this.#pending.begin();
    const end = (): void => this.#pending.end();
    releaseLock(this.#client, name, owner).then(end, (error: unknown) => {
      end();
      this.#observer.failed('redis');
      // The lock ends by itself; but others would wait for that each time.
      if (error instanceof ErrorReply && NOT_ALLOWED.test(error.message)) this.#mayRelease = false;
    });
  }

  /** Closes the connection when entries are in and locks are given back, and after `readTimeoutMs` in any case. */
  async close(): Promise<void> {
    this.#closed = true;
    const untilMs = monotonicMs() + this.#readTimeoutMs;
    for (let leftMs = this.#readTimeoutMs; leftMs > 0; leftMs = untilMs - monotonicMs()) {
      // A lock that stays behind holds up other processes for as long as it lasts. Who holds it has nobody to call for now.
      for (const [name, owner] of this.#held) this.#release(name, owner);
      await this.#pending.settled(leftMs);
      // Releases wait for a turn of the event loop, and so may what a command's answer leads to.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#pending.isIdle && this.#held.size === 0) break;
    }
    this.#disconnect();
  }

  async #connect(): Promise<void> {
    for (let attempts = 0; !this.#closed; attempts++) {
      try {
        // A single client goes on trying by itself, and rejects when it is closed; a cluster gives up at the first failure.
        await within<unknown>(CONNECT_LIMIT_MS, this.#client.connect());
        this.#connected = true;
        this.#reads.probeNow();
        return;
      } catch (error) {
        this.#disconnected(error === TIMED_OUT ? new Error(`no connection within ${CONNECT_LIMIT_MS} ms`) : error);
        this.#disconnect();
        await new Promise<void>((resolve) => setTimeout(resolve, toReconnectDelayMs(attempts)).unref());
      }
    }
  }

  #disconnect(): void {
    this.#connected = false;
    // `destroy` refuses what is not open. What is under way then are entries on their way in: nobody waits for them.
    if (this.#client.isOpen) this.#client.destroy();
  }

  /** A node of a cluster that is gone costs its own keys; a store without any node that answers is out. */
  #disconnected(error: unknown): void {
    if (this.#closed) return;
    if (hasLiveNode(this.#client)) this.#refresh();
    else this.#reads.failed(toReason(error), monotonicMs());
  }

  #refresh(): void {
    const nowMs = monotonicMs();
    if (nowMs < this.#nextRefreshMs) return;
    this.#nextRefreshMs = nowMs + REFRESH_EVERY_MS;
    void refreshSlots(this.#client);
  }

  /** What Redis answers, if it does so in time; rejects otherwise. */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    try {
      const value = await within(this.#readTimeoutMs, answer);
      this.#timeouts = 0;
      this.#reads.succeeded(monotonicMs());
      return value;
    } catch (error) {
      if (error === TIMED_OUT) this.#timedOut();
      throw error;
    }
  }

  #timedOut(): void {
    const nowMs = monotonicMs();
    if (++this.#timeouts < TIMEOUTS_OF_AN_OUTAGE) return;
    this.#reads.failed(`no answer within ${this.#readTimeoutMs} ms, ${TIMEOUTS_OF_AN_OUTAGE} times in a row`, nowMs);
    if (this.#reads.lastsMs(nowMs) < HUNG_MS || this.#closed || !this.#client.isOpen) return;
    this.#timeouts = 0;
    this.#disconnect();
    void this.#connect();
  }
}

const TIMED_OUT = new Error('timed out');

/** The promise's value, or a rejection with `TIMED_OUT`. What it comes to later is dropped. */
function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    // When this process was busy, the answer may lie in the socket unread: one round of the event loop reads it first.
    const timer = setTimeout(() => setImmediate(reject, TIMED_OUT), timeoutMs);
    // A connection that is still being made must not hold up the end of the process.
    timer.unref();
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    }, fail);
  });
}

function toReason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  // Where several addresses were tried, Node puts the reasons into an AggregateError that says nothing itself.
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}

/** `KeyvRedis` as a store of bytes: it hands on what Keyv wraps, and wraps what Keyv unwraps. */
function toAdapter(client: RedisClient): KeyvStoreAdapter {
  // A client that answers with bytes is none of the types that KeyvRedis names, though it only hands the answers on.
  const redis = new KeyvRedis<Buffer>(client as unknown as RedisClientType, { throwOnErrors: true, throwOnConnectError: true });
  redis.on('error', () => undefined); // the client's own listener knows
  const wrap = (value: Buffer | undefined): RawData | undefined => (value === undefined ? undefined : { value, expires: undefined });
  // For several names at once KeyvRedis asks a cluster's nodes itself, past the client, and gets texts instead of bytes.
  const getMany = (names: string[]) =>
    redis.isCluster() ? getEach(names, (name) => redis.get<Buffer>(name)) : redis.getMany<Buffer>(names);
  const adapter = {
    opts: {},
    namespace: undefined,
    get: async (name: string) => wrap(await redis.get<Buffer>(name)),
    getMany: async (names: string[]) => (await getMany(names)).map(wrap),
    set: (name: string, data: RawData, ttl: number) => redis.set(name, data.value as never, ttl),
    delete: (name: string) => redis.delete(name),
    clear: () => redis.clear(),
    on() {
      return adapter;
    },
  };
  return adapter as unknown as KeyvStoreAdapter;
}

/** Each value from its own node. A node that fails costs its own values; rejects where every one of them failed. */
async function getEach(names: string[], get: (name: string) => Promise<Buffer | undefined>): Promise<(Buffer | undefined)[]> {
  const got = await Promise.allSettled(names.map(get));
  const failed = got.find((result) => result.status === 'rejected');
  if (failed && got.every((result) => result.status === 'rejected')) throw failed.reason;
  return got.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
}
