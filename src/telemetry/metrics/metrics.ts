import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { AuditObserver } from '../observers/audit-observer';
import { createAuditMetrics } from './audit-metrics';
import type { CacheLayer, CacheObserver } from '../observers/cache-observer';
import type { DriftObserver } from '../observers/drift-observer';
import { createOperationMetrics } from './operation-metrics';
import type { OperationObserver } from '../observers/operation-observer';
import type { ServerObserver, ServerState } from '../observers/server-observer';
import { PREFIX } from './prefix';
import { createServerMetrics, watchServer } from './server-metrics';
import { createTallyCounter } from './tally-counter';
import { TallyHistogram } from './tally-histogram';
import type { UpstreamObserver, UpstreamState } from '../observers/upstream-observer';

/**
 * What the process measures, and how it is told of it. Labels come from closed lists, but for the names of operations,
 * which are bounded: none holds a token, an identifier or a part of an answer.
 */
export interface Metrics {
  readonly operations: OperationObserver;
  readonly upstream: UpstreamObserver;
  readonly cache: CacheObserver;
  readonly drift: DriftObserver;
  readonly server: ServerObserver;
  /** Made where there is an audit trail: its metrics are about nothing otherwise. */
  createAudit(): AuditObserver;
  /** Reads the HTTP server's state at each scrape. */
  watchServer(state: () => ServerState): void;
  /** Reads the connection's state at each scrape. */
  watchUpstream(state: () => UpstreamState): void;
  readonly contentType: string;
  /** All metrics in Prometheus's text format. */
  text(): Promise<string>;
  /** All metrics as objects, to be added to those of other processes. */
  readonly snapshot: () => Promise<unknown>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Makes the metrics of one gateway of this version, in a registry of their own, with those of the process and its event loop. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  new Gauge({
    aggregator: 'first',
    name: `${PREFIX}build_info`,
    help: 'Always 1; the labels say which version runs',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version, node: process.versions.node }, 1);
  const hits = countByLayer(
    registry,
    'cache_hits_total',
    'Requests for bills answered without a call of their own: by a fresh cached response (memory, redis), ' +
      'by a call in flight (in-flight), or as part of a whole response that was cached (response)',
  );
  return {
    operations: createOperationMetrics(registry, { prefix: PREFIX, countHit: hits }),
    upstream: toUpstreamObserver(registry),
    cache: toCacheObserver(registry, hits),
    drift: toDriftObserver(registry),
    server: createServerMetrics(registry, PREFIX),
    createAudit: () => createAuditMetrics(registry, PREFIX),
    watchServer: (state) => watchServer(registry, PREFIX, state),
    watchUpstream: (state) => watch(registry, state),
    contentType: registry.contentType,
    text: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
  };
}

function toUpstreamObserver(registry: Registry): UpstreamObserver {
  const registers = [registry];
  const attempts = new TallyHistogram(registry, {
    name: `${PREFIX}upstream_attempt_duration_seconds`,
    help: 'Attempts at the billing API, by outcome',
    buckets: SECONDS,
  });
  const retries = new Counter({
    name: `${PREFIX}upstream_retries_total`,
    help: 'Attempts made because an earlier one had failed',
    registers,
  });
  const calls = createTallyCounter(registry, {
    name: `${PREFIX}upstream_calls_total`,
    help: 'Calls to the billing API by outcome, whatever number of attempts each took',
    label: 'outcome',
  });
  const refused = new Counter({
    name: `${PREFIX}upstream_refused_total`,
    help: 'Calls that ended without an attempt',
    labelNames: ['reason'],
    registers,
  });
  const resends = new Counter({
    name: `${PREFIX}upstream_resends_total`,
    help: 'Requests sent again within their attempt, because the billing API had closed the idle connection',
    registers,
  });
  const strays = new Counter({
    name: `${PREFIX}upstream_stray_bytes_total`,
    help: 'Times that the billing API sent bytes that belong to no request',
    registers,
  });
  const cuts = new Counter({
    name: `${PREFIX}upstream_pages_cut_total`,
    help: 'Times that the billing API returned fewer invoices than requested although the list goes on',
    registers,
  });
  for (const reason of ['circuit', 'queue', 'memory']) refused.inc({ reason }, 0);
  const observers = new Map<string, (seconds: number) => void>();
  return {
    attemptEnded: ({ outcome, durationMs, isRetry }) => {
      let observe = observers.get(outcome);
      if (!observe) observers.set(outcome, (observe = attempts.child({ outcome })));
      observe(durationMs / 1000);
      if (isRetry) retries.inc();
    },
    callEnded: (outcome) => calls(outcome),
    callRefused: (reason) => refused.inc({ reason }),
    requestResent: () => resends.inc(),
    strayBytesCame: () => strays.inc(),
    pageCut: () => cuts.inc(),
  };
}

function toDriftObserver(registry: Registry): DriftObserver {
  const registers = [registry];
  const checks = new Counter({
    name: `${PREFIX}contract_checks_total`,
    help: 'Responses of the billing API that were compared with the contract: a sample',
    registers,
  });
  const drift = new Counter({
    name: `${PREFIX}contract_drift_total`,
    help: 'Responses of the sample that differ from the contract, by path',
    labelNames: ['kind', 'path'],
    registers,
  });
  return { answerChecked: () => checks.inc(), drifted: (kind, path) => drift.inc({ kind, path }) };
}

type CountLayer = (layer: CacheLayer, count?: number) => void;

function countByLayer(registry: Registry, name: string, help: string): CountLayer {
  return createTallyCounter(registry, { name: PREFIX + name, help, label: 'layer' });
}

function toCacheObserver(registry: Registry, hits: CountLayer): CacheObserver {
  const count = (name: string, help: string): CountLayer => countByLayer(registry, name, help);
  const stale = count('cache_stale_hits_total', 'Stale entries used because the billing API failed');
  const missed = count('cache_misses_total', 'Lookups that found no usable entry');
  const waited = createTallyCounter(registry, {
    name: `${PREFIX}cache_lock_waits_total`,
    help: 'Requests for bills that waited for the same call of another process, by outcome',
    label: 'outcome',
    values: ['answered', 'unanswered', 'gave-up'],
  });
  const stored = count('cache_stores_total', 'Responses handed to the store');
  return {
    hit: (layer, isStale) => (isStale ? stale : hits)(layer),
    joined: () => hits('in-flight'),
    waited: (outcome) => waited(outcome),
    missed: (layer) => missed(layer),
    stored: (layer) => stored(layer),
    failed: count('cache_failures_total', 'Commands to the store that failed; while it is out, none is tried (cache_unavailable)'),
    availabilityChanged: toAvailability(registry),
  };
}

/** A gauge of what the store is out for now, and a counter of how often it was. */
function toAvailability(registry: Registry): CacheObserver['availabilityChanged'] {
  const options = { labelNames: ['use'], registers: [registry] };
  const help = 'Whether the shared cache is not used now (1), because it is out, slow, or refuses to';
  const unavailable = new Gauge({ name: `${PREFIX}cache_unavailable`, help, aggregator: 'max', ...options });
  const outages = new Counter({ name: `${PREFIX}cache_outages_total`, help: 'Times that the shared cache was out', ...options });
  for (const use of ['read', 'write', 'lock', 'node'] as const) {
    unavailable.set({ use }, 0);
    outages.inc({ use }, 0);
  }
  return (use, isAvailable) => {
    unavailable.set({ use }, isAvailable ? 0 : 1);
    if (!isAvailable) outages.inc({ use });
  };
}

function watch(registry: Registry, state: () => UpstreamState): void {
  const gauge = (name: string, help: string, read: (state: UpstreamState) => number, aggregator: 'sum' | 'max' = 'sum'): void => {
    new Gauge({
      name: PREFIX + name,
      help,
      aggregator,
      registers: [registry],
      collect() {
        this.set(read(state()));
      },
    });
  };
  gauge(
    'upstream_circuit_open',
    'Circuit breaker: 0 closed, 0.5 half-open, 1 open',
    ({ circuit }) => ({ closed: 0, 'half-open': 0.5, open: 1 })[circuit],
    'max',
  );
  gauge('upstream_under_way', 'Attempts in flight', ({ inFlight }) => inFlight);
  gauge('upstream_waiting', 'Calls that wait in the queue', ({ waiting }) => waiting);
  gauge('upstream_limit', 'Attempts that may be in flight at once', ({ limit }) => limit);
  gauge('upstream_held_bytes', 'Bytes of responses of the billing API that operations hold', ({ heldBytes }) => heldBytes);
}
