import type { BillingError } from '../../billing/model/billing-error';
import type { LeafType, RecordField, RecordLayout } from '../../runtime/byte-records';
import { invalidResponse } from '../errors/failures';
import { MINUS } from './json-bytes';
import type { LeafTable, WireTable } from './wire-table';

const UNDERSCORE = 0x5f;
const LETTER_A = 0x41;
const LETTER_Z = 0x5a;
const UPPER_TO_LOWER = 0x20;

/** Types of members, as the scanner tells them apart. */
export const TEXT = 0;
export const INTEGER = 1;
export const BOOLEAN = 2;
export const LIST = 3;

const TYPES: Readonly<Record<LeafType, number>> = { text: TEXT, integer: INTEGER, boolean: BOOLEAN };
const RULES: readonly string[] = ['string,null', 'a whole number', 'boolean,null', 'array,null'];

/** Names are compared four bytes at a time, the quotation mark after them included: no name may be shorter. */
const MIN_NAME_BYTES = 3;
/** No record has more members: which ones were met is noted in the bits of a number. */
const MAX_MEMBERS = 30;

/**
 * A record's members as the scanner looks for them. Columns are numbered leaves first, then lists. The name of the next
 * member is guessed from the record before, and compared four bytes at a time; the order of members has no meaning.
 */
export class RecordSpec {
  /** Where the record stands in a response, in the contract's names: `invoiceCollection[]`; empty for the contract itself. */
  readonly path: string;
  readonly layout: RecordLayout;
  /** Columns that there are. */
  readonly count: number;
  readonly names: readonly string[];
  readonly types: Uint8Array;
  readonly values: readonly (ReadonlyMap<string, boolean> | undefined)[];
  /** Bytes of each name. */
  readonly lengths: Int32Array;
  /** The column that followed each column in the last record; then the first one, and the one after an unknown member. -1: unknown. */
  readonly predicted: Int32Array;
  /** What is thrown when a value that cannot be used is read, by column. */
  readonly errors: readonly BillingError[];
  /** What is thrown where a value stands under another spelling of its member's name, by column. */
  readonly misspelt: readonly BillingError[];
  /** What is thrown when anything of an item that is no record is read. */
  readonly itemError: BillingError;
  /** The words of all names, one name after the other. */
  readonly words: Int32Array;
  /** Where the words of each name begin; a last one says where they all end. */
  readonly firstWord: Int32Array;
  /** By a byte: whether a spelling of a leaf's name may end with it. Most unknown names are recognised by that alone. */
  readonly lastBytes: Uint8Array;
  /** The columns of the leaves that a name may be a spelling of, by its last byte. */
  readonly #spelledWith: readonly (readonly number[])[];
  /** The names of the leaves in lower case, without `-` and `_`. */
  readonly #letters: readonly Buffer[];
  readonly #byName: ReadonlyMap<string, number>;

  constructor(path: string, leaves: LeafTable, lists: readonly string[] = []) {
    const members = Object.entries(leaves);
    this.path = path;
    this.layout = toLayout(leaves);
    this.names = [...members.map(([, { wire }]) => wire), ...lists];
    this.count = this.names.length;
    if (this.count > MAX_MEMBERS) throw new Error(`A record has more than ${MAX_MEMBERS} members.`);
    this.types = Uint8Array.from([...members.map(([, { type }]) => TYPES[type]), ...lists.map(() => LIST)]);
    this.values = members.map(([, { values }]) => values);
    // The closing quotation mark belongs to what is compared: "invoice" is not "invoiceNumber".
    const short = this.names.find((name) => Buffer.byteLength(name) < MIN_NAME_BYTES);
    if (short !== undefined) throw new Error(`The name of a member, "${short}", is shorter than ${MIN_NAME_BYTES} bytes.`);
    const bytes = this.names.map((name) => Buffer.from(`${name}"`));
    this.lengths = Int32Array.from(bytes, ({ length }) => length - 1);
    const words = bytes.map(toWords);
    this.words = Int32Array.from(words.flat());
    this.firstWord = Int32Array.from([...words, []], (_, column) => words.slice(0, column).flat().length);
    this.#byName = new Map(this.names.map((name, column) => [name, column]));
    this.predicted = new Int32Array(this.count + 2).map((_, column) => (column === this.count ? 0 : Math.min(column + 1, this.count - 1)));
    this.errors = this.names.map((name, column) => invalidResponse(`${this.pathOf(name)} ${this.ruleOf(column)}`));
    this.misspelt = this.names.map((name) => invalidResponse(`${this.pathOf(name)} is there under another spelling of its name`));
    this.#letters = members.map(([, { wire }]) => Buffer.from(wire.replace(/[-_]/g, '').toLowerCase()));
    this.lastBytes = toLastBytes(this.#letters);
    this.#spelledWith = Array.from(this.lastBytes, (_, code) =>
      this.lastBytes[code] === 0 ? [] : columnsThatEndWith(code, this.#letters),
    );
    this.itemError = invalidResponse(`${path} must be object`);
  }

  /** A member's path in the contract's names, as `invoiceCollection[].invoiceAmount`. */
  pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  ruleOf(column: number): string {
    return `must be ${RULES[this.types[column] as number] as string}`;
  }

  /** Whether the name of a column stands in a name of its length, with the quotation mark that ends it. */
  #isNameAt(column: number, view: DataView, at: number): boolean {
    const { words } = this;
    const lastAt = at + (this.lengths[column] as number) - 3;
    const last = (this.firstWord[column + 1] as number) - 1;
    let place = at;
    for (let i = this.firstWord[column] as number; i < last; i++) {
      if (view.getInt32(place, true) !== words[i]) return false;
      place += 4;
    }
    return view.getInt32(lastAt, true) === words[last];
  }

  /** The column of the name of so many bytes that begins here; -1 where the record has none of that name. */
  findName(view: DataView, at: number, length: number): number {
    for (let column = 0; column < this.count; column++)
      if (this.lengths[column] === length && this.#isNameAt(column, view, at)) return column;
    return -1;
  }

  /** The leaf of which these bytes are another spelling: in another case, or with other `-` and `_`. -1 where there is none. */
  findMisspelt(bytes: Buffer, from: number, to: number): number {
    for (const column of this.#spelledWith[bytes[to - 1] as number] as readonly number[])
      if (isSpelling(this.#letters[column] as Buffer, bytes, from, to)) return column;
    return -1;
  }

  /** The column of a name; -1 where the record has none of that name. */
  columnOf(name: string): number {
    return this.#byName.get(name) ?? -1;
  }
}

function toLastBytes(letters: readonly Buffer[]): Uint8Array {
  const bytes = new Uint8Array(256);
  for (const code of [MINUS, UNDERSCORE, ...letters.map((name) => name.at(-1) ?? MINUS)]) {
    bytes[code] = 1;
    if (code >= LETTER_A + UPPER_TO_LOWER && code <= LETTER_Z + UPPER_TO_LOWER) bytes[code - UPPER_TO_LOWER] = 1;
  }
  return bytes;
}

/** `-` and `_` may stand behind any name. */
function columnsThatEndWith(code: number, letters: readonly Buffer[]): readonly number[] {
  const isOfAny = code === MINUS || code === UNDERSCORE;
  return letters.flatMap((name, column) => (isOfAny || ((name.at(-1) ?? 0) | UPPER_TO_LOWER) === (code | UPPER_TO_LOWER) ? [column] : []));
}

/** Compared from the end: most names differ in their last bytes. */
function isSpelling(letters: Buffer, bytes: Buffer, from: number, to: number): boolean {
  let left = letters.length;
  if (to - from < left) return false;
  for (let at = to - 1; at >= from; at--) {
    let code = bytes[at] as number;
    if (code === MINUS || code === UNDERSCORE) continue;
    if (code >= LETTER_A && code <= LETTER_Z) code += UPPER_TO_LOWER;
    if (letters[--left] !== code) return false;
  }
  return left === 0;
}

/** Four bytes each; of a length that is no multiple of four, the last two overlap. */
function toWords(bytes: Buffer): number[] {
  return Array.from({ length: Math.ceil(bytes.length / 4) }, (_, i) => bytes.readInt32LE(Math.min(i * 4, bytes.length - 4)));
}

/** Where the marks of a record's values stand, by the domain's names. */
function toLayout(leaves: LeafTable): RecordLayout {
  const members = Object.entries(leaves);
  const fields = new Map(members.map(([name, { type }], column): [string, RecordField] => [name, { column, type }]));
  return { fields, lengthColumn: members.length, stride: members.length + 1 };
}

/** The records of a response. */
export interface BillsSpec {
  readonly contract: RecordSpec;
  readonly address: RecordSpec;
  readonly invoice: RecordSpec;
  /** Columns of the contract's lists. */
  readonly addressesColumn: number;
  readonly invoicesColumn: number;
}

/** Prepares a table for the scanner. */
export function toBillsSpec({ contract, address, invoice, lists }: WireTable): BillsSpec {
  const addressesColumn = Object.keys(contract).length;
  return {
    contract: new RecordSpec('', contract, [lists.billingAddresses, lists.invoices]),
    address: new RecordSpec(`${lists.billingAddresses}[]`, address),
    invoice: new RecordSpec(`${lists.invoices}[]`, invoice),
    addressesColumn,
    invoicesColumn: addressesColumn + 1,
  };
}
