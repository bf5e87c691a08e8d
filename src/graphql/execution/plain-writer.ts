import { compileFunction } from 'node:vm';
import { bail } from './bail';
import { writeAscii, writeDigits } from './json-buffer';
import type { FieldPlan, LeafKind, PlainWriter } from './plan';
import { writeBigInt, writeList } from './write';

/** Bytes that a leaf other than a text takes at most: a whole number of 53 bits with its sign, or a word. */
const LEAF_BYTES = 24;

/**
 * Compiles the writer of an object whose fields are all properties: straight code, a store for each byte of a key, and
 * one check of the room for all of it.
 * The code is made of byte values, slots of `refs`, and property names that have the form of a GraphQL name
 * (`[_A-Za-z][_0-9A-Za-z]*`); no text of a client's becomes code.
 */
export function compilePlainWriter(fields: readonly FieldPlan[]): PlainWriter {
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
  const code = [`let room = ${fixed};`, ...reads, ...room, 'out.ensure(room); let b = out.bytes, p = out.length, n = 0;', ...writes, 'out.length = p;'];
  const make = compileFunction(`'use strict'; return function writePlain(out, value) {\n${code.join('\n')}\n};`, ['refs', 'bail', 'writeAscii', 'writeDigits', 'writeBigInt', 'writeList']) as (...scope: unknown[]) => PlainWriter;
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

/** What is left of the room is for what follows: whatever is written elsewhere asks for room of its own and as much again. */
const RELOAD = 'out.ensure(room); b = out.bytes; p = out.length;';

function writeValue(field: FieldPlan, v: string, ref: (value: unknown) => string): string {
  const plan = field.value;
  const name = JSON.stringify(field.name);
  const otherwise = plan.nullable ? `if (${v} === null || ${v} === undefined) { ${storeText('null')} } else bail(${name});` : `bail(${name});`;
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
