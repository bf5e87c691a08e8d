import { getDirectiveValues, GraphQLIncludeDirective, GraphQLSkipDirective, Kind, type FragmentDefinitionNode, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';

/** Root fields that say nothing about anybody's bills. */
const PUBLIC_FIELDS: ReadonlySet<string> = new Set(['__typename', '__schema', '__type', '_service']);

/**
 * Whether an operation selects, at its root, a field that needs a caller. Judged by the field's own name, wherever a
 * fragment brings it in from: a fragment's name means nothing.
 */
export function needsToken(operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>, variables: Readonly<Record<string, unknown>>): boolean {
  const visited = new Set<string>();
  const visit = (set: SelectionSetNode): boolean =>
    set.selections.some((selection) => {
      if (getDirectiveValues(GraphQLSkipDirective, selection, variables)?.['if'] === true) return false;
      if (getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.['if'] === false) return false;
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
