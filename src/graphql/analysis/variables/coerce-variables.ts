import { getVariableValues, Kind, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';

/** Variables after coercion, or as a request has them. */
export type Variables = Readonly<Record<string, unknown>>;

/**
 * Coerces a request's variables (GraphQL specification, section 6.1.2); null where they are not of their types. Stops at
 * the first error: the execution reports all of them. The object has no prototype, so that a variable named
 * like a member of every object (`toString`) is absent where it was not sent.
 */
export function coerceVariables(
  schema: GraphQLSchema,
  { variableDefinitions }: OperationDefinitionNode,
  variables: Variables | undefined,
): Variables | null {
  const { coerced } = getVariableValues(schema, variableDefinitions ?? [], variables ?? {}, { maxErrors: 1 });
  return coerced ? Object.assign(Object.create(null) as Record<string, unknown>, coerced) : null;
}

/** A variable's own value: what every object inherits is no variable. */
export function ownValue(variables: Variables | undefined, name: string): unknown {
  return variables !== undefined && Object.hasOwn(variables, name) ? variables[name] : undefined;
}

/** The Boolean variables of `@skip` and `@include`, by name. A condition without a variable's value excludes nothing. */
export type Conditions = Readonly<Record<string, boolean>>;

/**
 * The Boolean variables of a request, which are all that conditions read, without coercing the others: a request without
 * a token may have a great many. They are the same before coercion as after it.
 */
export function conditionValues({ variableDefinitions }: OperationDefinitionNode, variables: Variables | undefined): Conditions {
  const values = Object.create(null) as Record<string, boolean>;
  for (const { variable, defaultValue } of variableDefinitions ?? []) {
    const name = variable.name.value;
    const value = ownValue(variables, name);
    if (typeof value === 'boolean') values[name] = value;
    else if (value === undefined && defaultValue?.kind === Kind.BOOLEAN) values[name] = defaultValue.value;
  }
  return values;
}
