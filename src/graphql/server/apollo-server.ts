import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
  ApolloServerPluginSchemaReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloServerPluginInlineTrace } from '@apollo/server/plugin/inlineTrace';
import type { GraphQLSchema } from 'graphql';
import type { Log } from '../../telemetry/logs/log';
import type { GatewayContext } from '../context/context';
import type { FormatError } from '../context/format-errors';
import { DocumentGate } from '../limits/document-gate';
import { createGatePlugin, toApolloLimits, type GraphqlLimits } from '../limits/apollo-limits';
import type { CallBudget } from '../limits/call-budget';
import type { Policy } from '../limits/policies';
import type { TokenProof } from '../limits/token-proof';
import { createPolicyPlugin } from './policy-plugin';

/** Settings of the GraphQL server. */
export interface GraphqlServerOptions {
  readonly schema: GraphQLSchema;
  readonly introspection: boolean;
  readonly limits: GraphqlLimits;
  /** What operations are held to before they are executed. */
  readonly policies: readonly Policy[];
  readonly callBudget: CallBudget;
  readonly proof: TokenProof;
  readonly formatError: FormatError;
  /** Where Apollo Server's own lines go; it would print them past the log. */
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;
  /** Further plugins, run after the gateway's own. */
  readonly plugins?: readonly ApolloServerPlugin<GatewayContext>[];
}

/** A browser sends these across origins only after a preflight, so that a GET with one of them needs no other proof. */
export const PREFLIGHTED_HEADERS = ['x-apollo-operation-name', 'apollo-require-preflight', 'authorization'] as const;

/**
 * Makes the GraphQL server: it parses and validates documents that are new, words the refusals of requests that are not
 * well formed, and serves the explorer's page. It has no HTTP server of its own: the pipeline in the room `http` asks it.
 */
export function createGraphqlServer(options: GraphqlServerOptions): ApolloServer<GatewayContext> {
  const { schema, introspection, limits } = options;
  const gate = createGatePlugin(new DocumentGate({ ...limits, schema, introspection }), options.proof);
  return new ApolloServer<GatewayContext>({
    schema: options.schema,
    introspection: options.introspection,
    includeStacktraceInErrorResponses: false,
    logger: options.log,
    allowBatchedHttpRequests: false,
    csrfPrevention: { requestHeaders: [...PREFLIGHTED_HEADERS] },
    formatError: options.formatError,
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
      createPolicyPlugin(options),
      ...(options.plugins ?? []),
    ],
  });
}
