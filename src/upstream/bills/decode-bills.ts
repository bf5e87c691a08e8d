import { isUtf8 } from 'node:buffer';
import type { BillsRequest, DecodedContent } from '../../billing/ports/billing-source';
import type { BillingError } from '../../billing/model/billing-error';
import type { Bills, InvoiceMeaning } from '../../billing/model/bills';
import { readText } from '../../runtime/byte-records';
import { invalidResponse } from '../errors/failures';
import { toBillsSpec, type BillsSpec } from '../scan/record-spec';
import { scanBills, type ScannedBills, type ScannedContract, type ScannedList } from '../scan/scan-bills';
import { CONTRACT_TABLE, type WireTable } from '../scan/wire-table';
import { createAddressClass, createInvoiceClass, type InvoiceRecords } from './records';
import { ResponseBills } from './response-bills';

/** How responses are read. */
export interface DecoderOptions {
  readonly table?: WireTable;
  /** Whether a value of another type than the contract's fails the whole response, instead of being converted or failing alone. */
  readonly strict?: boolean;
  /** Whether the API lists all of a customer's contracts, whichever one is asked for: one that is not listed is not known. */
  readonly listsAll?: boolean;
  /** Whether a response is expected to be a list of contracts: then one is no difference from the contract. */
  readonly mayBeList?: boolean;
  /** What the deployment says of its invoices; without it, nothing. */
  readonly meaning?: InvoiceMeaning;
}

const NO_MEANING: InvoiceMeaning = { statusTrue: null, currency: null };

/** Makes bills from the bodies of responses. */
export class ResponseDecoder {
  readonly spec: BillsSpec;
  readonly #strict: boolean;
  readonly #listsAll: boolean;
  readonly #mayBeList: boolean;
  readonly #meaning: InvoiceMeaning;
  readonly #AddressRecord: ReturnType<typeof createAddressClass>;
  readonly #InvoiceRecord: ReturnType<typeof createInvoiceClass>;

  constructor(options: DecoderOptions = {}) {
    const { table = CONTRACT_TABLE, strict = false, listsAll = false, mayBeList = listsAll, meaning = NO_MEANING } = options;
    this.spec = toBillsSpec(table);
    this.#strict = strict;
    this.#listsAll = listsAll;
    this.#mayBeList = mayBeList;
    this.#meaning = meaning;
    this.#AddressRecord = createAddressClass(this.spec.address.layout);
    this.#InvoiceRecord = createInvoiceClass(this.spec.invoice.layout);
  }

  /**
   * Makes bills from the body of a successful response, with every digit of its numbers. What cannot be used of it is
   * thrown when it is read: one value, an item of a list, or a list.
   * @param skip invoices of the body before the request's window.
   * @throws BillingError `invalid-response` where the body is not JSON, reports an error, or is about another contract.
   */
  decode(body: Buffer, request: BillsRequest, skip = 0): DecodedContent<Bills> {
    if (!isUtf8(body)) throw invalidResponse('the body is not UTF-8');
    const window = { offset: skip, limit: request.window.limit };
    const scanned = scanBills(body, { spec: this.spec, window, strict: this.#strict, mayBeList: this.#mayBeList });
    for (const contract of scanned.contracts) this.#assertNoError(scanned, contract);
    const content = this.#toBills(scanned, request);
    return { content, failure: content?.failure ?? null, retyped: scanned.retyped };
  }

  #toBills(scanned: ScannedBills, request: BillsRequest): ResponseBills | null {
    const asked = request.contractNumber;
    const [first] = scanned.contracts;
    if (first && !scanned.isList && asked !== null && !this.#listsAll) return toAsked(asked, this.#toContract(scanned, first, request));
    const all = scanned.contracts.map((contract) => this.#toContract(scanned, contract, request));
    if (asked === null) return scanned.isList ? ResponseBills.merge(all, request.window) : (all[0] as ResponseBills);
    if (this.#listsAll && !all.some((bills) => isContract(asked, bills))) return toUnlisted(all, request.window.offset);
    const bills = scanned.isList ? findContract(all, asked) : (all[0] as ResponseBills);
    return toAsked(asked, bills);
  }

  /**
   * An error that is reported under a successful status must not pass for a contract without bills: neither a member that
   * says so, nor an object that has nothing of a contract.
   */
  #assertNoError({ odd }: ScannedBills, contract: ScannedContract): void {
    const { marks, addresses, invoices, others } = contract;
    if (others.reportError) throw invalidResponse('the body reports an error');
    const { misspelt } = this.spec.contract;
    const isValue = (mark: number): boolean => mark !== 0 && !misspelt.includes(odd[~mark] as BillingError);
    const isKnown = addresses !== null || invoices !== null || marks.slice(0, -1).some(isValue);
    if (others.exist && !isKnown) throw invalidResponse("the body has none of the contract's members");
    // A contract number may be the request's own: with nothing else, the response is about no contract.
    const isBare = !addresses?.count && !marks.slice(1, -1).some(isValue);
    if (isBare && isSaidToFail(contract)) throw invalidResponse('the body reports an error and has no data');
  }

  #toContract(scanned: ScannedBills, contract: ScannedContract, { customer, contractNumber }: BillsRequest): ResponseBills {
    const { bytes, odd, isList } = scanned;
    const head = { bytes, odd, marks: contract.marks, layout: this.spec.contract.layout };
    // In a list of contracts, each says which one it is.
    const number = contractNumber ?? (isList ? numberOf(() => readText(head, 0)) : null);
    const addresses = toAddressList(contract);
    const invoices = toInvoiceList(contract);
    return new ResponseBills(head, {
      sent: contract.invoices?.sent ?? 0,
      billingAddresses:
        addresses instanceof Error || addresses === null
          ? addresses
          : toRecords(addresses, this.#AddressRecord, { bytes, odd, marks: addresses.marks, layout: this.spec.address.layout }),
      invoices:
        invoices instanceof Error
          ? invoices
          : invoices === null
            ? []
            : toRecords(invoices, this.#InvoiceRecord, {
                bytes,
                odd,
                marks: invoices.marks,
                layout: this.spec.invoice.layout,
                origin: { customer, contractNumber: number },
                meaning: this.#meaning,
              } satisfies InvoiceRecords),
    });
  }
}

/** Reads responses as the contract has them. */
const CONTRACT = new ResponseDecoder();

/** Makes bills from a body that follows the contract; see `ResponseDecoder.decode`. */
export function decodeBills(body: Buffer, request: BillsRequest, skip = 0): Bills {
  return CONTRACT.decode(body, request, skip).content as Bills;
}

function toRecords<R extends { readonly layout: { readonly stride: number } }, T>(
  { count }: ScannedList,
  Class: new (records: R, at: number) => T,
  records: R,
): T[] {
  const { stride } = records.layout;
  const items = new Array<T>(count);
  for (let i = 0; i < count; i++) items[i] = new Class(records, i * stride);
  return items;
}

/** The list of invoices, or why there is none: one that is missing must not pass for an empty one where it may be somewhere else. */
function toInvoiceList(contract: ScannedContract): ScannedList | Error | null {
  const { invoices, namesInvoices, others } = contract;
  if (invoices) {
    const isFailed = invoices.sent === 0 && (others.haveFailedCode || isSaidToFail(contract));
    return invoices.failure ?? (isFailed ? invalidResponse('the list of invoices is empty, and another member may say why') : invoices);
  }
  if (others.tellOfFailure || isSaidToFail(contract))
    return invalidResponse('the list of invoices is missing, and another member may say why');
  const mayBeElsewhere = namesInvoices
    ? others.holdList || (others.nameInvoices && others.holdData)
    : others.nameInvoices || others.holdData;
  return mayBeElsewhere ? invalidResponse('the list of invoices is missing, and other members may hold it') : null;
}

/** Whether no invoice was sent, and an envelope reports an error. */
function isSaidToFail({ invoices, others }: ScannedContract): boolean {
  return others.exist && !invoices?.failure && !invoices?.sent && others.reportErrorInside();
}

function toAddressList({ addresses, others }: ScannedContract): ScannedList | Error | null {
  if (addresses) return addresses.failure ?? addresses;
  return others.nameAddresses ? invalidResponse('the list of addresses is missing, and another member may hold it') : null;
}

/** The contract of that number in a list of contracts. */
function findContract(all: readonly ResponseBills[], asked: string): ResponseBills {
  const found = all.filter((bills) => isContract(asked, bills));
  const [bills, another] = found.length > 0 ? found : all;
  if (!bills || another) throw invalidResponse('the body is a list in which the contract that was asked for is not there once');
  return bills;
}

/**
 * What a list of all of a customer's contracts says of one that it does not name: that it is not known, if each names
 * itself. One that does not may be the one that was asked for. Past the end of the invoices, where they alone name it, that
 * is usual: there are no more.
 */
function toUnlisted(all: readonly ResponseBills[], offset: number): ResponseBills | null {
  if (all.every((bills) => numbersOf(bills).length > 0)) return null;
  const failure = invalidResponse(
    'a contract of the body does not say which one it is: see members.contract.contractNumber of the dialect',
  );
  if (offset === 0) throw failure;
  return new ResponseBills(null, { billingAddresses: failure, invoices: [], sent: 0 });
}

/** Whether bills say that they are of a contract: by its number or, without it, by that of any invoice. */
function isContract(asked: string, bills: ResponseBills): boolean {
  return numbersOf(bills).some((number) => isSameNumber(asked, number));
}

/** The contracts that bills name: their own or, without it, those of their invoices. */
function numbersOf(bills: ResponseBills): string[] {
  const own = numberOf(() => bills.contractNumber);
  const numbers = own === null ? bills.usableInvoices.map((invoice) => numberOf(() => invoice.contractNumber)) : [own];
  return numbers.filter((number) => number !== null);
}

/**
 * The bills of the contract that was asked for. The contract calls the number an integer, so leading zeros do not tell two
 * apart. The field is optional. Without it, invoices that all name another contract give the response away, and such that
 * name several are no list of one contract.
 * @throws BillingError where they are another contract's.
 */
function toAsked(asked: string, bills: ResponseBills): ResponseBills {
  if (isOwnNumber(asked, bills)) return bills;
  const numbers = numbersOf(bills);
  const own = numbers.filter((number) => isSameNumber(asked, number));
  if (own.length === numbers.length) return bills;
  if (own.length > 0)
    return bills.withoutInvoices(invalidResponse('the list has invoices of other contracts than the one that was asked for'));
  const place = numberOf(() => bills.contractNumber) === null ? '/invoiceCollection/*/invoiceContractNo' : '/contractNo';
  throw invalidResponse(`${place} is not the contract that was asked for`);
}

/** Whether the bills name this contract as theirs, as nearly all do. */
function isOwnNumber(asked: string, bills: ResponseBills): boolean {
  try {
    const own = bills.contractNumber;
    return own !== null && isSameNumber(asked, own);
  } catch {
    return false;
  }
}

/** A contract number; null where there is none that can be used. */
function numberOf(read: () => string | null): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function isSameNumber(a: string, b: string): boolean {
  return a === b || a.replace(/^0+(?=.)/, '') === b.replace(/^0+(?=.)/, '');
}
