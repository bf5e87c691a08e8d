import { visit, type DirectiveNode, type DocumentNode } from 'graphql';

interface Selection {
  readonly directives?: readonly DirectiveNode[] | undefined;
  readonly selectionSet?: { readonly selections: readonly unknown[] } | undefined;
}

/**
 * What a client sends of a document: Apollo Client resolves the fields with `@client` itself, and leaves them out, with what is empty
 * without them. The document itself if it has none.
 */
export function withoutClientFields(document: DocumentNode): DocumentNode {
  const isSent = ({ directives = [], selectionSet }: Selection): boolean =>
    !directives.some(({ name }) => name.value === 'client') && selectionSet?.selections.length !== 0;
  const leave = (node: Selection): null | undefined => (isSent(node) ? undefined : null);
  return visit(document, {
    Field: { leave },
    InlineFragment: { leave },
    FragmentSpread: { leave },
    OperationDefinition: { leave },
  });
}
