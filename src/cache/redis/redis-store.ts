import { ErrorReply } from '@redis/client';
import type { Keyv } from 'keyv';
import { CacheWaits } from '../../billing/ports/cache-waits';
import { monotonicMs } from '../../runtime/clock';
import { TIMED_OUT, withinTime } from '../../runtime/time-limit';
import type { CacheObserver } from '../../telemetry/observers/cache-observer';
import type { EntryLocks, LockOutcome, LockRequest } from '../entries/entry-locks';
import type { EntryStore, StoreClient, StoredValues } from '../entries/entry-store';
import { toAdapter } from './keyv-adapter';
import { Outage, type OutageListener } from './outage';
import { PendingCommands } from './pending-commands';
import { createRawKeyv, toKeyvTtl } from './raw-keyv';
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
  /** How long an operation waits for Redis in all, in milliseconds. A response that takes more than a third of it is late. */
  readonly waitLimitMs: number;
}

/** Of the time that an operation may wait: a response that takes longer is used, but nothing further that could be late is asked. */
const LATE_SHARE = 1 / 3;
/** One late response is a pause; this many in a row are an outage. */
const LATE_OF_AN_OUTAGE = 3;
/** A connection that says nothing for so long is taken to be dead (a lost network tells nobody), and made anew. */
const HUNG_MS = 3000;

/** How long connecting may take in all, the first commands included: an endpoint may accept connections and never answer. */
const CONNECT_LIMIT_MS = 5000;
/** How long closing waits for entries and locks on their way. */
const CLOSE_LIMIT_MS = 500;
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
    take: (name, request) => this.#take(name, request),
    release: (name, owner) => this.#release(name, owner),
  };
  readonly #client: RedisClient;
  readonly #keyv: Keyv<Buffer>;
  readonly #observer: CacheObserver;
  readonly waitLimitMs: number;
  readonly #lateMs: number;
  readonly #reads: Outage;
  readonly #writes: Outage;
  /** Entries on their way in, and locks on their way to and fro. */
  readonly #pending = new PendingCommands();
  /** Owners of the locks that are held, by name. */
  readonly #held = new Map<string, string>();
  /** Late responses in a row, and when the last of them became one. */
  #late = 0;
  #lateAtMs = -Infinity;
  #respondedAtMs = -Infinity;
  /** Whether a connection was made: the time that it takes at the start is no outage. */
  #connected = false;
  /** Whether this user may run the script that releases locks; without it there are none. */
  #mayRelease = true;
  #closed = false;
  #nextRefreshMs = 0;

  constructor(options: RedisStoreOptions) {
    this.#observer = options.observer;
    this.waitLimitMs = options.waitLimitMs;
    this.#lateMs = Math.ceil(options.waitLimitMs * LATE_SHARE);
    this.#reads = new Outage(options.reads, (isOn) => this.#observer.availabilityChanged('read', !isOn));
    this.#writes = new Outage(options.writes, (isOn) => this.#observer.availabilityChanged('write', !isOn));
    this.#client = createRedisClient(options.urls);
    // Without a listener, a lost connection would end the process.
    this.#client.on('error', (error: unknown) => this.#disconnected(error));
    this.#client.on('ready', () => this.#reads.probeNow());
    this.#keyv = createRawKeyv(toAdapter(this.#client));
    void this.#connect();
  }

  async getMany(names: readonly string[], { cacheWaits }: StoreClient = { cacheWaits: new CacheWaits() }): Promise<StoredValues> {
    const nowMs = monotonicMs();
    // A timer may end a fraction of a millisecond early: what is left then is nothing.
    if (!this.#connected || this.waitLimitMs - cacheWaits.store.totalMs(nowMs) < 1 || !this.#reads.mayTry(nowMs)) return NOTHING;
    try {
      return await this.#inTime(cacheWaits, this.#keyv.getMany<Buffer>(names as string[]));
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

  async #take(name: string, { owner, ttlMs, context }: LockRequest): Promise<LockOutcome> {
    const cacheWaits = context?.cacheWaits ?? new CacheWaits();
    if (this.#late > 0 || !this.#mayLock) return 'unavailable';
    this.#pending.begin();
    try {
      const reply = await this.#inTime(cacheWaits, takeLock(this.#client, name, { owner, ttlMs }));
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

  get #mayLock(): boolean {
    return this.#connected && this.#mayRelease && !this.#reads.isOn && !this.#writes.isOn;
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

  /** Closes the connection when entries are in and locks are given back, and after half a second in any case. */
  async close(): Promise<void> {
    this.#closed = true;
    const untilMs = monotonicMs() + CLOSE_LIMIT_MS;
    for (let leftMs = CLOSE_LIMIT_MS; leftMs > 0; leftMs = untilMs - monotonicMs()) {
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
        await withinTime<unknown>(this.#client.connect(), CONNECT_LIMIT_MS);
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

  /** Redis's response, if it comes while the operation may wait; rejects otherwise. */
  async #inTime<T>(waits: CacheWaits, response: Promise<T>): Promise<T> {
    const startedAtMs = monotonicMs();
    const command = { isLate: false };
    const noteLate = (): void => {
      command.isLate = waits.storeWasLate = true;
      this.#becameLate(startedAtMs);
    };
    const leftMs = this.waitLimitMs - waits.store.totalMs(startedAtMs);
    waits.store.begin(startedAtMs);
    try {
      const value = await withinTime(response, leftMs, { lateMs: this.#lateMs, call: noteLate });
      if (!command.isLate) this.#respondedInTime();
      return value;
    } catch (error) {
      if (error === TIMED_OUT) this.#timedOut(waits, response);
      throw error;
    } finally {
      waits.store.end(monotonicMs());
    }
  }

  #respondedInTime(): void {
    this.#late = 0;
    this.#reads.succeeded(monotonicMs());
  }

  #becameLate(startedAtMs: number): void {
    // Commands that were under way together met the same pause.
    if (startedAtMs < this.#lateAtMs) return;
    const nowMs = (this.#lateAtMs = monotonicMs());
    if (++this.#late < LATE_OF_AN_OUTAGE) return;
    this.#reads.failed(`no response within ${this.#lateMs} ms, ${LATE_OF_AN_OUTAGE} times in a row`, nowMs);
  }

  #timedOut(waits: CacheWaits, response: Promise<unknown>): void {
    waits.storeWasLate = true;
    const note = (): void => void (this.#respondedAtMs = monotonicMs());
    response.then(note, (error: unknown) => {
      if (error instanceof ErrorReply) note();
    });
    const nowMs = monotonicMs();
    // What responds, however late, is connected.
    if (this.#reads.lastsMs(nowMs) < HUNG_MS || nowMs - this.#respondedAtMs < HUNG_MS || this.#closed || !this.#client.isOpen) return;
    this.#late = 0;
    this.#disconnect();
    void this.#connect();
  }
}

function toReason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  // Where several addresses were tried, Node puts the reasons into an AggregateError that says nothing itself.
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
