import { lookup as lookupDns, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Resolves a name to all its addresses. */
export type LookupAll = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Remembers the last address that worked, which is then tried first, and the last one that accepted a connection without using
 * it, which is tried last. Node tries the addresses of a name in order, 250 ms each, until one accepts the connection: a dead first
 * address would add that delay to every connection, and no other would be tried after one that accepts but never responds.
 */
export class AddressMemory {
  readonly #lookupAll: LookupAll;
  #lastGood: string | undefined;
  #lastUseless: string | undefined;

  constructor(lookupAll: LookupAll = lookupDns) {
    this.#lookupAll = lookupAll;
  }

  /** Records that a connection to this address was opened. */
  reached(address: string | undefined): void {
    this.#lastGood = address;
    if (address === this.#lastUseless) this.#lastUseless = undefined;
  }

  /** Records that a connection to this address closed before it could be used. */
  useless(address: string): void {
    this.#lastUseless = address;
    if (address === this.#lastGood) this.#lastGood = undefined;
  }

  /** The `lookup` option of a socket. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#lookupAll(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, [] as never);
        return;
      }
      const ordered = [...addresses].sort((a, b) => this.#rank(a) - this.#rank(b));
      if (options.all) callback(null, ordered);
      else callback(null, ordered[0]?.address ?? '', ordered[0]?.family);
    });
  };

  #rank({ address }: LookupAddress): number {
    return address === this.#lastGood ? 0 : address === this.#lastUseless ? 2 : 1;
  }
}
