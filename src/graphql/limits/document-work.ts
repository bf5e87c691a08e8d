import { GraphQLError, Kind, TokenKind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';

/**
 * Selections that a document may come to when each fragment is counted wherever it is spread: what validation and
 * look-ahead walk over. A document of MAX_TOKENS (5,000) tokens has half as many when it has no fragments.
 */
const MAX_SELECTIONS = 5000;
/** Pairs of fields under one response key; graphql-js compares each pair (OverlappingFieldsCanBeMerged), in half a microsecond. */
const MAX_FIELD_PAIRS = 10_000;
/** A name longer than this is no developer's; it would be repeated in error messages. */
const MAX_NAME_LENGTH = 128;

/**
 * The error of a document whose validation would take more time than it may; null for all others. Takes time by the
 * document's length, and is safe for documents that are not valid.
 */
export function checkDocumentWork(document: DocumentNode): GraphQLError | null {
  for (let token = document.loc?.startToken; token; token = token.next ?? undefined) {
    // A string is no name, and is not repeated: its token's value is longer often enough.
    if (token.kind === TokenKind.NAME && token.value.length > MAX_NAME_LENGTH)
      return new GraphQLError(
        `A name in the document has ${token.value.length} characters; ${MAX_NAME_LENGTH} are allowed. Use a shorter name.`,
      );
  }
  const count = new Count(document);
  try {
    for (const definition of document.definitions) if ('selectionSet' in definition) count.addRoot(definition.selectionSet);
  } catch (error) {
    if (error instanceof TooMuchWork) return new GraphQLError(error.message);
    throw error;
  }
  return null;
}

class TooMuchWork extends Error {}

/** The fields of several selection sets that are merged with each other, by response key. */
interface MergedFields {
  count: number;
  readonly below: Map<string, MergedFields>;
}

class Count {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  #selections = 0;
  #pairs = 0;

  constructor(document: DocumentNode) {
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
  }

  addRoot(set: SelectionSetNode): void {
    this.#merge(set, new Map(), []);
  }

  #merge(set: SelectionSetNode, merged: Map<string, MergedFields>, open: string[]): void {
    for (const selection of set.selections) {
      if (++this.#selections > MAX_SELECTIONS)
        throw new TooMuchWork(
          `The document has more than ${MAX_SELECTIONS} selections, those in fragments counted each time that ` +
            `a fragment is spread. Spread fewer fragments, or split the operation.`,
        );
      if (selection.kind === Kind.INLINE_FRAGMENT) this.#merge(selection.selectionSet, merged, open);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) this.#mergeFragment(selection.name.value, merged, open);
      else {
        const key = selection.alias?.value ?? selection.name.value;
        let field = merged.get(key);
        if (!field) merged.set(key, (field = { count: 0, below: new Map() }));
        this.#pairs += field.count++;
        if (this.#pairs > MAX_FIELD_PAIRS)
          throw new TooMuchWork(
            `The document selects the same fields too often: there are more than ${MAX_FIELD_PAIRS} pairs of ` +
              `fields with one name or alias. Select each field once.`,
          );
        if (selection.selectionSet) this.#merge(selection.selectionSet, field.below, open);
      }
    }
  }

  /** A fragment that leads back to itself is refused by validation, and followed no further here. */
  #mergeFragment(name: string, merged: Map<string, MergedFields>, open: string[]): void {
    const fragment = this.#fragments.get(name);
    if (!fragment || open.includes(name)) return;
    open.push(name);
    this.#merge(fragment.selectionSet, merged, open);
    open.pop();
  }
}
