import { GraphQLError } from 'graphql';

/**
 * The error of variables that hold a whole number past 2^53; null for all others. JSON's parser has rounded such a
 * number already, and GraphQL would take it for an ID: the digits of some other customer.
 */
export function inexactVariablesError(variables: Readonly<Record<string, unknown>> | undefined): GraphQLError | null {
  for (const name in variables) {
    if (isInexact(variables[name])) {
      return new GraphQLError(`Variable "$${name}" must not be a number past 2^53, whose digits JSON does not keep: write it as a string.`, {
        extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
      });
    }
  }
  return null;
}

/** Whether a value is, or holds, a whole number that is not exact. No argument of the schema is a fraction. */
function isInexact(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(isInexact);
}
