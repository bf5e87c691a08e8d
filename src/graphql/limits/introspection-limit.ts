import {
  getIntrospectionQuery,
  getNamedType,
  GraphQLError,
  isObjectType,
  Kind,
  parse,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';

/** How often a document may select what all of the schema has. Tools select it once, and some select the types of fields in more depth. */
const TIMES_THE_SCHEMA = 1.5;
/** The query of GraphiQL, code generators, schema registries and others, with everything that it can ask for. */
const WHOLE_SCHEMA = getIntrospectionQuery({
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  oneOf: true,
});

/**
 * Bounds the introspection of a document. Under a few aliases, 800 bytes select a million fields: introspection needs no token, and
 * graphql-js bounds only how deep it is.
 */
export class IntrospectionLimit {
  readonly #schema: GraphQLSchema;
  #most: number | null = null;

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** The error of a valid document that introspects too much; null for all others. Takes time by what is allowed. */
  check(document: DocumentNode): GraphQLError | null {
    this.#most ??= TIMES_THE_SCHEMA * countIntrospection(parse(WHOLE_SCHEMA), this.#schema, Infinity);
    if (countIntrospection(document, this.#schema, this.#most) <= this.#most) return null;
    return new GraphQLError(
      `The introspection has a result of more than ${this.#most} selections, ${TIMES_THE_SCHEMA} times what the whole schema has. Select ` +
        `each type once, as the introspection query of graphql-js and of GraphiQL does.`,
    );
  }
}

/**
 * Counts the selections of a valid document's introspection, in all of its operations, for each object that they are made from: the
 * fields of the result, and the fragments that they are in. Stops at the first one past `most`. Conditions count as true, deprecated
 * members are included, and a type that is named by a variable counts as all types.
 */
export function countIntrospection(document: DocumentNode, schema: GraphQLSchema, most: number): number {
  const count = new Count(document, schema, most);
  for (const definition of document.definitions) if (definition.kind === Kind.OPERATION_DEFINITION) count.addRoot(definition.selectionSet);
  return count.selections;
}

class Count {
  selections = 0;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #info: GraphQLResolveInfo;
  readonly #most: number;

  constructor(document: DocumentNode, schema: GraphQLSchema, most: number) {
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
    // The resolvers of introspection look at nothing else.
    this.#info = { schema } as GraphQLResolveInfo;
    this.#most = most;
  }

  addRoot(set: SelectionSetNode): void {
    this.#eachField(set, (node) => {
      if (node.name.value === SchemaMetaFieldDef.name) this.#add(node, SchemaMetaFieldDef, {});
      else if (node.name.value === TypeMetaFieldDef.name) this.#add(node, TypeMetaFieldDef, this.#toTypeArgument(node));
    });
  }

  #add(node: FieldNode, field: GraphQLField<unknown, unknown>, args: Readonly<Record<string, unknown>> | null, source?: unknown): void {
    const type = getNamedType(field.type);
    if (!node.selectionSet || !isObjectType(type)) return;
    const value = args ? field.resolve?.(source, args, undefined, this.#info) : Object.values(this.#info.schema.getTypeMap());
    this.#addValue(node.selectionSet, type, value);
  }

  #addValue(set: SelectionSetNode, type: GraphQLObjectType, value: unknown): void {
    if (Array.isArray(value)) for (const member of value as readonly unknown[]) this.#addValue(set, type, member);
    else if (value !== null && value !== undefined)
      this.#eachField(set, (node) => {
        const field = type.getFields()[node.name.value];
        if (field) this.#add(node, field, { includeDeprecated: true }, value);
      });
  }

  #eachField(set: SelectionSetNode, visit: (node: FieldNode) => void): void {
    for (const selection of set.selections) {
      if (++this.selections > this.#most) return;
      if (selection.kind === Kind.FIELD) visit(selection);
      else {
        const part = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value);
        if (part) this.#eachField(part.selectionSet, visit);
      }
    }
  }

  /** The arguments of `__type`; null where a variable names the type. */
  #toTypeArgument({ arguments: args }: FieldNode): Readonly<Record<string, unknown>> | null {
    const value = args?.find(({ name }) => name.value === 'name')?.value;
    return value?.kind === Kind.STRING ? { name: value.value } : null;
  }
}
