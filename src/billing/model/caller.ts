import { hash } from 'node:crypto';
import { inspect } from 'node:util';

// RFC 6750, section 2.1: credentials = "Bearer" 1*SP b64token; RFC 9110, section 11.1: the scheme's case does not matter.
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;
const NO_HEADERS: readonly string[] = [];

/**
 * Who asks: the bearer token that came with a request, and the request's headers that are forwarded to the billing API.
 * Everything that remembers or shares data takes a caller by type, so that nothing can be stored without saying whose it
 * is. Prints as a placeholder wherever it is logged.
 */
export class Caller {
  readonly #authorization: string;
  readonly #token: string;
  /**
   * Headers of the caller's that the billing API gets as they came, beside `authorization`: names and values in turn.
   * They may change its response, and so they are part of `identity`.
   */
  readonly forwarded: readonly string[];
  #tokenId: string | null = null;
  #identity: string | null = null;

  private constructor(authorization: string, token: string, forwarded: readonly string[]) {
    this.#authorization = authorization;
    this.#token = token;
    this.forwarded = forwarded;
  }

  /**
   * The caller that an `Authorization` header names; null without a header or where it holds no bearer token.
   * @param forwarded see the field.
   */
  static parse(authorization: string | undefined, forwarded: readonly string[] = NO_HEADERS): Caller | null {
    if (authorization === undefined) return null;
    const token = BEARER.exec(authorization)?.[1];
    return token === undefined ? null : new Caller(authorization, token, forwarded);
  }

  /** The header as the caller sent it, for the billing API only. */
  get authorization(): string {
    return this.#authorization;
  }

  /** The token alone: for deriving keys from it, never for keeping it. */
  get token(): string {
    return this.#token;
  }

  /** Stands for the token inside this process, in 43 characters: equal for two callers if and only if their tokens are. Never logged. */
  get tokenId(): string {
    return (this.#tokenId ??= hash('sha256', this.#token, 'base64url'));
  }

  /**
   * Two callers get the same response to the same request if and only if their identities are equal: the token and all
   * that is forwarded. Whatever is cached, shared or deduplicated goes by it. Never logged.
   */
  get identity(): string {
    return (this.#identity ??= this.forwarded.length === 0 ? this.tokenId : `${this.tokenId}${JSON.stringify(this.forwarded)}`);
  }

  toJSON(): string {
    return '[caller]';
  }

  [inspect.custom](): string {
    return '[caller]';
  }
}
