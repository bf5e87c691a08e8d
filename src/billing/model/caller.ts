import { inspect } from 'node:util';

// RFC 6750, section 2.1: credentials = "Bearer" 1*SP b64token; RFC 9110, section 11.1: the scheme's case does not matter.
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * Who asks: the bearer token that came with a request. Everything that remembers or shares data takes a caller by
 * type, so that nothing can be kept without saying whose it is. Prints as a placeholder wherever it is logged.
 */
export class Caller {
  readonly #authorization: string;
  readonly #token: string;

  private constructor(authorization: string, token: string) {
    this.#authorization = authorization;
    this.#token = token;
  }

  /** The caller that an `Authorization` header names; null without a header or where it holds no bearer token. */
  static parse(authorization: string | undefined): Caller | null {
    if (authorization === undefined) return null;
    const token = BEARER.exec(authorization)?.[1];
    return token === undefined ? null : new Caller(authorization, token);
  }

  /** The header as the caller sent it, for the billing API and nobody else. */
  get authorization(): string {
    return this.#authorization;
  }

  /** The token alone: for deriving keys from it, never for keeping it. */
  get token(): string {
    return this.#token;
  }

  toJSON(): string {
    return '[caller]';
  }

  [inspect.custom](): string {
    return '[caller]';
  }
}
