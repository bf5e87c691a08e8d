import { formOf } from '../billing/model/paged-list';
import { PagingEvidence } from '../billing/paging/paging-evidence';
import { toPaging, type Paging } from '../billing/paging/window-plan';
import type { BillingSource } from '../billing/ports/billing-source';
import { createBillsCache, type BillsCache } from '../cache/bills-cache';
import { openCallLimiter, type OpenCallLimiter } from '../cache/rate-limit/call-limiter';
import { toLimitedSource } from '../cache/rate-limit/limited-source';
import type { ResponseCache } from '../http/response/response-cache';
import { toOutageLog } from '../telemetry/logs/outage-log';
import type { WorkerEnd } from '../workers/worker-end';
import type { Foundation } from './foundation';
import type { Upstream } from './open-upstream';

/** What of the cache's memory goes to the response cache; the rest is for the bills. */
export const RESPONSE_CACHE_SHARE = 0.25;

/** Where operations read bills. */
export interface OpenedSource {
  readonly source: BillingSource;
  /** The limit on each token's calls; null: there is none. */
  readonly limiter: OpenCallLimiter | null;
  /** How the billing API pages, and what its responses have shown of it. */
  readonly paging: Paging;
}

/** What stands beside the source of bills. */
export interface SourceNeighbors {
  /** Null: this process serves alone. */
  readonly siblings: WorkerEnd | null;
  /** Null: responses are not cached. */
  readonly responses: ResponseCache | null;
}

/** Opens the cache and the limit on calls in front of the billing API. */
export async function openBillingSource(
  foundation: Foundation,
  upstream: Upstream,
  { siblings, responses }: SourceNeighbors,
): Promise<OpenedSource> {
  const { config, observer, opened } = foundation;
  const limiter = await openLimiter(foundation, siblings);
  if (limiter) opened.add(() => limiter.close());
  const { mode } = config.billingApiPaging;
  const evidence = new PagingEvidence(config.billingApiMaxQuantity, mode === 'page', {
    pageCut: (size, isNew) => {
      observer.pageCut?.({ size, isNew });
      // Some cached responses treat a truncated page as the end of its list.
      if (isNew) responses?.clear();
    },
  });
  const cache = await openCache(foundation, upstream, evidence);
  opened.add(() => cache.close());
  return {
    source: cache.inFrontOf(limiter ? toLimitedSource(upstream.source) : upstream.source, upstream.bills),
    limiter,
    paging: toPaging({ mode, listsContracts: upstream.dialect.listsContracts, evidence }),
  };
}

function openLimiter({ config, log }: Foundation, siblings: WorkerEnd | null): Promise<OpenCallLimiter | null> {
  return openCallLimiter({
    callsPerMinute: config.callsPerMinute,
    secret: config.cacheSecret,
    ofPrimary: siblings?.callBuckets ?? null,
    ...toRedis(config),
    outages: toOutageLog(log, 'the limit on calls is each process’s own: Redis cannot be reached', 'the limit on calls is shared again'),
  });
}

function openCache(
  { config, baseUrl, log, metrics, caches }: Foundation,
  upstream: Upstream,
  evidence: PagingEvidence,
): Promise<BillsCache> {
  const { attempts, dialect } = upstream;
  const { mode, base } = config.billingApiPaging;
  return createBillsCache({
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
    ...toRedis(config),
    secret: config.cacheSecret,
    scope: `${baseUrl.href} ${mode} ${base} ${JSON.stringify(dialect.request)}`,
    observer: metrics.cache,
    reads: toOutageLog(log, 'the shared cache cannot be reached: every request goes to the billing API', 'the shared cache is back'),
    writes: toOutageLog(log, 'the shared cache takes no entries', 'the shared cache takes entries again'),
    locks: toOutageLog(log, 'the shared cache allows no locks', 'the shared cache allows locks again'),
    nodes: toOutageLog(log, 'a node of the shared cache does not respond: its keys are missed', 'the keys of that node are found again'),
  });
}

function toRedis({ redisUrls, redisTlsCert, redisTlsKey, redisTlsCa, redisWaitMs }: Foundation['config']) {
  return { redisUrls, redisTls: { cert: redisTlsCert, key: redisTlsKey, ca: redisTlsCa }, redisWaitMs };
}
