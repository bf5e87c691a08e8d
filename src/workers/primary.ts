import { createProbeServer, toProbes, type ProbeServer } from '../http/connection/probes';
import type { Log } from '../telemetry/logs/log';
import { createWorkerMetrics } from '../telemetry/metrics/worker-metrics';
import { WorkerPool, type TakeCalls } from './worker-pool';

/** Settings of the primary process. */
export interface PrimaryOptions {
  readonly workers: number;
  readonly host: string;
  /** Port of the probes; null: the workers have them at the port of GraphQL. */
  readonly probePort: number | null;
  readonly log: Log;
  /** Takes calls out of a bucket that all workers share; null where calls are not limited. */
  readonly takeCalls: TakeCalls | null;
  /** Gives the start up: it rejects when the workers have ended. */
  readonly stopped: AbortSignal;
}

/** The workers, seen as one gateway. */
export interface Primary {
  readonly url: string;
  readonly probesUrl: string;
  /**
   * Lets all workers finish what they have under way.
   * @param isDrained whether they serve on for a while, so that they are asked no more when they end.
   */
  close(isDrained: boolean): Promise<void>;
}

/** Starts the workers, and the probes that speak for all of them. Rejects where one of them cannot start. */
export async function startPrimary({ workers: count, host, probePort, log, takeCalls, stopped }: PrimaryOptions): Promise<Primary> {
  const metrics = createWorkerMetrics();
  const pool = new WorkerPool({ count, log, metrics, takeCalls });
  const probes = toProbes({
    isReady: () => pool.isReady(),
    metrics: { contentType: metrics.contentType, text: () => pool.metricsText() },
  });
  let probeServer: ProbeServer | null = null;
  if (probePort !== null) probeServer = await createProbeServer({ host, port: probePort, probes });
  const giveUp = (): void => void pool.close(false).catch(() => undefined);
  stopped.addEventListener('abort', giveUp, { once: true });
  try {
    const url = await pool.start(stopped);
    stopped.throwIfAborted();
    return {
      url,
      probesUrl: probeServer?.url ?? url,
      close: async (isDrained) => {
        await pool.close(isDrained);
        await probeServer?.close();
      },
    };
  } catch (error) {
    await pool.close(false).catch(() => undefined);
    await probeServer?.close();
    throw error;
  } finally {
    stopped.removeEventListener('abort', giveUp);
  }
}
