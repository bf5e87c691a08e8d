import type { LookupAddress } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import type { LookupAll } from './name-lookup';

/** How long an address is tried at first before the next one, in milliseconds: Node's default. */
const FIRST_PATIENCE_MS = 250;
/** The share of an attempt's time that an address gets at most, so that there is time for others. */
const MOST_PATIENCE_SHARE = 0.25;

/**
 * Remembers the last address that worked, which is then tried first, and the last one that accepted a connection without using
 * it, which is tried last. Node tries the addresses of a name in order, for a time each, until one accepts the connection: a dead
 * first address would add that time to every connection, and no other would be tried after one that accepts but never responds.
 */
export class AddressMemory {
  readonly #resolve: LookupAll;
  readonly #mostPatienceMs: number;
  #lastGood: string | undefined;
  #lastUseless: string | undefined;
  #patienceMs = FIRST_PATIENCE_MS;

  /** @param timeoutMs how long one attempt may take, in milliseconds. */
  constructor(resolve: LookupAll, timeoutMs: number) {
    this.#resolve = resolve;
    this.#mostPatienceMs = Math.max(timeoutMs * MOST_PATIENCE_SHARE, FIRST_PATIENCE_MS);
  }

  /** Options of a socket: how it finds its address, and how long it tries one before the next. */
  get options(): { readonly lookup: LookupFunction; readonly autoSelectFamilyAttemptTimeout: number } {
    // An address that has worked comes first. If it is slow now, or the event loop was busy, the others are probably no better.
    const patienceMs = this.#lastGood === undefined ? this.#patienceMs : this.#mostPatienceMs;
    return { lookup: this.#lookup, autoSelectFamilyAttemptTimeout: patienceMs };
  }

  /** Records what comes of a socket that is connecting: its address works if TLS is established or, without TLS, if it accepts. */
  watch(socket: Socket, isTls: boolean): void {
    let address: string | undefined;
    let isAgreed = false;
    socket.once('connect', () => {
      address = socket.remoteAddress;
      if (!isTls) this.reached(address);
    });
    if (isTls)
      socket.once('secureConnect', () => {
        isAgreed = true;
        this.reached(address);
      });
    socket.once('close', () => {
      if (address === undefined) this.reachedNone();
      else if (!isAgreed && (isTls || socket.bytesRead === 0)) this.useless(address);
    });
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

  /** Records that no address accepted a connection: one that is only slow is given more time from now on. */
  reachedNone(): void {
    this.#patienceMs = Math.min(this.#patienceMs * 2, this.#mostPatienceMs);
  }

  readonly #lookup: LookupFunction = (hostname, options, callback) => {
    this.#resolve(hostname, { ...options, all: true }, (error, addresses) => {
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
