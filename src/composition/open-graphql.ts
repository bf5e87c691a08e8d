import type { BillingApi } from '../billing-api/billing-api';
import type { Paging } from '../billing/paging/window-plan';
import type { Config } from '../config/config';
import { createErrorFormatter } from '../graphql/context/errors';
import { PreparedOperations } from '../graphql/execution/compiled-operations';
import { CallBudget } from '../graphql/limits/call-budget';
import { createDocumentStores } from '../graphql/limits/document-stores';
import { createPolicies } from '../graphql/limits/policies';
import { TokenProof } from '../graphql/limits/token-proof';
import { buildServedSchema } from '../graphql/schema/subgraph';
import { createGraphqlServer } from '../graphql/server/apollo-server';
import { countFailures } from '../graphql/server/count-failures';
import { createPseudonyms } from '../graphql/server/pseudonyms';
import { createExplorer } from '../http/explorer/create-explorer';
import type { Explorer } from '../http/explorer/explorer';
import { toPushLimits } from '../upstream/bills/bills-path';
import type { Dialect } from '../upstream/bills/dialect';
import type { Foundation } from './foundation';

/** What executes GraphQL operations. */
export type Graphql = Awaited<ReturnType<typeof openGraphql>>;

/** What the schema, the limits and the explorer need to know of the billing API. */
export interface BillingApiFacts {
  readonly paging: Paging;
  readonly dialect: Dialect;
  /** The embedded billing API, where there is one. */
  readonly billingApi: BillingApi | null;
}

/** Builds the schema, its limits and its explorer, and starts Apollo Server. */
export async function openGraphql({ config, log, opened }: Foundation, { paging, dialect, billingApi }: BillingApiFacts) {
  const { trustedDocuments, introspection } = config;
  const schema = countFailures(buildServedSchema());
  const pageLimits = { maxPageSize: config.maxPageSize, ...toPushLimits(dialect.request) };
  const callBudget = new CallBudget({ paging, pageLimits, maxLists: Math.max(2000, 10 * config.upstreamCallBudget) });
  // An operation that needs more than a full bucket could never be executed: it is refused for good, and not for a time.
  const maxCalls = Math.min(config.upstreamCallBudget, config.callsPerMinute || Infinity);
  const explorer = openExplorer(config, billingApi, introspection ? schema : null);
  const stores = createDocumentStores();
  const proof = new TokenProof({ maxCalls, limits: { paging, pageLimits } });
  const policing = { policies: createPolicies(callBudget, maxCalls), callBudget, proof };
  const formatError = createErrorFormatter((errorId, error) => log.error({ errorId, err: error }, 'internal error'));
  const apollo = createGraphqlServer({
    schema,
    introspection,
    limits: { maxTokens: config.maxTokens, maxDepth: config.maxDepth, maxAliases: config.maxAliases, stores, trustedDocuments },
    ...policing,
    formatError,
    log,
    plugins: explorer?.plugins ?? [],
  });
  await apollo.start();
  opened.add(() => apollo.stop());
  return {
    /** What the pipeline of requests needs. */
    pipeline: {
      apollo,
      // A schema of its own: the first traced request (ftv1) makes Apollo Server wrap every field of its schema for good,
      // and operations compiled afterwards would find no plain fields.
      operations: new PreparedOperations(buildServedSchema()),
      referenceSchema: schema,
      ...policing,
      formatError,
      extensions: { callBudget, pseudonyms: createPseudonyms(config.cacheSecret) },
      stores,
      trustedDocuments,
    },
    explorer,
    pageLimits,
    /** Upstream calls of one operation, at most. */
    maxCalls,
  };
}

function openExplorer(config: Config, billingApi: BillingApi | null, schema: ReturnType<typeof buildServedSchema> | null): Explorer | null {
  if (config.explorer === 'none') return null;
  return createExplorer({
    kind: config.explorer,
    example: billingApi?.firstExample,
    faults: billingApi?.faults ?? [],
    issueToken: billingApi && (() => billingApi.issueToken()),
    schema,
    trustedOnly: config.trustedDocuments !== null,
  });
}
