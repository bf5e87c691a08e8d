import {
  getNamedType,
  isObjectType,
  isUnionType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import { readArguments, toGivenArguments, type GivenArgument } from './argument-values';
import type { Conditions } from './variables/coerce-variables';
import { collectFields, type CollectContext, type Selecting } from './collect-fields';
import { costsOf, type FieldArguments, type FieldCosts } from './field-costs';

/** What selects fields: an operation, or a field. Its selection set is walked once, when it is first asked for. */
abstract class Selection {
  readonly source: CollectContext;
  readonly #parents: readonly Selecting[];
  /** The type that was asked for last, nearly always the only one, and its fields. */
  #lastType: GraphQLObjectType | null = null;
  #lastFields: readonly SelectedField[] = [];
  #fields: Map<string, readonly SelectedField[]> | null = null;

  constructor(source: CollectContext, parents: readonly Selecting[]) {
    this.source = source;
    this.#parents = parents;
  }

  /** The fields that are selected of an object of a type, in order, merged by response key. */
  fieldsOf(type: GraphQLObjectType): readonly SelectedField[] {
    if (type === this.#lastType) return this.#lastFields;
    let fields = this.#fields?.get(type.name);
    if (!fields) (this.#fields ??= new Map<string, readonly SelectedField[]>()).set(type.name, (fields = this.#collect(type)));
    this.#lastType = type;
    this.#lastFields = fields;
    return fields;
  }

  #collect(type: GraphQLObjectType): readonly SelectedField[] {
    const fields: SelectedField[] = [];
    for (const [key, nodes] of collectFields(this.#parents, type, this.source))
      fields.push(new SelectedField(this.source, type, key, nodes));
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

  private constructor(source: CollectContext, operation: OperationDefinitionNode) {
    super(source, [operation]);
    this.operation = operation;
  }

  static of({ schema, document, operation }: ModelledOperation, conditions: Conditions): OperationModel {
    return new OperationModel(
      { schema, fragments: fragmentsOf(document), conditions, found: { conditionNames: new Set(), fields: 0 } },
      operation,
    );
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

  /** Every field, parents before their children. */
  get allFields(): readonly SelectedField[] {
    return withFieldsBelow(this.rootFields, []);
  }

  /** The variables in `@skip` and `@include` of the whole document, sorted, as a model without conditions finds them. */
  get conditionNames(): readonly string[] {
    // Their names are recorded while fields are collected.
    if (!this.operation.variableDefinitions?.some(isBoolean) || this.allFields.length === 0) return NO_NAMES;
    return [...this.source.found.conditionNames].sort();
  }

  /** Number of fields so far. */
  get size(): number {
    return this.source.found.fields;
  }

  /**
   * The field at a path of the response.
   * @throws Error if the path is not selected.
   */
  fieldAt({ prev, key, typename }: FieldPath): SelectedField {
    if (typeof key === 'number' && prev) return this.fieldAt(prev);
    const type = this.source.schema.getType(typename ?? '');
    const parent = prev ? this.fieldAt(prev) : this;
    const found = isObjectType(type) && parent.fieldsOf(type).find((field) => field.key === key);
    if (!found) throw new Error(`The operation selects no field "${key}" of ${typename}.`);
    return found;
  }
}

/** An operation of a valid document. */
export interface ModelledOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

type FieldPath = GraphQLResolveInfo['path'];

const NO_NAMES: readonly string[] = [];

/** Conditions only take variables of this type (GraphQL specification, section 3.13). */
function isBoolean({ type }: VariableDefinitionNode): boolean {
  const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
  return named.kind === Kind.NAMED_TYPE && named.name.value === 'Boolean';
}

function withFieldsBelow(fields: readonly SelectedField[], all: SelectedField[]): readonly SelectedField[] {
  for (const field of fields) {
    all.push(field);
    withFieldsBelow(field.fieldsBelow, all);
  }
  return all;
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
  #given: readonly GivenArgument[] | undefined;

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

  /** The selection on its type; for a union, the selections on all members. */
  get fieldsBelow(): readonly SelectedField[] {
    const type = this.definition && getNamedType(this.definition.type);
    return isUnionType(type) ? type.getTypes().flatMap((member) => this.fieldsOf(member)) : this.fields;
  }

  /** Its arguments under a request's variables. */
  arguments(variables: Readonly<Record<string, unknown>>): FieldArguments {
    this.#given ??= this.definition ? toGivenArguments(this.definition, this.nodes[0]) : [];
    return readArguments(this.#given, variables);
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
export type FieldInfo = Pick<GraphQLResolveInfo, 'fieldNodes' | 'variableValues' | 'path'>;

/** Holds the operation being executed. */
export interface Executing {
  /** Null before it is found. */
  readonly requested: { readonly model: OperationModel } | null;
}

/** The model of the operation being executed. */
export function modelOf({ requested }: Executing): OperationModel {
  if (!requested) throw new Error('An operation must be put into its context before it is executed.');
  return requested.model;
}

/** The field being resolved. A plan reuses its model's lists of nodes; graphql-js creates new ones in each execution. */
export function fieldOf({ fieldNodes, path }: FieldInfo, context: Executing): SelectedField {
  let field = byNodes.get(fieldNodes);
  if (!field) byNodes.set(fieldNodes, (field = modelOf(context).fieldAt(path)));
  return field;
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
