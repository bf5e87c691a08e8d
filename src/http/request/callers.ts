import type { IncomingHttpHeaders } from 'node:http';
import { Caller } from '../../billing/model/caller';
import { RecentTexts } from '../../runtime/maps/recent-texts';
import { headerOf } from './header-of';

/** What may be remembered: as many tokens, and as many characters of them. A token may be as long as a head may be. */
export interface CallersBound {
  readonly maxCallers: number;
  readonly maxCharacters: number;
}

const BOUND: CallersBound = { maxCallers: 10_000, maxCharacters: 16 * 1024 * 1024 };

const NOTHING: IncomingHttpHeaders = {};

/**
 * Makes callers from `Authorization` headers and those that are forwarded: one object for equal ones, so that what is
 * derived from it is derived once. The oldest is forgotten first, which costs the next request with that token a little
 * time and nothing else.
 */
export class Callers {
  readonly #byHeader = new Map<string, Caller>();
  readonly #recent = new RecentTexts<Caller>();
  readonly #bound: CallersBound;
  readonly #forwardHeaders: readonly string[];
  #characters = 0;

  /** @param forwardHeaders headers that are forwarded to the billing API, in lower case: they are part of who the caller is. */
  constructor(bound: CallersBound = BOUND, forwardHeaders: readonly string[] = []) {
    this.#bound = bound;
    this.#forwardHeaders = forwardHeaders;
  }

  /** How many callers are remembered. */
  get size(): number {
    return this.#byHeader.size;
  }

  /** How many characters the remembered headers have. */
  get characters(): number {
    return this.#characters;
  }

  /**
   * The caller that the header names; null without a header or where it holds no bearer token.
   * @param headers all of the request's.
   */
  of(authorization: string | undefined, headers: IncomingHttpHeaders = NOTHING): Caller | null {
    if (authorization === undefined) return null;
    const forwarded = this.#forwardHeaders.flatMap((name) => {
      const value = headerOf(headers, name);
      return value === undefined ? [] : [name, value];
    });
    // No header's value has a line feed, so that none alone is taken for one with others.
    const key = forwarded.length === 0 ? authorization : `${authorization}\n${JSON.stringify(forwarded)}`;
    const known = this.#recent.get(key);
    if (known) return known;
    const caller = this.#byHeader.get(key) ?? this.#parse(key, authorization, forwarded);
    if (caller) this.#recent.set(forwarded.length === 0 ? caller.authorization : key, caller);
    return caller;
  }

  #parse(key: string, authorization: string, forwarded: readonly string[]): Caller | null {
    const caller = Caller.parse(authorization, forwarded);
    if (caller) this.#remember(key, caller);
    return caller;
  }

  #remember(header: string, caller: Caller): void {
    this.#byHeader.set(header, caller);
    this.#characters += header.length;
    for (const oldest of this.#byHeader.keys()) {
      if (this.#byHeader.size <= this.#bound.maxCallers && this.#characters <= this.#bound.maxCharacters) return;
      this.#byHeader.delete(oldest);
      this.#recent.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}
