import {
  getNamedType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  print,
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLUnionType,
} from 'graphql';
import type { OperationModel, SelectedField } from '../analysis/operation-model';
import type { CodeCache } from './code-cache';
import { compileArguments } from './compile-arguments';
import { toDirectResolver, type DirectResolver } from './direct-resolver';
import { toPlainWriter } from './writing/plain-writer';
import { FieldPlan, isLiveValue, type FieldPlanParts, type LeafKind, type ObjectPlan, type ValuePlan } from './plan';

/** A selection that the compiled execution does not cover. Such an operation is graphql-js's. */
class Uncovered extends Error {}

const LEAVES: ReadonlySet<string> = new Set<LeafKind>(['String', 'ID', 'Boolean', 'Int', 'BigInt']);

/** Fields that may be executed once for several aliases; see `FieldPlan.repeats`. */
export type IsRepeatable = (field: SelectedField) => boolean;

/** What operations are compiled with. */
export interface CompilerOptions {
  readonly isRepeatable: IsRepeatable;
  /** Shared by all operations. */
  readonly code: CodeCache;
}

/**
 * Compiles a validated query to a plan; null where it has something that the plan does not cover (introspection,
 * mutations, other scalars or abstract types). `@skip` and `@include` are decided by the model.
 */
export function compileOperation(model: OperationModel, options: CompilerOptions): ObjectPlan | null {
  const root = model.source.schema.getQueryType();
  if (!root || (model.operation.operation as string) !== 'query') return null;
  try {
    return new Compiler(options).object(root, model, false);
  } catch (error) {
    if (error instanceof Uncovered) return null;
    throw error;
  }
}

/** What selects fields of an object. */
type Selecting = Pick<OperationModel, 'fieldsOf'>;

class Compiler {
  readonly #options: CompilerOptions;
  /** Plans by what they select, so that equal selections share one: a list that both write is then written once. */
  readonly #values = new Map<string, ValuePlan>();

  constructor(options: CompilerOptions) {
    this.#options = options;
  }

  object(type: GraphQLObjectType, selecting: Selecting, nullable: boolean): ObjectPlan {
    const fields: FieldPlan[] = [];
    const first = new Map<string, FieldPlan>();
    let slots = 0;
    for (const selected of selecting.fieldsOf(type)) {
      const parts = this.#field(selected, { isFirst: fields.length === 0, slot: slots });
      if (parts.slot < 0) {
        fields.push(new FieldPlan(parts));
        continue;
      }
      const repeatKey = this.#options.isRepeatable(selected) ? this.#fieldKey(selected) : null;
      const same = repeatKey === null ? undefined : first.get(repeatKey);
      if (same) {
        fields.push(new FieldPlan({ ...parts, slot: same.slot, repeats: true }));
        continue;
      }
      const field = new FieldPlan(parts);
      if (repeatKey !== null) first.set(repeatKey, field);
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
      repeats: fields.some((field) => field.repeats),
      objects: fields.reduce((sum, { value }) => sum + (value.kind === 'object' ? value.objects : 0), 1),
      writePlain: liveFields.length === 0 ? toPlainWriter({ type, fields }, this.#options.code) : null,
    };
  }

  #field(selected: SelectedField, place: { readonly isFirst: boolean; readonly slot: number }): FieldPlanParts {
    const { key: responseKey, nodes, parentType: type, definition: field } = selected;
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
    if (!field) throw new Uncovered(name);
    const value = this.#value(field.type, selected);
    const isLive = field.resolve !== undefined || isLiveValue(value);
    const resolve = field.resolve ? (toDirectResolver(type.name, name) ?? (field.resolve as DirectResolver)) : null;
    return {
      ...base,
      slot: isLive ? place.slot : -1,
      value,
      constant: null,
      field,
      resolve,
      args: compileArguments(field, nodes[0], this.#options.code),
    };
  }

  /** The plan of a field's value; one and the same for equal selections. */
  #value(type: GraphQLOutputType, selected: SelectedField): ValuePlan {
    const key = `${type.toString()} ${this.#selectionKey(type, selected)}`;
    let plan = this.#values.get(key);
    if (!plan) this.#values.set(key, (plan = this.#makeValue(type, selected, true)));
    return plan;
  }

  #makeValue(type: GraphQLOutputType, selected: SelectedField, nullable: boolean): ValuePlan {
    if (isNonNullType(type)) return this.#makeValue(type.ofType, selected, false);
    if (isListType(type)) {
      const item = this.#makeValue(type.ofType, selected, true);
      return { kind: 'list', nullable, item, live: isLiveValue(item) };
    }
    if (isLeafType(type)) {
      if (!LEAVES.has(type.name)) throw new Uncovered(type.name);
      return { kind: 'leaf', leaf: type.name as LeafKind, nullable };
    }
    if (isObjectType(type)) {
      if (type.name.startsWith('__')) throw new Uncovered(type.name);
      return this.object(type, selected, nullable);
    }
    if (isUnionType(type)) return this.#union(type, selected, nullable);
    throw new Uncovered(type.name);
  }

  #union(type: GraphQLUnionType, selected: SelectedField, nullable: boolean): ValuePlan {
    const resolveType = type.resolveType;
    if (!resolveType) throw new Uncovered(type.name);
    const members = new Map(type.getTypes().map((member) => [member.name, this.object(member, selected, nullable)]));
    return { kind: 'union', nullable, members, typenameOf: (value) => resolveType(value, undefined, undefined as never, type) as string };
  }

  #fieldKey(selected: SelectedField): string {
    return `${argsKey(selected.nodes[0])}${this.#selectionKey((selected.definition as GraphQLField<unknown, unknown>).type, selected)}`;
  }

  /** A text that two selections of one type share if and only if they select the same under the same keys. */
  #selectionKey(type: GraphQLOutputType, selected: SelectedField): string {
    const named = getNamedType(type);
    if (isUnionType(named))
      return `{${named
        .getTypes()
        .map((member) => `${member.name}${this.#objectKey(member, selected)}`)
        .join(' ')}}`;
    return isObjectType(named) ? this.#objectKey(named, selected) : '';
  }

  #objectKey(type: GraphQLObjectType, selected: SelectedField): string {
    const keys = selected.fieldsOf(type).map((field) => {
      const [node] = field.nodes;
      return `${field.key}:${argsKey(node)}${field.definition ? this.#selectionKey(field.definition.type, field) : ''}`;
    });
    return `{${keys.join(' ')}}`;
  }
}

/** A field's name and arguments, whatever their order. */
function argsKey(node: FieldNode): string {
  const values = (node.arguments ?? []).map((argument) => print(argument)).sort();
  return `${node.name.value}(${values.join(',')})`;
}
