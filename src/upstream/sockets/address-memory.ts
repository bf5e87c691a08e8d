import { lookup as lookupDns, type LookupAddress, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Resolves a name to all its addresses. */
export type LookupAll = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Remembers the address that was reached last, and puts it first whenever the name is resolved, and the one that was of no
 * use last, and puts it last. Node tries a name's addresses in order until one takes the connection, and gives each one 250 ms:
 * a dead first one would cost that with every connection, and one that takes connections and does nothing with them would be all.
 */
export class AddressMemory {
  readonly #lookupAll: LookupAll;
  #lastGood: string | undefined;
  #lastUseless: string | undefined;

  constructor(lookupAll: LookupAll = lookupDns) {
    this.#lookupAll = lookupAll;
  }

  /** Notes that a connection to this address was opened. */
  reached(address: string | undefined): void {
    this.#lastGood = address;
    if (address === this.#lastUseless) this.#lastUseless = undefined;
  }

  /** Notes that a connection to this address ended without any use. */
  useless(address: string): void {
    this.#lastUseless = address;
    if (address === this.#lastGood) this.#lastGood = undefined;
  }

  /** For the `lookup` option of a socket. */
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
