import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../telemetry/metrics/metrics';

/** Serves the metrics in Prometheus's text format at `/metrics`. */
export function registerMetrics(app: FastifyInstance, metrics: Pick<Metrics, 'contentType' | 'text'>): void {
  app.get('/metrics', async (_request, reply) =>
    reply
      .header('cache-control', 'no-store')
      .type(metrics.contentType)
      .send(await metrics.text()),
  );
}
