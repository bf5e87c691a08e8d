import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { TurnQueue } from '../../runtime/turn-queue';
import { Connection, type ConnectionOwner, type PendingRequest } from './connection';
import { lost } from '../errors/failures';

/** Settings of the connections to one origin. */
export interface ConnectionsOptions {
  /** Connections that are open at once, at most. */
  readonly max: number;
  /** Largest body that is read, in bytes. */
  readonly maxBodyBytes: number;
  /** Called when a request is sent again because the server closed the idle connection that it was first sent on. */
  readonly onResend?: (() => void) | undefined;
}

/** Before TCP asks a silent other side whether it is still there. */
const PROBE_AFTER_MS = 60_000;

/**
 * Kept-alive connections to one origin. The connection used last is used next, so that a quiet gateway keeps few.
 * A connection that has carried an answer rests until the event loop has looked for more bytes on it: those would be
 * taken for the next request's answer, which may be another caller's.
 */
export class Connections implements ConnectionOwner {
  readonly #origin: URL;
  readonly #options: ConnectionsOptions;
  readonly #all = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #waiting: PendingRequest[] = [];
  // Two turns: the one in which the answer was read, and a whole one, with a look at every socket in it.
  readonly #resting = new TurnQueue<Connection>((connection) => this.#rested.add(connection));
  readonly #rested = new TurnQueue<Connection>((connection) => this.#free(connection));
  #session: Buffer | undefined;
  #isClosed = false;

  constructor(origin: URL, options: ConnectionsOptions) {
    this.#origin = origin;
    this.#options = options;
  }

  /** Gives the request a connection, at once or as soon as one is free. */
  dispatch(request: PendingRequest): void {
    if (this.#isClosed) {
      request.failed(lost());
      return;
    }
    const connection = this.#take() ?? this.#open();
    if (!connection) this.#waiting.push(request);
    else if (!request.sendOn(connection)) this.#free(connection);
  }

  rests(connection: Connection): void {
    this.#resting.add(connection);
  }

  gone(connection: Connection, unprocessed: PendingRequest | null): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#isClosed) {
      unprocessed?.failed(lost());
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

  /** Ends all connections, and fails what is under way on them and what waits for them. */
  close(): void {
    this.#isClosed = true;
    for (const connection of [...this.#all]) connection.close();
    for (const request of this.#waiting.splice(0)) request.failed(lost());
  }

  /** Gives a connection on which nothing is under way to who has waited longest. */
  #free(connection: Connection): void {
    if (!connection.isUsable(performance.now())) {
      connection.destroy();
      return;
    }
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) if (next.sendOn(connection)) return;
    this.#idle.push(connection);
  }

  #take(): Connection | undefined {
    const nowMs = performance.now();
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (connection.isUsable(nowMs)) return connection;
      connection.destroy();
    }
    return undefined;
  }

  #open(): Connection | undefined {
    if (this.#all.size >= this.#options.max) return undefined;
    const connection = new Connection(this.#connect(), this, this.#options.maxBodyBytes);
    this.#all.add(connection);
    return connection;
  }

  #connect(): Socket {
    const { protocol, hostname, port } = this.#origin;
    // In an address, IPv6 stands in brackets.
    const host = hostname.replace(/^\[|\]$/g, '');
    const options = { host, noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS };
    if (protocol !== 'https:') return connectTcp({ ...options, port: Number(port || 80) });
    const socket = connectTls({
      ...options,
      port: Number(port || 443),
      // RFC 6066, section 3: an address is no server name.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ['http/1.1'],
      ...(this.#session ? { session: this.#session } : {}),
    });
    // Not a byte of a token before it is known who reads it.
    socket.cork();
    socket.once('secureConnect', () => socket.uncork());
    socket.on('session', (session) => {
      this.#session = session;
    });
    return socket;
  }
}
