import { HeaderMap } from '@apollo/server';
import {
  GraphQLError,
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { coerceVariables } from '../analysis/coerce-variables';
import { boundCalls, isWithinBound, type CallBound } from '../analysis/call-bound';
import { predictCalls, type CallPrediction, type OperationShape, type PredictionLimits } from '../analysis/predict-calls';

/** An operation about to be executed: validated, its variables as they came. */
export interface RequestedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

/** What is known of an operation whatever its variables are. */
interface KnownOperation {
  readonly shape: OperationShape;
  readonly bound: CallBound | null;
}

/**
 * Holds operations to the number of calls that one may make, before the first call. Whether answers are remembered
 * does not matter: an operation that is too large is so each time, not only when the cache is cold.
 */
export class CallBudget {
  readonly #limits: PredictionLimits;
  readonly #known = new WeakMap<OperationDefinitionNode, KnownOperation>();

  constructor(limits: PredictionLimits) {
    this.#limits = limits;
  }

  /** How many calls the operation would make; null where its variables are not of their types, so that it makes none. */
  predict(requested: RequestedOperation): CallPrediction | null {
    const coerced = coerceVariables(requested.schema, requested.operation, requested.variables);
    return coerced ? predictCalls(this.#knownOf(requested).shape, coerced, this.#limits) : null;
  }

  /** The error of an operation that would make more than `budget` calls; null for all others. Takes no time for ordinary ones. */
  refusal(requested: RequestedOperation, budget: number): GraphQLError | null {
    const known = this.#knownOf(requested);
    if (known.bound && isWithinBound(known.bound, known.shape, requested.variables, budget)) return null;
    const prediction = this.predict(requested);
    return prediction && prediction.calls > budget ? toBudgetError(prediction, budget) : null;
  }

  #knownOf({ document, operation }: RequestedOperation): KnownOperation {
    let known = this.#known.get(operation);
    if (!known) {
      const shape: OperationShape = { operation, fragments: fragmentsOf(document) };
      this.#known.set(operation, (known = { shape, bound: boundCalls(shape, this.#limits) }));
    }
    return known;
  }
}

/** A request error: no `data`, so a status of 400 (GraphQL over HTTP), and not one that clients repeat by themselves. */
function toBudgetError({ calls, atLeast }: CallPrediction, budget: number): GraphQLError {
  const count = `${atLeast ? 'at least ' : ''}${calls}`;
  return new GraphQLError(
    `The operation would make ${count} calls to the billing API; ${budget} are allowed. Ask for fewer contracts or entities, or for smaller and adjoining pages of invoices: split the operation into several. (The gateway's operator sets the limit: UPSTREAM_CALL_BUDGET.)`,
    { extensions: { code: 'UPSTREAM_BUDGET_EXCEEDED', calls, callBudget: budget, http: { status: 400, headers: new HeaderMap() } } },
  );
}

function fragmentsOf(document: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments = Object.create(null) as Record<string, FragmentDefinitionNode>;
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  return fragments;
}
