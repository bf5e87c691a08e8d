import {
  GraphQLError,
  Kind,
  TokenKind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/**
 * Selections that a document may come to when each fragment is counted wherever it is spread: what validation and
 * look-ahead walk over. A document of MAX_TOKENS (5,000) tokens has half as many when it has no fragments.
 */
const MAX_SELECTIONS = 5000;
/** Pairs of fields under one response key; graphql-js compares each pair (OverlappingFieldsCanBeMerged), in half a microsecond. */
const MAX_FIELD_PAIRS = 10_000;
/** Pairs of fragments that are spread in one place; graphql-js compares each pair too, in half a microsecond. 100 fragments are 4,950. */
const MAX_FRAGMENT_PAIRS = 5000;
/** Operations of one document: to validate the shortest one takes 16 microseconds. A request runs one. */
const MAX_OPERATIONS = 100;
/** Variables that an operation may declare and that nothing uses: each is an error, and validation reports 20 of them. */
const MAX_UNUSED_VARIABLES = 20;
/** A name longer than this is no developer's; it would be repeated in error messages. */
const MAX_NAME_LENGTH = 128;

/** Characters and lines of a text for each token that it may have, and at least: comments and empty lines are no tokens. */
const CHARACTERS_PER_TOKEN = 32;
const LINES_PER_TOKEN = 2;
const MIN_TOKENS = 5000;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The error of a document that is too long to be parsed; null for all others. Takes a nanosecond a character. To make a comment of one, or
 * a line of a block string, takes 50 times as much, and so does finding the line of an error.
 */
export function checkText(text: string, maxTokens: number): GraphQLError | null {
  const tokens = Math.max(maxTokens, MIN_TOKENS);
  const refuse = (found: string, allowed: number): GraphQLError =>
    new GraphQLError(
      `The document has ${found}; ${allowed} are allowed (MAX_TOKENS). Leave out comments and empty lines, or split the operation.`,
    );
  if (text.length > CHARACTERS_PER_TOKEN * tokens) return refuse(`${text.length} characters`, CHARACTERS_PER_TOKEN * tokens);
  const lines = countLines(text);
  return lines > LINES_PER_TOKEN * tokens ? refuse(`${lines} lines`, LINES_PER_TOKEN * tokens) : null;
}

/** Lines as GraphQL counts them: a carriage return ends one as well, and one with a line feed behind it ends it once. */
function countLines(text: string): number {
  let lines = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED || (code === CARRIAGE_RETURN && text.charCodeAt(at + 1) !== LINE_FEED)) lines++;
  }
  return lines;
}

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
  const operations = countOperations(document);
  if (operations > MAX_OPERATIONS)
    return new GraphQLError(
      `The document has ${operations} operations; ${MAX_OPERATIONS} are allowed. Send the operation that is to run, with its fragments.`,
    );
  const unused = checkUnusedVariables(document);
  if (unused) return unused;
  const count = new Count(document);
  try {
    for (const definition of document.definitions) if ('selectionSet' in definition) count.addRoot(definition.selectionSet);
  } catch (error) {
    if (error instanceof TooMuchWork) return new GraphQLError(error.message);
    throw error;
  }
  return null;
}

function countOperations({ definitions }: DocumentNode): number {
  let operations = 0;
  for (const { kind } of definitions) if (kind === Kind.OPERATION_DEFINITION) operations++;
  return operations;
}

/** To validate 600 variables that nothing uses takes 2 ms. */
function checkUnusedVariables({ loc, definitions }: DocumentNode): GraphQLError | null {
  const declared: string[] = [];
  for (const definition of definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION)
      for (const { variable } of definition.variableDefinitions ?? []) declared.push(variable.name.value);
  if (declared.length <= MAX_UNUSED_VARIABLES) return null;
  const used = new Set<string>();
  for (let token = loc?.startToken; token; token = token.next ?? undefined)
    // What a colon follows is a declaration.
    if (token.kind === TokenKind.DOLLAR && token.next?.next?.kind !== TokenKind.COLON) used.add(token.next?.value ?? '');
  const unused = declared.filter((name) => !used.has(name));
  if (unused.length <= MAX_UNUSED_VARIABLES) return null;
  return new GraphQLError(
    `The document declares ${unused.length} variables that nothing uses, such as "$${unused[0] as string}". Leave them out.`,
  );
}

class TooMuchWork extends Error {}

/** Selection sets that are merged with each other. */
interface MergedSets {
  /** Their fields, by response key. */
  readonly fields: Map<string, MergedFields>;
  /** The fragments that are spread in them, inner ones included. */
  readonly fragments: Set<string>;
}

interface MergedFields {
  count: number;
  /** Null where no field has a selection set. */
  below: MergedSets | null;
}

function noSets(): MergedSets {
  return { fields: new Map(), fragments: new Set() };
}

class Count {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  #selections = 0;
  #fieldPairs = 0;
  #fragmentPairs = 0;

  constructor(document: DocumentNode) {
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
  }

  addRoot(set: SelectionSetNode): void {
    this.#merge(set, noSets(), []);
  }

  #merge(set: SelectionSetNode, merged: MergedSets, open: string[]): void {
    for (const selection of set.selections) {
      if (++this.#selections > MAX_SELECTIONS)
        throw new TooMuchWork(
          `The document has more than ${MAX_SELECTIONS} selections, those in fragments counted each time that ` +
            `a fragment is spread. Spread fewer fragments, or split the operation.`,
        );
      if (selection.kind === Kind.INLINE_FRAGMENT) this.#merge(selection.selectionSet, merged, open);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) this.#mergeFragment(selection.name.value, merged, open);
      else this.#mergeField(selection, merged, open);
    }
  }

  #mergeField({ alias, name, selectionSet }: FieldNode, merged: MergedSets, open: string[]): void {
    const key = alias?.value ?? name.value;
    let field = merged.fields.get(key);
    if (!field) merged.fields.set(key, (field = { count: 0, below: null }));
    this.#fieldPairs += field.count++;
    if (this.#fieldPairs > MAX_FIELD_PAIRS)
      throw new TooMuchWork(
        `The document selects the same fields too often: there are more than ${MAX_FIELD_PAIRS} pairs of ` +
          `fields with one name or alias. Select each field once.`,
      );
    if (selectionSet) this.#merge(selectionSet, (field.below ??= noSets()), open);
  }

  /** A fragment that leads back to itself is refused by validation, and followed no further here. */
  #mergeFragment(name: string, merged: MergedSets, open: string[]): void {
    if (!merged.fragments.has(name)) {
      this.#fragmentPairs += merged.fragments.size;
      merged.fragments.add(name);
      if (this.#fragmentPairs > MAX_FRAGMENT_PAIRS)
        throw new TooMuchWork(
          `The document spreads too many fragments in one place: there are more than ${MAX_FRAGMENT_PAIRS} pairs of them. ` +
            `Put their fields into fewer fragments.`,
        );
    }
    const fragment = this.#fragments.get(name);
    if (!fragment || open.includes(name)) return;
    open.push(name);
    this.#merge(fragment.selectionSet, merged, open);
    open.pop();
  }
}
