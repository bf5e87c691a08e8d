import { isUtf8 } from 'node:buffer';
import type { BillsRequest } from '../../billing/ports/billing-source';
import { AddressRecord, MARKS_PER_ADDRESS } from '../../billing/model/address-record';
import { readText } from '../../billing/model/response-bytes';
import type { Address, Bills, Invoice, InvoiceOrigin } from '../../billing/model/bills';
import { InvoiceRecord, MARKS_PER_INVOICE } from '../../billing/model/invoice-record';
import { assertShallow, decodeText, mayLoseDigits, parseExact } from './exact-json';
import { invalidResponse } from '../errors/failures';
import { parseBillsBody } from './parse-bills-body';
import { scanBills } from './scan-bills';
import type { ScannedHead } from './scan-contract';
import { contractBreach, isWireBills, type WireAddress, type WireBills, type WireInvoice } from './wire-schema';

/**
 * Makes bills from a 200 answer's body, with every digit of its numbers.
 * @throws BillingError `invalid-response` where it is not JSON, not of the contract's shape, or about another contract.
 */
export function decodeBills(body: Buffer, request: BillsRequest): Bills {
  return decodeUsual(body, request) ?? decodeAny(body, request);
}

/**
 * Bills whose values are read from the bytes when they are wanted; null where the body is not of the usual form.
 */
export function decodeUsual(body: Buffer, request: BillsRequest): Bills | null {
  const scanned = scanBills(body);
  if (!scanned || (!scanned.isAscii && !isUtf8(body))) return null;
  const head = scanned.head ? readHead(body, scanned.head) : parseHead(body, scanned.listName);
  if (!head) return null;
  const { count, marks } = scanned.invoices;
  const records = { bytes: body, marks, origin: originOf(request) };
  const invoices = new Array<Invoice>(count);
  for (let i = 0; i < count; i++) invoices[i] = new InvoiceRecord(records, i * MARKS_PER_INVOICE);
  return withInvoices(head, invoices, request);
}

/** What an answer says of the contract itself. */
type Head = Omit<Bills, 'invoices'>;

function readHead(bytes: Buffer, { contractNumber, dueDate, addresses }: ScannedHead): Head {
  let billingAddresses: Address[] | null = null;
  if (addresses) {
    const records = { bytes, marks: addresses.marks };
    billingAddresses = new Array<Address>(addresses.count);
    for (let i = 0; i < addresses.count; i++) billingAddresses[i] = new AddressRecord(records, i * MARKS_PER_ADDRESS);
  }
  return { contractNumber: readText(bytes, contractNumber), dueDate: readText(bytes, dueDate), billingAddresses };
}

/**
 * What comes before the list, by a parser of JSON; null where it is none. The list is cut out: that what is left is the
 * contract's JSON, with an empty list of that name, proves the cut.
 */
function parseHead(body: Buffer, listName: number): Head | null {
  let wire: unknown;
  try {
    wire = JSON.parse(`${decodeHead(body, listName)}"invoiceCollection":[]}`);
  } catch {
    return null;
  }
  return isWireBills(wire) && wire.invoiceCollection?.length === 0 ? toHead(wire) : null;
}

function toHead({ contractNo, dueDate, billingAddress }: WireBills): Head {
  return { contractNumber: contractNo ?? null, dueDate: dueDate ?? null, billingAddresses: billingAddress?.map(toAddress) ?? null };
}

/** The text of what comes before the list. Throws as `decodeText` and `assertShallow` do. */
function decodeHead(body: Buffer, end: number): string {
  let bits = 0;
  for (let at = 0; at < end; at++) bits |= body[at] as number;
  // For a short text a view of its bytes and two questions about them cost more than this.
  if (bits < 0x80 && end < SHORT_BYTES) return body.toString('latin1', 0, end);
  const head = body.subarray(0, end);
  assertShallow(head);
  return decodeText(head);
}

const SHORT_BYTES = 64 * 1024;

/** Makes bills from any body, with parsers of JSON. Throws as `decodeBills` does. */
export function decodeAny(body: Buffer, request: BillsRequest): Bills {
  assertShallow(body);
  if (!mayLoseDigits(body)) {
    const bills = toBills(checked(parseBillsBody(body)), request);
    if (bills) return bills;
  }
  const bills = toBills(checked(parseExact(decodeText(body))), request);
  if (!bills) throw invalidResponse('an amount is too large to be read');
  return bills;
}

function checked(body: unknown): WireBills {
  if (!isWireBills(body)) throw invalidResponse(contractBreach());
  return body;
}

/** Null where an amount is a double past 2^53, which may have been rounded. */
function toBills(wire: WireBills, request: BillsRequest): Bills | null {
  const origin = originOf(request);
  const wireInvoices = wire.invoiceCollection ?? [];
  const invoices = new Array<Invoice>(wireInvoices.length);
  for (let i = 0; i < wireInvoices.length; i++) {
    const invoice = wireInvoices[i] as WireInvoice;
    const amount = invoice.invoiceAmount ?? null;
    if (typeof amount === 'number' && (amount > MAX_EXACT || amount < -MAX_EXACT)) return null;
    invoices[i] = {
      number: invoice.invoiceNumber ?? null,
      contractNumber: invoice.invoiceContractNo ?? null,
      billPeriod: invoice.billPeriod ?? null,
      amount,
      status: invoice.invoiceStatus ?? null,
      origin,
    };
  }
  return withInvoices(toHead(wire), invoices, request);
}

function originOf({ customer, contractNumber }: BillsRequest): InvoiceOrigin {
  return { customer, contractNumber };
}

function withInvoices({ contractNumber, dueDate, billingAddresses }: Head, invoices: readonly Invoice[], request: BillsRequest): Bills {
  if (request.contractNumber !== null) assertContract(request.contractNumber, contractNumber, invoices);
  return { contractNumber, dueDate, billingAddresses, invoices };
}

/** Every whole number up to here is a double of its own; past it, two texts can become the same double. */
const MAX_EXACT = 9007199254740992;

function toAddress(wire: WireAddress): Address {
  return {
    street: wire.street ?? null,
    neighborhood: wire.neighborhood ?? null,
    city: wire.city ?? null,
    state: wire.state ?? null,
    country: wire.country ?? null,
    zipCode: wire.zipCode ?? null,
  };
}

/** Refuses an answer for another contract. The contract calls the number an integer, so leading zeros do not tell two apart. */
function assertContract(asked: string, answered: string | null, invoices: readonly Invoice[]): void {
  if (answered !== null) {
    if (!isSameNumber(asked, answered)) throw invalidResponse('/contractNo is not the contract that was asked for');
    return;
  }
  // The field is optional. Without it, invoices that all name another contract give the answer away.
  const named = invoices.filter((invoice) => invoice.contractNumber !== null);
  if (named.length > 0 && named.every((invoice) => !isSameNumber(asked, invoice.contractNumber as string))) {
    throw invalidResponse('/invoiceCollection/*/invoiceContractNo is not the contract that was asked for');
  }
}

function isSameNumber(a: string, b: string): boolean {
  return a === b || a.replace(/^0+(?=.)/, '') === b.replace(/^0+(?=.)/, '');
}
