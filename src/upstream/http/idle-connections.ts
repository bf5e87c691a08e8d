import type { Connection } from './connection';

/**
 * The idle connections of a pool, by how long each has been idle. A list, since there are few: sets and maps whose entries
 * come and go with each request leave tables behind that V8's collector copies again and again.
 */
export class IdleConnections {
  /** In the order in which they became idle. */
  readonly #all: Connection[] = [];

  /** The connection that has been idle longest. */
  get longest(): Connection | undefined {
    return this.#all[0];
  }

  all(): Iterable<Connection> {
    return [...this.#all];
  }

  add(connection: Connection): void {
    this.#all.push(connection);
  }

  /** The connection that was used last for this token. */
  lastOf(tokenId: string): Connection | undefined {
    for (let index = this.#all.length - 1; index >= 0; index--) {
      const connection = this.#all[index] as Connection;
      if (connection.tokenId === tokenId) return connection;
    }
    return undefined;
  }

  delete(connection: Connection): void {
    const index = this.#all.lastIndexOf(connection);
    if (index >= 0) this.#all.splice(index, 1);
  }
}
