import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import type { Caller } from '../../../billing/model/caller';

/** When a refused client may try again, in seconds. An export may take minutes. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Bounds the exports that are under way at once: each holds up to two pages for as long as its client takes to read. One
 * token gets a quarter of them at most, so that clients which read slowly keep nobody else's from beginning.
 */
export class ExportSlots {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #byCaller = new Map<string, number>();
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
    this.#mostOfOne = Math.ceil(most / 4);
  }

  /**
   * Takes a place for an export. The function that is returned gives it back.
   * @throws GraphQLError `OVERLOADED`, HTTP 503, where there is none.
   */
  take({ identity }: Caller): () => void {
    const own = this.#byCaller.get(identity) ?? 0;
    if (this.#taken >= this.#most || own >= this.#mostOfOne) throw toError(this.#most, this.#mostOfOne);
    this.#taken++;
    this.#byCaller.set(identity, own + 1);
    return () => {
      this.#taken--;
      const left = (this.#byCaller.get(identity) ?? 1) - 1;
      if (left === 0) this.#byCaller.delete(identity);
      else this.#byCaller.set(identity, left);
    };
  }
}

function toError(most: number, mostOfOne: number): GraphQLError {
  return new GraphQLError(
    `${most} exports at most are under way at once, ${mostOfOne} of them with the same token. Try again when one has ended. (The ` +
      `gateway's operator sets the limit: MAX_CONCURRENT_EXPORTS.)`,
    {
      extensions: {
        code: 'OVERLOADED',
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        http: { status: 503, headers: new HeaderMap([['retry-after', String(RETRY_AFTER_SECONDS)]]) },
      },
    },
  );
}
