import { Billing } from '../../src/billing/billing';
import type { AcceptedTokens } from '../../src/billing/ports/accepted-tokens';
import { ByteBudget } from '../../src/runtime/byte-budget';
import { createGraphqlServer } from '../../src/graphql/server/apollo-server';
import { PreparedOperations } from '../../src/graphql/execution/compiled-operations';
import { createErrorFormatter } from '../../src/graphql/context/errors';
import { CallBudget } from '../../src/graphql/limits/call-budget';
import { createDocumentStores, type DocumentStores } from '../../src/graphql/limits/document-stores';
import { TokenProof } from '../../src/graphql/limits/token-proof';
import { createPolicies } from '../../src/graphql/limits/policies';
import { createPseudonyms } from '../../src/graphql/server/pseudonyms';
import { buildServedSchema } from '../../src/graphql/schema/subgraph';
import type { ConnectionTimeouts } from '../../src/http/connection/connection-limits';
import { ExportSlots } from '../../src/http/pipeline/export/export-slots';
import { createHttpServer } from '../../src/http/server';
import { createLog } from '../../src/telemetry/logs/log';

/** The gateway's servers without a billing API behind them, so that what they keep can be looked at. */
export interface BareServer {
  readonly port: number;
  readonly operations: PreparedOperations;
  close(): Promise<void>;
}

/** Starts the servers, with bounds and timeouts that a test can reach. */
export async function startBareServer(options: {
  readonly stores?: DocumentStores;
  readonly maxPreparedBytes?: number;
  readonly timeouts?: ConnectionTimeouts;
  /** Default: every token is one. */
  readonly acceptedTokens?: AcceptedTokens;
}): Promise<BareServer> {
  const schema = buildServedSchema();
  const operations = new PreparedOperations(schema, { maxOperations: 1000, maxBytes: options.maxPreparedBytes ?? 1_000_000 });
  const paging = { mode: 'offset', maxQuantity: 100 } as const;
  const pageLimits = { maxPageSize: 100 };
  const callBudget = new CallBudget({ paging, pageLimits });
  const stores = options.stores ?? createDocumentStores();
  const proof = new TokenProof({ maxCalls: 1, limits: { paging, pageLimits } });
  const policing = { policies: createPolicies(callBudget, 1), callBudget, proof };
  const formatError = createErrorFormatter(() => undefined);
  const apollo = createGraphqlServer({
    schema,
    introspection: true,
    limits: { maxDepth: 12, maxAliases: 100, maxTokens: 5000, stores, trustedDocuments: null },
    ...policing,
    formatError,
    log: createLog('silent'),
  });
  await apollo.start();
  const http = await createHttpServer({
    host: '127.0.0.1',
    port: 0,
    listenBacklog: 511,
    probePort: null,
    maxConcurrentRequests: 1000,
    writeTimeoutMs: 20_000,
    maxUnsentBytes: 1e8,
    forwardHeaders: [],
    pipeline: {
      apollo,
      operations,
      referenceSchema: schema,
      ...policing,
      formatError,
      extensions: { callBudget, pseudonyms: createPseudonyms(null) },
      contexts: {
        createBilling: (operation) =>
          new Billing({ read: () => Promise.reject(new Error('nobody asks for bills here')) }, operation, paging),
        pageLimits,
        memory: new ByteBudget({ maxBytes: Infinity, maxHolderBytes: Infinity }),
        callBudget: 1,
        resultLimits: { maxResults: Infinity, maxAnswerBytes: Infinity },
        deadlineMs: 1000,
        alwaysTraced: false,
      },
      observer: { operationEnded: () => undefined },
      responses: null,
      isCompressed: true,
      stores,
      trustedDocuments: null,
      acceptedTokens: options.acceptedTokens ?? { has: () => true },
      maxRequestBytes: 100_000,
      exportSlots: new ExportSlots(1, { has: () => true }),
      exportPageSize: 100,
    },
    serverObserver: { requestShed: () => undefined, connectionCut: () => undefined },
    isUpstreamReady: () => true,
    corsOrigins: [],
    explorer: null,
    allowPrivateNetwork: false,
    ...(options.timeouts ? { timeouts: options.timeouts } : {}),
  });
  return {
    port: Number(new URL(http.url).port),
    operations,
    close: async () => {
      await http.close();
      await apollo.stop();
    },
  };
}
