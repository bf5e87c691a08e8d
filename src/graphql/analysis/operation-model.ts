import {
  getNamedType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type OperationDefinitionNode,
} from 'graphql';
import { readArguments } from './argument-values';
import { collectFields, type CollectContext, type Selecting } from './collect-fields';
import { costsOf, type FieldArguments, type FieldCosts } from './field-costs';

/** What selects fields: an operation, or a field. Its selection set is walked once, when it is first asked for. */
abstract class Selection {
  readonly source: CollectContext;
  readonly #parents: readonly Selecting[];
  #fields: Map<string, readonly SelectedField[]> | null = null;

  constructor(source: CollectContext, parents: readonly Selecting[]) {
    this.source = source;
    this.#parents = parents;
  }

  /** The fields that are selected of an object of a type, in order, merged by response key. */
  fieldsOf(type: GraphQLObjectType): readonly SelectedField[] {
    const known = this.#fields?.get(type.name);
    if (known) return known;
    const fields: SelectedField[] = [];
    for (const [key, nodes] of collectFields(this.#parents, type, this.source))
      fields.push(new SelectedField(this.source, type, key, nodes));
    (this.#fields ??= new Map<string, readonly SelectedField[]>()).set(type.name, fields);
    return fields;
  }

  /** Whether anything that is selected of a type leads back to a customer or a contract. */
  leadsBackFrom(type: GraphQLObjectType): boolean {
    return this.fieldsOf(type).some((field) => isWayBack(field) || field.leadsBack);
  }
}

/**
 * A validated operation under one setting of its conditions: the one model that all of look-ahead, argument checks, token
 * requirement, prediction, bounds and the compiler read. It holds the fields as they are selected, with what each costs.
 */
export class OperationModel extends Selection {
  readonly operation: OperationDefinitionNode;

  constructor(source: CollectContext, operation: OperationDefinitionNode) {
    super(source, [operation]);
    this.operation = operation;
  }

  /** The root fields; none where the operation is no query. */
  get rootFields(): readonly SelectedField[] {
    const root = this.source.schema.getRootType(this.operation.operation);
    return root ? this.fieldsOf(root) : [];
  }

  /** Whether a root field needs a caller. Introspection and what is public do not. */
  get needsToken(): boolean {
    return this.rootFields.some((field) => field.definition !== undefined && field.costs?.reads !== 'public');
  }
}

/** By the list of nodes, which lives as long as its field: resolvers of compiled operations find their field by it. */
const byNodes = new WeakMap<readonly FieldNode[], SelectedField>();

/** A field as it is selected: under one response key, at all its places in the document. */
export class SelectedField extends Selection {
  readonly parentType: GraphQLObjectType;
  readonly key: string;
  readonly nodes: readonly [FieldNode, ...FieldNode[]];
  /** Undefined for `__typename` and introspection. */
  readonly definition: GraphQLField<unknown, unknown> | undefined;
  readonly costs: FieldCosts | null;
  /** The type of the objects that it returns; null for leaves and unions. */
  readonly objectType: GraphQLObjectType | null;
  #leadsBack: boolean | undefined;

  constructor(source: CollectContext, parentType: GraphQLObjectType, key: string, nodes: readonly FieldNode[]) {
    super(source, nodes);
    this.parentType = parentType;
    this.key = key;
    this.nodes = nodes as readonly [FieldNode, ...FieldNode[]];
    this.definition = parentType.getFields()[this.nodes[0].name.value];
    this.costs = costsOf(this.definition);
    const type = this.definition && getNamedType(this.definition.type);
    this.objectType = isObjectType(type) ? type : null;
    byNodes.set(nodes, this);
  }

  /** What is selected of the objects that it returns; none for leaves and unions. */
  get fields(): readonly SelectedField[] {
    return this.objectType ? this.fieldsOf(this.objectType) : [];
  }

  /** Its arguments under these variables, which are those of the model or the request's with the same conditions. */
  arguments(variables: Readonly<Record<string, unknown>>): FieldArguments {
    return this.definition ? readArguments(this.definition, this.nodes[0], variables) : {};
  }

  /** Whether an argument is a variable, or holds one. */
  get takesVariables(): boolean {
    return this.nodes[0].arguments?.some(({ value }) => value.kind !== Kind.INT && value.kind !== Kind.STRING) ?? false;
  }

  /** Whether anything below leads back from what it reads to a customer or a contract. */
  get leadsBack(): boolean {
    return (this.#leadsBack ??= this.objectType !== null && this.leadsBackFrom(this.objectType));
  }
}

function isWayBack({ costs, objectType }: SelectedField): boolean {
  switch (costs?.reads) {
    case 'customer':
    case 'contract':
    case 'contracts':
    case 'contract-of-invoice':
      return true;
    case 'key':
      return objectType !== null;
    default:
      return false;
  }
}

/** What finding a field in its model takes of a resolver's info. */
export type FieldInfo = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments' | 'variableValues' | 'path' | 'schema' | 'parentType'>;

/** The field that a resolver is called for. graphql-js makes lists of nodes for one execution alone: its fields are modelled anew. */
export function fieldOf({ fieldNodes, fragments, variableValues, schema, parentType, path }: FieldInfo): SelectedField {
  return byNodes.get(fieldNodes) ?? new SelectedField({ schema, fragments, variableValues }, parentType, String(path.key), fieldNodes);
}

const fragmentsByDocument = new WeakMap<DocumentNode, Readonly<Record<string, FragmentDefinitionNode>>>();

/** A document's fragments by name. */
export function fragmentsOf(document: DocumentNode): Readonly<Record<string, FragmentDefinitionNode>> {
  let fragments = fragmentsByDocument.get(document);
  if (!fragments) {
    const found = Object.create(null) as Record<string, FragmentDefinitionNode>;
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) found[definition.name.value] = definition;
    fragmentsByDocument.set(document, (fragments = found));
  }
  return fragments;
}
