import {
  isNonNullType,
  typeFromAST,
  type DocumentNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { ResultMeter } from '../context/result-meter';
import { coerceVariables, ownValue, type Conditions, type Variables } from '../analysis/variables/coerce-variables';
import { fragmentsOf, OperationModel } from '../analysis/operation-model';
import { RequestedOperation, type KnownAnalysis } from '../analysis/requested-operation';
import { compileOperation, type CompilerOptions } from './compile-operation';
import type { ObjectPlan } from './plan';
import type { Completed, RunEnvironment } from './run-environment';
import { runPlan } from './run-plan';
import { toResult, type CompiledResult } from './writing/response';

/** Boolean variables in `@skip` and `@include`, at most: a plan is compiled for each combination that is met. */
const MAX_CONDITIONS = 6;

/** Configuration of the compiled execution. */
export interface PreparedOptions<C> extends CompilerOptions {
  readonly onRepeat: (info: GraphQLResolveInfo, context: C) => void;
  /** The cache of plans, shared by all operations. */
  readonly plans: PlanStore;
}

/** A plan for one set of an operation's conditions, and the model that it was compiled from. */
export interface CompiledVariant {
  readonly plan: ObjectPlan;
  readonly model: OperationModel;
}

/** `variant`: null if the compiled execution does not support it. */
export interface CompiledPlan {
  readonly variant: CompiledVariant | null;
  /** Of the functions that were compiled for it. */
  readonly codeBytes: number;
}

/** Plans by operation and conditions. */
export interface PlanStore {
  get(key: string): CompiledPlan | undefined;
  set(key: string, plan: CompiledPlan): unknown;
}

/** How many operations were made. */
let operations = 0;

/** One operation of a document that Apollo Server has parsed and validated, compiled for execution. */
export class PreparedOperation<C extends { readonly results: ResultMeter }> implements KnownAnalysis {
  readonly operation: OperationDefinitionNode;
  readonly document: DocumentNode;
  readonly #environment: RunEnvironment;
  readonly #options: PreparedOptions<C>;
  readonly #conditionNames: readonly string[];
  /** Tells this operation's plans from all others'. */
  readonly #number = ++operations;
  readonly #simple: readonly SimpleVariable[] | null;

  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, options: PreparedOptions<C>) {
    this.operation = operation;
    this.document = document;
    this.#environment = { schema, document, operation, fragments: fragmentsOf(document) };
    this.#options = options;
    this.#conditionNames = OperationModel.of(this.#environment, {}).conditionNames;
    this.#simple = toSimpleVariables(schema, operation.variableDefinitions ?? []);
  }

  /** The operation with a request's variables, as received. */
  request(variables: Variables): RequestedOperation {
    const { schema, document, operation } = this.#environment;
    return new RequestedOperation({ schema, document, operation, variables }, this);
  }

  modelUnder(conditions: Conditions): OperationModel | null {
    const key = this.#planKey(conditions);
    return (key !== null && this.#options.plans.get(key)?.variant?.model) || null;
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
  variant(variables: Variables, mayCompile: () => boolean = () => true): CompiledVariant | null {
    const key = this.#planKey(variables);
    if (key === null) return null;
    const { plans } = this.#options;
    let compiled = plans.get(key);
    if (!compiled) {
      if (!mayCompile()) return null;
      plans.set(key, (compiled = this.#compile(variables)));
    }
    return compiled.variant;
  }

  /** The key of the plan for these variables; null if there can be none. */
  #planKey(variables: Variables): string | null {
    // Checked before anything is cached: each condition would double the number of plans that one document can occupy.
    if (this.#conditionNames.length > MAX_CONDITIONS) return null;
    let key = String(this.#number);
    for (const name of this.#conditionNames) {
      const value = variables[name];
      // `null` for a variable with a default: the execution reports it.
      if (typeof value !== 'boolean') return null;
      key += value ? '+' : '-';
    }
    return key;
  }

  #compile(variables: Variables): CompiledPlan {
    const conditions = Object.fromEntries(this.#conditionNames.map((name) => [name, variables[name] === true]));
    const model = OperationModel.of(this.#environment, conditions);
    const { code } = this.#options;
    const before = code.compiledBytes;
    const plan = compileOperation(model, this.#options);
    return { variant: plan && { plan, model }, codeBytes: code.compiledBytes - before };
  }

  /**
   * Executes the operation. A field that fails costs itself, by graphql-js's rules and with its errors, in its order.
   * Rejects with Fallback where the compiled execution does not cover what it meets: then graphql-js is to execute the
   * operation, over the same context and so over the same loads.
   */
  run({ plan, model }: CompiledVariant, variables: Variables, context: C): Promise<CompiledResult> {
    return new Promise((resolve, reject) => {
      const done = (completed: Completed): void => {
        resolve(toResult(completed, model, context.results));
      };
      const { results } = context;
      const { onRepeat } = this.#options;
      runPlan(plan, { environment: this.#environment, variables, context, results, onRepeat }, { done, fail: reject });
    });
  }
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
