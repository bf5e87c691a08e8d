import { lookup as lookupDns, type LookupAddress, type LookupOptions } from 'node:dns';
import type { UpstreamObserver } from '../../telemetry/observers/upstream-observer';

/** Resolves a name to all its addresses. */
export type LookupAll = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

type Receive = Parameters<LookupAll>[2];
type NameObserver = Pick<UpstreamObserver, 'nameUnresolved'>;

/** How long DNS may take before the last known addresses are used, in milliseconds. */
const SLOW_MS = 1000;

/**
 * Resolves the name of one host. All who ask during a lookup share it: the system resolves only a few names at once, and may take
 * 10 seconds and more for one when a name server does not respond. While DNS fails or is slow, the last known addresses are used.
 */
export class NameLookup {
  readonly #lookupAll: LookupAll;
  readonly #limitMs: number;
  readonly #observer: NameObserver;
  #isPending = false;
  /** Those who wait for the pending lookup. */
  readonly #waiting = new Set<Receive>();
  #known: LookupAddress[] | null = null;
  /** Whether the last lookup failed, or the pending one is slow: the known addresses are used without waiting. */
  #isFailing = false;

  /** @param limitMs how long a lookup may take if no address is known, in milliseconds. */
  constructor(limitMs: number, observer: NameObserver = {}, lookupAll: LookupAll = lookupDns) {
    this.#limitMs = limitMs;
    this.#observer = observer;
    this.#lookupAll = lookupAll;
  }

  /** Calls back with all addresses, or with an error whose `code` gives the reason. */
  readonly resolve: LookupAll = (hostname, options, receive) => {
    const known = this.#known;
    if (known && this.#isFailing) {
      this.#start(hostname, options);
      receive(null, known);
      return;
    }
    const limitMs = known ? Math.min(SLOW_MS, this.#limitMs) : this.#limitMs;
    let isOver = false;
    const giveUp = (): void => {
      if (isOver) return;
      this.#waiting.delete(receiveOnce);
      const reason = `no answer from DNS within ${limitMs} ms`;
      if (known) this.#useKnown(reason);
      receive(known ? null : Object.assign(new Error(reason), { code: reason }), known ?? []);
    };
    // After a busy turn of the event loop, the answer may be there already: it is read before the immediate runs.
    const timer = setTimeout(() => setImmediate(giveUp), limitMs).unref();
    const receiveOnce: Receive = (error, addresses) => {
      isOver = true;
      clearTimeout(timer);
      receive(error, addresses);
    };
    this.#waiting.add(receiveOnce);
    this.#start(hostname, options);
  };

  /** Starts a lookup unless one is pending. */
  #start(hostname: string, options: LookupOptions & { all: true }): void {
    if (this.#isPending) return;
    this.#isPending = true;
    this.#lookupAll(hostname, options, (error, addresses) => {
      this.#isPending = false;
      // A name that does not exist has no addresses any more; everything else is a failure of DNS.
      const usesKnown = error !== null && error.code !== 'ENOTFOUND' && this.#known !== null;
      if (usesKnown) this.#useKnown(error.code ?? error.name);
      else this.#isFailing = false;
      if (!error) this.#known = addresses;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const receive of waiting) receive(usesKnown ? null : error, this.#known ?? []);
    });
  }

  #useKnown(reason: string): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#observer.nameUnresolved?.({ reason });
  }
}
