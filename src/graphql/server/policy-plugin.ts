import { HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import type { GraphQLError } from 'graphql';
import type { GatewayContext } from '../context/context';
import { nextTurn } from '../../runtime/turns/turn-budget';
import { RequestedOperation } from '../analysis/requested-operation';
import { isRefused } from '../limits/apollo-limits';
import type { CallBudget } from '../limits/call-budget';
import { findRefusal, type Policy } from '../limits/policies';
import type { TokenProof } from '../limits/token-proof';
import { executeReference } from './execute-reference';
import { ApolloCall } from './apollo-call';

export interface PolicyPluginOptions {
  readonly policies: readonly Policy[];
  readonly callBudget: CallBudget;
  readonly proof: TokenProof;
}

/** Holds new operations to the policies, as the pipeline does known ones, and notes with the call which operation it is about. */
export function createPolicyPlugin({ policies, callBudget, proof }: PolicyPluginOptions): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: () => {
      /** Errors of variables beside the one that is thrown. */
      let further: readonly GraphQLError[] = [];
      return Promise.resolve({
        didResolveOperation: async ({ schema, document, operation, source, queryHash, request, contextValue }) => {
          // Apollo Server lets the execution find out that there is no operation of the name. A document that is refused has none.
          if (!operation || isRefused(document)) return;
          const { http, variables } = request;
          const requested = new RequestedOperation({ schema, document, operation, variables });
          contextValue.requested = requested;
          if (http instanceof ApolloCall) http.found = { source, hash: queryHash, requested };
          const { billing, standing, inPages } = contextValue;
          billing?.operation.admission?.expect(() => callBudget.predict(requested)?.calls ?? 0);
          const prove = (): Promise<GraphQLError | null> => proof.refusal(requested, contextValue);
          const refusal =
            (proof.isLarge(standing) ? await prove() : null) ??
            findRefusal(policies, requested, { hasToken: billing !== null, inPages }) ??
            // The first page of an export, which follows its dry run, decides on the token as well.
            (proof.isDue(requested, standing) && !contextValue.dryRun ? await prove() : null);
          if (refusal) throw refusal;
          if (requested.coerced === null) {
            const { errors = [] } = await executeReference(requested, schema, contextValue);
            further = errors.slice(1);
            throw withStatus(errors[0] as GraphQLError);
          }
          // What was read, validated and predicted so far has taken its time: the execution has a turn of its own.
          await nextTurn();
        },
        didEncounterErrors: ({ errors }) => {
          // The list is the one that Apollo Server goes on to format.
          (errors as GraphQLError[]).push(...further);
          return Promise.resolve();
        },
      });
    },
  };
}

/** An error as Apollo Server reports those that it meets itself: with a status of 400. */
function withStatus(error: GraphQLError): GraphQLError {
  error.extensions['http'] = { status: 400, headers: new HeaderMap() };
  return error;
}
