import { invalidArgument } from './billing-error';
import { listPrefix, type NamedList } from './paged-list';

// A cursor is a list's name and the position of an item in it, with a checksum, in base64url: opaque to clients, as Relay
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

/** The cursor of the item at `position`, counted from 0 over the whole list. */
export function toCursor(position: number, list: NamedList): string {
  const text = `${VERSION}:${listPrefix(list)}${position}`;
  return Buffer.from(`${text}:${checksum(text)}`, 'latin1').toString('base64url');
}

/** Cursors that were parsed lately: an operation parses each several times, and most clients ask for the same pages. */
const parsed = new Map<string, { readonly list: string; readonly position: number }>();
const MAX_PARSED = 1000;
/** The longest name, position and checksum take 52 bytes. */
const MAX_LENGTH = 72;

/**
 * The position that a cursor of a list stands for. @param argument the argument's name, for the message.
 * @throws BillingError `invalid-input` for anything that `toCursor` did not make for the same list.
 */
export function parseCursor(cursor: unknown, argument: string, list: NamedList): number {
  const position = readPosition(cursor, list);
  if (position !== null) return position;
  throw invalidArgument(argument, 'a cursor taken from `endCursor` or `edges.cursor` of an earlier page');
}

/** Whether a cursor is one that `toCursor` made for this list. */
export function isCursorOf(cursor: unknown, list: NamedList): boolean {
  return readPosition(cursor, list) !== null;
}

function readPosition(cursor: unknown, list: NamedList): number | null {
  if (typeof cursor === 'string' && cursor.length <= MAX_LENGTH) {
    const known = parsed.get(cursor);
    if (known?.list === list.name) return known.position;
    const match = /^v1:(?:[a-z-]{1,32}:)?(0|[1-9][0-9]{0,8}):[0-9a-z]+$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
    const position = match ? Number(match[1]) : Number.NaN;
    // Made again and compared: one position of a list has one cursor, byte for byte.
    if (position <= MAX_POSITION && toCursor(position, list) === cursor) {
      if (parsed.size === MAX_PARSED) parsed.clear();
      parsed.set(cursor, { list: list.name, position });
      return position;
    }
  }
  return null;
}
