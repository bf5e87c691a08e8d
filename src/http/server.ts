import type { AddressInfo } from 'node:net';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import cors from '@fastify/cors';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ApolloServer } from '@apollo/server';
import type { Billing } from '../billing/billing';
import type { BillingOperation } from '../billing/billing-operation';
import { BillingOperation as Operation } from '../billing/billing-operation';
import type { PageLimits } from '../billing/window';
import type { GatewayContext } from '../graphql/context';
import type { TrustedDocuments } from '../graphql/limits/trusted-documents';
import { createAdmissionHook } from './admission-hook';
import { Callers } from './callers';
import { CONNECTION_TIMEOUTS, toConnectionLimits, type ConnectionTimeouts } from './connection-limits';
import { toHttpError } from './http-errors';
import { startLifetime } from './operation-lifetime';
import { DEADLINE_HEADER, toDeadlineMs } from './request-deadline';
import { toRequestId } from './request-id';

/** Settings of the HTTP server. */
export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly apollo: ApolloServer<GatewayContext>;
  readonly createBilling: (operation: BillingOperation) => Billing;
  readonly pageLimits: PageLimits;
  readonly callBudget: number;
  /** The whole operation's time, in milliseconds; a caller may ask for less. */
  readonly deadlineMs: number;
  /** Whether the billing API is being asked; while its circuit breaker is open, the gateway is not ready. */
  readonly isUpstreamReady: () => boolean;
  /** Whether every answer reports its cost; otherwise the header `x-billing-trace: 1` asks for it. */
  readonly alwaysTraced: boolean;
  readonly maxRequestBytes: number;
  /** Default: CONNECTION_TIMEOUTS. */
  readonly timeouts?: ConnectionTimeouts;
  readonly corsOrigins: '*' | readonly string[];
  /** Null: any document may run. */
  readonly trustedDocuments: TrustedDocuments | null;
}

/** The running HTTP server. */
export interface HttpServer {
  readonly url: string;
  /** Readiness: false from the start of a stop on. */
  setReady(ready: boolean): void;
  /** Stops taking connections and resolves when the requests under way have been answered. */
  close(): Promise<void>;
}

/** Headers that a script from another origin may send, and read. */
const ALLOWED_HEADERS = ['authorization', 'content-type', 'apollo-require-preflight', 'x-apollo-operation-name', 'x-billing-trace', 'x-request-id', DEADLINE_HEADER, 'traceparent', 'tracestate'];
const EXPOSED_HEADERS = ['www-authenticate', 'retry-after', 'x-request-id', 'x-billing-stale'];

/** Starts to serve GraphQL and the endpoints beside it. Rejects where the address cannot be had. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  let ready = true;
  const app = fastify({
    ...toConnectionLimits(options.timeouts ?? CONNECTION_TIMEOUTS),
    frameworkErrors: (error, _request, reply) => void toHttpError(error, reply),
    bodyLimit: options.maxRequestBytes,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
  });
  app.setErrorHandler((error, _request, reply) => toHttpError(error, reply));
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ errors: [{ message: `There is nothing at ${request.method} ${request.url.split('?', 1)[0] ?? ''}. GraphQL is at /graphql.`, extensions: { code: 'BAD_REQUEST' } }] }),
  );
  await app.register(cors, {
    origin: options.corsOrigins === '*' ? '*' : [...options.corsOrigins],
    methods: ['GET', 'POST', 'OPTIONS'],
    allowedHeaders: ALLOWED_HEADERS,
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
  });
  registerProbes(app, () => ready && options.isUpstreamReady());
  registerGraphql(app, options);
  await app.listen({ host: options.host, port: options.port });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    setReady: (value) => {
      ready = value;
    },
    close: () => closeServer(app, options.deadlineMs),
  };
}

/**
 * Stops taking connections and lets the requests under way finish. A connection that becomes idle meanwhile would stay
 * open for its keep-alive time, and the stop with it; one whose client never ends its request would stay for good. So
 * the former are closed as they become idle, and the latter when no operation can still be under way.
 */
async function closeServer(app: FastifyInstance, deadlineMs: number): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), 20);
  const late = setTimeout(() => app.server.closeAllConnections(), deadlineMs + 1000);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(late);
  }
}

function registerProbes(app: FastifyInstance, isReady: () => boolean): void {
  app.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => (isReady() ? reply.send({ status: 'ready' }) : reply.code(503).send({ status: 'not ready' })));
}

function registerGraphql(app: FastifyInstance, options: HttpServerOptions): void {
  const callers = new Callers();
  const context = (request: FastifyRequest, reply: FastifyReply): Promise<GatewayContext> => {
    const requestId = toRequestId(request.headers['x-request-id']);
    reply.header('x-request-id', requestId);
    const deadlineMs = toDeadlineMs(request.headers[DEADLINE_HEADER], options.deadlineMs);
    const caller = callers.of(request.headers.authorization);
    const billing =
      caller &&
      options.createBilling(new Operation({ caller, ...startLifetime(reply.raw, deadlineMs), callBudget: options.callBudget }));
    return Promise.resolve({ billing, pageLimits: options.pageLimits, traced: options.alwaysTraced || request.headers['x-billing-trace'] === '1' });
  };
  app.route({
    // Apollo Server says itself which methods it takes, with 405 and `Allow` for the others.
    method: ['GET', 'POST', 'HEAD', 'PUT', 'PATCH', 'DELETE'],
    url: '/graphql',
    preHandler: createAdmissionHook(options.trustedDocuments),
    handler: fastifyApolloHandler(options.apollo, { context }),
  });
}
