import { createProbeServer, type ProbeServer } from '../http/connection/probes';
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
}

/** The workers, seen as one gateway. */
export interface Primary {
  readonly url: string;
  readonly probesUrl: string;
  /** Lets all workers finish what they have under way. */
  close(): Promise<void>;
}

/** Starts the workers, and the probes that speak for all of them. Rejects where one of them cannot start. */
export async function startPrimary({ workers: count, host, probePort, log, takeCalls }: PrimaryOptions): Promise<Primary> {
  const metrics = createWorkerMetrics();
  const pool = new WorkerPool({ count, log, metrics, takeCalls });
  const probes = {
    isReady: () => pool.isReady(),
    metrics: { contentType: metrics.contentType, text: () => pool.metricsText() },
  };
  let probeServer: ProbeServer | null = null;
  if (probePort !== null) probeServer = await createProbeServer({ host, port: probePort, probes });
  try {
    const url = await pool.start();
    return {
      url,
      probesUrl: probeServer?.url ?? url,
      close: async () => {
        await pool.close();
        await probeServer?.close();
      },
    };
  } catch (error) {
    await pool.close().catch(() => undefined);
    await probeServer?.close();
    throw error;
  }
}
