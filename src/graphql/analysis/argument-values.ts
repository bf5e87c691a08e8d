import { getNamedType, Kind, valueFromASTUntyped, type FieldNode, type GraphQLField, type ValueNode } from 'graphql';
import { ownValue } from './variables/coerce-variables';
import type { FieldArguments } from './field-costs';

/**
 * A field's arguments: literals and variables, of which validation and coercion have made sure that they are of their
 * types. Unlike graphql-js it puts no defaults in, and refuses nothing: that is for the execution.
 */
export function readArguments(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Readonly<Record<string, unknown>>,
): FieldArguments {
  const values: Record<string, unknown> = {};
  for (const given of node.arguments ?? []) {
    const argument = field.args.find(({ name }) => name === given.name.value);
    if (argument) values[argument.name] = valueOf(given.value, variables, getNamedType(argument.type).name === 'ID');
  }
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
