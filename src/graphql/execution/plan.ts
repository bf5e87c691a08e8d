import type { FieldNode, GraphQLField, GraphQLObjectType } from 'graphql';
import type { OperationModel } from '../analysis/operation-model';
import { fallBack } from './fallback';
import type { DirectResolver } from './direct-resolver';
import type { JsonBuffer } from './writing/json-buffer';

/** Scalars that the compiled execution can write. */
export type LeafKind = 'String' | 'ID' | 'Boolean' | 'Int' | 'BigInt';

/** How a value of a type is completed and written. */
export type ValuePlan = LeafPlan | ListPlan | ObjectPlan | UnionPlan;

export interface LeafPlan {
  readonly kind: 'leaf';
  readonly leaf: LeafKind;
  readonly nullable: boolean;
}

export interface ListPlan {
  readonly kind: 'list';
  readonly nullable: boolean;
  readonly item: ValuePlan;
  /** Whether anything below has a resolver. */
  readonly live: boolean;
}

export interface ObjectPlan {
  readonly kind: 'object';
  readonly nullable: boolean;
  readonly type: GraphQLObjectType;
  readonly fields: readonly FieldPlan[];
  /** The fields that have a resolver, and fields whose value holds such fields. */
  readonly liveFields: readonly FieldPlan[];
  /** Whether any of its fields repeats another. */
  readonly repeats: boolean;
  /** How many objects a plain object is written as, lists below apart: itself and those that its fields are. */
  readonly objects: number;
  /** Writes a plain object, compiled; null where anything below has a resolver. */
  readonly writePlain: PlainWriter | null;
}

/** A value of one of several object types (`_Entity`). */
export interface UnionPlan {
  readonly kind: 'union';
  readonly nullable: boolean;
  readonly typenameOf: (value: unknown) => string;
  readonly members: ReadonlyMap<string, ObjectPlan>;
}

/** Writes an object whose fields are all properties. Throws Fallback where a value is not what its type says. */
export type PlainWriter = (out: JsonBuffer, value: Readonly<Record<string, unknown>>) => void;

/** Makes a field's arguments of the operation's variables. Throws where they cannot be made. */
export type ArgumentsOf = (variables: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/**
 * The plan of a field. A class, so that all have one hidden class: with plans of copied objects, V8 looked each property up anew
 * for every operation that it met.
 */
export class FieldPlan {
  readonly responseKey: string;
  /** `"key":` as bytes, with a comma in front for all but the first field. */
  readonly prefix: Uint8Array;
  /** Index of the field's result among those of its object; -1 for a plain field, which is read when it is written. */
  readonly slot: number;
  /** For a field that repeats an earlier one of the same object under another alias: that one's slot is used. */
  readonly repeats: boolean;
  readonly name: string;
  readonly value: ValuePlan;
  /** Set for `__typename`: its text is known. */
  readonly constant: Uint8Array | null;
  readonly field: GraphQLField<unknown, unknown> | null;
  /** Null for a field that is a property of its object. */
  readonly resolve: DirectResolver | null;
  readonly parentType: GraphQLObjectType;
  readonly nodes: readonly FieldNode[];
  readonly args: ArgumentsOf;

  constructor(parts: FieldPlanParts) {
    this.responseKey = parts.responseKey;
    this.prefix = parts.prefix;
    this.slot = parts.slot;
    this.repeats = parts.repeats;
    this.name = parts.name;
    this.value = parts.value;
    this.constant = parts.constant;
    this.field = parts.field;
    this.resolve = parts.resolve;
    this.parentType = parts.parentType;
    this.nodes = parts.nodes;
    this.args = parts.args;
  }
}

/** What the plan of a field is made of. */
export type FieldPlanParts = Pick<FieldPlan, keyof FieldPlan>;

/** The plan of a union's value; Fallback where it is none of its members. */
export function memberOf(plan: UnionPlan, value: unknown): ObjectPlan {
  return plan.members.get(plan.typenameOf(value)) ?? fallBack('not a member of its union');
}

/** Whether a value has anything with a resolver in it. */
export function isLiveValue(plan: ValuePlan): boolean {
  switch (plan.kind) {
    case 'leaf':
      return false;
    case 'list':
      return plan.live;
    case 'object':
      return plan.writePlain === null;
    case 'union':
      return [...plan.members.values()].some((member) => member.writePlain === null);
  }
}

/**
 * Roughly the memory of a plan and its model: 500 to 1,500 bytes a field were measured, without what a `CodeCache` holds
 * (Node 20).
 */
export function planBytes(variant: { readonly plan: ObjectPlan; readonly model: Pick<OperationModel, 'size'> } | null): number {
  const seen = new Set<ValuePlan>();
  const count = (value: ValuePlan): number => {
    if (seen.has(value)) return 0;
    seen.add(value);
    switch (value.kind) {
      case 'leaf':
        return 0;
      case 'list':
        return count(value.item);
      case 'object':
        return value.fields.reduce((sum, field) => sum + 1 + count(field.value), 0);
      case 'union':
        return [...value.members.values()].reduce((sum, member) => sum + count(member), 0);
    }
  };
  return BYTES_PER_PLAN + (variant ? count(variant.plan) * BYTES_PER_FIELD + variant.model.size * BYTES_PER_SELECTED_FIELD : 0);
}

const BYTES_PER_FIELD = 1500;
const BYTES_PER_PLAN = 3000;
/** 240 were measured. The model has the fields of equal selections too, for which the plan has one. */
const BYTES_PER_SELECTED_FIELD = 300;
