import { Kind, valueFromASTUntyped, type FieldNode, type ValueNode } from 'graphql';
import { scalarValue } from './selection';

type Variables = Record<string, unknown>;

/** The `numbers` of a field, whose digits are kept as text however they are written. */
export function toIds(field: FieldNode, variableValues: Variables): readonly unknown[] {
  const value = valueOf(field, 'numbers');
  if (value?.kind !== Kind.LIST) return toList(scalarValue(value, { variableValues }, 'ID'));
  return value.values.map((item) => scalarValue(item, { variableValues }, 'ID'));
}

/** The `representations` of a field, as the scalar `_Any` reads them: without types. What is no object is left out. */
export function toRepresentations(field: FieldNode, variableValues: Variables): Record<string, unknown>[] {
  const value = valueOf(field, 'representations');
  const items = toList(value && valueFromASTUntyped(value, variableValues));
  return items.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null);
}

function valueOf(field: FieldNode, name: string): ValueNode | undefined {
  return field.arguments?.find((candidate) => candidate.name.value === name)?.value;
}

/** A list as GraphQL reads it: one value stands for a list of one. */
function toList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  return value === undefined || value === null ? [] : [value];
}
