import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
  ApolloServerPluginSchemaReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloServerPluginInlineTrace } from '@apollo/server/plugin/inlineTrace';
import { Kind, type DocumentNode, type FragmentDefinitionNode, type GraphQLSchema } from 'graphql';
import type { Log } from '../../telemetry/logs/log';
import { missingToken, type GatewayContext } from '../context/context';
import { createErrorFormatter, toMissingTokenError, type ReportInternalError } from '../context/errors';
import { inexactVariablesError } from '../analysis/exact-variables';
import type { PreparedOperations } from '../execution/compiled-operations';
import { conditionValues, needsToken } from '../analysis/needs-token';
import { operationEndPlugin } from '../context/operation-end';
import type { Caller } from '../../billing/model/caller';
import { answerPlugin } from './response-plugin';
import type { Pseudonym } from './billing-trace';
import { DocumentGate } from '../limits/document-gate';
import { callBudgetPlugin, resultLimitPlugin, createGatePlugin, toApolloLimits, type GraphqlLimits } from '../limits/apollo-limits';

/** Settings of the GraphQL server. */
export interface GraphqlServerOptions {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  readonly limits: GraphqlLimits;
  readonly reportInternalError: ReportInternalError;
  /** Where operations that were validated are noted, for the prepared lane. */
  readonly operations: PreparedOperations;
  /** Where Apollo Server's own lines go; it would print them past the log. */
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;
  /** Names customers and contracts in traces; see pseudonyms.ts. */
  readonly pseudonyms: (caller: Caller) => Pseudonym;
  /** Further plugins, run after the gateway's own. */
  readonly plugins?: readonly ApolloServerPlugin<GatewayContext>[];
}

/** Makes the GraphQL server. It has no HTTP server of its own: the room `http` carries requests to it. */
export function createGraphqlServer(options: GraphqlServerOptions): ApolloServer<GatewayContext> {
  const { schema, introspection, limits } = options;
  const gate = createGatePlugin(new DocumentGate({ ...limits, schema, introspection }));
  return new ApolloServer<GatewayContext>({
    schema: options.schema,
    introspection: options.introspection,
    includeStacktraceInErrorResponses: false,
    logger: options.log,
    allowBatchedHttpRequests: false,
    // A browser sends `authorization` across origins only after a preflight, so a GET with a token needs no other proof.
    csrfPrevention: { requestHeaders: ['x-apollo-operation-name', 'apollo-require-preflight', 'authorization'] },
    formatError: createErrorFormatter(options.reportInternalError),
    ...toApolloLimits(options.limits),
    documentStore: gate.documentStore,
    // The process's signals are main.ts's.
    stopOnTerminationSignals: false,
    plugins: [
      // Apollo's own plugin hooks every field to compute what the loads know already; see cache-policy.ts.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      // For routers that ask with `apollo-federation-include-trace: ftv1`. Named here so that Apollo does not announce
      // it past our log; a trace tells of errors where they were, and not what they said.
      ApolloServerPluginInlineTrace({ includeErrors: { masked: true } }),
      ...(options.plugins?.length ? [] : [ApolloServerPluginLandingPageDisabled()]),
      gate.plugin,
      tokenPlugin,
      exactVariablesPlugin,
      resultLimitPlugin,
      callBudgetPlugin(options.limits.callBudget),
      learnPlugin(options.operations),
      answerPlugin(options.limits.callBudget, options.pseudonyms),
      operationEndPlugin,
      ...(options.plugins ?? []),
    ],
  });
}

/** Refuses operations that need data and carry no token, before anything is executed. */
const tokenPlugin: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ operation, document, request, contextValue }) => {
        if (contextValue.billing || !operation) return Promise.resolve();
        if (needsToken(operation, fragmentsOf(document), conditionValues(operation, request.variables)))
          return Promise.reject(toMissingTokenError(missingToken()));
        return Promise.resolve();
      },
    }),
};

/** Refuses variables whose digits were lost on the way, before anything is executed. */
const exactVariablesPlugin: ApolloServerPlugin<GatewayContext> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ request, operation }) => {
        const error = inexactVariablesError(request.variables, operation);
        return error ? Promise.reject(error) : Promise.resolve();
      },
    }),
};
/** Notes operations that are about to be executed: whatever refuses one comes before. */
function learnPlugin(operations: PreparedOperations): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        executionDidStart: ({ source, request, document, operation }) => {
          // Only what was sent as text: a hash is Apollo Server's to look up. Contrary to its type, `operation` may be
          // missing: Apollo Server lets the execution find out that there is none of that name.
          if (request.query !== undefined && (operation as typeof operation | undefined))
            operations.learn(source, request.operationName, document, operation);
          return Promise.resolve();
        },
      }),
  };
}

function fragmentsOf(document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );
}
