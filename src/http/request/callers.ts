import { Caller } from '../../billing/model/caller';

/** What may be remembered: as many tokens, and as many characters of them. A token may be as long as a head may be. */
export interface CallersBound {
  readonly maxCallers: number;
  readonly maxCharacters: number;
}

const BOUND: CallersBound = { maxCallers: 10_000, maxCharacters: 16 * 1024 * 1024 };

/**
 * Makes callers from `Authorization` headers: one object a token, so that what is derived from it is derived once.
 * The oldest is forgotten first, which costs the next request with that token a little time and nothing else.
 */
export class Callers {
  readonly #byHeader = new Map<string, Caller>();
  readonly #bound: CallersBound;
  #characters = 0;

  constructor(bound: CallersBound = BOUND) {
    this.#bound = bound;
  }

  /** How many callers are remembered. */
  get size(): number {
    return this.#byHeader.size;
  }

  /** How many characters the remembered headers have. */
  get characters(): number {
    return this.#characters;
  }

  /** The caller that the header names; null without a header or where it holds no bearer token. */
  of(authorization: string | undefined): Caller | null {
    if (authorization === undefined) return null;
    const known = this.#byHeader.get(authorization);
    if (known) return known;
    const caller = Caller.parse(authorization);
    if (caller) this.#remember(authorization, caller);
    return caller;
  }

  #remember(header: string, caller: Caller): void {
    this.#byHeader.set(header, caller);
    this.#characters += header.length;
    for (const oldest of this.#byHeader.keys()) {
      if (this.#byHeader.size <= this.#bound.maxCallers && this.#characters <= this.#bound.maxCharacters) return;
      this.#byHeader.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}
