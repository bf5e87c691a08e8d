import { BigIntScalar } from '../../schema/scalars/big-int';
import { fallBack } from '../fallback';
import { LiveList, LiveObject } from '../live-results';
import { memberOf, type LeafPlan, type ListPlan, type ValuePlan } from '../plan';
import type { JsonBuffer } from './json-buffer';
import { WrittenSlots } from './written-slots';

export const NULL = Buffer.from('null');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
export const OPEN_OBJECT = Buffer.from('{');
export const CLOSE_OBJECT = Buffer.from('}');
export const OPEN_LIST = Buffer.from('[');
export const CLOSE_LIST = Buffer.from(']');

/** Writes a completed value. Throws what reading a value throws, and Fallback where a value is not what its type says. */
export function writeValue(out: JsonBuffer, plan: ValuePlan, value: unknown): void {
  if (value === null || value === undefined) {
    if (!plan.nullable) fallBack('null where none may be');
    out.literal(NULL);
    return;
  }
  switch (plan.kind) {
    case 'leaf':
      writeLeaf(out, plan, value);
      return;
    case 'list':
      writeList(out, plan, value);
      return;
    case 'object':
      if (plan.writePlain) {
        out.count(plan.objects);
        plan.writePlain(out, asObject(value));
      } else writeLiveObject(out, asLive(value));
      return;
    case 'union': {
      if (value instanceof LiveObject) {
        writeLiveObject(out, value);
        return;
      }
      const member = memberOf(plan, value);
      if (!member.writePlain) fallBack('not a completed object');
      out.count(member.objects);
      member.writePlain(out, asObject(value));
    }
  }
}

function writeLiveObject(out: JsonBuffer, { plan, results, source }: LiveObject): void {
  out.count(1);
  out.literal(OPEN_OBJECT);
  const written = plan.repeats ? new WrittenSlots() : null;
  for (const field of plan.fields) {
    const { slot } = field;
    out.literal(field.prefix);
    if (field.constant) out.literal(field.constant);
    else if (slot < 0) writeValue(out, field.value, source[field.name]);
    else if (field.repeats && written) written.repeat(out, slot);
    else {
      const { length, objects } = out;
      writeValue(out, field.value, results[slot]);
      written?.note(out, slot, { length, objects });
    }
  }
  out.literal(CLOSE_OBJECT);
}

/** Writes a list. The same list under the same selection, which aliases and fragments bring, is written once and copied. */
export function writeList(out: JsonBuffer, plan: ListPlan, value: unknown): void {
  const results: unknown = value instanceof LiveList ? value.results : value;
  if (!Array.isArray(results)) fallBack('not a list');
  const list = results as readonly unknown[];
  const known = plan.live ? undefined : out.lists.find(plan, list);
  if (known) {
    out.count(known.objects);
    out.repeat(known.from, known.to);
    return;
  }
  const from = out.length;
  const before = out.objects;
  out.literal(OPEN_LIST);
  const { item } = plan;
  const writePlain = item.kind === 'object' ? item.writePlain : null;
  if (item.kind === 'object' && writePlain) out.count(item.objects * list.length);
  for (let i = 0; i < list.length; i++) {
    if (i > 0) {
      out.ensure(1);
      out.bytes[out.length++] = 0x2c;
    }
    const each = list[i];
    if (writePlain && each !== null && typeof each === 'object') writePlain(out, each as Readonly<Record<string, unknown>>);
    else writeValue(out, item, each);
  }
  out.literal(CLOSE_LIST);
  if (!plan.live) out.lists.note(plan, list, { from, to: out.length, objects: out.objects - before });
}

export function writeLeaf(out: JsonBuffer, plan: LeafPlan, value: unknown): void {
  switch (plan.leaf) {
    case 'String':
    case 'ID':
      if (typeof value === 'string') out.string(value);
      else fallBack('not a string');
      return;
    case 'Boolean':
      if (typeof value === 'boolean') out.literal(value ? TRUE : FALSE);
      else fallBack('not a boolean');
      return;
    case 'Int':
      if (typeof value === 'number' && (value | 0) === value) out.number(value);
      else fallBack('not a 32-bit number');
      return;
    case 'BigInt':
      if (typeof value === 'number' || typeof value === 'bigint') writeBigInt(out, value);
      else fallBack('not a whole number');
  }
}

/** Writes a BigInt as the scalar serialises it. */
export function writeBigInt(out: JsonBuffer, value: number | bigint): void {
  if (Number.isInteger(value)) out.number(value as number);
  else out.ascii(JSON.stringify(BigIntScalar.serialize(value)));
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object') fallBack('not an object');
  return value as Readonly<Record<string, unknown>>;
}

function asLive(value: unknown): LiveObject {
  if (!(value instanceof LiveObject)) fallBack('not a completed object');
  return value;
}
