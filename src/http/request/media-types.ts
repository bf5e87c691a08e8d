import Negotiator from 'negotiator';
import { rememberRecent } from '../../runtime/maps/recent-texts';

/** What a response can be, in the order of preference where a client has none. */
export const JSON_TYPE = 'application/json; charset=utf-8';
const RESPONSE_TYPES = [JSON_TYPE, 'application/graphql-response+json; charset=utf-8'];
export const HTML_TYPE = 'text/html';
/** A connection alone, row by row; see pipeline/export. */
export const JSONL_TYPE = 'application/jsonl; charset=utf-8';
export const CSV_TYPE = 'text/csv; charset=utf-8; header=present';
const EXPORT_TYPES = [JSONL_TYPE, CSV_TYPE];

/** Browsers send some 150. The time that a longer one takes grows with its length, and it may be disregarded (RFC 9110, section 12.5.1). */
const MAX_ACCEPT_CHARACTERS = 1000;
const choose = rememberRecent((accept) => chooseOf(accept, RESPONSE_TYPES));
const chooseWithPages = rememberRecent((accept) => chooseOf(accept, [...RESPONSE_TYPES, HTML_TYPE]));

/**
 * Chooses the media type of the response from an `Accept` header, as Apollo Server does; null if none is acceptable.
 * @param offersPages whether HTML is offered: a browser that opens the URL sees the explorer.
 */
export function negotiateMediaType(accept: string | undefined, offersPages: boolean): string | null {
  // An empty list says as much as none (RFC 9110, section 12.4.1).
  if (accept === undefined || accept === '' || accept === '*/*' || accept.length > MAX_ACCEPT_CHARACTERS) return JSON_TYPE;
  return (offersPages ? chooseWithPages : choose)(accept);
}

function chooseOf(accept: string, offered: readonly string[]): string | null {
  // An export is meant by its name alone, and by no wildcard.
  const named = EXPORT_TYPES.filter((type) => accept.toLowerCase().includes(type.slice(0, type.indexOf(';'))));
  return new Negotiator({ headers: { accept } }).mediaType([...offered, ...named]) ?? null;
}

/** Whether a response of this media type is an export. */
export function isExportType(mediaType: string | null): mediaType is typeof JSONL_TYPE | typeof CSV_TYPE {
  return mediaType === JSONL_TYPE || mediaType === CSV_TYPE;
}
