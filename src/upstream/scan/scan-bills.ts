import type { Window } from '../../billing/model/window';
import type { OddValue } from '../../runtime/byte-records';
import { invalidResponse } from '../errors/failures';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  endOfValue,
  endOfWord,
  isSpace,
  LESS_THAN,
  LETTER_N,
  notJson,
  OPEN_BRACE,
  OPEN_BRACKET,
  skipSpace,
} from './json-bytes';
import type { BillsSpec, RecordSpec } from './record-spec';
import { RecordScanner, type MemberReader, type Target } from './scan-record';
import { UnknownMembers } from './unknown-members';

/** Maximum number of addresses; no contract has so many. */
const MAX_ADDRESSES = 100;
/** Maximum number of contracts in a list: as many as a response of the gateway may have objects, unless it is set otherwise. */
const MAX_CONTRACTS = 50_000;
/** Maximum number of members that a contract may have beside those that are known: what each says is looked at. */
const MAX_UNKNOWN = 10_000;
/** A scratch array that has grown beyond this is released after its list. */
const MAX_KEPT_MARKS = 256 * 1024;

/** A list of records; if it cannot be used, `failure` gives the reason. */
export interface ScannedList {
  readonly count: number;
  readonly marks: readonly number[];
  readonly failure: Error | null;
  /** Number of items in the body, including those outside the window. */
  readonly sent: number;
}

/** A contract whose values are marked. A list is null if its member is absent or null. */
export interface ScannedContract {
  readonly marks: readonly number[];
  readonly addresses: ScannedList | null;
  readonly invoices: ScannedList | null;
  readonly others: UnknownMembers;
  /** Whether the object has no members at all. */
  readonly isEmpty: boolean;
  /** Whether the response has the list of invoices, even if null. */
  readonly namesInvoices: boolean;
}

/** A body whose values are marked. */
export interface ScannedBills {
  readonly bytes: Buffer;
  /** Of the same bytes. */
  readonly view: DataView;
  readonly contracts: readonly ScannedContract[];
  /** Whether the body is a list of contracts. */
  readonly isList: boolean;
  readonly odd: readonly OddValue[];
  /** Paths of members whose type differs from the contract's. */
  readonly retyped: ReadonlySet<string>;
}

/** How a body is scanned. */
export interface ScanOptions {
  readonly spec: BillsSpec;
  /** The invoices to mark. The others are only checked to be JSON. */
  readonly window: Window;
  /** Whether a value of the wrong type makes the whole body invalid. */
  readonly strict: boolean;
  /** Whether the body may be a list of contracts. */
  readonly mayBeList?: boolean;
}

/**
 * Scans the body of a response once, from the first byte to the last: checks that it is JSON, and marks the positions of the
 * records' values without converting them.
 * @param received valid UTF-8.
 * @throws BillingError `invalid-response` for what is not JSON, or neither an object nor a list of objects.
 */
export function scanBills(received: Buffer, options: ScanOptions): ScannedBills {
  const bytes = withoutTrailingSpace(received);
  const at = skipSpace(bytes, 0);
  const isList = bytes[at] === OPEN_BRACKET;
  if (bytes[at] !== OPEN_BRACE && !isList) throw toMisfit(bytes, at);
  // With such a last byte, reading past the end cannot change the result.
  if (bytes[bytes.length - 1] !== (isList ? CLOSE_BRACKET : CLOSE_BRACE)) throw notJson();
  const scanner = new RecordScanner(bytes, options.strict);
  const contracts = isList ? [] : [new ContractScan(scanner, options)];
  const end = contracts[0] ? contracts[0].scan(at) : scanContracts(scanner, options, at, contracts);
  if (end !== bytes.length) throw notJson();
  return { bytes, view: scanner.view, contracts, isList, odd: scanner.odd, retyped: scanner.retyped };
}

/** The failure of a body that begins as neither an object nor a list. Tells the operator if it is empty or a web page. */
function toMisfit(bytes: Buffer, at: number): Error {
  if (at === bytes.length) return invalidResponse('the body is not JSON: it is empty');
  if (bytes[at] === LESS_THAN) return invalidResponse('the body is not JSON, but HTML or XML');
  return endOfValue(bytes, at) === bytes.length ? invalidResponse('/ must be object') : notJson();
}

function scanContracts(scanner: RecordScanner, options: ScanOptions, open: number, contracts: ContractScan[]): number {
  const { bytes } = scanner;
  if (!options.mayBeList) {
    if (options.strict) scanner.refuse('/ must be object');
    scanner.addRetyped('(body)');
  }
  let at = skipSpace(bytes, open + 1);
  if (bytes[at] === CLOSE_BRACKET) return at + 1;
  for (;;) {
    if (bytes[at] !== OPEN_BRACE) {
      endOfValue(bytes, at);
      scanner.refuse('an item of the body must be object');
    }
    const contract = new ContractScan(scanner, options);
    at = skipSpace(bytes, contract.scan(at));
    if (contracts.push(contract) > MAX_CONTRACTS) scanner.refuse(`the body is a list of more than ${MAX_CONTRACTS} contracts`);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    if (bytes[at] !== COMMA) throw notJson();
    at = skipSpace(bytes, at + 1);
  }
}

/** Whether the valid object between two positions has no members. */
function isEmptyObject(bytes: Buffer, open: number, end: number): boolean {
  return skipSpace(bytes, open + 1) === end - 1;
}

/** Marks of the list being scanned. Only one list is scanned at a time. */
let scratch = zeros(1024);

/** Shared by contracts without unknown members. Never modified. */
const NO_OTHERS = new UnknownMembers();

/** Reads the lists of one contract. */
class ContractScan implements ScannedContract, MemberReader {
  readonly marks: number[];
  others = NO_OTHERS;
  addresses: ScannedList | null = null;
  invoices: ScannedList | null = null;
  isEmpty = false;
  namesInvoices = false;
  /** Start and end positions of each list. */
  #addressesFrom = 0;
  #addressesTo = 0;
  #invoicesFrom = 0;
  #invoicesTo = 0;
  readonly #scanner: RecordScanner;
  readonly #options: ScanOptions;

  constructor(scanner: RecordScanner, options: ScanOptions) {
    this.#scanner = scanner;
    this.#options = options;
    this.marks = zeros(options.spec.contract.layout.stride);
  }

  /** Scans the contract that begins at `open`; returns the position after it. */
  scan(open: number): number {
    const end = this.#scanner.scan(this.#options.spec.contract, open, { marks: this.marks, base: 0 }, this);
    this.isEmpty = isEmptyObject(this.#scanner.bytes, open, end);
    return end;
  }

  unknown(member: { readonly name: number; readonly value: number; readonly end: number }): void {
    if (this.others === NO_OTHERS) this.others = new UnknownMembers();
    this.others.add(this.#scanner.bytes, member);
    if (this.others.count > MAX_UNKNOWN) this.#scanner.refuse(`the body has more than ${MAX_UNKNOWN} members that are not known`);
  }

  list(column: number, at: number, isRepeated: boolean): number {
    const { spec, window } = this.#options;
    const isInvoices = column === spec.invoicesColumn;
    const record = isInvoices ? spec.invoice : spec.address;
    if (isRepeated) return this.#repeat(record, at);
    if (isInvoices) {
      const { list, end } = this.#scanList(record, at, { skip: window.offset, limit: window.limit });
      this.invoices = list;
      this.namesInvoices = true;
      this.#invoicesFrom = at;
      this.#invoicesTo = end;
      return end;
    }
    const { list, end } = this.#scanList(record, at, { skip: 0, limit: MAX_ADDRESSES + 1 });
    const isTooLong = list !== null && list.count > MAX_ADDRESSES;
    this.addresses = isTooLong ? failed(`/${listName(record)} has more than ${MAX_ADDRESSES} items`) : list;
    this.#addressesFrom = at;
    this.#addressesTo = end;
    return end;
  }

  /** Handles a repeated list. If the two differ, it is not known which one is valid. */
  #repeat(record: RecordSpec, at: number): number {
    const { bytes } = this.#scanner;
    const end = endOfValue(bytes, at);
    const isInvoices = record === this.#options.spec.invoice;
    const from = isInvoices ? this.#invoicesFrom : this.#addressesFrom;
    const to = isInvoices ? this.#invoicesTo : this.#addressesTo;
    if (bytes.compare(bytes, from, to, at, end) === 0) return end;
    const list = this.#retyped(record, 'must be there once');
    if (isInvoices) this.invoices = list;
    else this.addresses = list;
    return end;
  }

  #scanList(spec: RecordSpec, at: number, wanted: Wanted): { readonly list: ScannedList | null; readonly end: number } {
    const { bytes } = this.#scanner;
    switch (bytes[at]) {
      case OPEN_BRACKET:
        return this.#scanItems(spec, at, wanted);
      case OPEN_BRACE:
        return this.#scanSingle(spec, at, wanted);
      case LETTER_N:
        return { list: null, end: endOfWord(bytes, at) };
      default:
        return { list: this.#retyped(spec, 'must be array,null'), end: endOfValue(bytes, at) };
    }
  }

  #scanItems(spec: RecordSpec, open: number, { skip, limit }: Wanted): { readonly list: ScannedList; readonly end: number } {
    const scanner = this.#scanner;
    const { bytes } = scanner;
    const { stride } = spec.layout;
    const target: Target = { marks: scratch, base: 0 };
    let count = 0;
    let at = skipSpace(bytes, open + 1);
    let item = 0;
    for (; bytes[at] !== CLOSE_BRACKET; item++) {
      if (item > 0) {
        if (bytes[at] !== COMMA) throw notJson();
        at = skipSpace(bytes, at + 1);
      }
      if (item < skip || count === limit) at = endOfValue(bytes, at);
      else {
        target.base = count++ * stride;
        if (target.base + stride > target.marks.length) target.marks = scratch = scratch.concat(zeros(scratch.length * 3));
        scanner.item = item;
        if (bytes[at] === OPEN_BRACE) at = scanner.scan(spec, at, target);
        else {
          at = endOfValue(bytes, at);
          scanner.markUnusable(spec, target);
        }
      }
      if (bytes[at] !== COMMA) at = skipSpace(bytes, at);
    }
    const marks = scratch.slice(0, count * stride);
    if (scratch.length > MAX_KEPT_MARKS) scratch = zeros(1024);
    return { list: { count, marks, failure: null, sent: item }, end: at + 1 };
  }

  /** An object in place of a list counts as a list of one, if it has one of the record's members. */
  #scanSingle(spec: RecordSpec, at: number, { skip }: Wanted): { readonly list: ScannedList; readonly end: number } {
    const scanner = this.#scanner;
    const { stride, lengthColumn } = spec.layout;
    const marks = zeros(stride);
    const oddBefore = scanner.odd.length;
    if (scanner.strict) scanner.refuse(`/${listName(spec)} must be array,null`);
    const end = scanner.scan(spec, at, { marks, base: 0 });
    scanner.addRetyped(listName(spec));
    const isEmpty = isEmptyObject(scanner.bytes, at, end);
    const isOther = marks[lengthColumn] === 0 && scanner.odd[oddBefore] === spec.itemError;
    if (isEmpty || isOther) return { list: failed(`/${listName(spec)} must be array,null`), end };
    const isWanted = skip === 0;
    return { list: { count: isWanted ? 1 : 0, marks: isWanted ? marks : [], failure: null, sent: 1 }, end };
  }

  #retyped(spec: RecordSpec, rule: string): ScannedList {
    const name = listName(spec);
    if (this.#scanner.strict) this.#scanner.refuse(`/${name} ${rule}`);
    this.#scanner.addRetyped(name);
    return failed(`/${name} ${rule}`);
  }
}

/** The items of a list to mark. */
interface Wanted {
  readonly skip: number;
  readonly limit: number;
}

/** A list that cannot be used. */
function failed(detail: string): ScannedList {
  return { count: 0, marks: [], failure: invalidResponse(detail), sent: 0 };
}

/** The member that holds a record's list. */
function listName({ path }: RecordSpec): string {
  return path.slice(0, -2);
}

function zeros(length: number): number[] {
  return new Array<number>(length).fill(0);
}

function withoutTrailingSpace(received: Buffer): Buffer {
  let { length } = received;
  while (length > 0 && isSpace(received[length - 1] as number)) length--;
  return length === received.length ? received : received.subarray(0, length);
}
