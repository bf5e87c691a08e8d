import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** What one document may hold. */
export interface DocumentLimits {
  /** Fields nested in one another; fragments do not count as levels. */
  readonly maxDepth: number;
  /** Aliases of one operation, those in a fragment once for each time that it is spread. */
  readonly maxAliases: number;
}

/** Directives of one operation: `@include` and `@skip` are all there are, and no client needs more of them. */
const MAX_DIRECTIVES = 100;
/** Root fields where aliases are few: one of each, and room for what frameworks repeat. */
const MIN_ROOT_FIELDS = 20;

/**
 * The limits that a document breaks. Pure, and safe for documents that are not valid: fragments may be missing or lead
 * back to themselves. Takes time by the document's length, however often its fragments are spread.
 *
 * Our own, since graphql-armor's rules (max-depth 2.4, max-aliases 2.6) can be passed by: they exempt a subtree by the
 * name `__schema` at any level, an alias by the name `__typename`, count a fragment under way as -1, and throw out of
 * the validation instead of reporting, so that the client sees an internal error.
 */
export function checkDocument(document: DocumentNode, limits: DocumentLimits): GraphQLError[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const measure = new Measure(fragments);
  return document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? checkOperation(definition, measure, limits) : [],
  );
}

function checkOperation(operation: OperationDefinitionNode, measure: Measure, limits: DocumentLimits): GraphQLError[] {
  const { depth, aliases, directives, fields } = measure.ofRoot(operation);
  const maxRootFields = Math.max(MIN_ROOT_FIELDS, limits.maxAliases);
  const errors: GraphQLError[] = [];
  const refuse = (message: string): void => {
    errors.push(
      new GraphQLError(`${operation.name ? `The operation "${operation.name.value}"` : 'The operation'} ${message}`, { nodes: operation }),
    );
  };
  if (depth > limits.maxDepth)
    refuse(
      `is nested ${depth > MAX_LEVELS ? `more than ${MAX_LEVELS}` : depth} fields deep; ${limits.maxDepth} ` +
        `are allowed (MAX_DEPTH). Select fewer levels, or ask for the inner ones in an operation of their ` +
        `own.`,
    );
  if (aliases > limits.maxAliases)
    refuse(
      `has ${toCount(aliases)} aliases, those in fragments counted each time; ${limits.maxAliases} are ` +
        `allowed (MAX_ALIASES). Use \`contracts(numbers:)\` for many contracts, or split the operation.`,
    );
  if (fields > maxRootFields)
    refuse(`has ${toCount(fields)} fields at its root; ${maxRootFields} are allowed (MAX_ALIASES). Split the operation.`);
  if (directives > MAX_DIRECTIVES)
    refuse(
      `has ${toCount(directives)} directives, those in fragments counted each time; ${MAX_DIRECTIVES} are ` +
        `allowed. Group fields in one fragment with one directive, or split the operation.`,
    );
  return errors;
}

/** Nested fragments multiply to meaninglessly large numbers. */
function toCount(count: number): string {
  return count > 1_000_000 ? 'more than a million' : String(count);
}

/** Maximum depth measured, fragments included: the largest allowed MAX_DEPTH, and well within the stack. */
const MAX_LEVELS = 1000;

/** What a selection set holds, fragments included. */
interface Size {
  depth: number;
  aliases: number;
  directives: number;
  /** Fields of the set itself. */
  fields: number;
}

/** Measures selection sets; each fragment once. */
class Measure {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #known = new Map<string, Size>();
  readonly #knownAtRoot = new Map<string, Size>();
  #tooDeep = false;

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
    this.#fragments = fragments;
  }

  ofRoot(operation: OperationDefinitionNode): Size {
    const size = this.#ofSet(operation.selectionSet, operation.operation === OperationTypeNode.QUERY, 0);
    if (this.#tooDeep) size.depth = MAX_LEVELS + 1;
    size.directives += operation.directives?.length ?? 0;
    return size;
  }

  #ofSet(set: SelectionSetNode | undefined, isRoot: boolean, level: number): Size {
    const size: Size = { depth: 0, aliases: 0, directives: 0, fields: 0 };
    if (level > MAX_LEVELS) {
      this.#tooDeep = true;
      return size;
    }
    for (const selection of set?.selections ?? []) {
      size.directives += selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) {
        size.fields++;
        if (selection.alias) size.aliases++;
      }
      const part = this.#below(selection, isRoot, level + 1);
      size.aliases += part.aliases;
      size.directives += part.directives;
      if (selection.kind !== Kind.FIELD) size.fields += part.fields;
      const depth = selection.kind === Kind.FIELD ? 1 + part.depth : part.depth;
      if (depth > size.depth) size.depth = depth;
    }
    return size;
  }

  #below(selection: SelectionNode, isRoot: boolean, level: number): Size {
    switch (selection.kind) {
      case Kind.INLINE_FRAGMENT:
        return this.#ofSet(selection.selectionSet, isRoot, level);
      case Kind.FRAGMENT_SPREAD:
        return this.#ofFragment(selection.name.value, isRoot, level);
      case Kind.FIELD: {
        const size = this.#ofSet(selection.selectionSet, false, level);
        // Introspection is deep by nature, and bounded by graphql-js (MaxIntrospectionDepthRule). Only the root
        // fields themselves are meant: neither a fragment of that name nor a field of that name further down.
        const name = selection.name.value;
        return isRoot && (name === '__schema' || name === '__type') ? { ...size, depth: 0 } : size;
      }
    }
  }

  #ofFragment(name: string, isRoot: boolean, level: number): Size {
    // At the root, a fragment may hold introspection; elsewhere nothing is exempt. So a fragment may have two sizes.
    const known = isRoot ? this.#knownAtRoot : this.#known;
    let size = known.get(name);
    if (!size) {
      // A fragment counts as empty while being measured: validation refuses one that spreads itself.
      known.set(name, NOTHING);
      known.set(name, (size = this.#ofSet(this.#fragments.get(name)?.selectionSet, isRoot, level)));
    }
    return size;
  }
}

const NOTHING: Size = { depth: 0, aliases: 0, directives: 0, fields: 0 };
