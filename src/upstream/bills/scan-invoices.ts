import { INVOICE_COLUMNS, LENGTH_COLUMN, MARKS_PER_INVOICE } from '../../billing/model/invoice-record';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LETTER_N,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  endOfText,
  endOfWholeNumber,
  endOfWord,
  skipSpace,
} from './scan-json';

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

/** The invoices of a body. */
export interface ScannedInvoices {
  readonly count: number;
  /** As `InvoiceRecords` has them. */
  readonly marks: Int32Array;
  /** Past the list. */
  readonly end: number;
}

/**
 * Marks the values of the invoices in the list that begins at `open`, where they stand, without making anything of them.
 * Null for all but what is usual: invoices of the contract's types, perhaps with further members that are no lists and no
 * objects, texts without an escape, whole numbers of up to 15 digits.
 */
export function scanInvoices(body: Buffer, open: number): ScannedInvoices | null {
  if (body[open] !== OPEN_BRACKET) return null;
  const count = scanList(body, skipSpace(body, open + 1));
  return count < 0 ? null : { count, marks: scratch.slice(0, count * MARKS_PER_INVOICE), end: scannedTo + 1 };
}

/** One list is scanned at a time: its marks, and where it ended. */
let scratch = new Int32Array(64 * MARKS_PER_INVOICE);
let scannedTo = 0;

/** How many invoices there are up to the closing bracket, which is at `scannedTo` then; -1 for what is unusual. */
function scanList(body: Buffer, from: number): number {
  let at = from;
  if (body[at] === CLOSE_BRACKET) {
    scannedTo = at;
    return 0;
  }
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  for (let count = 0; count < MAX_INVOICES; count++) {
    const marks = (count + 1) * MARKS_PER_INVOICE;
    if (marks > scratch.length) grow();
    at = scanInvoice(body, view, at, marks - MARKS_PER_INVOICE);
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

/** Marks the invoice that begins at `open`, and returns where it ends; -1 for what is unusual. */
function scanInvoice(body: Buffer, view: DataView, open: number, marks: number): number {
  let at = open;
  if (body[at] !== OPEN_BRACE) return -1;
  const to = scratch;
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
  to[marks + LENGTH_COLUMN] = at - open;
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
