import {
  getNamedType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  print,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  type GraphQLUnionType,
  type OperationDefinitionNode,
} from 'graphql';
import { collectForGood, type SelectedFields, type Selecting } from '../analysis/selection';
import { compileArguments } from './compile-arguments';
import { toDirectResolver, type DirectResolver } from './direct-resolver';
import { compilePlainWriter } from './writing/plain-writer';
import type { FieldPlan, LeafKind, ObjectPlan, ValuePlan } from './plan';

/** A selection that the compiled execution does not cover. Such an operation is graphql-js's. */
class Uncovered extends Error {}

const LEAVES: ReadonlySet<string> = new Set<LeafKind>(['String', 'ID', 'Boolean', 'Int', 'BigInt']);

/** What a plan depends on. `conditions` holds the values of the variables that `@skip` and `@include` name. */
export interface CompileContext {
  readonly schema: GraphQLSchema;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly conditions: Readonly<Record<string, boolean>>;
}

/** Fields that may be executed once for several aliases; see `FieldPlan.repeats`. */
export type IsRepeatable = (field: FieldPlan) => boolean;

/**
 * Compiles a validated query to a plan; null where it has something that the plan does not cover (introspection,
 * mutations, other scalars or abstract types). `@skip` and `@include` are decided here, by `context.conditions`.
 */
export function compileOperation(
  operation: OperationDefinitionNode,
  context: CompileContext,
  isRepeatable: IsRepeatable,
): ObjectPlan | null {
  const root = context.schema.getQueryType();
  if (!root || (operation.operation as string) !== 'query') return null;
  try {
    const plan = new Compiler(context, isRepeatable).object(root, [operation], false);
    return plan;
  } catch (error) {
    if (error instanceof Uncovered) return null;
    throw error;
  }
}

class Compiler {
  readonly #context: CompileContext;
  readonly #isRepeatable: IsRepeatable;
  /** Plans by what they select, so that equal selections share one: a list that both write is then written once. */
  readonly #values = new Map<string, ValuePlan>();
  #memos = 0;

  constructor(context: CompileContext, isRepeatable: IsRepeatable) {
    this.#context = context;
    this.#isRepeatable = isRepeatable;
  }

  #collect(type: GraphQLObjectType, parents: readonly Selecting[]): SelectedFields {
    return collectForGood(parents, type.name, { fragments: this.#context.fragments, variableValues: this.#context.conditions });
  }

  object(type: GraphQLObjectType, parents: readonly Selecting[], nullable: boolean): ObjectPlan {
    const fields: FieldPlan[] = [];
    const first = new Map<string, FieldPlan>();
    let slots = 0;
    for (const [key, nodes] of this.#collect(type, parents)) {
      const field = this.#field(type, key, nodes as [FieldNode, ...FieldNode[]], { isFirst: fields.length === 0, slot: slots });
      if (field.slot < 0) {
        fields.push(field);
        continue;
      }
      const same = this.#isRepeatable(field) ? first.get(this.#fieldKey(field)) : undefined;
      if (same) {
        fields.push({ ...field, slot: same.slot, repeats: true });
        continue;
      }
      if (this.#isRepeatable(field)) first.set(this.#fieldKey(field), field);
      fields.push(field);
      slots++;
    }
    const liveFields = fields.filter((field) => field.slot >= 0 && !field.repeats);
    return {
      kind: 'object',
      nullable,
      type,
      fields,
      liveFields,
      objects: fields.reduce((sum, { slot, value }) => sum + (slot < 0 && value.kind === 'object' ? value.objects : 0), 1),
      writePlain: liveFields.length === 0 ? compilePlainWriter(fields) : null,
    };
  }

  #field(
    type: GraphQLObjectType,
    responseKey: string,
    nodes: readonly [FieldNode, ...FieldNode[]],
    place: { readonly isFirst: boolean; readonly slot: number },
  ): FieldPlan {
    const name = nodes[0].name.value;
    const base = {
      responseKey,
      prefix: Buffer.from(`${place.isFirst ? '' : ','}${JSON.stringify(responseKey)}:`, 'latin1'),
      name,
      parentType: type,
      nodes,
      repeats: false,
    };
    if (name === '__typename') {
      return {
        ...base,
        slot: -1,
        value: { kind: 'leaf', leaf: 'String', nullable: false },
        constant: Buffer.from(JSON.stringify(type.name)),
        field: null,
        resolve: null,
        args: () => ({}),
      };
    }
    const field = type.getFields()[name];
    if (!field) throw new Uncovered(name);
    const value = this.#value(field.type, nodes);
    const isLive = field.resolve !== undefined || isLiveValue(value);
    const resolve = field.resolve ? (toDirectResolver(type.name, name) ?? (field.resolve as DirectResolver)) : null;
    return {
      ...base,
      slot: isLive ? place.slot : -1,
      value,
      constant: null,
      field: field as GraphQLField<unknown, unknown>,
      resolve,
      args: compileArguments(field as GraphQLField<unknown, unknown>, nodes[0]),
    };
  }

  /** The plan of a field's value; one and the same for equal selections. */
  #value(type: GraphQLOutputType, nodes: readonly FieldNode[]): ValuePlan {
    const key = `${type.toString()} ${this.#selectionKey(type, nodes)}`;
    let plan = this.#values.get(key);
    if (!plan) this.#values.set(key, (plan = this.#makeValue(type, nodes, true)));
    return plan;
  }

  #makeValue(type: GraphQLOutputType, nodes: readonly FieldNode[], nullable: boolean): ValuePlan {
    if (isNonNullType(type)) return this.#makeValue(type.ofType, nodes, false);
    if (isListType(type)) {
      const item = this.#makeValue(type.ofType, nodes, true);
      return { kind: 'list', nullable, item, live: isLiveValue(item), memo: this.#memos++ };
    }
    if (isLeafType(type)) {
      if (!LEAVES.has(type.name)) throw new Uncovered(type.name);
      return { kind: 'leaf', leaf: type.name as LeafKind, nullable };
    }
    if (isObjectType(type)) {
      if (type.name.startsWith('__')) throw new Uncovered(type.name);
      return this.object(type, nodes, nullable);
    }
    if (isUnionType(type)) return this.#union(type, nodes, nullable);
    throw new Uncovered(type.name);
  }

  #union(type: GraphQLUnionType, nodes: readonly FieldNode[], nullable: boolean): ValuePlan {
    const resolveType = type.resolveType;
    if (!resolveType) throw new Uncovered(type.name);
    const members = new Map(type.getTypes().map((member) => [member.name, this.object(member, nodes, nullable)]));
    return { kind: 'union', nullable, members, typenameOf: (value) => resolveType(value, undefined, undefined as never, type) as string };
  }

  #fieldKey(field: FieldPlan): string {
    const node = field.nodes[0] as FieldNode;
    return `${field.name}(${argsKey(node)})${this.#selectionKey(field.field?.type as GraphQLOutputType, field.nodes)}`;
  }

  /** A text that two selections of one type share if and only if they select the same under the same keys. */
  #selectionKey(type: GraphQLOutputType, nodes: readonly FieldNode[]): string {
    const named = getNamedType(type);
    if (isUnionType(named))
      return `{${named
        .getTypes()
        .map((member) => `${member.name}${this.#objectKey(member, nodes)}`)
        .join(' ')}}`;
    return isObjectType(named) ? this.#objectKey(named, nodes) : '';
  }

  #objectKey(type: GraphQLObjectType, nodes: readonly FieldNode[]): string {
    const keys: string[] = [];
    for (const [key, fieldNodes] of this.#collect(type, nodes)) {
      const node = fieldNodes[0] as FieldNode;
      const field = type.getFields()[node.name.value];
      keys.push(`${key}:${node.name.value}(${argsKey(node)})${field ? this.#selectionKey(field.type, fieldNodes) : ''}`);
    }
    return `{${keys.join(' ')}}`;
  }
}

function argsKey(node: FieldNode): string {
  return (node.arguments ?? [])
    .map((argument) => print(argument))
    .sort()
    .join(',');
}

function isLiveValue(plan: ValuePlan): boolean {
  switch (plan.kind) {
    case 'leaf':
      return false;
    case 'list':
      return plan.live;
    case 'object':
      return plan.writePlain === null;
    case 'union':
      return [...plan.members.values()].some((member) => member.writePlain === null);
  }
}
