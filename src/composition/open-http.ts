import { Billing } from '../billing/billing';
import { ExportSlots } from '../http/pipeline/export/export-slots';
import type { ResponseCache } from '../http/response/response-cache';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../http/server';
import type { AuditTrail } from '../telemetry/audit/audit-trail';
import { createOperationLog } from '../telemetry/logs/operation-log';
import { createServerLog } from '../telemetry/logs/server-log';
import { toOperationObserver, toServerObserver } from '../telemetry/observers/combined-observers';
import type { OperationObserver } from '../telemetry/observers/operation-observer';
import type { Tracing } from '../telemetry/tracing/otel-tracing';
import type { WorkerEnd } from '../workers/worker-end';
import type { Foundation } from './foundation';
import type { OpenedSource } from './open-billing-source';
import type { Graphql } from './open-graphql';
import type { Upstream } from './open-upstream';

/** What the HTTP server serves, and what it reports to. */
export interface ServedParts {
  readonly upstream: Upstream;
  readonly bills: OpenedSource;
  readonly graphql: Graphql;
  /** Null: responses are not cached. */
  readonly responses: ResponseCache | null;
  /** Null: reads are not audited. */
  readonly audit: AuditTrail | null;
  /** Null: operations have no spans. */
  readonly tracing: Tracing | null;
  /** Null: this process serves alone. */
  readonly siblings: WorkerEnd | null;
}

/** Starts to serve requests. Rejects if the address cannot be bound. */
export async function openHttp(foundation: Foundation, parts: ServedParts): Promise<HttpServer> {
  const { config, log, metrics, opened } = foundation;
  const { upstream, graphql, siblings } = parts;
  const http = await createHttpServer({
    host: config.host,
    port: config.port,
    listenBacklog: config.listenBacklog,
    probePort: config.probePort,
    maxConcurrentRequests: config.maxConcurrentRequests,
    writeTimeoutMs: config.writeTimeoutMs,
    maxUnsentBytes: config.maxUnsentBytes,
    explorer: graphql.explorer,
    pipeline: toPipeline(foundation, parts),
    metrics,
    siblings,
    serverObserver: toServerObserver([metrics.server, createServerLog(log)]),
    isUpstreamReady: () => upstream.attempts.isReady,
    corsOrigins: config.corsOrigins,
    forwardHeaders: config.billingApiForwardHeaders,
    allowPrivateNetwork: !config.production,
  });
  opened.add(() => http.close());
  metrics.watchServer(() => http.state);
  return http;
}

/** How requests are handled. */
function toPipeline({ config, log, metrics, memory }: Foundation, parts: ServedParts) {
  const { graphql, responses, audit, tracing } = parts;
  const { source, limiter, paging } = parts.bills;
  const { acceptedTokens } = parts.upstream.attempts;
  const operationLog = createOperationLog(log);
  return {
    ...graphql.pipeline,
    contexts: {
      createBilling: (operation, through) => new Billing(through ? through(source) : source, operation, paging),
      pageLimits: graphql.pageLimits,
      callBudget: graphql.maxCalls,
      limiter,
      memory,
      resultLimits: { maxResults: config.maxResults, maxAnswerBytes: config.maxAnswerBytes },
      deadlineMs: config.requestDeadlineMs,
      alwaysTraced: !config.production,
      audit: audit ?? undefined,
      startTrace: tracing?.startTrace,
    },
    observer: toOperationObserver([metrics.operations, operationLog, ...(tracing ? [spanEnder] : [])]),
    responses,
    limiter,
    isCompressed: config.compression === 'on',
    acceptedTokens,
    maxRequestBytes: config.maxRequestBytes,
    exportSlots: new ExportSlots(config.maxConcurrentExports, acceptedTokens),
    exportPageSize: Math.min(config.maxPageSize, config.billingApiMaxQuantity),
  } satisfies HttpServerOptions['pipeline'];
}

/** Ends the operation's span. */
const spanEnder: OperationObserver = { operationEnded: (record) => record.trace?.end(record) };
