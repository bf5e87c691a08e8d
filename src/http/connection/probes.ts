import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { refuseTunnel } from './connection-limits';
import { lingerAfter } from './lingering-close';
import { muteParser } from './mute-parser';
import { countRequest, countResponse } from './pipelined-requests';
import { toWatchedRequest } from './watched-request';
import { toWatchedResponse } from './watched-response';

/** What orchestrators and Prometheus ask. */
export interface Probes {
  /** Whether requests can be served now. */
  readonly isReady: () => boolean | Promise<boolean>;
  /** What `/metrics` serves; without it there is no such path. */
  readonly metrics?: MetricsText | undefined;
}

/** Metrics in Prometheus's text format. */
export interface MetricsText {
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

/** The processes that serve together with this one, itself included. */
export interface Siblings {
  readonly isReady: () => Promise<boolean>;
  readonly metricsText: () => Promise<string>;
}

/** Makes the probes of a process that serves alone, or speaks for all that serve together. */
export function toProbes({ isReady, metrics }: Probes, siblings?: Siblings | null): Probes {
  return {
    isReady: siblings ? siblings.isReady : isReady,
    metrics: metrics && { contentType: metrics.contentType, text: shareText(siblings ? siblings.metricsText : metrics.text) },
  };
}

/** Writes a text once for all who ask while it is being written: it takes 1 ms and more, and the path is open to anybody. */
function shareText(write: () => Promise<string>): () => Promise<string> {
  let writing: Promise<string> | null = null;
  return () =>
    (writing ??= write().finally(() => {
      writing = null;
    }));
}

/** The paths of the probes. */
export const PROBE_PATHS: readonly string[] = ['/healthz', '/readyz', '/metrics'];

interface ProbeResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** The response to a probe; null where there is nothing at the path. */
async function answerProbe(path: string, { isReady, metrics }: Probes): Promise<ProbeResponse | null> {
  if (path === '/healthz') return { status: 200, contentType: JSON_TYPE, body: '{"status":"ok"}' };
  if (path === '/readyz') {
    return (await isReady())
      ? { status: 200, contentType: JSON_TYPE, body: '{"status":"ready"}' }
      : { status: 503, contentType: JSON_TYPE, body: '{"status":"not ready"}' };
  }
  if (path === '/metrics' && metrics) return { status: 200, contentType: metrics.contentType, body: await metrics.text() };
  return null;
}

/** Serves the probes at the port of GraphQL. */
export function registerProbes(app: FastifyInstance, probes: Probes): void {
  for (const path of PROBE_PATHS) {
    if (path === '/metrics' && !probes.metrics) continue;
    app.route({
      method: ['GET', 'HEAD'],
      url: path,
      handler: async (_request, reply) => {
        const { status, contentType, body } = (await answerProbe(path, probes)) as ProbeResponse;
        return reply.code(status).header('cache-control', 'no-store').type(contentType).send(body);
      },
    });
  }
}

/** A server of the probes alone. */
export interface ProbeServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the probes at a port of their own: whatever waits to be accepted at GraphQL's port does not hold them up, and
 * clients of GraphQL need not have access to the metrics. Rejects if the address cannot be bound.
 */
export async function createProbeServer(options: {
  readonly host: string;
  readonly port: number;
  readonly probes: Probes;
}): Promise<ProbeServer> {
  const classes = {
    IncomingMessage: toWatchedRequest(({ socket }) => socket.destroy()),
    ServerResponse: toWatchedResponse({ onEnd: ({ req }) => (req.complete ? undefined : lingerAfter(req)), onSent: countResponse }),
  };
  const server = createServer(classes, (request, response) => {
    if (!countRequest(response)) {
      muteParser(request.socket);
      request.socket.destroy();
    }
    if (request.socket.destroyed) return;
    const path = request.url?.split('?', 1)[0] ?? '';
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    answerProbe(path, options.probes).then(
      (answer) => {
        const { status, contentType, body } = answer ?? {
          status: 404,
          contentType: 'text/plain',
          body: `Probes: ${PROBE_PATHS.join(' ')}\n`,
        };
        response
          .writeHead(status, { 'cache-control': 'no-store', 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
          .end(request.method === 'HEAD' ? undefined : body);
      },
      () => response.writeHead(500).end(),
    );
  });
  server.on('connect', (_request, socket) => refuseTunnel(socket, [405, 'Probes are asked by GET or HEAD.', 'allow: GET, HEAD\r\n']));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: toUrl(options.host, port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The URL of a server without its path. */
export function toUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
