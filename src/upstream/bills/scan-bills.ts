import { scanHead, type ScannedHead } from './scan-contract';
import { scanInvoices, type ScannedInvoices } from './scan-invoices';
import { areTextsAscii, BACKSLASH, CLOSE_BRACE, COLON, isSpace, skipSpace, startTexts } from './scan-json';

const LIST_NAME = Buffer.from('"invoiceCollection"');

/** A body whose values are marked. */
export interface ScannedBills {
  /** Null where what is before the list is unusual, and was not looked at. */
  readonly head: ScannedHead | null;
  /** Where the name of the list begins. */
  readonly listName: number;
  readonly invoices: ScannedInvoices;
  /** Whether the texts that were looked at are all ASCII. */
  readonly isAscii: boolean;
}

/**
 * Marks the values of a body where they stand. It knows the answers that are usual and no others: a list of invoices as
 * `scanInvoices` knows them, nothing after it. Null for all else, be it wrong or merely unusual: a parser of JSON decides
 * then. Whether the bytes are UTF-8 is not looked at.
 */
export function scanBills(received: Buffer): ScannedBills | null {
  const body = withoutTrailingSpace(received);
  // The last byte is one that ends whatever it is met in, so that nothing need look whether there is another byte.
  if (body[body.length - 1] !== CLOSE_BRACE) return null;
  startTexts();
  const head = scanHead(body);
  if (!head) startTexts();
  const listName = head ? head.end : findList(body);
  const colon = listName < 0 ? -1 : skipSpace(body, listName + LIST_NAME.length);
  if (body[colon] !== COLON) return null;
  const invoices = scanInvoices(body, skipSpace(body, colon + 1));
  if (!invoices || skipSpace(body, invoices.end) !== body.length - 1) return null;
  return { head, listName, invoices, isAscii: areTextsAscii() };
}

/** Where the first text that is the list's name stands; -1 where there is none. */
function findList(body: Buffer): number {
  const at = body.indexOf(LIST_NAME);
  // A quotation mark with a backslash belongs to a longer name.
  return at < 1 || body[at - 1] === BACKSLASH ? -1 : at;
}

function withoutTrailingSpace(received: Buffer): Buffer {
  let { length } = received;
  while (length > 0 && isSpace(received[length - 1])) length--;
  return length === received.length ? received : received.subarray(0, length);
}
