import { invalidArgument } from './billing-error';

// A cursor is the position of an invoice in its list, with a checksum, in base64url: opaque to clients, as Relay
// asks, and refused when a character was changed. It is no secret: it opens nothing that `first` does not.
const VERSION = 'v1';
/** Positions past this are refused, so that an offset stays far from 2^53 whatever is added to it. */
export const MAX_POSITION = 999_999_999;

/** FNV-1a over the text's code units: a checksum against typing and truncation, not against an attacker. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}

/** The cursor of the invoice at `position`, counted from 0 over the whole list. */
export function toCursor(position: number): string {
  const text = `${VERSION}:${position}`;
  return Buffer.from(`${text}:${checksum(text)}`, 'latin1').toString('base64url');
}

/** Cursors that were parsed lately: an operation parses each several times, and most clients ask for the same pages. */
const parsed = new Map<string, number>();
const MAX_PARSED = 1000;

/**
 * The position that a cursor stands for.
 * @throws BillingError `invalid-input` for anything that `toCursor` did not make.
 */
export function parseCursor(cursor: unknown, argument = 'after'): number {
  if (typeof cursor === 'string' && cursor.length <= 64) {
    const known = parsed.get(cursor);
    if (known !== undefined) return known;
    const match = /^v1:(0|[1-9][0-9]{0,8}):[0-9a-z]+$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
    const position = match ? Number(match[1]) : Number.NaN;
    // Made again and compared: one position has one cursor, byte for byte.
    if (position <= MAX_POSITION && toCursor(position) === cursor) {
      if (parsed.size === MAX_PARSED) parsed.clear();
      parsed.set(cursor, position);
      return position;
    }
  }
  throw invalidArgument(argument, 'a cursor taken from `endCursor` or `edges.cursor` of an earlier page');
}
