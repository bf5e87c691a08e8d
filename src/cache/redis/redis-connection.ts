import { ErrorReply } from '@redis/client';
import { monotonicMs } from '../../runtime/clock';
import { TIMED_OUT, withinTime } from '../../runtime/time-limit';
import { toFailureReason } from './failure-reason';
import {
  createClusterClient,
  createSingleClient,
  destroyClient,
  hasLiveNode,
  isCluster,
  refreshSlots,
  toReconnectDelayMs,
  type RedisClient,
  type RedisTls,
  type SingleClient,
} from './redis-client';
import { probeRights, type Refusal } from './rights';
import { areSentinels, findPrimary } from './sentinels';
import { findTlsProblem } from './tls-probe';

/** Where Redis is. */
export interface RedisConnectionOptions {
  /** One address of a Redis or of a cluster, several nodes of a cluster, or the Sentinels of a primary. */
  readonly urls: readonly string[];
  readonly tls: RedisTls;
  /** Called whenever a connection is made, with what the user may not do. */
  readonly connected: (client: RedisClient, refusals: readonly Refusal[]) => void;
  /** Called when a connection is lost, or cannot be made. */
  readonly failed: (error: unknown) => void;
  /** Whether the node of a cluster at this address (host:port) is known not to answer; where not given, none is. */
  readonly isOut?: (address: string) => boolean;
}

/** How long connecting may take in all, the first commands included: an endpoint may accept connections and never answer. */
const CONNECT_LIMIT_MS = 5000;
/** A cluster whose node fails is asked for its slots once in this time, until another node has them. */
const REFRESH_EVERY_MS = 500;
/** Delay before searching for another primary, doubled after each search without a result. */
const FIRST_SEARCH_MS = 500;
const LAST_SEARCH_MS = 30_000;

/** Keeps a connection to Redis. It connects in the background, and again whenever the connection is lost. */
export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  #client: RedisClient | null = null;
  #attempt: Attempt | null = null;
  #isClosed = false;
  #nextRefreshMs = 0;
  #searchDelayMs = FIRST_SEARCH_MS;
  #nextSearchMs = 0;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** Null while there is none. */
  get client(): RedisClient | null {
    return this.#client;
  }

  /** Gives the connection up, and makes another one. */
  reset(): void {
    this.#drop();
    void this.#connect();
  }

  /**
   * What a command that failed for lack of a connection means. A node of a cluster that is gone costs its own keys, and
   * the slots are asked for; without any node that answers the store is out, and the cluster is looked for anew.
   */
  commandFailed(client: RedisClient, error: unknown): void {
    if (client !== this.#client) return;
    if (hasLiveNode(client)) {
      this.refresh(client);
      return;
    }
    this.#options.failed(error);
    if (isCluster(client)) this.search();
  }

  /** Asks a cluster which node has which slots by now, but not more often than makes sense. */
  refresh(client: RedisClient): void {
    const nowMs = monotonicMs();
    if (nowMs < this.#nextRefreshMs) return;
    this.#nextRefreshMs = nowMs + REFRESH_EVERY_MS;
    void refreshSlots(client, this.#options.isOut);
  }

  /**
   * Looks whether the addresses lead to another Redis by now: what is connected is a replica, or gone. The present
   * connection is used until then.
   */
  search(): void {
    const nowMs = monotonicMs();
    if (nowMs < this.#nextSearchMs || this.#attempt) return;
    this.#nextSearchMs = nowMs + this.#searchDelayMs;
    this.#searchDelayMs = Math.min(this.#searchDelayMs * 2, LAST_SEARCH_MS);
    void this.#connect();
  }

  /** What is connected is what was searched for. */
  searchEnded(): void {
    this.#searchDelayMs = FIRST_SEARCH_MS;
  }

  close(): void {
    this.#isClosed = true;
    this.#attempt?.abandon();
    this.#drop();
  }

  async #connect(): Promise<void> {
    if (this.#attempt) return;
    for (let attempts = 0; !this.#isClosed; attempts++) {
      const attempt = (this.#attempt = new Attempt(this.#options));
      try {
        const client = await withinTime(attempt.run(), CONNECT_LIMIT_MS);
        this.#use(client, attempt.refusals);
        break;
      } catch (error) {
        attempt.abandon();
        // While another connection is still in use, it says itself how it is.
        if (!this.#client) this.#fail(attempts === 0 ? await this.#explain(attempt, error) : error);
        await new Promise<void>((resolve) => setTimeout(resolve, toReconnectDelayMs(attempts)).unref());
      }
    }
    this.#attempt = null;
  }

  #use(client: RedisClient, refusals: readonly Refusal[]): void {
    if (this.#isClosed) {
      destroyClient(client);
      return;
    }
    this.#drop();
    this.#client = client;
    client.on('error', (error: unknown) => {
      if (client !== this.#client) return;
      if (isCluster(client)) this.commandFailed(client, error);
      else {
        this.#fail(error);
        this.reset();
      }
    });
    // It may have been lost while what it may do was asked.
    if (client.isOpen) this.#options.connected(client, refusals);
    else void setImmediate(() => this.reset());
  }

  #drop(): void {
    const client = this.#client;
    this.#client = null;
    // The remaining commands write entries, and nothing waits for them.
    if (client) destroyClient(client);
  }

  /** The error, or what is behind it. */
  async #explain({ url }: Attempt, error: unknown): Promise<unknown> {
    const problem = toFailureReason(error).advice === null ? await findTlsProblem(url, this.#options.tls) : null;
    return problem ?? (error === TIMED_OUT ? new Error(`no connection within ${CONNECT_LIMIT_MS} ms`) : error);
  }

  #fail(error: unknown): void {
    if (!this.#isClosed) this.#options.failed(error);
  }
}

/** One attempt to connect, which may take several connections. */
class Attempt {
  readonly #options: RedisConnectionOptions;
  readonly #clients: RedisClient[] = [];
  #isAbandoned = false;
  /** The first thing that went wrong. */
  #cause: unknown;
  refusals: readonly Refusal[] = [];
  /** What it connected to last. */
  url: string;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    this.url = options.urls[0] as string;
  }

  /** A client that is connected, to a primary as far as is known. Rejects where there is none. */
  async run(): Promise<RedisClient> {
    try {
      return await this.#run();
    } catch (error) {
      // What rejects says no more than that a socket was closed, or that no node of a cluster could be used.
      throw this.#cause ?? error;
    }
  }

  async #run(): Promise<RedisClient> {
    const { urls, tls } = this.#options;
    const client = await this.#find(urls, tls);
    const { refusals, isReplica } = await probeRights(client);
    // The Sentinels have not agreed on another primary yet.
    if (isReplica && areSentinels(urls)) throw new Error('the Sentinels name a replica');
    this.refusals = refusals;
    return client;
  }

  /** Closes the connections. Pending commands are abandoned. */
  abandon(): void {
    this.#isAbandoned = true;
    for (const client of this.#clients) destroyClient(client);
  }

  async #find(urls: readonly string[], tls: RedisTls): Promise<RedisClient> {
    if (areSentinels(urls)) {
      this.url = await findPrimary(urls, tls);
      return this.#open(createSingleClient(this.url, tls));
    }
    if (urls.length > 1) return this.#open(createClusterClient(urls, tls));
    const client = createSingleClient(urls[0] as string, tls);
    await this.#open(client);
    if (!(await isNodeOfCluster(client))) return client;
    destroyClient(client);
    return this.#open(createClusterClient(urls, tls));
  }

  async #open<C extends RedisClient>(client: C): Promise<C> {
    if (this.#isAbandoned) throw TIMED_OUT;
    this.#clients.push(client);
    // Without a listener, a lost connection would end the process.
    client.on('error', (error: unknown) => (this.#cause ??= error));
    await client.connect();
    return client;
  }
}

/** Whether one address leads to a cluster, such as the configuration endpoint of a managed one. */
async function isNodeOfCluster(client: SingleClient): Promise<boolean> {
  try {
    await client.sendCommand(['CLUSTER', 'SLOTS']);
    return true;
  } catch (error) {
    if (error instanceof ErrorReply) return false;
    throw error;
  }
}
