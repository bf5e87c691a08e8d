import { ErrorReply } from '@redis/client';
import type { Keyv } from 'keyv';
import { CacheWaits } from '../../billing/ports/cache-waits';
import { monotonicMs } from '../../runtime/clock';
import { turnForBody } from '../../runtime/turns/shared-turn-budget';
import { TIMED_OUT, withinTime } from '../../runtime/time-limit';
import type { CacheObserver, StoreUse } from '../../telemetry/observers/cache-observer';
import type { EntryLocks, LockOutcome, LockRequest } from '../entries/entry-locks';
import type { EntryStore, StoreClient, StoredValues } from '../entries/entry-store';
import { PendingWrites } from '../entries/pending-writes';
import { ClusterNodes } from './health/cluster-nodes';
import { toFailureReason } from './failure-reason';
import { createRawKeyv, toAdapter, toKeyvTtl } from './keyv-adapter';
import { NodeHealth } from './health/node-health';
import { Outage, type OutageListener } from './health/outage';
import { PendingCommands } from './pending-commands';
import { isCluster, type ClusterClient, type RedisClient, type RedisTls } from './redis-client';
import { RedisConnection } from './redis-connection';
import { releaseLock, takeLock } from './redis-lock';
import type { RedisStoreOptions } from './redis-store-options';
import { isReadOnly, isRefusal, RIGHTS_NAME, toRightsAdvice, type Refusal } from './rights';
import { HUNG_MS } from './health/silence';

/** How long closing waits for entries and locks on their way. */
const CLOSE_LIMIT_MS = 500;

const NO_TLS: RedisTls = { cert: null, key: null, ca: null };
const NOBODY: OutageListener = { began: () => undefined, ended: () => undefined };
const NOTHING: readonly (Buffer | undefined)[] = [];

/** Opens a store in Redis or Valkey. It connects in the background, and again whenever the connection is lost. */
export function createRedisStore(options: RedisStoreOptions): EntryStore {
  return new RedisStore(options);
}

/** What is connected to, and how it is used. */
interface Connected {
  readonly client: RedisClient;
  readonly keyv: Keyv<Buffer>;
}

class RedisStore implements EntryStore {
  readonly layer = 'redis';
  readonly isShared = true;
  readonly locks: EntryLocks = {
    take: (name, request) => this.#take(name, request),
    release: (name, owner) => this.#release(name, owner),
  };
  readonly waitLimitMs: number;
  readonly #connection: RedisConnection;
  readonly #observer: CacheObserver;
  readonly #reads: Outage;
  /** What locks need is refused. */
  readonly #noLocks: Outage;
  /** Entries on their way in, and locks on their way to and fro. */
  readonly #pending = new PendingCommands();
  /** Owners of the locks that are held, by name. */
  readonly #held = new Map<string, string>();
  readonly #replacing = new PendingWrites((name, value, ttlMs) => this.#replace(name, value, ttlMs));
  #connected: Connected | null = null;
  /** Of a Redis that is no cluster. */
  readonly #only: NodeHealth;
  readonly #nodes: ClusterNodes;

  constructor(options: RedisStoreOptions) {
    const { urls, tls = NO_TLS, observer, reads, writes, locks = NOBODY, nodes = NOBODY } = options;
    this.#observer = observer;
    this.waitLimitMs = options.waitLimitMs;
    const observe = (use: StoreUse) => (isOn: boolean) => observer.availabilityChanged(use, !isOn);
    this.#reads = new Outage(reads, observe('read'));
    this.#noLocks = new Outage(locks, observe('lock'));
    this.#only = new NodeHealth({ outage: this.#reads, writes: new Outage(writes, observe('write')), waitLimitMs: this.waitLimitMs });
    this.#nodes = new ClusterNodes({
      listener: nodes,
      changed: (isOut) => this.#nodeChanged(isOut),
      writes: { listener: writes, changed: observe('write') },
      // One node that responds is enough.
      responded: () => this.#reads.succeeded(monotonicMs()),
      waitLimitMs: this.waitLimitMs,
    });
    this.#connection = new RedisConnection({
      urls,
      tls,
      connected: (client, refusals) => this.#use(client, refusals),
      failed: (error) => this.#reads.failed(toFailureReason(error), monotonicMs()),
      isOut: (address) => this.#nodes.isOut(address),
    });
  }

  async getMany(names: readonly string[], { cacheWaits }: StoreClient = { cacheWaits: new CacheWaits() }): Promise<StoredValues> {
    const nowMs = monotonicMs();
    const connected = this.#current;
    // A timer may end a fraction of a millisecond early: what is left then is nothing.
    if (!connected || this.waitLimitMs - cacheWaits.store.totalMs(nowMs) < 1 || !this.#reads.mayTry(nowMs)) return NOTHING;
    try {
      const values = await this.#read(connected, names, cacheWaits);
      const turn = turnForBody(values[0]?.length ?? 0);
      if (turn) await turn;
      return this.#replacing.over(names, values);
    } catch (error) {
      this.#observer.failed('redis');
      if (error !== TIMED_OUT) this.#connection.commandFailed(connected.client, error);
      else if (this.#only.isHung(monotonicMs()) && this.#connection.client === connected.client) this.#connectAnew();
      return NOTHING;
    }
  }

  /** The values, as far as the nodes respond that have them. Rejects where a Redis that is no cluster does not. */
  async #read({ client, keyv }: Connected, names: readonly string[], waits: CacheWaits): Promise<StoredValues> {
    if (!isCluster(client)) return this.#only.inTime(waits, keyv.getMany<Buffer>(names as string[]));
    const failed = (node: NodeHealth, error: unknown): void => {
      this.#observer.failed('redis');
      this.#nodeFailed(client, node, error);
    };
    return this.#nodes.read(client, names, {
      ask: (node, own) => node.inTime(waits, keyv.getMany<Buffer>(own)),
      probe: (node, own) => {
        // Another node may have its slots by now.
        this.#connection.refresh(client);
        node.probe(
          () => keyv.getMany<Buffer>(own),
          (error) => failed(node, error),
        );
      },
      failed,
    });
  }

  set(name: string, value: Buffer, ttlMs: number, replaces = false): void {
    if (replaces) this.#replacing.write(name, value, ttlMs);
    else if (!this.#reads.isOn) void this.#write(name, value, ttlMs);
  }

  /** Resolves to whether Redis took it; null where that is not tried. */
  #write(name: string, value: Buffer, ttlMs: number): Promise<boolean> | null {
    const ttl = toKeyvTtl(ttlMs);
    const connected = this.#current;
    const node = connected && this.#nodeOf(connected.client, name);
    if (ttl === undefined || !node || this.#isOutAlone(node) || !node.writes.mayTry(monotonicMs())) return null;
    this.#pending.begin();
    return connected.keyv.set(name, value, ttl).then(
      () => {
        this.#pending.end();
        this.#observer.stored('redis', value.length);
        node.writes.succeeded(monotonicMs());
        this.#connection.searchEnded();
        return true;
      },
      (error: unknown) => {
        this.#pending.end();
        this.#observer.failed('redis');
        this.#writeFailed(connected.client, node, error);
        return false;
      },
    );
  }

  /** The same for a value that must come in: a connection that is dead is made anew, also where nothing else is asked of it. */
  #replace(name: string, value: Buffer, ttlMs: number): Promise<boolean> | null {
    const { client } = this.#connection;
    const writing = this.#write(name, value, ttlMs);
    if (!writing || !client || isCluster(client)) return writing;
    withinTime(writing, HUNG_MS).catch(() => {
      if (this.#connection.client === client) this.#connectAnew();
    });
    return writing;
  }

  async #take(name: string, { owner, ttlMs, context }: LockRequest): Promise<LockOutcome> {
    const cacheWaits = context?.cacheWaits ?? new CacheWaits();
    const connected = this.#current;
    const node = connected && this.#nodeOf(connected.client, name);
    if (!node || node.isDoubtful || this.#reads.isOn || node.writes.isOn || this.#noLocks.isOn) return 'unavailable';
    this.#pending.begin();
    try {
      const reply = await node.inTime(cacheWaits, takeLock(connected.client, name, { owner, ttlMs }));
      if (reply === null) return 'held';
      this.#held.set(name, owner);
      return 'taken';
    } catch (error) {
      this.#observer.failed('redis');
      this.#writeFailed(connected.client, node, error);
      // The lock may be taken late, after its owner has given up.
      if (error === TIMED_OUT) this.#release(name, owner);
      return 'unavailable';
    } finally {
      this.#pending.end();
    }
  }

  #release(name: string, owner: string): void {
    if (this.#held.get(name) === owner) this.#held.delete(name);
    const connected = this.#current;
    if (!connected) return;
    this.#pending.begin();
    const end = (): void => this.#pending.end();
    releaseLock(connected.client, name, owner).then(end, (error: unknown) => {
      end();
      this.#observer.failed('redis');
      // The lock ends by itself; but others would wait for that each time.
      if (isRefusal(error)) this.#refused({ use: 'lock', commands: 'EVAL, GET and DEL', reason: error.message });
    });
  }

  /** Closes the connection when entries are in and locks are given back, and after half a second in any case. */
  async close(): Promise<void> {
    const untilMs = monotonicMs() + CLOSE_LIMIT_MS;
    this.#probeWrites();
    this.#replacing.tryAll();
    for (let leftMs = CLOSE_LIMIT_MS; leftMs > 0; leftMs = untilMs - monotonicMs()) {
      // A leftover lock delays other processes until it expires, although its holder makes no call.
      for (const [name, owner] of this.#held) this.#release(name, owner);
      await this.#pending.settled(leftMs);
      // Releases wait for a turn of the event loop, and so may what a command's answer leads to.
      await new Promise((resolve) => setImmediate(resolve));
      this.#replacing.tryAll();
      if (this.#pending.isIdle && this.#held.size === 0) break;
    }
    this.#replacing.close();
    this.#connection.close();
  }

  /** Null while there is no connection: the time that it takes to be made at the start is no outage. */
  get #current(): Connected | null {
    return this.#connection.client === null ? null : this.#connected;
  }

  #use(client: RedisClient, refusals: readonly Refusal[]): void {
    this.#connected = { client, keyv: createRawKeyv(toAdapter(client)) };
    this.#only.connectedAnew();
    this.#reads.probeNow();
    this.#probeWrites();
    // Before anything is read that they make void.
    this.#replacing.tryAll();
    if (!refusals.some(({ use }) => use === 'lock')) this.#noLocks.succeeded(monotonicMs());
    for (const refusal of refusals) this.#refused(refusal);
  }

  #probeWrites(): void {
    this.#only.writes.probeNow();
    this.#nodes.probeWrites();
  }

  #connectAnew(): void {
    this.#only.connectedAnew();
    this.#connection.reset();
  }

  #refused({ use, commands, reason }: Refusal): void {
    // Of a cluster's nodes, the others tell by themselves that they take no entries.
    const outage = { read: this.#reads, write: this.#rightsNode.writes, lock: this.#noLocks }[use];
    outage.failed({ reason, advice: toRightsAdvice(commands) }, monotonicMs());
  }

  /** The node that the rights were tried out on. */
  get #rightsNode(): NodeHealth {
    return (this.#connected && this.#nodeOf(this.#connected.client, RIGHTS_NAME)) ?? this.#only;
  }

  /** Null where no node of a cluster has the name. */
  #nodeOf(client: RedisClient, name: string): NodeHealth | null {
    return isCluster(client) ? this.#nodes.of(client, name) : this.#only;
  }

  /** Whether it is a node of a cluster, and out: what is out as a whole is tried now and then. */
  #isOutAlone(node: NodeHealth): boolean {
    return node !== this.#only && node.outage.isOn;
  }

  /** A command could not be run by a node of a cluster. */
  #nodeFailed(client: ClusterClient, node: NodeHealth, error: unknown): void {
    if (error === TIMED_OUT) return;
    node.outage.failed(toFailureReason(error), monotonicMs());
    this.#connection.commandFailed(client, error);
  }

  #nodeChanged(isOut: boolean): void {
    this.#observer.availabilityChanged('node', !isOut);
    const client = this.#connected?.client;
    if (!isOut || !client || !isCluster(client) || !this.#nodes.areAllOut(client)) return;
    this.#reads.failed({ reason: 'no node of the cluster responds', advice: null }, monotonicMs());
  }

  #writeFailed(client: RedisClient, node: NodeHealth, error: unknown): void {
    if (error === TIMED_OUT) return;
    if (!(error instanceof ErrorReply)) {
      if (isCluster(client)) this.#nodeFailed(client, node, error);
      else this.#connection.commandFailed(client, error);
      return;
    }
    const { reason, advice } = toFailureReason(error);
    const rights = isRefusal(error) ? toRightsAdvice('SET') : null;
    node.writes.failed({ reason, advice: rights ?? advice }, monotonicMs());
    if (isReadOnly(error)) this.#connection.search();
  }
}
