import {
  isNonNullType,
  Kind,
  typeFromAST,
  visit,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { ResultMeter } from '../context/result-meter';
import { coerceVariables, ownValue, type Variables } from '../analysis/coerce-variables';
import { fragmentsOf, OperationModel } from '../analysis/operation-model';
import { compileOperation, type IsRepeatable } from './compile-operation';
import type { ObjectPlan } from './plan';
import type { Completed, RunEnvironment } from './run-environment';
import { runPlan } from './run-plan';
import { toResult, type CompiledResult } from './writing/response';

/** Boolean variables in `@skip` and `@include`, at most: a plan is compiled for each combination that is met. */
const MAX_CONDITIONS = 6;

/** What the compiled execution leaves to its user. */
export interface PreparedOptions<C> {
  readonly isRepeatable: IsRepeatable;
  readonly onRepeat: (info: GraphQLResolveInfo, context: C) => void;
  /** Where plans are kept, for as long as it wants; shared by all operations. */
  readonly plans: PlanStore;
}

/** A plan under one setting of an operation's conditions; null where the compiled execution does not cover it. */
export interface CompiledPlan {
  readonly plan: ObjectPlan | null;
}

/** Plans by operation and conditions. */
export interface PlanStore {
  get(key: string): CompiledPlan | undefined;
  set(key: string, plan: CompiledPlan): unknown;
}

/** How many operations were made. */
let operations = 0;

/** One operation of a document that Apollo Server has parsed and validated, compiled for execution. */
export class PreparedOperation<C extends { readonly results: ResultMeter }> {
  readonly operation: OperationDefinitionNode;
  readonly document: DocumentNode;
  readonly #environment: RunEnvironment;
  readonly #options: PreparedOptions<C>;
  readonly #conditions: readonly string[];
  /** Tells this operation's plans from all others'. */
  readonly #number = ++operations;
  readonly #simple: readonly SimpleVariable[] | null;

  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, options: PreparedOptions<C>) {
    this.operation = operation;
    this.document = document;
    const fragments = fragmentsOf(document);
    this.#environment = { schema, document, operation, fragments };
    this.#options = options;
    this.#conditions = conditionsOf(operation, fragments);
    this.#simple = toSimpleVariables(schema, operation.variableDefinitions ?? []);
  }

  /** Coerces the request's variables (GraphQL specification, section 6.1.2); null where they are not of their types. */
  coerce(variables: Variables): Variables | null {
    return (this.#simple && coerceSimple(this.#simple, variables)) ?? this.#coerceByRules(variables);
  }

  #coerceByRules(variables: Variables): Variables | null {
    return coerceVariables(this.#environment.schema, this.operation, variables);
  }

  /**
   * The plan under these variables; null where the compiled execution does not cover it.
   * @param mayCompile asked where there is no plan yet: variables choose between many, and anybody can send them.
   */
  variant(variables: Variables, mayCompile: () => boolean = () => true): { readonly plan: ObjectPlan } | null {
    // Before anything is kept: each condition would double what one document can make us remember.
    if (this.#conditions.length > MAX_CONDITIONS) return null;
    const { plans } = this.#options;
    let key = String(this.#number);
    for (const name of this.#conditions) {
      const value = variables[name];
      // `null` for a variable with a default: the execution reports it.
      if (typeof value !== 'boolean') return null;
      key += value ? '+' : '-';
    }
    let variant = plans.get(key);
    if (!variant) {
      if (!mayCompile()) return null;
      plans.set(key, (variant = this.#compile(variables)));
    }
    return variant.plan && { plan: variant.plan };
  }

  #compile(variables: Variables): CompiledPlan {
    const { schema, fragments, operation } = this.#environment;
    const variableValues = Object.fromEntries(this.#conditions.map((name) => [name, variables[name] === true]));
    const model = new OperationModel({ schema, fragments, variableValues }, operation);
    return { plan: compileOperation(model, this.#options.isRepeatable) };
  }

  /**
   * Executes the operation. A field that fails costs itself, by graphql-js's rules and with its errors, in its order.
   * Rejects with Fallback where the compiled execution does not cover what it meets: then graphql-js is to execute the
   * operation, over the same context and so over the same loads.
   */
  run(plan: ObjectPlan, variables: Variables, context: C): Promise<CompiledResult> {
    const { schema, operation, fragments } = this.#environment;
    return new Promise((resolve, reject) => {
      const done = (completed: Completed): void => {
        resolve(toResult(completed, { schema, operation, fragments, variables }, context.results));
      };
      const { results } = context;
      const { onRepeat } = this.#options;
      runPlan(plan, { environment: this.#environment, variables, context, results, onRepeat }, { done, fail: reject });
    });
  }
}

/** The variables that `@skip` and `@include` name in the operation and in the fragments that it leads to. */
function conditionsOf(operation: OperationDefinitionNode, fragments: RunEnvironment['fragments']): readonly string[] {
  const names = new Set<string>();
  const spread = new Set<FragmentDefinitionNode>();
  const look = (definition: OperationDefinitionNode | FragmentDefinitionNode): void => {
    visit(definition, {
      Directive(node: DirectiveNode) {
        const value = node.arguments?.[0]?.value;
        if ((node.name.value === 'skip' || node.name.value === 'include') && value?.kind === Kind.VARIABLE) names.add(value.name.value);
      },
      FragmentSpread({ name }) {
        const fragment = fragments[name.value];
        if (fragment) spread.add(fragment);
      },
    });
  };
  look(operation);
  // Fragments that are added while the set is walked are visited too.
  for (const fragment of spread) look(fragment);
  return [...names].sort();
}

/** A variable that is coerced without graphql-js: a text or an identifier, with no default. */
interface SimpleVariable {
  readonly name: string;
  readonly required: boolean;
}

function toSimpleVariables(schema: GraphQLSchema, definitions: readonly VariableDefinitionNode[]): readonly SimpleVariable[] | null {
  const simple: SimpleVariable[] = [];
  for (const { variable, type, defaultValue } of definitions) {
    const inputType = typeFromAST(schema, type as never);
    const named = isNonNullType(inputType) ? String(inputType.ofType) : String(inputType);
    if (defaultValue || (named !== 'ID' && named !== 'String')) return null;
    simple.push({ name: variable.name.value, required: isNonNullType(inputType) });
  }
  return simple;
}

/** Null where a variable is anything but a text: graphql-js has the rules for the rest. */
function coerceSimple(definitions: readonly SimpleVariable[], variables: Variables): Variables | null {
  const coerced = Object.create(null) as Record<string, unknown>;
  for (const { name, required } of definitions) {
    const value = ownValue(variables, name);
    if (typeof value === 'string') coerced[name] = value;
    else if (value === undefined && !required) continue;
    else return null;
  }
  return coerced;
}
