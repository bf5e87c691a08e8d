import { Caller } from '../billing/caller';

/** Most tokens whose callers are remembered; the oldest goes first. */
const MAX_REMEMBERED = 10_000;

/** Makes callers from `Authorization` headers: one object a token, so that what is derived from it is derived once. */
export class Callers {
  readonly #byHeader = new Map<string, Caller>();

  /** The caller that the header names; null without a header or where it holds no bearer token. */
  of(authorization: string | undefined): Caller | null {
    if (authorization === undefined) return null;
    const known = this.#byHeader.get(authorization);
    if (known) return known;
    const caller = Caller.parse(authorization);
    if (caller) {
      if (this.#byHeader.size >= MAX_REMEMBERED) {
        const oldest = this.#byHeader.keys().next();
        if (!oldest.done) this.#byHeader.delete(oldest.value);
      }
      this.#byHeader.set(authorization, caller);
    }
    return caller;
  }
}
