import { compileFunction } from 'node:vm';
import { TRUE_MARK, type ByteRecords, type LeafType, type RecordLayout } from '../../../runtime/byte-records';
import type { CodeCache } from '../code-cache';
import { fallBack } from '../fallback';
import { writeAscii, writeDigits, type JsonBuffer } from './json-buffer';
import type { FieldPlan, LeafKind, ObjectPlan, PlainWriter, ValuePlan } from '../plan';
import { writeBigInt, writeList, writeValue } from './write';

/** Bytes that a leaf other than a text takes at most: a whole number of 53 bits with its sign, or a word. */
const LEAF_BYTES = 24;

/** Of a field's code in a writer that has run, roughly: its source, its byte code and its optimised code. */
const CODE_BYTES_PER_FIELD = 5000;

/** What an object's writer is made of. Two types may have records of two layouts, and so never share a writer. */
type WrittenObject = Pick<ObjectPlan, 'type' | 'fields'>;

/** The writer of an object whose fields are all properties. */
export function toPlainWriter(object: WrittenObject, code: CodeCache): PlainWriter {
  const { fields } = object;
  return code.get(objectKey(object), CODE_BYTES_PER_FIELD * fields.length, () => compilePlainWriter(fields));
}

/** A text that two objects share if and only if they are written alike. */
function objectKey({ type, fields }: WrittenObject): string {
  const keys = fields.map(({ responseKey, name, value, constant }) => {
    const source = constant ? `=${constant.toString()}` : name;
    return `${responseKey}:${source}${valueKey(value)}`;
  });
  return `${type.name}{${keys.join(' ')}}`;
}

function valueKey(plan: ValuePlan): string {
  const nullable = plan.nullable ? '' : '!';
  switch (plan.kind) {
    case 'leaf':
      return `(${plan.leaf})${nullable}`;
    case 'list':
      return `[${valueKey(plan.item)}]${nullable}`;
    case 'object':
      return `${objectKey(plan)}${nullable}`;
    case 'union':
      return `<${[...plan.members.values()].map(objectKey).join('|')}>${nullable}`;
  }
}

/**
 * Compiles such a writer: straight code, a store for each four bytes of a key, and one check of the room for all of it.
 * The code is made of byte values, slots of `refs`, and property names that have the form of a GraphQL name
 * (`[_A-Za-z][_0-9A-Za-z]*`); no text of a client's becomes code.
 * What stands in its response's bytes (`ByteRecords`) is written from there.
 */
function compilePlainWriter(fields: readonly FieldPlan[]): PlainWriter {
  const refs: unknown[] = [];
  const ref = (value: unknown): string => `refs[${refs.push(value) - 1}]`;
  const reads: string[] = [];
  const room: string[] = [];
  const writes: string[] = [];
  let fixed = 2;
  fields.forEach((field, index) => {
    if (!/^[_A-Za-z][_0-9A-Za-z]*$/.test(field.name)) throw new Error(`"${field.name}" is not a name`);
    const key = [...(index === 0 ? [0x7b] : []), ...field.prefix, ...(field.constant ?? [])];
    fixed += key.length;
    writes.push(writeBytes(key, ref));
    if (field.constant) return;
    const name = `v${index}`;
    reads.push(`const ${name} = value.${field.name};`);
    if (field.value.kind === 'leaf') {
      fixed += LEAF_BYTES;
      if (isText(field.value.leaf)) room.push(`if (typeof ${name} === 'string') room += ${name}.length;`);
    }
    writes.push(writeField(field, name, ref));
  });
  writes.push(storeBytes(fields.length === 0 ? [0x7b, 0x7d] : [0x7d]));
  const code = [
    writeRecord(fields, ref),
    `let room = ${fixed};`,
    ...reads,
    ...room,
    'out.ensure(room); let b = out.bytes, w = out.view, p = out.length, n = 0;',
    ...writes,
    'out.length = p;',
  ];
  const make = compileFunction(
    `'use strict'; let layout = null, writeBytes = null; return function writePlain(out, value) {\n${code.join('\n')}\n};`,
    ['refs', 'fallBack', 'writeAscii', 'writeDigits', 'writeBigInt', 'writeList', 'writeValue'],
  ) as (...scope: unknown[]) => PlainWriter;
  return make(refs, fallBack, writeAscii, writeDigits, writeBigInt, writeList, writeValue);
}

function isText(leaf: LeafKind): boolean {
  return leaf === 'String' || leaf === 'ID';
}

/** Bytes that are stored by code at most: V8 does not optimise functions of many thousands of stores. */
const MAX_STORED_BYTES = 96;

/** Code that writes the same bytes each time. Names that a client chose may be long, and are copied. */
function writeBytes(bytes: readonly number[], ref: (value: unknown) => string): string {
  return bytes.length <= MAX_STORED_BYTES ? storeBytes(bytes) : `b.set(${ref(Uint8Array.from(bytes))}, p); p += ${bytes.length};`;
}

/** Four bytes a store. What the last store writes past the bytes is in the margin of the room, or written over by what follows. */
function storeBytes(bytes: readonly number[]): string {
  if (bytes.length === 1) return `b[p++] = ${bytes[0] as number};`;
  const padded = Buffer.from([...bytes, 0, 0, 0]);
  let stores = '';
  for (let i = 0; i < bytes.length; i += 4) stores += `w.setInt32(p${i === 0 ? '' : ` + ${i}`}, ${padded.readInt32LE(i)}, true); `;
  return `${stores}p += ${bytes.length};`;
}

function storeText(text: string): string {
  return storeBytes([...Buffer.from(text)]);
}

/**
 * Code that writes a record from its response's bytes and returns. Which values stand where is known from the first record
 * that is met; records that cannot be copied, and fields that are no values of records, go on to the code for any object.
 */
function writeRecord(fields: readonly FieldPlan[], ref: (value: unknown) => string): string {
  if (!fields.every(({ constant, value }) => constant !== null || (value.kind === 'leaf' && value.nullable))) return '';
  const compile = ref((layout: RecordLayout) => compileRecordWriter(fields, layout));
  return [
    'const records = value.records;',
    'if (records !== undefined && records.marks[value.at + records.layout.lengthColumn] !== 0) {',
    `  if (records.layout !== layout) { layout = records.layout; writeBytes = ${compile}(layout); }`,
    '  if (writeBytes !== null) { writeBytes(out, records, value.at); return; }',
    '}',
  ].join('\n');
}

type RecordWriter = (out: JsonBuffer, records: ByteRecords, at: number) => void;

/** The leaves that each type of value can be written as the way it stands in the bytes. */
const LEAVES: Readonly<Record<LeafType, readonly LeafKind[]>> = { text: ['String', 'ID'], integer: ['BigInt'], boolean: ['Boolean'] };

/** Compiles the writer of records of a layout; null where a field is none of their values. */
function compileRecordWriter(fields: readonly FieldPlan[], layout: RecordLayout): RecordWriter | null {
  const refs: unknown[] = [];
  const ref = (value: unknown): string => `refs[${refs.push(value) - 1}]`;
  const writes: string[] = [];
  let fixed = 2;
  let texts = 0;
  for (const [index, { name, prefix, constant, value }] of fields.entries()) {
    const key = [...(index === 0 ? [0x7b] : []), ...prefix, ...(constant ?? [])];
    fixed += key.length + LEAF_BYTES;
    writes.push(writeBytes(key, ref));
    if (constant) continue;
    const field = layout.fields.get(name);
    if (!field || value.kind !== 'leaf' || !LEAVES[field.type].includes(value.leaf)) return null;
    if (field.type === 'text') texts++;
    writes.push(`q = marks[at + ${field.column}]; if (q === 0) { ${storeText('null')} } else ${copyLeaf(field.type)}`);
  }
  const code = [
    'const s = records.bytes, marks = records.marks; let q = 0, c = 0;',
    `out.ensure(${fixed} + ${texts} * marks[at + ${layout.lengthColumn}]);`,
    'const b = out.bytes, w = out.view; let p = out.length;',
    ...writes,
    storeBytes(fields.length === 0 ? [0x7b, 0x7d] : [0x7d]),
    'out.length = p;',
  ];
  const make = compileFunction(`'use strict'; return function writeBytes(out, records, at) {\n${code.join('\n')}\n};`, [
    'refs',
    'copyText',
  ]) as (...scope: unknown[]) => RecordWriter;
  return make(refs, copyText);
}

const QUOTES = 0x22222222;
const ONES = 0x01010101;
const HIGH_BITS = 0x80808080 | 0;

/**
 * Copies a text up to its quotation mark, four bytes at a time, and returns where the copy ends. What it writes past that is in the
 * margin of the room, or written over. How the mark is found: see `endOfPlainText`.
 */
function copyText({ bytes, view }: JsonBuffer, to: number, source: ByteRecords, from: number): number {
  const last = source.bytes.length - 4;
  for (; from <= last; from += 4, to += 4) {
    const word = source.view.getInt32(from, true);
    const quotes = word ^ QUOTES;
    const found = (quotes - ONES) & ~quotes & HIGH_BITS;
    view.setInt32(to, word, true);
    if (found !== 0) return to + ((31 - Math.clz32(found & -found)) >> 3);
  }
  for (let code = source.bytes[from] as number; code !== 0x22; code = source.bytes[++from] as number) bytes[to++] = code;
  return to;
}

/** Copies a value that is marked by `q`; see `ByteRecords` for what can stand there. */
function copyLeaf(type: LeafType): string {
  switch (type) {
    case 'text':
      return `{ b[p++] = 34; p = copyText(out, p, records, q + 1); b[p++] = 34; }`;
    case 'boolean':
      return `if (q === ${TRUE_MARK}) { ${storeText('true')} } else { ${storeText('false')} }`;
    case 'integer':
      return `{ c = s[q]; do { b[p++] = c; c = s[++q]; } while (c >= 48 && c <= 57); }`;
  }
}

/** What is left of the room is for what follows: whatever is written elsewhere asks for room of its own and as much again. */
const RELOAD = 'out.ensure(room); b = out.bytes; w = out.view; p = out.length;';

function writeField(field: FieldPlan, v: string, ref: (value: unknown) => string): string {
  const plan = field.value;
  const name = JSON.stringify(field.name);
  const otherwise = plan.nullable
    ? `if (${v} === null || ${v} === undefined) { ${storeText('null')} } else fallBack(${name});`
    : `fallBack(${name});`;
  switch (plan.kind) {
    case 'leaf':
      return `${writeLeaf(plan.leaf, v)} else ${otherwise}`;
    case 'list':
      return `if (${v} !== null && ${v} !== undefined) { out.length = p; writeList(out, ${ref(plan)}, ${v}); ${RELOAD} } else ${otherwise}`;
    case 'object':
      return (
        `if (typeof ${v} === 'object' && ${v} !== null) { out.length = p; ${ref(plan.writePlain)}(out, ${v}` +
        `); ${RELOAD} } else ${otherwise}`
      );
    case 'union':
      return `out.length = p; writeValue(out, ${ref(plan)}, ${v}); ${RELOAD}`;
  }
}

function writeLeaf(leaf: LeafKind, v: string): string {
  switch (leaf) {
    case 'String':
    case 'ID':
      return (
        `if (typeof ${v} === 'string') { n = writeAscii(b, p, ${v}); if (n >= 0) p = n; else { out.length = ` +
        `p; out.text(JSON.stringify(${v})); ${RELOAD} } }`
      );
    case 'Boolean':
      return `if (${v} === true) { ${storeText('true')} } else if (${v} === false) { ${storeText('false')} }`;
    case 'Int':
      return (
        `if (typeof ${v} === 'number' && (${v} | 0) === ${v}) { if (${v} >= 0) p = writeDigits(b, p, ${v}); ` +
        `else { out.length = p; out.number(${v}); ${RELOAD} } }`
      );
    case 'BigInt':
      return (
        `if (typeof ${v} === 'number' && (${v} | 0) === ${v} && ${v} >= 0) p = writeDigits(b, p, ${v}); else ` +
        `if (typeof ${v} === 'number' || typeof ${v} === 'bigint') { out.length = p; writeBigInt(out, ${v}); ${RELOAD}` +
        ` }`
      );
  }
}
