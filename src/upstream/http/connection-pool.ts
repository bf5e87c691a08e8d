import { TurnQueue } from '../../runtime/turns/turn-queue';
import { Connection, type ConnectionOwner, type PendingRequest, type StrayBytes } from './connection';
import { IdleConnections } from './idle-connections';
import { GatewayStops } from '../errors/failures';
import type { Connector } from '../sockets/connector';

/**
 * Who may use a connection after whom. `shared`: any token, and preferably the one that used it last. `per-token`: no
 * connection ever carries requests of two tokens.
 */
export type ConnectionSharing = 'shared' | 'per-token';

/** How many connections may be open now. */
export interface ConnectionBound {
  readonly max: number;
}

/** Settings of the connections to one origin. */
export interface ConnectionsOptions {
  /** Connections that are open at once, at most: it may change. */
  readonly bound: ConnectionBound;
  readonly sharing: ConnectionSharing;
  /** How long a connection may be used, so that changes of DNS are followed; a request under way is not cut off. */
  readonly maxAgeMs: number;
  /** Largest body that is read, in bytes. */
  readonly maxBodyBytes: number;
  /** Called when a request is sent again because the server closed the idle connection that it was first sent on. */
  readonly onResend?: (() => void) | undefined;
  /** Called when bytes came that belong to no request. */
  readonly onStray: (stray: StrayBytes) => void;
}

const SWEEP_EVERY_MS = 1000;
/**
 * A connection that has been idle for so long may be used for another token while new ones could be opened: a second
 * response to its last request would have come by now.
 */
const IDLE_BEFORE_OTHER_TOKEN_MS = 150;
/** How often in a row a request may be passed over for a later one whose token used the free connection last. */
const MAX_PASSED_OVER = 64;

/**
 * Keep-alive connections to one origin. A request prefers the connection that its own token used last; for another token
 * it opens a new one, and when there is no room for one, takes the connection that has been idle longest.
 * A connection that has carried a response rests until the event loop has looked for more bytes on it: those would be
 * taken for the response to the next request, which may be another caller's.
 */
export class Connections implements ConnectionOwner {
  readonly #connect: Connector;
  readonly #options: ConnectionsOptions;
  readonly #all = new Set<Connection>();
  readonly #idle = new IdleConnections();
  readonly #waiting: PendingRequest[] = [];
  // Two turns: the one in which the response was read, and a whole one, with a look at every socket in it.
  readonly #resting = new TurnQueue<Connection>((connection) => this.#rested.add(connection));
  readonly #rested = new TurnQueue<Connection>((connection) => this.#free(connection));
  #passedOver = 0;
  readonly #sweep: NodeJS.Timeout;
  #isClosed = false;

  constructor(connect: Connector, options: ConnectionsOptions) {
    this.#connect = connect;
    this.#options = options;
    this.#sweep = setInterval(() => this.#closeUnusable(), SWEEP_EVERY_MS);
    this.#sweep.unref();
  }

  /** Gives the request a connection, at once or as soon as one is free. */
  dispatch(request: PendingRequest): void {
    if (this.#isClosed) {
      request.failed(new GatewayStops());
      return;
    }
    const connection = this.#take(request.caller.tokenId, request.startedMs);
    if (!connection) this.#waiting.push(request);
    else if (!request.sendOn(connection)) this.#free(connection);
  }

  rests(connection: Connection): void {
    this.#resting.add(connection);
  }

  gone(connection: Connection, unprocessed: PendingRequest | null): void {
    this.#all.delete(connection);
    this.#idle.delete(connection);
    if (this.#isClosed) {
      unprocessed?.failed(new GatewayStops());
      return;
    }
    if (unprocessed) {
      this.#options.onResend?.();
      // Before all that wait: its turn has been. And on no idle connection, which may be closed just so.
      this.#waiting.unshift(unprocessed);
    }
    if (this.#waiting.length === 0) return;
    const next = this.#open();
    if (next) this.#free(next);
  }

  strayed(stray: StrayBytes): void {
    this.#options.onStray(stray);
  }

  /** Ends all connections, and fails what is under way on them and what waits for them. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#sweep);
    for (const connection of [...this.#all]) connection.close();
    for (const request of this.#waiting.splice(0)) request.failed(new GatewayStops());
  }

  /** Gives a connection on which nothing is under way to a request that waits. */
  #free(connection: Connection): void {
    // Where no request waits, whether it may still be used is looked at when it is.
    const nowMs = this.#waiting.length > 0 ? performance.now() : connection.idleSinceMs;
    if (!connection.isUsable(nowMs)) {
      connection.destroy();
      return;
    }
    while (this.#waiting.length > 0) {
      const request = this.#nextFor(connection);
      if (!this.#mayCarry(connection, request)) {
        this.#waiting.unshift(request);
        // Which makes room for a new one.
        connection.destroy();
        return;
      }
      if (request.sendOn(connection)) return;
    }
    this.#idle.add(connection);
  }

  /** The request that waits longest for a connection of this token, or else the one that waits longest. */
  #nextFor({ tokenId }: Connection): PendingRequest {
    const own = this.#passedOver >= MAX_PASSED_OVER ? 0 : this.#waiting.findIndex(({ caller }) => caller.tokenId === tokenId);
    this.#passedOver = own > 0 ? this.#passedOver + 1 : 0;
    return (own > 0 ? this.#waiting.splice(own, 1)[0] : this.#waiting.shift()) as PendingRequest;
  }

  #mayCarry({ tokenId }: Connection, { caller }: PendingRequest): boolean {
    return this.#options.sharing === 'shared' || tokenId === '' || tokenId === caller.tokenId;
  }

  /** An idle connection, or a new one; undefined where the request has to wait. */
  #take(tokenId: string, nowMs: number): Connection | undefined {
    for (let own = this.#idle.lastOf(tokenId); own; own = this.#idle.lastOf(tokenId)) if (this.#leaves(own, nowMs)) return own;
    for (let other = this.#idle.longest; other; other = this.#idle.longest) {
      const hasRoom = this.#all.size < this.#options.bound.max;
      if (this.#options.sharing === 'per-token') {
        if (hasRoom) break;
        other.destroy();
      } else {
        if (hasRoom && nowMs - other.idleSinceMs < IDLE_BEFORE_OTHER_TOKEN_MS) break;
        if (this.#leaves(other, nowMs)) return other;
      }
    }
    return this.#open();
  }

  /** Takes a connection out of the idle ones. False where the server may be about to close it. */
  #leaves(connection: Connection, nowMs: number): boolean {
    this.#idle.delete(connection);
    if (connection.isUsable(nowMs)) return true;
    connection.destroy();
    return false;
  }

  #open(): Connection | undefined {
    if (this.#all.size >= this.#options.bound.max) return undefined;
    const connection = new Connection(this.#connect, this, { maxBodyBytes: this.#options.maxBodyBytes, maxAgeMs: this.#toMaxAgeMs() });
    this.#all.add(connection);
    return connection;
  }

  /** With jitter, so that connections that were opened together are not closed together. */
  #toMaxAgeMs(): number {
    return this.#options.maxAgeMs * (0.9 + 0.2 * Math.random());
  }

  /** Closes idle connections that would not be used any more, and those that are too old. */
  #closeUnusable(): void {
    const nowMs = performance.now();
    for (const connection of this.#idle.all()) if (!connection.isUsable(nowMs)) connection.destroy();
  }
}
