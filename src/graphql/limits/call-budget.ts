import { HeaderMap } from '@apollo/server';
import { GraphQLError, type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { coerceVariables, type Variables } from '../analysis/coerce-variables';
import { boundCalls, isWithinBound, type CallBound } from '../analysis/call-bound';
import { fragmentsOf, OperationModel } from '../analysis/operation-model';
import { predictCalls, type CallPrediction, type PredictionLimits } from '../analysis/predict-calls';

/** An operation about to be executed: validated, its variables as they came. */
export interface RequestedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Holds operations to the number of calls that one may make, before the first call. Whether answers are remembered
 * does not matter: an operation that is too large is so each time, not only when the cache is cold.
 */
export class CallBudget {
  readonly #limits: PredictionLimits;
  /** Bounds by operation: what is known whatever the variables are. */
  readonly #bounds = new WeakMap<OperationDefinitionNode, CallBound | null>();

  constructor(limits: PredictionLimits) {
    this.#limits = limits;
  }

  /** How many calls the operation would make; null where its variables are not of their types, so that it makes none. */
  predict(requested: RequestedOperation): CallPrediction | null {
    const coerced = coerceVariables(requested.schema, requested.operation, requested.variables);
    return coerced ? predictCalls(toModel(requested, coerced), this.#limits) : null;
  }

  /** The error of an operation that would make more than `budget` calls; null for all others. Takes no time for ordinary ones. */
  refusal(requested: RequestedOperation, budget: number): GraphQLError | null {
    const bound = this.#boundOf(requested);
    if (bound && isWithinBound(bound, requested.operation, requested.variables, budget)) return null;
    const prediction = this.predict(requested);
    return prediction && prediction.calls > budget ? toBudgetError(prediction, budget) : null;
  }

  #boundOf(requested: RequestedOperation): CallBound | null {
    let bound = this.#bounds.get(requested.operation);
    if (bound === undefined) {
      bound = boundCalls(toModel(requested, {}), this.#limits);
      this.#bounds.set(requested.operation, bound);
    }
    return bound;
  }
}

function toModel({ schema, document, operation }: RequestedOperation, variableValues: Variables): OperationModel {
  return new OperationModel({ schema, fragments: fragmentsOf(document), variableValues }, operation);
}

/** A request error: no `data`, so a status of 400 (GraphQL over HTTP), and not one that clients repeat by themselves. */
function toBudgetError({ calls, atLeast }: CallPrediction, budget: number): GraphQLError {
  const count = `${atLeast ? 'at least ' : ''}${calls}`;
  return new GraphQLError(
    `The operation would make ${count} calls to the billing API; ${budget} are allowed. Ask for fewer ` +
      `contracts or entities, or for smaller and adjoining pages of invoices: split the operation into ` +
      `several. (The gateway's operator sets the limit: UPSTREAM_CALL_BUDGET, or a smaller CALLS_PER_MINUTE.)`,
    { extensions: { code: 'UPSTREAM_BUDGET_EXCEEDED', calls, callBudget: budget, http: { status: 400, headers: new HeaderMap() } } },
  );
}
