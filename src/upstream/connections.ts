import { Client } from 'undici';

/** Settings of the connections to one origin. */
export interface ConnectionsOptions {
  /** Connections that are open at once, at most. */
  readonly max: number;
  /** How long opening one may take, in milliseconds. */
  readonly connectTimeoutMs: number;
}

/** Uses a connection for one request, and says when that is over. */
export type Use = (client: Client, release: () => void) => void;

/**
 * Kept-alive connections to one origin, one request at a time on each. In the place of undici's Pool: whoever asks here
 * was admitted before, so that none of a pool's queues and events are needed, which took a fifth of a call's time.
 * The connection used last is used next, so that a quiet gateway keeps few.
 */
export class Connections {
  readonly #origin: string;
  readonly #options: ConnectionsOptions;
  readonly #all: Client[] = [];
  readonly #free: Client[] = [];
  readonly #waiting: Use[] = [];

  constructor(origin: string, options: ConnectionsOptions) {
    this.#origin = origin;
    this.#options = options;
  }

  /** Uses a connection, at once or as soon as one is free. */
  use(use: Use): void {
    const client = this.#free.pop() ?? this.#open();
    if (client) this.#give(client, use);
    else this.#waiting.push(use);
  }

  /** Ends all connections, and what is under way on them. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((client) => client.destroy()));
  }

  #give(client: Client, use: Use): void {
    use(client, () => {
      const next = this.#waiting.shift();
      if (next) this.#give(client, next);
      else this.#free.push(client);
    });
  }

  #open(): Client | undefined {
    if (this.#all.length >= this.#options.max) return undefined;
    const client = new Client(this.#origin, {
      pipelining: 1,
      // The attempt's own timer is the limit; undici's, which are coarser, must not come before it.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: this.#options.connectTimeoutMs },
    });
    this.#all.push(client);
    return client;
  }
}
