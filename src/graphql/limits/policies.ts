import { HeaderMap } from '@apollo/server';
import { GraphQLError, type OperationDefinitionNode } from 'graphql';
import { inexactVariablesError } from '../analysis/variables/exact-variables';
import type { RequestedOperation } from '../analysis/requested-operation';
import { missingToken } from '../context/context';
import { toMissingTokenError } from '../context/errors';
import type { CallBudget } from './call-budget';

/** How an operation is to be executed. */
export interface Execution {
  /** Whether the request has a bearer token. */
  readonly hasToken: boolean;
  /** Whether it is executed page by page, each page an operation of its own (an export). */
  readonly inPages: boolean;
}

/** Returns the error that prevents an operation's execution; null if it may be executed. These request errors set the HTTP status. */
export type Policy = (requested: RequestedOperation, execution: Execution) => GraphQLError | null;

/**
 * What each operation is held to before it is executed, in this order. The pipeline applies the list to operations that
 * it knows, and Apollo Server to new ones: a policy of this list refuses the first request and the thousandth. Which
 * documents may run at all is decided before, see document-gate.ts; what an operation returns is counted while it is
 * executed, see result-meter.ts.
 * @param maxCalls upstream calls that one operation may make.
 */
export function createPolicies(callBudget: CallBudget, maxCalls: number): readonly Policy[] {
  return [
    ({ operation }) => queriesOnly(operation),
    tokenRequired,
    ({ variables, operation }) => inexactVariablesError(variables, operation),
    // Without a caller there are no calls, and each page is held to the budget for itself.
    (requested, { hasToken, inPages }) => (hasToken && !inPages ? callBudget.refusal(requested, maxCalls) : null),
  ];
}

/** The first refusal of the list; null where there is none. */
export function findRefusal(policies: readonly Policy[], requested: RequestedOperation, execution: Execution): GraphQLError | null {
  for (const policy of policies) {
    const refusal = policy(requested, execution);
    if (refusal) return refusal;
  }
  return null;
}

/** Refuses operations of types that the schema does not have; validation has no rule for that. */
export function queriesOnly(operation: OperationDefinitionNode): GraphQLError | null {
  if ((operation.operation as string) === 'query') return null;
  return new GraphQLError(`The schema has queries only, and no ${operation.operation}: the billing API is read, not written.`, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400, headers: new HeaderMap() } },
  });
}

/** Refuses operations that need data but have no token, before anything is executed. */
function tokenRequired(requested: RequestedOperation, { hasToken }: Execution): GraphQLError | null {
  return hasToken || !requested.model.needsToken ? null : toMissingTokenError(missingToken());
}
