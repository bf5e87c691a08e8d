import type { SharedCallBuckets, TakenCalls } from '../billing/admission/call-buckets';
import { Channel, type ChannelEnd } from './channel';

/** What a worker answers to the primary about itself. */
export interface WorkerSelf {
  readonly isReady: () => boolean;
  /** All metrics as prom-client's objects. */
  readonly metrics: () => Promise<unknown>;
}

/** A worker's connection to its primary, by which its probes speak for all workers. */
export interface WorkerEnd {
  /** Whether all workers can serve. */
  readonly isReady: () => Promise<boolean>;
  /** The metrics of all workers in Prometheus's text format. Rejects where the primary does not answer. */
  readonly metricsText: () => Promise<string>;
  /** The buckets of calls, which the primary holds for all workers. */
  readonly callBuckets: SharedCallBuckets;
  /** Reports that this worker serves. */
  readonly reportReady: (url: string, self: WorkerSelf) => void;
  /** Reports that this worker cannot start, and that the reason is in the log. */
  readonly reportFailed: () => void;
}

/** The primary itself waits for its workers, for less. */
const READINESS_TIMEOUT_MS = 2000;
const METRICS_TIMEOUT_MS = 10_000;
/** An operation waits for this: past it, the worker counts for itself. */
const CALLS_TIMEOUT_MS = 500;

/** Connects a worker to its primary. */
export function createWorkerEnd(end: ChannelEnd): WorkerEnd {
  let self: WorkerSelf | null = null;
  const channel = new Channel(end, async (question) => {
    if (!self || typeof question === 'object') return null;
    return question === 'readiness' ? self.isReady() : self.metrics();
  });
  return {
    isReady: async () => (await channel.ask('readiness', READINESS_TIMEOUT_MS)) === true,
    metricsText: async () => {
      const text = await channel.ask('metrics', METRICS_TIMEOUT_MS);
      if (typeof text !== 'string') throw new Error('The primary process did not answer.');
      return text;
    },
    callBuckets: {
      take: async (bucket, calls) => (await channel.ask({ bucket, calls }, CALLS_TIMEOUT_MS)) as TakenCalls | null,
      close: () => Promise.resolve(),
    },
    reportReady: (url, given) => {
      self = given;
      channel.send({ kind: 'ready', url });
    },
    reportFailed: () => channel.send({ kind: 'failed' }),
  };
}
