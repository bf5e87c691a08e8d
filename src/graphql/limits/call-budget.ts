import { HeaderMap } from '@apollo/server';
import { GraphQLError, type OperationDefinitionNode } from 'graphql';
import { boundCalls, toMostCalls, type CallBound } from '../analysis/call-bound';
import { predictCalls, type CallPrediction, type PredictionLimits } from '../analysis/predict-calls';
import type { RequestedOperation } from '../analysis/requested-operation';

/**
 * Holds operations to the number of calls that one may make, before the first call. Whether answers are remembered
 * does not matter: an operation that is too large is so each time, not only when the cache is cold.
 */
export class CallBudget {
  readonly #limits: PredictionLimits;
  /** Bounds by operation: what is known whatever the variables are. */
  readonly #bounds = new WeakMap<OperationDefinitionNode, CallBound | null>();
  readonly #predictions = new WeakMap<RequestedOperation, CallPrediction | null>();

  constructor(limits: PredictionLimits) {
    this.#limits = limits;
  }

  /** How many calls the operation would make; null where its variables are not of their types, so that it makes none. */
  predict(requested: RequestedOperation): CallPrediction | null {
    let prediction = this.#predictions.get(requested);
    if (prediction === undefined) {
      const { coerced } = requested;
      prediction = coerced && predictCalls(requested.model, coerced, this.#limits);
      this.#predictions.set(requested, prediction);
    }
    return prediction;
  }

  /** The error of an operation that would make more than `budget` calls; null for all others. Takes no time for ordinary ones. */
  refusal(requested: RequestedOperation, budget: number): GraphQLError | null {
    const bound = this.#boundOf(requested);
    if (bound) requested.mostCalls = toMostCalls(bound, requested.operation, requested.variables);
    if (requested.mostCalls <= budget) return null;
    const prediction = this.predict(requested);
    return prediction && prediction.calls > budget ? toBudgetError(prediction, budget) : null;
  }

  #boundOf(requested: RequestedOperation): CallBound | null {
    let bound = this.#bounds.get(requested.operation);
    if (bound === undefined) this.#bounds.set(requested.operation, (bound = boundCalls(requested.whole, this.#limits)));
    return bound;
  }
}

/** A request error: no `data`, so a status of 400 (GraphQL over HTTP), and not one that clients repeat by themselves. */
export function toBudgetError({ calls, atLeast }: CallPrediction, budget: number): GraphQLError {
  const count = `${atLeast ? 'at least ' : ''}${calls}`;
  return new GraphQLError(
    `The operation would make ${count} calls to the billing API; ${budget} are allowed. Ask for fewer ` +
      `contracts or entities, or for smaller and adjoining pages of invoices: split the operation into ` +
      `several. (The gateway's operator sets the limit: UPSTREAM_CALL_BUDGET, or a smaller CALLS_PER_MINUTE.)`,
    { extensions: { code: 'UPSTREAM_BUDGET_EXCEEDED', calls, callBudget: budget, http: { status: 400, headers: new HeaderMap() } } },
  );
}
