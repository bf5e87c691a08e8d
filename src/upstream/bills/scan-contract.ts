import { ADDRESS_COLUMNS, ADDRESS_LENGTH_COLUMN, MARKS_PER_ADDRESS } from '../../billing/model/address-record';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LETTER_N,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  endOfSimple,
  endOfText,
  endOfWord,
  skipSpace,
} from './scan-json';

/** More addresses than a contract has are no answer of the contract. */
const MAX_ADDRESSES = 16;

/** The members of an answer: texts first, then its lists. */
const HEAD_COLUMNS = { contractNumber: 0, dueDate: 1, addresses: 2, invoices: 3 } as const;
const HEAD_NAMES = toNames(['contractNo', 'dueDate', 'billingAddress', 'invoiceCollection']);
const ADDRESS_NAMES = toNames(Object.keys(ADDRESS_COLUMNS));
const NO_COLUMN = -1;

/** What an answer says of the contract itself. A mark is where a text's quotation mark stands; 0 for none. */
export interface ScannedHead {
  readonly contractNumber: number;
  readonly dueDate: number;
  readonly addresses: ScannedAddresses | null;
  /** Where the name of the list of invoices begins. */
  readonly end: number;
}

/** The addresses of an answer. */
export interface ScannedAddresses {
  readonly count: number;
  /** As `AddressRecord` has them. */
  readonly marks: Int32Array;
  /** Past the list. */
  readonly end: number;
}

/**
 * Marks what a body says before its list of invoices. Null where something there is unusual: another type than the
 * contract's, a member of no known name that is a list or an object, a text with an escape.
 */
export function scanHead(body: Buffer): ScannedHead | null {
  let at = skipSpace(body, 0);
  if (body[at] !== OPEN_BRACE) return null;
  let contractNumber = 0;
  let dueDate = 0;
  let addresses: ScannedAddresses | null = null;
  at = skipSpace(body, at + 1);
  for (;;) {
    const nameEnd = endOfText(body, at);
    if (nameEnd < 0) return null;
    const column = columnOf(HEAD_NAMES, body, at, nameEnd);
    if (column === HEAD_COLUMNS.invoices) return { contractNumber, dueDate, addresses, end: at };
    const value = startOfValue(body, nameEnd);
    if (value < 0) return null;
    // Of a name that stands twice the last one counts, as for JSON.parse.
    if (column === HEAD_COLUMNS.addresses) {
      addresses = body[value] === LETTER_N ? null : scanAddresses(body, value);
      if (!addresses && body[value] !== LETTER_N) return null;
      at = addresses ? addresses.end : endOfWord(body, value);
    } else {
      if (column !== NO_COLUMN && !isTextOrNull(body, value)) return null;
      if (column === HEAD_COLUMNS.contractNumber) contractNumber = markOf(body, value);
      else if (column === HEAD_COLUMNS.dueDate) dueDate = markOf(body, value);
      at = endOfSimple(body, value);
    }
    if (at < 0) return null;
    at = skipSpace(body, at);
    if (body[at] !== COMMA) return null;
    at = skipSpace(body, at + 1);
  }
}

/** The marks of the addresses of one answer at a time. */
const scratch = new Int32Array(MAX_ADDRESSES * MARKS_PER_ADDRESS);

function scanAddresses(body: Buffer, open: number): ScannedAddresses | null {
  if (body[open] !== OPEN_BRACKET) return null;
  let at = skipSpace(body, open + 1);
  let count = 0;
  while (body[at] !== CLOSE_BRACKET) {
    if (count === MAX_ADDRESSES) return null;
    at = scanAddress(body, at, count++ * MARKS_PER_ADDRESS);
    if (at < 0) return null;
    at = skipSpace(body, at);
    if (body[at] === COMMA) {
      at = skipSpace(body, at + 1);
      if (body[at] !== OPEN_BRACE) return null;
    } else if (body[at] !== CLOSE_BRACKET) return null;
  }
  return { count, marks: scratch.slice(0, count * MARKS_PER_ADDRESS), end: at + 1 };
}

/** Marks the address that begins at `open`, and returns where it ends; -1 for what is unusual. */
function scanAddress(body: Buffer, open: number, marks: number): number {
  if (body[open] !== OPEN_BRACE) return -1;
  scratch.fill(0, marks, marks + MARKS_PER_ADDRESS);
  let at = skipSpace(body, open + 1);
  while (body[at] !== CLOSE_BRACE) {
    const nameEnd = endOfText(body, at);
    if (nameEnd < 0) return -1;
    const column = columnOf(ADDRESS_NAMES, body, at, nameEnd);
    const value = startOfValue(body, nameEnd);
    if (value < 0) return -1;
    if (column !== NO_COLUMN) {
      if (!isTextOrNull(body, value)) return -1;
      scratch[marks + column] = markOf(body, value);
    }
    at = endOfSimple(body, value);
    if (at < 0) return -1;
    at = skipSpace(body, at);
    if (body[at] === COMMA) {
      at = skipSpace(body, at + 1);
      if (body[at] !== QUOTE) return -1;
    } else if (body[at] !== CLOSE_BRACE) return -1;
  }
  scratch[marks + ADDRESS_LENGTH_COLUMN] = at + 1 - open;
  return at + 1;
}

/** Where the value of the name that ends at `nameEnd` begins; -1 where there is no colon. */
function startOfValue(body: Buffer, nameEnd: number): number {
  const colon = skipSpace(body, nameEnd);
  return body[colon] === COLON ? skipSpace(body, colon + 1) : -1;
}

function isTextOrNull(body: Buffer, value: number): boolean {
  return body[value] === QUOTE || body[value] === LETTER_N;
}

/** `endOfSimple` tells later whether it is `null` that begins with its letter. */
function markOf(body: Buffer, value: number): number {
  return body[value] === LETTER_N ? 0 : value;
}

/** Names in their quotation marks. */
function toNames(names: readonly string[]): readonly Uint8Array[] {
  return names.map((name) => Uint8Array.from(Buffer.from(`"${name}"`)));
}

/** Which of the names stands there. */
function columnOf(names: readonly Uint8Array[], body: Buffer, start: number, end: number): number {
  const length = end - start;
  for (let column = 0; column < names.length; column++) {
    const name = names[column] as Uint8Array;
    if (name.length !== length) continue;
    // The quotation marks are known already.
    let i = 1;
    while (i < length - 1 && body[start + i] === name[i]) i++;
    if (i === length - 1) return column;
  }
  return NO_COLUMN;
}
