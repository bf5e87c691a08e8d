import type { OperationDefinitionNode } from 'graphql';
import { ownValue, type Variables } from './coerce-variables';

/** Whether the variables that an operation declares hold more than `most` values, the objects and lists among them. */
export function haveMoreValues(variables: Variables | undefined, operation: OperationDefinitionNode, most: number): boolean {
  let count = 0;
  const left: unknown[] = [];
  for (const { variable } of operation.variableDefinitions ?? []) left.push(ownValue(variables, variable.name.value));
  while (left.length > 0) {
    const value = left.pop();
    if (++count > most) return true;
    if (Array.isArray(value)) {
      // Nothing is gained by taking each of them: what is no object counts one.
      if (count + value.length > most) return true;
      left.push(...(value as readonly unknown[]));
    } else if (typeof value === 'object' && value !== null) left.push(...(Object.values(value) as readonly unknown[]));
  }
  return false;
}

/** Members of an object that an input type may have; the schema's have a few. */
const MAX_MEMBERS = 100;

/** Whether an object in the variables that an operation declares has more members than any input type. */
export function haveWideObject(variables: Variables | undefined, operation: OperationDefinitionNode): boolean {
  const left: unknown[] = [];
  for (const { variable } of operation.variableDefinitions ?? []) left.push(ownValue(variables, variable.name.value));
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== 'object' || value === null) continue;
    const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
    if (!Array.isArray(value) && members.length > MAX_MEMBERS) return true;
    for (const member of members) if (typeof member === 'object') left.push(member);
  }
  return false;
}
