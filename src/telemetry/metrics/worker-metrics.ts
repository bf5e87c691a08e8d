import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import { PREFIX } from './prefix';

/** One process's metrics, as prom-client's objects. */
export type MetricSnapshot = readonly object[];

/** The metrics of several worker processes as those of one gateway. */
export interface WorkerMetrics {
  readonly contentType: string;
  /** A worker has ended and is replaced. */
  readonly replaced: () => void;
  /** Keeps what a worker that has ended had counted: sums over all workers must not fall. */
  readonly retire: (snapshot: MetricSnapshot | null) => Promise<void>;
  /** The sum of the snapshots, and of those of ended workers, in Prometheus's text format. */
  readonly text: (snapshots: readonly MetricSnapshot[], serving: number) => Promise<string>;
}

/** What only grows. A gauge of a process that has ended says nothing. */
const LASTING: readonly unknown[] = ['counter', 'histogram'];

/** Makes the metrics of the primary process. */
export function createWorkerMetrics(): WorkerMetrics {
  const own = new Registry();
  const registers = [own];
  const workers = new Gauge({ name: `${PREFIX}workers`, help: 'Worker processes that serve', registers });
  const replaced = new Counter({
    name: `${PREFIX}workers_replaced_total`,
    help: 'Worker processes that ended without being stopped, and were replaced',
    registers,
  });
  // prom-client leaves it out of sums: it is the gateway's here, and not a worker's.
  new Gauge({
    name: `${PREFIX}process_start_time_seconds`,
    help: 'Start time of the process since unix epoch in seconds.',
    registers,
  }).set(Math.round(performance.timeOrigin / 1000));
  let retired: MetricSnapshot = [];
  return {
    contentType: own.contentType,
    replaced: () => replaced.inc(),
    retire: async (snapshot) => {
      if (!snapshot) return;
      retired = await aggregate([
        retired,
        snapshot.filter((metric) => 'type' in metric && LASTING.includes(metric.type)),
      ]).getMetricsAsJSON();
    },
    text: async (snapshots, serving) => {
      workers.set(serving);
      return `${await own.metrics()}\n${await aggregate([...snapshots, retired]).metrics()}`;
    },
  };
}

function aggregate(snapshots: readonly MetricSnapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots]);
}
