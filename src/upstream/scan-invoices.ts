import { INVOICE_COLUMNS, LENGTH_COLUMN, MARKS_PER_INVOICE } from '../billing/invoice-record';

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;
const LETTER_N = 0x6e;

/** What a double holds, however many digits of these it has. */
const MAX_DIGITS = 15;
/** Longer lists are no answers of the contract; marking them would take more memory than they are worth. */
const MAX_INVOICES = 65_536;

const NO_COLUMN = -1;
/** The members' names by column, quotation marks included. */
const NAMES = ['"invoiceContractNo"', '"invoiceNumber"', '"billPeriod"', '"invoiceAmount"', '"invoiceStatus"'];
/** Names are compared four bytes at a time; of a length that is no multiple of four, the last four overlap. */
const NAME_WORDS = NAMES.map((name) => {
  const bytes = Buffer.from(name);
  return Int32Array.from({ length: Math.ceil(bytes.length / 4) }, (_, i) => bytes.readInt32LE(Math.min(i * 4, bytes.length - 4)));
});
const NAME_LENGTHS = Int32Array.from(NAMES, (name) => name.length);
const LONGEST_NAME = Math.max(...NAME_LENGTHS);
const LIST_NAME = Buffer.from('"invoiceCollection"');

/** The invoices of a body. */
export interface ScannedInvoices {
  readonly count: number;
  /** As `InvoiceRecords` has them. */
  readonly marks: Int32Array;
  /** Where the name of the list begins. */
  readonly name: number;
  /** Whether the list's texts are all ASCII. */
  readonly isAscii: boolean;
}

/**
 * Marks the values of a body's invoices where they stand, without making anything of them.
 *
 * It knows the answers that are usual and no others: invoices of the contract's types, perhaps with further members that
 * are no lists and no objects, texts without an escape, whole numbers of up to 15 digits, nothing after the list. Null
 * for all else, be it wrong or merely unusual: a parser of JSON decides then. What is before the list, and whether the
 * bytes are UTF-8, is not looked at.
 */
export function scanInvoices(received: Buffer): ScannedInvoices | null {
  const body = withoutTrailingSpace(received);
  const name = body.indexOf(LIST_NAME);
  // A quotation mark with a backslash belongs to a longer name.
  if (name < 1 || body[name - 1] === BACKSLASH) return null;
  // The last byte is one that ends whatever it is met in, so that nothing need look whether there is another byte.
  if (body[body.length - 1] !== CLOSE_BRACE) return null;
  const colon = skipSpace(body, name + LIST_NAME.length);
  if (body[colon] !== COLON) return null;
  const open = skipSpace(body, colon + 1);
  if (body[open] !== OPEN_BRACKET) return null;
  const count = scanList(body, skipSpace(body, open + 1));
  if (count < 0 || skipSpace(body, scannedTo + 1) !== body.length - 1) return null;
  return { count, marks: scratch.slice(0, count * MARKS_PER_INVOICE), name, isAscii: textBits < 0x80 };
}

function withoutTrailingSpace(received: Buffer): Buffer {
  let { length } = received;
  while (length > 0 && isSpace(received[length - 1])) length--;
  return length === received.length ? received : received.subarray(0, length);
}

/** One list is scanned at a time: its marks, where it ended, and all bits of its texts. */
let scratch = new Int32Array(64 * MARKS_PER_INVOICE);
let scannedTo = 0;
let textBits = 0;

/** How many invoices there are up to the closing bracket, which is at `scannedTo` then; -1 for what is unusual. */
function scanList(body: Buffer, from: number): number {
  let at = from;
  textBits = 0;
  if (body[at] === CLOSE_BRACKET) {
    scannedTo = at;
    return 0;
  }
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  for (let count = 0; count < MAX_INVOICES; count++) {
    const marks = (count + 1) * MARKS_PER_INVOICE;
    if (marks > scratch.length) grow();
    at = scanInvoice(body, view, { at, marks: marks - MARKS_PER_INVOICE });
    if (at < 0 || at >= body.length) return -1;
    at = skipSpace(body, at);
    if (body[at] === CLOSE_BRACKET) {
      scannedTo = at;
      return count + 1;
    }
    if (body[at] !== COMMA) return -1;
    at = skipSpace(body, at + 1);
  }
  return -1;
}

function grow(): void {
  const larger = new Int32Array(scratch.length * 4);
  larger.set(scratch);
  scratch = larger;
}

/** Marks the invoice that begins at `start.at`, and returns where it ends; -1 for what is unusual. */
function scanInvoice(body: Buffer, view: DataView, start: { readonly at: number; readonly marks: number }): number {
  let { at } = start;
  if (body[at] !== OPEN_BRACE) return -1;
  const to = scratch;
  const { marks } = start;
  for (let i = 0; i < LENGTH_COLUMN; i++) to[marks + i] = 0;
  at = skipSpace(body, at + 1);
  while (body[at] !== CLOSE_BRACE) {
    if (at + LONGEST_NAME > body.length) return -1;
    const column = columnAt(body, view, at);
    at = column === NO_COLUMN ? endOfText(body, at) : at + (NAME_LENGTHS[column] as number);
    if (at < 0) return -1;
    at = skipSpace(body, at);
    if (body[at] !== COLON) return -1;
    at = skipSpace(body, at + 1);
    const value = at;
    const first = body[at] as number;
    if (first === QUOTE) {
      if (column > INVOICE_COLUMNS.billPeriod) return -1;
      at = endOfText(body, at);
    } else if (first <= NINE) {
      if (column !== INVOICE_COLUMNS.amount && column !== NO_COLUMN) return -1;
      at = endOfWholeNumber(body, at);
    } else {
      if (column !== INVOICE_COLUMNS.status && column !== NO_COLUMN && first !== LETTER_N) return -1;
      at = endOfWord(body, at);
    }
    if (at < 0) return -1;
    // Of a name that stands twice the last one counts, as for JSON.parse.
    if (column !== NO_COLUMN) to[marks + column] = first === LETTER_N ? 0 : value;
    at = skipSpace(body, at);
    if (body[at] === COMMA) {
      at = skipSpace(body, at + 1);
      if (body[at] !== QUOTE) return -1;
    } else if (body[at] !== CLOSE_BRACE) return -1;
  }
  at++;
  to[marks + LENGTH_COLUMN] = at - start.at;
  return at;
}

/** Which column has its name here. There must be room for the longest name. */
function columnAt(body: Buffer, view: DataView, at: number): number {
  // The eighth letter tells the four apart that begin with "invoice".
  let column: number;
  switch (body[at + 8]) {
    case 0x43:
      column = INVOICE_COLUMNS.contractNumber; // C
      break;
    case 0x4e:
      column = INVOICE_COLUMNS.number; // N
      break;
    case 0x41:
      column = INVOICE_COLUMNS.amount; // A
      break;
    case 0x53:
      column = INVOICE_COLUMNS.status; // S
      break;
    case 0x69:
      column = INVOICE_COLUMNS.billPeriod; // billPer-i-od
      break;
    default:
      return NO_COLUMN;
  }
  const words = NAME_WORDS[column] as Int32Array;
  const last = words.length - 1;
  for (let i = 0; i < last; i++) if (view.getInt32(at + i * 4, true) !== words[i]) return NO_COLUMN;
  return view.getInt32(at + (NAME_LENGTHS[column] as number) - 4, true) === words[last] ? column : NO_COLUMN;
}

/** Past the text that begins here; -1 where none does, or one with an escape, or a control character (RFC 8259, section 7). */
function endOfText(body: Buffer, at: number): number {
  if (body[at] !== QUOTE) return -1;
  const { length } = body;
  let bits = 0;
  for (let i = at + 1; i < length; i++) {
    const code = body[i] as number;
    if (code <= QUOTE) {
      if (code === QUOTE) {
        textBits |= bits;
        return i + 1;
      }
      if (code < SPACE) return -1;
    } else if (code === BACKSLASH) return -1;
    bits |= code;
  }
  return -1;
}

/** Past the whole number that begins here; -1 for one that has a fraction, an exponent, a leading zero, or too many digits. */
function endOfWholeNumber(body: Buffer, at: number): number {
  const start = body[at] === MINUS ? at + 1 : at;
  let end = start;
  while ((body[end] as number) >= ZERO && (body[end] as number) <= NINE) end++;
  const digits = end - start;
  if (digits === 0 || digits > MAX_DIGITS) return -1;
  // Of the numbers that begin with a zero only 0 itself is one; -0 is left to the parser.
  return body[start] === ZERO && (digits > 1 || start > at) ? -1 : end;
}

/** Past the word that begins here; -1 where it is none of JSON's. */
function endOfWord(body: Buffer, at: number): number {
  if (at + 5 > body.length) return -1;
  switch (body[at]) {
    case 0x74:
      return body[at + 1] === 0x72 && body[at + 2] === 0x75 && body[at + 3] === 0x65 ? at + 4 : -1; // true
    case 0x66:
      return body[at + 1] === 0x61 && body[at + 2] === 0x6c && body[at + 3] === 0x73 && body[at + 4] === 0x65 ? at + 5 : -1; // false
    case LETTER_N:
      return body[at + 1] === 0x75 && body[at + 2] === 0x6c && body[at + 3] === 0x6c ? at + 4 : -1; // null
    default:
      return -1;
  }
}

/** The next place that is no white space (RFC 8259, section 2). */
function skipSpace(body: Buffer, at: number): number {
  while ((body[at] as number) <= SPACE && isSpace(body[at])) at++;
  return at;
}

function isSpace(code: number | undefined): boolean {
  return code === SPACE || code === 0x0a || code === 0x0d || code === 0x09;
}
