import { GraphQLError, Kind, type OperationDefinitionNode, type TypeNode } from 'graphql';
import { ownValue } from './coerce-variables';

/**
 * The error of variables that hold a whole number past 2^53; null for all others. JSON's parser has rounded such a
 * number already, and GraphQL would take it for an ID: the digits of some other customer. Representations of entities
 * are left to entity-keys.ts, where such a number costs its own item and not the whole list.
 * @param operation whose variables are looked at; undefined: all of them.
 */
export function inexactVariablesError(
  variables: Readonly<Record<string, unknown>> | undefined,
  operation?: Pick<OperationDefinitionNode, 'variableDefinitions'>,
): GraphQLError | null {
  // What an operation does not declare is nobody's variable, and there may be thousands of them.
  const definitions = operation ? (operation.variableDefinitions ?? []) : null;
  const names = definitions ? definitions.map(({ variable }) => variable.name.value) : Object.keys(variables ?? {});
  for (const [index, name] of names.entries()) {
    const value = ownValue(variables, name);
    if (typeof value === 'object' && isOfRepresentations(definitions?.[index]?.type)) continue;
    if (isInexact(value, 0)) {
      return new GraphQLError(
        `Variable "$${name}" must not be a number past 2^53, or one whose fraction is rounded away: JSON ` +
          `does not keep its digits. Write it as a string.`,
        {
          extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
        },
      );
    }
  }
  return null;
}

function isOfRepresentations(type: TypeNode | undefined): boolean {
  while (type && type.kind !== Kind.NAMED_TYPE) type = type.type;
  return type?.name.value === '_Any';
}

/**
 * Levels that are looked into. No argument is more than a list: what is deeper is refused for its type, and must not
 * exhaust the stack before.
 */
const MAX_LEVELS = 8;

/** Whether a value is, or holds, a whole number that is not exact. No argument of the schema is a fraction. */
function isInexact(value: unknown, level: number): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null || level >= MAX_LEVELS) return false;
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return items.some((item) => isInexact(item, level + 1));
}
