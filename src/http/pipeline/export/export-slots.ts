import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import type { Caller } from '../../../billing/model/caller';
import type { AcceptedTokens } from '../../../billing/ports/accepted-tokens';

/** When a refused client may try again, in seconds. An export may take minutes. */
const RETRY_AFTER_SECONDS = 5;

/** Key of the exports of all tokens that the billing API has never accepted. A token's id is never empty. */
const UNACCEPTED = '';

/**
 * Bounds the exports that are under way at once: each holds up to two pages for as long as its client takes to read. One
 * token gets a quarter of them at most, so that clients which read slowly keep nobody else's from beginning. All tokens that the
 * billing API has never accepted count as one, since anybody can make them up.
 */
export class ExportSlots {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #acceptedTokens: AcceptedTokens;
  readonly #byToken = new Map<string, number>();
  #taken = 0;

  constructor(most: number, acceptedTokens: AcceptedTokens) {
    this.#most = most;
    this.#acceptedTokens = acceptedTokens;
    this.#mostOfOne = Math.ceil(most / 4);
  }

  /**
   * Takes a place for an export. The function that is returned gives it back.
   * @throws GraphQLError `OVERLOADED`, HTTP 503, where there is none.
   */
  take(caller: Caller): () => void {
    const token = this.#acceptedTokens.has(caller) ? caller.tokenId : UNACCEPTED;
    const own = this.#byToken.get(token) ?? 0;
    if (this.#taken >= this.#most || own >= this.#mostOfOne) throw toError(this.#most, this.#mostOfOne);
    this.#taken++;
    this.#byToken.set(token, own + 1);
    return () => {
      this.#taken--;
      const left = (this.#byToken.get(token) ?? 1) - 1;
      if (left === 0) this.#byToken.delete(token);
      else this.#byToken.set(token, left);
    };
  }
}

function toError(most: number, mostOfOne: number): GraphQLError {
  return new GraphQLError(
    `${most} exports at most are under way at once, ${mostOfOne} of them with the same token, or with tokens that the billing API has ` +
      `not accepted yet. Try again when one has ended. (The gateway's operator sets the limit: MAX_CONCURRENT_EXPORTS.)`,
    {
      extensions: {
        code: 'OVERLOADED',
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        http: { status: 503, headers: new HeaderMap([['retry-after', String(RETRY_AFTER_SECONDS)]]) },
      },
    },
  );
}
