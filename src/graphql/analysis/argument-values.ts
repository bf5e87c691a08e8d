import { getNamedType, Kind, valueFromASTUntyped, type FieldNode, type GraphQLField, type ValueNode } from 'graphql';
import { ownValue } from './variables/coerce-variables';
import type { FieldArguments } from './field-costs';

/** An argument as it is written, of a field that has one of this name. */
export interface GivenArgument {
  readonly name: string;
  readonly value: ValueNode;
  readonly isId: boolean;
}

/** The arguments that a field is given. */
export function toGivenArguments(field: GraphQLField<unknown, unknown>, node: FieldNode): readonly GivenArgument[] {
  return (node.arguments ?? []).flatMap(({ name, value }) => {
    const argument = field.args.find((each) => each.name === name.value);
    return argument ? [{ name: argument.name, value, isId: getNamedType(argument.type).name === 'ID' }] : [];
  });
}

/**
 * The values of a field's arguments: literals and variables, of which validation and coercion have made sure that they are of their
 * types. Unlike graphql-js it puts no defaults in, and refuses nothing: that is for the execution.
 */
export function readArguments(given: readonly GivenArgument[], variables: Readonly<Record<string, unknown>>): FieldArguments {
  const values: Record<string, unknown> = {};
  for (const { name, value, isId } of given) values[name] = valueOf(value, variables, isId);
  return values;
}

function valueOf(value: ValueNode, variables: Readonly<Record<string, unknown>>, isId: boolean): unknown {
  switch (value.kind) {
    case Kind.VARIABLE:
      return ownValue(variables, value.name.value);
    case Kind.INT:
      // An ID may be written as a number, and keeps its digits as text.
      return isId ? value.value : Number(value.value);
    case Kind.LIST:
      return value.values.map((item) => valueOf(item, variables, isId));
    case Kind.OBJECT:
      return valueFromASTUntyped(value, variables);
    case Kind.NULL:
      return null;
    case Kind.FLOAT:
      return Number(value.value);
    default:
      return value.value;
  }
}

/** A list as GraphQL coerces it: a single value becomes a list of one. */
export function toList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  return value === undefined || value === null ? [] : [value];
}
