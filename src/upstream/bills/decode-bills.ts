import { isUtf8 } from 'node:buffer';
import type { BillsRequest, DecodedContent } from '../../billing/ports/billing-source';
import type { BillingError } from '../../billing/model/billing-error';
import type { Bills, InvoiceMeaning } from '../../billing/model/bills';
import { readText } from '../../runtime/byte-records';
import { invalidResponse, OtherContract } from '../errors/failures';
import { toBillsSpec, type BillsSpec } from '../scan/record-spec';
import { scanBills, type ScannedBills, type ScannedContract, type ScannedList } from '../scan/scan-bills';
import { CONTRACT_TABLE, type WireTable } from '../scan/wire-table';
import { createToAddresses, createToInvoices } from './records';
import { ResponseBills } from './response-bills';

/** How responses are read. */
export interface DecoderOptions {
  readonly table?: WireTable;
  /** Whether a value of the wrong type makes the whole response invalid, instead of being converted or failing on its own. */
  readonly strict?: boolean;
  /** Whether every response lists all of the customer's contracts, so that a contract that is not listed does not exist. */
  readonly listsAll?: boolean;
  /** Whether a response is expected to be a list of contracts; such a list then does not count as drift. */
  readonly mayBeList?: boolean;
  /** How the deployment defines its invoices' status and currency; absent: undefined. */
  readonly meaning?: InvoiceMeaning;
}

const NO_MEANING: InvoiceMeaning = { statusTrue: null, currency: null };

/** Decodes response bodies into bills. */
export class ResponseDecoder {
  readonly spec: BillsSpec;
  readonly #strict: boolean;
  readonly #listsAll: boolean;
  readonly #mayBeList: boolean;
  readonly #meaning: InvoiceMeaning;
  readonly #toAddresses: ReturnType<typeof createToAddresses>;
  readonly #toInvoices: ReturnType<typeof createToInvoices>;

  constructor(options: DecoderOptions = {}) {
    const { table = CONTRACT_TABLE, strict = false, listsAll = false, mayBeList = listsAll, meaning = NO_MEANING } = options;
    this.spec = toBillsSpec(table);
    this.#strict = strict;
    this.#listsAll = listsAll;
    this.#mayBeList = mayBeList;
    this.#meaning = meaning;
    this.#toAddresses = createToAddresses(this.spec.address.layout);
    this.#toInvoices = createToInvoices(this.spec.invoice.layout);
  }

  /**
   * Decodes the body of a successful response, keeping every digit of its numbers. An unusable value, list item or list throws
   * when it is read.
   * @param skip number of invoices in the body before the request's window.
   * @throws BillingError `invalid-response` if the body is not JSON, reports an error, or is about another contract.
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
   * An error reported with a successful status must not be taken for a contract without bills. Refuses members that report an
   * error, and objects without any of a contract's members: `{}`, too, is what a proxy, a mock or a server without a route sends.
   */
  #assertNoError({ odd }: ScannedBills, contract: ScannedContract): void {
    const { marks, addresses, invoices, others } = contract;
    if (others.reportError) throw invalidResponse('the body reports an error');
    const { misspelt } = this.spec.contract;
    const isValue = (mark: number): boolean => mark !== 0 && !misspelt.includes(odd[~mark] as BillingError);
    const isKnown = addresses !== null || invoices !== null || marks.slice(0, -1).some(isValue);
    if (contract.isEmpty || (others.exist && !isKnown)) throw invalidResponse("the body has none of the contract's members");
    // The contract number may be echoed from the request: on its own, it does not make the response a contract.
    const isBare = !addresses?.count && !marks.slice(1, -1).some(isValue);
    if (isBare && isSaidToFail(contract)) throw invalidResponse('the body reports an error and has no data');
  }

  #toContract(scanned: ScannedBills, contract: ScannedContract, { customer, contractNumber }: BillsRequest): ResponseBills {
    const { bytes, view, odd, isList } = scanned;
    const head = { bytes, view, odd, marks: contract.marks, layout: this.spec.contract.layout };
    // In a list of contracts, each identifies itself.
    const number = contractNumber ?? (isList ? numberOf(() => readText(head, 0)) : null);
    const addresses = toAddressList(contract);
    const invoices = toInvoiceList(contract);
    return new ResponseBills(head, {
      sent: contract.invoices?.sent ?? 0,
      billingAddresses:
        addresses instanceof Error || addresses === null
          ? addresses
          : this.#toAddresses({ bytes, view, odd, marks: addresses.marks, layout: this.spec.address.layout }, addresses.count),
      invoices:
        invoices instanceof Error
          ? invoices
          : invoices === null
            ? []
            : this.#toInvoices(
                {
                  bytes,
                  view,
                  odd,
                  marks: invoices.marks,
                  layout: this.spec.invoice.layout,
                  origin: { customer, contractNumber: number },
                  meaning: this.#meaning,
                },
                invoices.count,
              ),
    });
  }
}

/** Decodes responses that follow the contract. */
const CONTRACT = new ResponseDecoder();

/** Decodes a body that follows the contract; see `ResponseDecoder.decode`. */
export function decodeBills(body: Buffer, request: BillsRequest, skip = 0): Bills {
  return CONTRACT.decode(body, request, skip).content as Bills;
}

/** The list of invoices, or the reason why there is none. A missing list is not taken for an empty one if it may be elsewhere. */
function toInvoiceList(contract: ScannedContract): ScannedList | Error | null {
  const { invoices, namesInvoices, others } = contract;
  if (invoices) {
    const isFailed = invoices.sent === 0 && (others.haveFailedCode || isSaidToFail(contract));
    if (isFailed) return invoices.failure ?? invalidResponse('the list of invoices is empty, and another member may say why');
    const isElsewhere = invoices.sent === 0 && others.holdInvoices;
    return invoices.failure ?? (isElsewhere ? invalidResponse('the list of invoices is empty, and another member holds one') : invoices);
  }
  if (others.tellOfFailure || isSaidToFail(contract))
    return invalidResponse('the list of invoices is missing, and another member may say why');
  const mayBeElsewhere = namesInvoices
    ? others.holdList || (others.nameInvoices && others.holdData)
    : others.nameInvoices || others.holdData;
  return mayBeElsewhere ? invalidResponse('the list of invoices is missing, and other members may hold it') : null;
}

/** Whether the list is empty and an envelope reports an error. */
function isSaidToFail({ invoices, others }: ScannedContract): boolean {
  return others.exist && !invoices?.failure && !invoices?.sent && others.reportErrorInside();
}

function toAddressList({ addresses, others }: ScannedContract): ScannedList | Error | null {
  if (addresses) return addresses.failure ?? addresses;
  return others.nameAddresses ? invalidResponse('the list of addresses is missing, and another member may hold it') : null;
}

/** The contract with this number in a list of contracts. */
function findContract(all: readonly ResponseBills[], asked: string): ResponseBills {
  const found = all.filter((bills) => isContract(asked, bills));
  const [bills, another] = found.length > 0 ? found : all;
  if (!bills || another) throw invalidResponse('the body is a list in which the contract that was asked for is not there once');
  return bills;
}

/**
 * The result for a contract that is missing from a list of all of the customer's contracts: it does not exist, if each listed
 * contract identifies itself. One that does not may be the requested one. If only the invoices identify it, this is usual past
 * the end of the invoices.
 */
function toUnlisted(all: readonly ResponseBills[], offset: number): ResponseBills | null {
  if (all.every((bills) => numbersOf(bills).length > 0)) return null;
  const failure = invalidResponse(
    'a contract of the body does not say which one it is: see members.contract.contractNumber of the dialect',
  );
  if (offset === 0) throw failure;
  return new ResponseBills(null, { billingAddresses: failure, invoices: [], sent: 0 });
}

/** Whether the bills name a contract: by its number or, without one, by that of any invoice. */
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
 * The bills of the requested contract. The API defines the number as an integer, so leading zeros are ignored. The field is
 * optional. Without it, the invoices are checked: if all name another contract, the response is refused; if they name several
 * contracts, the list of invoices is unusable.
 * @throws BillingError if the bills belong to another contract.
 */
function toAsked(asked: string, bills: ResponseBills): ResponseBills {
  if (isOwnNumber(asked, bills)) return bills;
  const numbers = numbersOf(bills);
  const own = numbers.filter((number) => isSameNumber(asked, number));
  if (own.length === numbers.length) return bills;
  if (own.length > 0)
    return bills.withoutInvoices(invalidResponse('the list has invoices of other contracts than the one that was asked for'));
  const place = numberOf(() => bills.contractNumber) === null ? '/invoiceCollection/*/invoiceContractNo' : '/contractNo';
  throw new OtherContract(`${place} is not the contract that was asked for`, (number) =>
    numbers.some((named) => isSameNumber(number, named)),
  );
}

/** Whether the bills name this contract. Nearly all do. */
function isOwnNumber(asked: string, bills: ResponseBills): boolean {
  try {
    const own = bills.contractNumber;
    return own !== null && isSameNumber(asked, own);
  } catch {
    return false;
  }
}

/** A contract number; null if it is missing or unusable. */
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
