import { FALSE_MARK, readBoolean, readInteger, readText, TRUE_MARK, type ByteRecords, type OddValue } from '../../runtime/byte-records';
import { invalidResponse } from '../errors/failures';
import { convertLeaf, isOfType, toBooleanMark } from './convert-leaf';
import {
  CLOSE_BRACE,
  COLON,
  COMMA,
  endOfPlainText,
  endOfText,
  endOfUsualNumber,
  endOfValue,
  endOfWord,
  LETTER_F,
  LETTER_N,
  LETTER_T,
  NINE,
  notJson,
  QUOTE,
  skipSpace,
} from './json-bytes';
import { BOOLEAN, INTEGER, LIST, TEXT, type RecordSpec } from './record-spec';

/** Where to write a record's marks. */
export interface Target {
  marks: number[];
  /** Where the record's marks begin. */
  base: number;
}

/** Reads the members of a record that are not leaves. */
export interface MemberReader {
  /** Reads the list of a column and returns the position after it. `isRepeated`: the member has occurred before. */
  list(column: number, at: number, isRepeated: boolean): number;
  /** Receives an unknown member: the start positions of its name and value, and the position after the value. */
  unknown(member: { readonly name: number; readonly value: number; readonly end: number }): void;
}

const NOTHING: ReadonlySet<string> = new Set();

/** Most members of a body that are there again, or whose names have an escape: hardly any body has one, and each takes long. */
const MAX_ODD_MEMBERS = 10_000;
/** Most members of a body that records do not have: 16 MiB of invoices with 20 of them each have fewer. */
const MAX_UNKNOWN_MEMBERS = 1_000_000;
/** Most members of a body under another spelling: each is compared byte by byte. */
const MAX_MISSPELT_MEMBERS = 300_000;
/** What a field has no more bytes than, and what those have together that are longer: to decode 16 MiB of escapes takes 150 ms. */
const MAX_USUAL_BYTES = 1024;
const MAX_LONG_BYTES = 1024 * 1024;

/** Marks the values of records in the bytes of one body. */
export class RecordScanner {
  readonly bytes: Buffer;
  /** Whether a value of the wrong type makes the whole body invalid. */
  readonly strict: boolean;
  /** Index of the current record in its list, for the messages of strict checks. */
  item = 0;
  /** Of the same bytes. */
  readonly view: DataView;
  readonly odd: OddValue[] = [];
  #oddMembers = 0;
  #unknownMembers = 0;
  #misspeltMembers = 0;
  #longBytes = 0;
  /** Created on demand: hardly any body needs it. */
  #retyped: Set<string> | null = null;

  /** @param bytes valid UTF-8 that ends with a closing brace or bracket, which ends any scan. */
  constructor(bytes: Buffer, strict: boolean) {
    this.bytes = bytes;
    this.strict = strict;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Paths of members whose type differs from the contract's. */
  get retyped(): ReadonlySet<string> {
    return this.#retyped ?? NOTHING;
  }

  addRetyped(path: string): void {
    (this.#retyped ??= new Set()).add(path);
  }

  /**
   * Marks the values of the object that begins at `open`; returns the position after it. An object that has members, but none
   * of the record's, is marked as unusable, unless there is a `reader`.
   */
  scan(spec: RecordSpec, open: number, target: Target, reader: MemberReader | null = null): number {
    const { bytes } = this;
    const view = this.view;
    const { count, lengths, predicted, types, words, firstWord, lastBytes } = spec;
    const { length } = bytes;
    const { marks, base } = target;
    const { lengthColumn } = spec.layout;
    const oddBefore = this.odd.length;
    for (let i = 0; i <= lengthColumn; i++) marks[base + i] = 0;
    let seen = 0;
    let misspelt = 0;
    let nameEnd = 0;
    let previous = count;
    let at = skipSpace(bytes, open + 1);
    const isEmpty = bytes[at] === CLOSE_BRACE;
    if (!isEmpty && bytes[at] !== QUOTE) throw notJson();
    while (bytes[at] === QUOTE) {
      const name = at;
      let column = predicted[previous] as number;
      let isPredicted = false;
      if (column >= 0) {
        const lastAt = name + (lengths[column] as number) - 2;
        const last = (firstWord[column + 1] as number) - 1;
        if (lastAt + 4 <= length && view.getInt32(lastAt, true) === words[last]) {
          let place = name + 1;
          let i = firstWord[column] as number;
          while (i < last && view.getInt32(place, true) === words[i]) {
            i++;
            place += 4;
          }
          isPredicted = i === last;
          at = lastAt + 4;
        }
      }
      if (!isPredicted) {
        nameEnd = at = endOfPlainText(bytes, view, name);
        if (at >= 0) column = spec.findName(view, name + 1, at - name - 2);
        else {
          this.#countOdd();
          at = endOfText(bytes, name);
          column = spec.columnOf(JSON.parse(bytes.toString('utf8', name, at)) as string);
        }
        predicted[previous] = column;
      }
      previous = column < 0 ? count + 1 : column;
      if (bytes[at] !== COLON) at = skipSpace(bytes, at);
      if (bytes[at] !== COLON) throw notJson();
      at = skipSpace(bytes, at + 1);
      if (column < 0) {
        const value = at;
        at = endOfValue(bytes, value);
        this.#countUnknown();
        // Null under another spelling is equivalent to absent.
        if (bytes[value] !== LETTER_N && (nameEnd < 0 || lastBytes[bytes[nameEnd - 2] as number] === 1))
          misspelt |= this.#misspeltBit(spec, name, nameEnd);
        if (reader) reader.unknown({ name, value, end: at });
      } else {
        const bit = 1 << column;
        const type = types[column] as number;
        const first = bytes[at] as number;
        if ((seen & bit) !== 0) {
          this.#countOdd();
          at = type === LIST ? this.#list(reader, column, at, true) : this.#scanRepeated(spec, column, at, target);
        } else if (type === TEXT && first === QUOTE) {
          const end = endOfPlainText(bytes, view, at);
          marks[base + column] = at;
          if (end - at > MAX_USUAL_BYTES) this.#countLong(end - at);
          at = end >= 0 ? end : this.#scanOdd(spec, column, at, target);
        } else if (type === INTEGER && first <= NINE) {
          const end = endOfUsualNumber(bytes, at);
          marks[base + column] = at;
          at = end >= 0 ? end : this.#scanOdd(spec, column, at, target);
        } else if (type === BOOLEAN && (first === LETTER_T || first === LETTER_F)) {
          marks[base + column] = first === LETTER_T ? TRUE_MARK : FALSE_MARK;
          at = endOfWord(bytes, at);
        } else if (type === LIST) at = this.#list(reader, column, at, false);
        else if (first === LETTER_N) at = endOfWord(bytes, at);
        else at = this.#scanOdd(spec, column, at, target);
        seen |= bit;
      }
      if (bytes[at] !== COMMA) at = skipSpace(bytes, at);
      if (bytes[at] === COMMA) {
        at = skipSpace(bytes, at + 1);
        if (bytes[at] !== QUOTE) throw notJson();
      } else if (bytes[at] !== CLOSE_BRACE) throw notJson();
    }
    if (seen === 0 && !isEmpty && reader === null) this.markUnusable(spec, target);
    else if (misspelt !== 0) this.#markMisspelt(spec, misspelt, target);
    marks[base + lengthColumn] = this.odd.length > oddBefore ? 0 : at + 1 - open;
    return at + 1;
  }

  /** Marks an item that is not a record: reading any of its values throws. */
  markUnusable(spec: RecordSpec, { marks, base }: Target): void {
    if (this.strict) this.refuse(`${this.#pointerOf(spec)} must be object`);
    this.addRetyped(spec.path);
    const { lengthColumn } = spec.layout;
    marks.fill(~(this.odd.push(spec.itemError) - 1), base, base + lengthColumn);
    marks[base + lengthColumn] = 0;
  }

  /** The bit of the leaf of which this is another spelling; a bit of no leaf for none. `end`: past the name; -1 if it has an escape. */
  #misspeltBit(spec: RecordSpec, name: number, end: number): number {
    const { bytes } = this;
    const text = end >= 0 ? bytes : Buffer.from(JSON.parse(bytes.toString('utf8', name, endOfText(bytes, name))) as string);
    const column = end >= 0 ? spec.findMisspelt(text, name + 1, end - 1) : spec.findMisspelt(text, 0, text.length);
    if (column >= 0 && ++this.#misspeltMembers > MAX_MISSPELT_MEMBERS)
      this.refuse(`the body has more than ${MAX_MISSPELT_MEMBERS} members under another spelling of their names`);
    return 1 << column;
  }

  /** A value under another spelling of its name counts neither as the value nor as absent. */
  #markMisspelt(spec: RecordSpec, misspelt: number, { marks, base }: Target): void {
    for (let column = 0; column < spec.layout.lengthColumn; column++) {
      if ((misspelt & (1 << column)) === 0 || marks[base + column] !== 0) continue;
      const name = spec.names[column] as string;
      if (this.strict) this.refuse(`${this.#pointerOf(spec)}/${name} is there under another spelling of its name`);
      this.addRetyped(spec.pathOf(name));
      marks[base + column] = ~(this.odd.push(spec.misspelt[column] as Error) - 1);
    }
  }

  /** Refuses the whole body. `detail` is for the operator. */
  refuse(detail: string): never {
    throw invalidResponse(detail);
  }

  #countOdd(): void {
    if (++this.#oddMembers > MAX_ODD_MEMBERS)
      this.refuse(`the body has more than ${MAX_ODD_MEMBERS} repeated members or names with escapes`);
  }

  #countUnknown(): void {
    if (++this.#unknownMembers > MAX_UNKNOWN_MEMBERS)
      this.refuse(`the body has more than ${MAX_UNKNOWN_MEMBERS} members that are not known`);
  }

  #countLong(bytes: number): void {
    this.#longBytes += bytes;
    if (this.#longBytes > MAX_LONG_BYTES)
      this.refuse(`fields of more than ${MAX_USUAL_BYTES} bytes have more than ${MAX_LONG_BYTES} bytes together`);
  }

  #list(reader: MemberReader | null, column: number, at: number, isRepeated: boolean): number {
    if (reader === null) throw new Error('Only the contract has lists.');
    return reader.list(column, at, isRepeated);
  }

  /** Marks a value that cannot be read in place: of an unusual form, of the wrong type, or unusable. */
  #scanOdd(spec: RecordSpec, column: number, at: number, { marks, base }: Target): number {
    const { bytes } = this;
    const end = endOfValue(bytes, at);
    if (end - at > MAX_USUAL_BYTES) this.#countLong(end - at);
    const first = bytes[at] as number;
    const type = spec.types[column] as number;
    if (type === BOOLEAN && (first === LETTER_T || first === LETTER_F)) {
      marks[base + column] = first === LETTER_T ? TRUE_MARK : FALSE_MARK;
      return end;
    }
    if (type === BOOLEAN && first === QUOTE) {
      const text = JSON.parse(bytes.toString('utf8', at, end)) as string;
      const mark = toBooleanMark(text, spec.values[column]);
      if (mark !== 0) {
        if (!spec.values[column]?.has(text)) this.#noteRetyped(spec, column);
        marks[base + column] = mark;
        return end;
      }
    }
    const value = type === BOOLEAN ? undefined : convertLeaf(type, bytes, at, end);
    if (value === undefined || !isOfType(type, first)) this.#noteRetyped(spec, column);
    marks[base + column] = ~(this.odd.push(value ?? (spec.errors[column] as Error)) - 1);
    return end;
  }

  /** A repeated member is usable only if both values are equal; otherwise it is not known which one is valid. */
  #scanRepeated(spec: RecordSpec, column: number, at: number, target: Target): number {
    const before = this.#read(spec, column, target);
    target.marks[target.base + column] = 0;
    const end = this.bytes[at] === LETTER_N ? endOfWord(this.bytes, at) : this.#scanOdd(spec, column, at, target);
    if (this.#read(spec, column, target) === before) return end;
    this.#noteRetyped(spec, column);
    target.marks[target.base + column] = ~(this.odd.push(spec.errors[column] as Error) - 1);
    return end;
  }

  #read(spec: RecordSpec, column: number, { marks, base }: Target): unknown {
    const records: ByteRecords = { bytes: this.bytes, view: this.view, marks, odd: this.odd, layout: spec.layout };
    const type = spec.types[column];
    try {
      return (type === TEXT ? readText : type === INTEGER ? readInteger : readBoolean)(records, base + column);
    } catch (error) {
      return error;
    }
  }

  #noteRetyped(spec: RecordSpec, column: number): void {
    const name = spec.names[column] as string;
    if (this.strict) this.refuse(`${this.#pointerOf(spec)}/${name} ${spec.ruleOf(column)}`);
    this.addRetyped(spec.pathOf(name));
  }

  /** The position of the record, as a JSON pointer (RFC 6901). */
  #pointerOf(spec: RecordSpec): string {
    return spec.path === '' ? '' : `/${spec.path.slice(0, -2)}/${this.item}`;
  }
}
