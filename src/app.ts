import type { BillingApi } from './billing-api/billing-api';
import { Billing } from './billing/billing';
import { formOf } from './billing/model/paged-list';
import { PagingEvidence } from './billing/paging/paging-evidence';
import { toPaging } from './billing/paging/window-plan';
import { CallerCaches } from './billing/ports/caller-caches';
import { createBillsCache } from './cache/bills-cache';
import { openCallLimiter } from './cache/rate-limit/call-limiter';
import { toLimitedSource } from './cache/rate-limit/limited-source';
import type { Config } from './config/config';
import { closeAudit, openAudit } from './audit';
import { createGraphqlServer } from './graphql/server/apollo-server';
import { PreparedOperations } from './graphql/execution/compiled-operations';
import { createErrorFormatter } from './graphql/context/errors';
import { CallBudget } from './graphql/limits/call-budget';
import { createDocumentStores } from './graphql/limits/document-stores';
import { createPolicies } from './graphql/limits/policies';
import { TokenProof } from './graphql/limits/token-proof';
import { createPseudonyms } from './graphql/server/pseudonyms';
import { countFailures } from './graphql/server/count-failures';
import { buildServedSchema } from './graphql/schema/subgraph';
import { createExplorer } from './http/explorer/create-explorer';
import { ExportSlots } from './http/pipeline/export/export-slots';
import { ResponseCache } from './http/response/response-cache';
import { createHttpServer } from './http/server';
import { ByteBudget } from './runtime/byte-budget';
import type { Log } from './telemetry/logs/log';
import { toOutageLog } from './telemetry/logs/outage-log';
import { createOperationLog } from './telemetry/logs/operation-log';
import { toOperationObserver, toServerObserver } from './telemetry/observers/combined-observers';
import type { OperationObserver } from './telemetry/observers/operation-observer';
import { createServerLog } from './telemetry/logs/server-log';
import { toDriftObserver, toUpstreamObserver } from './telemetry/logs/upstream-log';
import { createMetrics } from './telemetry/metrics/metrics';
import type { Tracing } from './telemetry/tracing/otel-tracing';
import { Attempts } from './upstream/resilience/attempts';
import { ContractDrift } from './upstream/bills/contract-drift';
import { CONTRACT_DIALECT } from './upstream/bills/dialect';
import { toPushLimits } from './upstream/bills/bills-path';
import { createBillsResource } from './upstream/bills/bills-resource';
import { ResponseDecoder } from './upstream/bills/decode-bills';
import { createTransport } from './upstream/http/transport';
import { findProxy } from './upstream/sockets/proxy';
import { hasTlsFiles, TlsFiles } from './upstream/sockets/tls-files';
import { UpstreamSource } from './upstream/upstream-source';
import { VERSION } from './version';
import type { WorkerEnd } from './workers/worker-end';

/** What of the cache's memory goes to the response cache; the rest is for the bills. */
const RESPONSE_CACHE_SHARE = 0.25;

/** The running gateway. */
export interface App {
  readonly url: string;
  /** Where health, readiness and metrics are, without a path. */
  readonly probesUrl: string;
  /** Whether this process can serve. */
  readonly isReady: () => boolean;
  /** All metrics of this process, as objects. */
  readonly metrics: () => Promise<unknown>;
  /** The embedded billing API, where there is one. */
  readonly billingApi: BillingApi | null;
  /** Ends readiness, waits `drainDelayMs` when draining, lets the requests in progress finish, and closes all resources. */
  close(isDrained?: boolean): Promise<void>;
}

/**
 * Wires the rooms and starts the gateway. Rejects, with everything closed again, where something cannot be opened.
 * @param siblings null: this process serves alone.
 */
export async function createApp(config: Config, log: Log, siblings: WorkerEnd | null = null): Promise<App> {
  const opened: (() => Promise<unknown>)[] = [];
  let responses: ResponseCache | null = null;
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    const billingApi = config.billingApiUrl === null ? await startBillingApi(config) : null;
    if (billingApi) opened.push(() => billingApi.close());
    const baseUrl = config.billingApiUrl ?? new URL((billingApi as BillingApi).url);
    const tracing = await startTracing(config, baseUrl, log);
    // Before all that is traced, and so closed after it: the last spans are sent when no operation is left.
    if (tracing) opened.push(() => tracing.close());
    const metrics = createMetrics(VERSION);
    const observer = toUpstreamObserver(metrics.upstream, log);
    const caches = new CallerCaches();
    const memory = new ByteBudget({ maxBytes: config.upstreamMaxProcessBytes, maxHolderBytes: config.upstreamMaxOperationBytes });
    const transport = createTransport({
      baseUrl,
      connections: config.billingApiConnections,
      maxBodyBytes: config.billingApiMaxBodyBytes,
      // No attempt outlasts its operation; so a time-out longer than that is no time-out.
      timeoutMs: Math.min(config.billingApiTimeoutMs, config.requestDeadlineMs),
      sharing: config.billingApiConnectionSharing,
      maxAgeMs: config.billingApiConnectionMaxAgeSeconds * 1000,
      proxy: findProxy(baseUrl, config.billingApiProxies),
      tlsFiles: hasTlsFiles(config.billingApiTls) ? new TlsFiles(config.billingApiTls, observer) : null,
      userAgent: config.billingApiUserAgent ?? `billing-graphql-gateway/${VERSION}`,
      compression: config.billingApiCompression,
      headers: config.billingApiHeaders ?? [],
      correlationHeader: config.billingApiCorrelationHeader,
      observer,
      caches,
    });
    opened.push(() => transport.close());
    const dialect = config.billingApiDialect ?? CONTRACT_DIALECT;
    const attempts = new Attempts(transport, {
      observer,
      errorMessage: dialect.errorMessage,
      connections: config.billingApiConnections,
      callBudget: config.upstreamCallBudget,
      memory,
    });
    metrics.watchUpstream(() => attempts.state);
    const decoder = new ResponseDecoder({
      table: dialect.table,
      strict: config.contractCheck === 'strict',
      listsAll: dialect.request.parameters.contractNumber === null,
      mayBeList: dialect.listsContracts,
      meaning: { statusTrue: config.invoiceStatusTrue, currency: config.billingCurrency },
    });
    const bills = createBillsResource({ decoder, form: { ...dialect.request, paging: config.billingApiPaging } });
    const upstream = new UpstreamSource(bills, attempts, {
      errorMessage: dialect.errorMessage,
      retries: config.billingApiRetries,
      observer,
      drift: new ContractDrift(toDriftObserver(metrics.drift, log), dialect.table),
    });
    const redisTls = { cert: config.redisTlsCert, key: config.redisTlsKey, ca: config.redisTlsCa };
    const audit = await openAudit(config, metrics, log);
    if (audit) opened.push(() => closeAudit(audit, log));
    const limiter = await openCallLimiter({
      callsPerMinute: config.callsPerMinute,
      secret: config.cacheSecret,
      ofPrimary: siblings?.callBuckets ?? null,
      redisUrls: config.redisUrls,
      redisTls,
      redisWaitMs: config.redisWaitMs,
      outages: toOutageLog(log, 'the limit on calls is each process’s own: Redis cannot be reached', 'the limit on calls is shared again'),
    });
    if (limiter) opened.push(() => limiter.close());
    const { mode } = config.billingApiPaging;
    const evidence = new PagingEvidence(config.billingApiMaxQuantity, mode === 'page', {
      pageCut: (size, isNew) => {
        observer.pageCut?.({ size, isNew });
        // Some cached responses treat a truncated page as the end of its list.
        if (isNew) responses?.clear();
      },
    });
    const cache = await createBillsCache({
      caches,
      onShared: (caller) => attempts.accept(caller),
      paging: {
        isEnd: (owner, count) => evidence.isSettledEnd(formOf(owner), count),
        // If the API pages by number, a truncated page starts elsewhere than requested.
        isInPlace: (owner, isShort) => evidence.isPlaceHeeded(formOf(owner)) && (mode === 'offset' || !isShort),
      },
      ttlSeconds: config.cacheTtlSeconds,
      staleSeconds: config.cacheStaleSeconds,
      maxBytes: Math.ceil(config.cacheMaxBytes * (1 - RESPONSE_CACHE_SHARE)),
      redisUrls: config.redisUrls,
      redisTls,
      redisWaitMs: config.redisWaitMs,
      secret: config.cacheSecret,
      scope: `${baseUrl.href} ${config.billingApiPaging.mode} ${config.billingApiPaging.base} ${JSON.stringify(dialect.request)}`,
      observer: metrics.cache,
      reads: toOutageLog(log, 'the shared cache cannot be reached: every question goes to the billing API', 'the shared cache is back'),
      writes: toOutageLog(log, 'the shared cache takes no entries', 'the shared cache takes entries again'),
      locks: toOutageLog(log, 'the shared cache allows no locks', 'the shared cache allows locks again'),
      nodes: toOutageLog(log, 'a node of the shared cache does not respond: its keys are missed', 'the keys of that node are found again'),
    });
    opened.push(() => cache.close());
    const source = cache.inFrontOf(limiter ? toLimitedSource(upstream) : upstream, bills);
    const { listsContracts } = dialect;
    const paging = toPaging({ mode, listsContracts, evidence });
    const schema = countFailures(buildServedSchema());
    // A schema of its own: the first traced request (ftv1) makes Apollo Server wrap every field of its schema for good,
    // and operations compiled afterwards would find no plain fields.
    const operations = new PreparedOperations(buildServedSchema());
    const pageLimits = { maxPageSize: config.maxPageSize, ...toPushLimits(dialect.request) };
    const callBudget = new CallBudget({ paging, pageLimits, maxLists: Math.max(2000, 10 * config.upstreamCallBudget) });
    // An operation that needs more than a full bucket could never be executed: it is refused for good, and not for a time.
    const maxCalls = Math.min(config.upstreamCallBudget, config.callsPerMinute || Infinity);
    const explorer = createExplorer(
      config.explorer === 'none'
        ? null
        : {
            kind: config.explorer,
            example: billingApi?.firstExample,
            faults: billingApi?.faults ?? [],
            issueToken: billingApi && (() => billingApi.issueToken()),
            schema: config.introspection ? schema : null,
            trustedOnly: config.trustedDocuments !== null,
          },
    );
    const stores = createDocumentStores();
    const proof = new TokenProof({ maxCalls, limits: { paging, pageLimits } });
    const policing = { policies: createPolicies(callBudget, maxCalls), callBudget, proof };
    const formatError = createErrorFormatter((errorId, error) => log.error({ errorId, err: error }, 'an error that is ours'));
    const { trustedDocuments } = config;
    const apollo = createGraphqlServer({
      schema,
      introspection: config.introspection,
      limits: { maxTokens: config.maxTokens, maxDepth: config.maxDepth, maxAliases: config.maxAliases, stores, trustedDocuments },
      ...policing,
      formatError,
      log,
      plugins: explorer?.plugins ?? [],
    });
    await apollo.start();
    opened.push(() => apollo.stop());
    responses = config.cacheTtlSeconds === 0 ? null : new ResponseCache(Math.ceil(config.cacheMaxBytes * RESPONSE_CACHE_SHARE));
    if (responses) caches.add(responses);
    const http = await createHttpServer({
      host: config.host,
      port: config.port,
      listenBacklog: config.listenBacklog,
      probePort: config.probePort,
      maxConcurrentRequests: config.maxConcurrentRequests,
      writeTimeoutMs: config.writeTimeoutMs,
      maxUnsentBytes: config.maxUnsentBytes,
      explorer,
      pipeline: {
        apollo,
        operations,
        referenceSchema: schema,
        ...policing,
        formatError,
        extensions: { callBudget, pseudonyms: createPseudonyms(config.cacheSecret) },
        contexts: {
          createBilling: (operation, through) => new Billing(through ? through(source) : source, operation, paging),
          pageLimits,
          callBudget: maxCalls,
          limiter,
          memory,
          resultLimits: { maxResults: config.maxResults, maxAnswerBytes: config.maxAnswerBytes },
          deadlineMs: config.requestDeadlineMs,
          alwaysTraced: !config.production,
          audit: audit ?? undefined,
          startTrace: tracing?.startTrace,
        },
        observer: toOperationObserver([metrics.operations, createOperationLog(log), ...(tracing ? [spanEnder] : [])]),
        responses,
        limiter,
        isCompressed: config.compression === 'on',
        stores,
        trustedDocuments,
        acceptedTokens: attempts.acceptedTokens,
        maxRequestBytes: config.maxRequestBytes,
        exportSlots: new ExportSlots(config.maxConcurrentExports, attempts.acceptedTokens),
        exportPageSize: Math.min(config.maxPageSize, config.billingApiMaxQuantity),
      },
      metrics,
      siblings,
      serverObserver: toServerObserver([metrics.server, createServerLog(log)]),
      isUpstreamReady: () => attempts.isReady,
      corsOrigins: config.corsOrigins,
      forwardHeaders: config.billingApiForwardHeaders,
      allowPrivateNetwork: !config.production,
    });
    opened.push(() => http.close());
    metrics.watchServer(() => http.state);
    return {
      url: http.url,
      probesUrl: http.probesUrl,
      isReady: http.isReady,
      metrics: metrics.snapshot,
      billingApi,
      close: async (isDrained = true) => {
        http.setReady(false);
        if (isDrained) await new Promise((resolve) => setTimeout(resolve, config.drainDelayMs));
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Ends the operation's span. */
const spanEnder: OperationObserver = { operationEnded: (record) => record.trace?.end(record) };

/** Starts the embedded billing API. It is loaded only here: in production, where it never runs, it would take 18 MiB. */
async function startBillingApi(config: Config): Promise<BillingApi> {
  const { createBillingApi } = await import('./billing-api/billing-api.js');
  const { mode, base } = config.billingApiPaging;
  return createBillingApi({ paging: mode, pageBase: base, maxQuantity: config.billingApiMaxQuantity });
}

/** Starts to trace operations, where that is asked for; null where it is not: then nothing of OpenTelemetry's SDK is loaded. */
async function startTracing({ tracing }: Config, billingApi: URL, log: Log): Promise<Tracing | null> {
  if (!tracing) return null;
  const { createTracing } = await import('./telemetry/tracing/otel-tracing.js');
  const delivery = toOutageLog(log, 'traces cannot be delivered: those that find no room to wait are lost', 'traces are delivered again');
  return createTracing(tracing, { billingApi, delivery });
}
