import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { ownValue, type Variables } from './coerce-variables';

/** Root fields that say nothing about anybody's bills. */
const PUBLIC_FIELDS: ReadonlySet<string> = new Set(['__typename', '__schema', '__type', '_service']);

/**
 * Whether an operation selects, at its root, a field that needs a caller. Judged by the field's own name, wherever a
 * fragment brings it in from: a fragment's name means nothing.
 */
export function needsToken(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Readonly<Record<string, unknown>>,
): boolean {
  const visited = new Set<string>();
  const visit = (set: SelectionSetNode): boolean =>
    set.selections.some((selection) => {
      if (isLeftOut(selection, variables)) return false;
      if (selection.kind === Kind.FIELD) return !PUBLIC_FIELDS.has(selection.name.value);
      if (selection.kind === Kind.INLINE_FRAGMENT) return visit(selection.selectionSet);
      const name = selection.name.value;
      const fragment = fragments.get(name);
      if (!fragment || visited.has(name)) return false;
      visited.add(name);
      return visit(fragment.selectionSet);
    });
  return visit(operation.selectionSet);
}

function isLeftOut(selection: SelectionNode, variables: Readonly<Record<string, unknown>>): boolean {
  try {
    return (
      getDirectiveValues(GraphQLSkipDirective, selection, variables)?.['if'] === true ||
      getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.['if'] === false
    );
  } catch {
    // A condition that is null where it may not be: the executor's to refuse, for a caller that has a token.
    return false;
  }
}

/**
 * The Boolean variables of a request, which are all that conditions read, without coercing the others: a request without
 * a token may have a great many. A condition whose variable is of another type leaves nothing out.
 */
export function conditionValues({ variableDefinitions }: OperationDefinitionNode, variables: Variables | undefined): Variables {
  const values = Object.create(null) as Record<string, unknown>;
  for (const { variable, defaultValue } of variableDefinitions ?? []) {
    const name = variable.name.value;
    const value = ownValue(variables, name);
    if (typeof value === 'boolean') values[name] = value;
    else if (value === undefined && defaultValue?.kind === Kind.BOOLEAN) values[name] = defaultValue.value;
  }
  return values;
}
