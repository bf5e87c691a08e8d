import type { BillingApi } from './billing-api/billing-api';
import { CallerCaches } from './billing/ports/caller-caches';
import { closeAudit, openAudit } from './composition/audit';
import type { Foundation } from './composition/foundation';
import { openBillingSource, RESPONSE_CACHE_SHARE } from './composition/open-billing-source';
import { openGraphql } from './composition/open-graphql';
import { openHttp } from './composition/open-http';
import { openUpstream } from './composition/open-upstream';
import { OpenedResources } from './composition/opened-resources';
import type { Config } from './config/config';
import { ResponseCache } from './http/response/response-cache';
import { ByteBudget } from './runtime/byte-budget';
import type { Log } from './telemetry/logs/log';
import { toOutageLog } from './telemetry/logs/outage-log';
import { toUpstreamObserver } from './telemetry/logs/upstream-log';
import { createMetrics } from './telemetry/metrics/metrics';
import type { Tracing } from './telemetry/tracing/otel-tracing';
import { VERSION } from './version';
import type { WorkerEnd } from './workers/worker-end';

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
  const opened = new OpenedResources();
  try {
    return await open(config, { log, siblings, opened });
  } catch (error) {
    await opened.close();
    throw error;
  }
}

interface Surroundings {
  readonly log: Log;
  readonly siblings: WorkerEnd | null;
  readonly opened: OpenedResources;
}

/** Opens everything, each part after those that it needs. */
async function open(config: Config, { log, siblings, opened }: Surroundings): Promise<App> {
  const billingApi = config.billingApiUrl === null ? await startBillingApi(config) : null;
  if (billingApi) opened.add(() => billingApi.close());
  const baseUrl = config.billingApiUrl ?? new URL((billingApi as BillingApi).url);
  const tracing = await startTracing(config, baseUrl, log);
  // Before all that is traced, and so closed after it: the last spans are sent when no operation is left.
  if (tracing) opened.add(() => tracing.close());
  const metrics = createMetrics(VERSION);
  const foundation: Foundation = {
    config,
    baseUrl,
    log,
    metrics,
    observer: toUpstreamObserver(metrics.upstream, log),
    caches: new CallerCaches(),
    memory: new ByteBudget({ maxBytes: config.upstreamMaxProcessBytes, maxHolderBytes: config.upstreamMaxOperationBytes }),
    opened,
  };
  const upstream = openUpstream(foundation);
  const audit = await openAudit(config, metrics, log);
  if (audit) opened.add(() => closeAudit(audit, log));
  const responses = createResponseCache(foundation);
  const bills = await openBillingSource(foundation, upstream, { siblings, responses });
  const graphql = await openGraphql(foundation, { paging: bills.paging, dialect: upstream.dialect, billingApi });
  const http = await openHttp(foundation, { upstream, bills, graphql, responses, audit, tracing, siblings });
  return {
    url: http.url,
    probesUrl: http.probesUrl,
    isReady: http.isReady,
    metrics: metrics.snapshot,
    billingApi,
    close: async (isDrained = true) => {
      http.setReady(false);
      if (isDrained) await new Promise((resolve) => setTimeout(resolve, config.drainDelayMs));
      await opened.close();
    },
  };
}

/** The cache of whole responses; null where nothing may be cached. */
function createResponseCache({ config, caches }: Foundation): ResponseCache | null {
  if (config.cacheTtlSeconds === 0) return null;
  const responses = new ResponseCache(Math.ceil(config.cacheMaxBytes * RESPONSE_CACHE_SHARE));
  caches.add(responses);
  return responses;
}

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
