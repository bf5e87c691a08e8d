import type { ApolloServerPlugin } from '@apollo/server';
import type { GatewayContext } from '../context/context';
import { nextTurn } from '../../runtime/turn-budget';
import { RequestedOperation } from '../analysis/requested-operation';
import type { CallBudget } from '../limits/call-budget';
import { findRefusal, type Policy } from '../limits/policies';
import { ApolloCall } from './apollo-call';

/** Holds new operations to the policies, as the pipeline does known ones, and notes with the call which operation it is about. */
export function createPolicyPlugin(policies: readonly Policy[], callBudget: CallBudget): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didResolveOperation: ({ schema, document, operation, source, request, contextValue }) => {
          // Apollo Server lets the execution find out that there is no operation of the name.
          if (!operation) return Promise.resolve();
          const { http, variables } = request;
          const requested = new RequestedOperation({ schema, document, operation, variables });
          contextValue.requested = requested;
          if (http instanceof ApolloCall) http.found = { source, requested };
          const refusal = findRefusal(policies, requested, contextValue.billing !== null);
          contextValue.billing?.operation.admission?.expect(() => callBudget.predict(requested)?.calls ?? 0);
          // What was read, validated and predicted so far has taken its time: the execution has a turn of its own.
          return refusal ? Promise.reject(refusal) : nextTurn();
        },
        didEncounterErrors: ({ request, operation }) => {
          // The placeholder for a refused document is not an operation; see apollo-limits.ts.
          if (!operation && request.http instanceof ApolloCall) request.http.found = null;
          return Promise.resolve();
        },
      }),
  };
}
