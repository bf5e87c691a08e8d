import Negotiator from 'negotiator';

/** What a response can be, in the order of preference where a client has none. */
export const JSON_TYPE = 'application/json; charset=utf-8';
const RESPONSE_TYPES = [JSON_TYPE, 'application/graphql-response+json; charset=utf-8'];
export const HTML_TYPE = 'text/html';

const MAX_KNOWN = 200;
const known = new Map<string, string | null>();
const knownWithPages = new Map<string, string | null>();

/**
 * The media type of the response that an `Accept` header asks for, as Apollo Server chooses it; null where none that it
 * takes can be had.
 * @param offersPages whether a page is among what can be had: a browser that opens the address sees the explorer.
 */
export function negotiateMediaType(accept: string | undefined, offersPages: boolean): string | null {
  if (accept === undefined || accept === '*/*') return JSON_TYPE;
  const answers = offersPages ? knownWithPages : known;
  let chosen = answers.get(accept);
  if (chosen === undefined) {
    chosen = new Negotiator({ headers: { accept } }).mediaType(offersPages ? [...RESPONSE_TYPES, HTML_TYPE] : RESPONSE_TYPES) ?? null;
    if (answers.size < MAX_KNOWN) answers.set(accept, chosen);
  }
  return chosen;
}
