import type { Connection } from './connection';

/** The idle connections of a pool, by the token that each was used for last and by how long each has been idle. */
export class IdleConnections {
  /** In the order in which they became idle. */
  readonly #all = new Set<Connection>();
  /** By token, the one used last at the end. A list in here is never empty. */
  readonly #byToken = new Map<string, Connection[]>();

  /** The connection that has been idle longest. */
  get longest(): Connection | undefined {
    return this.#all.values().next().value;
  }

  all(): Iterable<Connection> {
    return this.#all;
  }

  add(connection: Connection): void {
    this.#all.add(connection);
    const own = this.#byToken.get(connection.tokenId);
    if (own) own.push(connection);
    else this.#byToken.set(connection.tokenId, [connection]);
  }

  /** The connection that was used last for this token. */
  lastOf(tokenId: string): Connection | undefined {
    return this.#byToken.get(tokenId)?.at(-1);
  }

  delete(connection: Connection): void {
    if (!this.#all.delete(connection)) return;
    const own = this.#byToken.get(connection.tokenId) as Connection[];
    if (own.length === 1) this.#byToken.delete(connection.tokenId);
    else own.splice(own.lastIndexOf(connection), 1);
  }
}
