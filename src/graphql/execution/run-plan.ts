import type { DocumentNode, FragmentDefinitionNode, GraphQLResolveInfo, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { Bail } from './fallback';
import type { FieldPlan, ListPlan, ObjectPlan, UnionPlan, ValuePlan } from './plan';
import { LiveObject } from './write';

/** What an execution is about, the same for all requests with one document. */
export interface RunEnvironment {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
}

/** One execution: what it is about, and whose it is. */
export interface Execution<C> {
  readonly environment: RunEnvironment;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: C;
  /** Told of each field that is not executed because an earlier alias asked for the same. */
  readonly onRepeat: (info: GraphQLResolveInfo, context: C) => void;
}

/**
 * Resolves what a plan has resolvers for. Only success goes through: whatever else is met rejects the promise, for
 * graphql-js to execute the operation by its rules. One promise for the operation and one reaction a field: nothing
 * waits for its siblings.
 */
export function runPlan<C>(plan: ObjectPlan, execution: Execution<C>): Promise<LiveObject> {
  return new Promise((resolve, reject) => {
    const root = new LiveObject(plan, {});
    new Run(execution as Execution<unknown>, reject, () => resolve(root)).start(root);
  });
}

class Run {
  readonly #execution: Execution<unknown>;
  readonly #fail: (error: unknown) => void;
  readonly #done: () => void;
  #pending = 1;

  constructor(execution: Execution<unknown>, fail: (error: unknown) => void, done: () => void) {
    this.#execution = execution;
    this.#fail = fail;
    this.#done = done;
  }

  start(root: LiveObject): void {
    try {
      this.#resolveFields(root);
      this.#settle();
    } catch (error) {
      this.#fail(error);
    }
  }

  #settle(): void {
    if (--this.#pending === 0) this.#done();
  }

  #resolveFields(object: LiveObject): void {
    const { plan, source, results } = object;
    const { variables, context, onRepeat } = this.#execution;
    for (const field of plan.liveFields) {
      const { resolve } = field;
      // A property that holds objects with resolvers is live without having one of its own.
      if (!resolve) {
        this.#complete(field.value, source[field.name], results, field.slot);
        continue;
      }
      const value: unknown = resolve(source, field.args(variables), context, this.#info(field));
      if (isPromise(value)) this.#await(field.value, value, results, field.slot);
      else this.#complete(field.value, value, results, field.slot);
    }
    if (plan.fields.length !== plan.liveFields.length) {
      for (const field of plan.fields) if (field.repeats) onRepeat(this.#info(field), context);
    }
  }

  #await(plan: ValuePlan, promise: PromiseLike<unknown>, results: unknown[], slot: number): void {
    this.#pending++;
    promise.then((value) => {
      try {
        this.#complete(plan, value, results, slot);
        this.#settle();
      } catch (error) {
        this.#fail(error);
      }
    }, this.#fail);
  }

  #complete(plan: ValuePlan, value: unknown, results: unknown[], slot: number): void {
    if (value === null || value === undefined) {
      if (!plan.nullable) throw new Bail('null where none may be');
      results[slot] = null;
      return;
    }
    switch (plan.kind) {
      case 'leaf':
        results[slot] = value;
        return;
      case 'object':
        this.#completeObject(plan, value, results, slot);
        return;
      case 'union':
        this.#completeObject(toMember(plan, value), value, results, slot);
        return;
      case 'list':
        this.#completeList(plan, value, results, slot);
    }
  }

  #completeObject(plan: ObjectPlan, value: unknown, results: unknown[], slot: number): void {
    if (typeof value !== 'object' || value === null) throw new Bail('not an object');
    if (plan.writePlain) {
      results[slot] = value;
      return;
    }
    const object = new LiveObject(plan, value as Readonly<Record<string, unknown>>);
    results[slot] = object;
    this.#resolveFields(object);
  }

  #completeList(plan: ListPlan, value: unknown, results: unknown[], slot: number): void {
    if (!Array.isArray(value)) throw new Bail('not a list');
    const { item } = plan;
    const list = value as readonly unknown[];
    if (!plan.live && !list.some(isPromise)) {
      results[slot] = list;
      return;
    }
    const items = new Array<unknown>(list.length);
    results[slot] = items;
    for (let i = 0; i < list.length; i++) {
      const each = list[i];
      if (isPromise(each)) this.#await(item, each, items, i);
      else this.#complete(item, each, items, i);
    }
  }

  #info(field: FieldPlan): GraphQLResolveInfo {
    const { schema, operation, fragments } = this.#execution.environment;
    return {
      fieldName: field.name,
      fieldNodes: field.nodes,
      returnType: (field.field as NonNullable<FieldPlan['field']>).type,
      parentType: field.parentType,
      // An error's path is graphql-js's affair: with an error, it executes the operation.
      path: { prev: undefined, key: field.responseKey, typename: field.parentType.name },
      schema,
      fragments: fragments,
      rootValue: undefined,
      operation,
      variableValues: this.#execution.variables,
    };
  }
}

function toMember(plan: UnionPlan, value: unknown): ObjectPlan {
  const member = plan.members.get(plan.typenameOf(value));
  if (!member) throw new Bail('not a member of its union');
  return member;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
