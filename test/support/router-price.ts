import {
  buildSchema,
  getDirectiveValues,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInputObjectType,
  isListType,
  Kind,
  parse,
  valueFromAST,
  type ASTNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;
interface ListSize {
  readonly assumedSize?: number;
  readonly slicingArguments?: readonly string[];
  readonly sizedFields?: readonly string[];
}

interface Described {
  readonly astNode?: ASTNode | null | undefined;
}

/** What a router assumes of lists of which nothing is said. */
const DEFAULT_LIST_SIZE = 10;

/**
 * Prices operations by the cost directives of a supergraph: IBM's specification, section 5, with the choices that Apollo Router
 * made where it leaves some (arguments are added once, and members of a list argument count each).
 */
export class RouterPrice {
  readonly #schema: GraphQLSchema;

  constructor(supergraphSdl: string) {
    this.#schema = buildSchema(supergraphSdl, { assumeValidSDL: true });
  }

  of(text: string, variables: Variables): number {
    const { definitions } = parse(text);
    const operation = definitions.find((each): each is OperationDefinitionNode => each.kind === Kind.OPERATION_DEFINITION)!;
    const fragments = new Map(
      definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each] as const] : [])),
    );
    const given: Record<string, unknown> = { ...variables };
    for (const { variable, defaultValue, type } of operation.variableDefinitions ?? [])
      if (!(variable.name.value in given) && defaultValue)
        given[variable.name.value] = valueFromAST(
          defaultValue,
          this.#schema.getType(type.kind === Kind.NAMED_TYPE ? type.name.value : '') as never,
        );
    return new Pricing(this.#schema, fragments, given).ofSelections(operation.selectionSet, this.#schema.getQueryType()!, null);
  }
}

class Pricing {
  readonly #schema: GraphQLSchema;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #variables: Variables;

  constructor(schema: GraphQLSchema, fragments: ReadonlyMap<string, FragmentDefinitionNode>, variables: Variables) {
    this.#schema = schema;
    this.#fragments = fragments;
    this.#variables = variables;
  }

  ofSelections(set: SelectionSetNode | undefined, type: GraphQLNamedType, parentSize: ListSize | null, size?: number): number {
    let sum = 0;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) sum += this.#ofField(selection, type as GraphQLObjectType, parentSize, size);
      else {
        const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? this.#fragments.get(selection.name.value)! : selection;
        sum += this.ofSelections(fragment.selectionSet, type, parentSize, size);
      }
    }
    return sum;
  }

  #ofField(node: FieldNode, parent: GraphQLObjectType, parentSize: ListSize | null, sizeOfParent?: number): number {
    const field = parent.getFields()[node.name.value];
    if (!field) return 0;
    const type = getNamedType(field.type);
    const listSize: ListSize | null = this.#directive('listSize', field) ?? null;
    const size = this.#sizeOf(node, field, listSize);
    const isSized = parentSize?.sizedFields?.includes(field.name);
    const count = isListType(getNullableType(field.type)) ? ((isSized ? sizeOfParent : size) ?? DEFAULT_LIST_SIZE) : 1;
    const weight = this.#weightOf(field) ?? this.#weightOf(type) ?? (isCompositeType(type) ? 1 : 0);
    return count * (weight + this.ofSelections(node.selectionSet, type, listSize, size)) + this.#ofArguments(node, field);
  }

  #sizeOf(node: FieldNode, field: GraphQLField<unknown, unknown>, listSize: ListSize | null): number | undefined {
    const sizes = (listSize?.slicingArguments ?? []).flatMap((name) => {
      const value = this.#valueOf(
        node,
        field.args.find((argument) => argument.name === name)!,
      );
      return typeof value === 'number' ? [value] : [];
    });
    return sizes.length > 0 ? Math.max(...sizes) : listSize?.assumedSize;
  }

  #ofArguments(node: FieldNode, field: GraphQLField<unknown, unknown>): number {
    let sum = 0;
    for (const argument of field.args) {
      if (!node.arguments?.some(({ name }) => name.value === argument.name)) continue;
      const value = this.#valueOf(node, argument);
      if (value === null || value === undefined) continue;
      const weight = this.#weightOf(argument) ?? (isInputObjectType(getNamedType(argument.type)) ? 1 : 0);
      sum += Array.isArray(value) ? weight * (1 + value.length) : weight;
    }
    return sum;
  }

  #valueOf(node: FieldNode, argument: GraphQLArgument): unknown {
    const given = node.arguments?.find(({ name }) => name.value === argument.name);
    return given ? valueFromAST(given.value, argument.type, this.#variables) : argument.defaultValue;
  }

  #weightOf(element: Described): number | undefined {
    return this.#directive('cost', element)?.['weight'] as number | undefined;
  }

  #directive(name: string, { astNode }: Described): Readonly<Record<string, unknown>> | undefined {
    return astNode && 'directives' in astNode
      ? getDirectiveValues(this.#schema.getDirective(name)!, { directives: astNode.directives ?? [] })
      : undefined;
  }
}
