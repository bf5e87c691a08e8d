import type { ApolloServerOptionsWithSchema, ApolloServerPlugin } from '@apollo/server';
import type { GatewayContext } from '../context/context';
import type { CallBudget } from './call-budget';
import { documentLimitsRule, type DocumentLimits } from './document-limits';
import { PERSISTED_QUERY_TTL_SECONDS, type DocumentStores } from './document-stores';

/** Limits of the GraphQL server. */
export interface GraphqlLimits extends DocumentLimits {
  /** Tokens of one document. */
  readonly maxTokens: number;
  readonly callBudget: CallBudget;
  readonly stores: DocumentStores;
}

/** Validation errors after which a document is not looked at any further. */
const MAX_VALIDATION_ERRORS = 20;

/** The limits as Apollo Server's options. */
export function toApolloLimits(limits: GraphqlLimits) {
  return {
    parseOptions: { maxLexicalTokens: limits.maxTokens },
    validationRules: [documentLimitsRule(limits)],
    validationOptions: { maxErrors: MAX_VALIDATION_ERRORS },
    executionOptions: { maxCoercionErrors: MAX_VALIDATION_ERRORS },
    documentStore: limits.stores.documents,
    persistedQueries: { cache: limits.stores.persistedQueries, ttl: PERSISTED_QUERY_TTL_SECONDS },
  } satisfies Partial<ApolloServerOptionsWithSchema<GatewayContext>>;
}

/** Refuses operations that would make more calls than they may, before the first call. */
export function callBudgetPlugin(callBudget: CallBudget): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didResolveOperation: ({ schema, document, operation, request, contextValue }) => {
          // Without a caller there are no calls.
          if (!contextValue.billing || !operation) return Promise.resolve();
          const refusal = callBudget.refusal(
            { schema, document, operation, variables: request.variables },
            contextValue.billing.operation.callBudget,
          );
          return refusal ? Promise.reject(refusal) : Promise.resolve();
        },
      }),
  };
}
