import { compileFunction } from 'node:vm';
import { ADDRESS_COLUMNS, ADDRESS_LENGTH_COLUMN } from '../../../billing/model/address-record';
import { INVOICE_COLUMNS, LENGTH_COLUMN } from '../../../billing/model/invoice-record';
import { bail } from '../fallback';
import { writeAscii, writeDigits } from './json-buffer';
import type { FieldPlan, LeafKind, PlainWriter } from '../plan';
import { writeBigInt, writeList } from './write';

/** Bytes that a leaf other than a text takes at most: a whole number of 53 bits with its sign, or a word. */
const LEAF_BYTES = 24;

/**
 * Compiles the writer of an object whose fields are all properties: straight code, a store for each byte of a key, and
 * one check of the room for all of it.
 * The code is made of byte values, slots of `refs`, and property names that have the form of a GraphQL name
 * (`[_A-Za-z][_0-9A-Za-z]*`); no text of a client's becomes code.
 * What stands in its answer's bytes (`InvoiceRecord`, `AddressRecord`) is written from there.
 */
export function compilePlainWriter(typeName: string, fields: readonly FieldPlan[]): PlainWriter {
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
    writes.push(storeBytes(key));
    if (field.constant) return;
    const name = `v${index}`;
    reads.push(`const ${name} = value.${field.name};`);
    if (field.value.kind === 'leaf') {
      fixed += LEAF_BYTES;
      if (isText(field.value.leaf)) room.push(`if (typeof ${name} === 'string') room += ${name}.length;`);
    }
    writes.push(writeValue(field, name, ref));
  });
  writes.push(storeBytes(fields.length === 0 ? [0x7b, 0x7d] : [0x7d]));
  const code = [
    writeRecord(typeName, fields),
    `let room = ${fixed};`,
    ...reads,
    ...room,
    'out.ensure(room); let b = out.bytes, p = out.length, n = 0;',
    ...writes,
    'out.length = p;',
  ];
  const make = compileFunction(`'use strict'; return function writePlain(out, value) {\n${code.join('\n')}\n};`, [
    'refs',
    'bail',
    'writeAscii',
    'writeDigits',
    'writeBigInt',
    'writeList',
  ]) as (...scope: unknown[]) => PlainWriter;
  return make(refs, bail, writeAscii, writeDigits, writeBigInt, writeList);
}

function isText(leaf: LeafKind): boolean {
  return leaf === 'String' || leaf === 'ID';
}

function storeBytes(bytes: readonly number[]): string {
  return `${bytes.map((byte, i) => `b[p${i === 0 ? '' : ` + ${i}`}] = ${byte};`).join(' ')} p += ${bytes.length};`;
}

function storeText(text: string): string {
  return storeBytes([...Buffer.from(text)]);
}

/** A record's values: their columns, and the leaves that they can be written as the way they stand in the bytes. */
interface RecordForm {
  readonly columns: Readonly<Record<string, number>>;
  readonly leaves: Readonly<Record<string, readonly LeafKind[]>>;
  readonly lengthColumn: number;
}

const TEXT: readonly LeafKind[] = ['String'];
const IDENTIFIER: readonly LeafKind[] = ['ID', 'String'];
const RECORD_FORMS = new Map<string, RecordForm>([
  [
    'Invoice',
    {
      columns: INVOICE_COLUMNS,
      leaves: { contractNumber: IDENTIFIER, number: IDENTIFIER, billPeriod: TEXT, amount: ['BigInt'], status: ['Boolean'] },
      lengthColumn: LENGTH_COLUMN,
    },
  ],
  [
    'Address',
    {
      columns: ADDRESS_COLUMNS,
      leaves: { street: TEXT, neighborhood: TEXT, city: TEXT, state: TEXT, country: TEXT, zipCode: TEXT },
      lengthColumn: ADDRESS_LENGTH_COLUMN,
    },
  ],
]);

/** Code that writes a record from its answer's bytes and returns; nothing where the type has none or a field is another. */
function writeRecord(typeName: string, fields: readonly FieldPlan[]): string {
  const form = RECORD_FORMS.get(typeName);
  if (!form) return '';
  const writes: string[] = [];
  let fixed = 2;
  let texts = 0;
  for (const [index, field] of fields.entries()) {
    const key = [...(index === 0 ? [0x7b] : []), ...field.prefix, ...(field.constant ?? [])];
    fixed += key.length + LEAF_BYTES;
    writes.push(storeBytes(key));
    if (field.constant) continue;
    const { name, value } = field;
    const column = Object.hasOwn(form.columns, name) ? form.columns[name] : undefined;
    if (column === undefined || value.kind !== 'leaf' || !value.nullable || !form.leaves[name]?.includes(value.leaf)) return '';
    if (isText(value.leaf)) texts++;
    writes.push(`q = marks[value.at + ${column}]; if (q === 0) { ${storeText('null')} } else ${copyLeaf(value.leaf)}`);
  }
  return [
    'const records = value.records;',
    'if (records !== undefined) {',
    '  const s = records.bytes, marks = records.marks; let q = 0, c = 0;',
    `  out.ensure(${fixed} + ${texts} * marks[value.at + ${form.lengthColumn}]);`,
    '  let b = out.bytes, p = out.length;',
    ...writes,
    storeBytes(fields.length === 0 ? [0x7b, 0x7d] : [0x7d]),
    '  out.length = p; return;',
    '}',
  ].join('\n');
}

/** Copies a value that begins at `s[q]`; see `AnswerBytes` for what can stand there. */
function copyLeaf(leaf: LeafKind): string {
  if (isText(leaf)) return `{ b[p++] = 34; while ((c = s[++q]) !== 34) b[p++] = c; b[p++] = 34; }`;
  if (leaf === 'Boolean') return `if (s[q] === 116) { ${storeText('true')} } else { ${storeText('false')} }`;
  return `{ c = s[q]; do { b[p++] = c; c = s[++q]; } while (c >= 48 && c <= 57); }`;
}

/** What is left of the room is for what follows: whatever is written elsewhere asks for room of its own and as much again. */
const RELOAD = 'out.ensure(room); b = out.bytes; p = out.length;';

function writeValue(field: FieldPlan, v: string, ref: (value: unknown) => string): string {
  const plan = field.value;
  const name = JSON.stringify(field.name);
  const otherwise = plan.nullable
    ? `if (${v} === null || ${v} === undefined) { ${storeText('null')} } else bail(${name});`
    : `bail(${name});`;
  switch (plan.kind) {
    case 'leaf':
      return `${writeLeaf(plan.leaf, v)} else ${otherwise}`;
    case 'list':
      return `if (${v} !== null && ${v} !== undefined) { out.length = p; writeList(out, ${ref(plan)}, ${v}); ${RELOAD} } else ${otherwise}`;
    case 'object':
      return `if (typeof ${v} === 'object' && ${v} !== null) { out.length = p; ${ref(plan.writePlain)}(out, ${v}); ${RELOAD} } else ${otherwise}`;
    case 'union':
      return `bail(${name});`;
  }
}

function writeLeaf(leaf: LeafKind, v: string): string {
  switch (leaf) {
    case 'String':
    case 'ID':
      return `if (typeof ${v} === 'string') { n = writeAscii(b, p, ${v}); if (n >= 0) p = n; else { out.length = p; out.text(JSON.stringify(${v})); ${RELOAD} } }`;
    case 'Boolean':
      return `if (${v} === true) { ${storeText('true')} } else if (${v} === false) { ${storeText('false')} }`;
    case 'Int':
      return `if (typeof ${v} === 'number' && (${v} | 0) === ${v}) { if (${v} >= 0) p = writeDigits(b, p, ${v}); else { out.length = p; out.number(${v}); ${RELOAD} } }`;
    case 'BigInt':
      return `if (typeof ${v} === 'number' && (${v} | 0) === ${v} && ${v} >= 0) p = writeDigits(b, p, ${v}); else if (typeof ${v} === 'number' || typeof ${v} === 'bigint') { out.length = p; writeBigInt(out, ${v}); ${RELOAD} }`;
  }
}
