import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { TurnQueue, type TurnBounds } from '../runtime/turns/turn-queue';
import type { ServerObserver, ServerState } from '../telemetry/observers/server-observer';
import { CONNECTION_TIMEOUTS, toConnectionLimits, type ConnectionTimeouts } from './connection/connection-limits';
import { createGuardedServer, type GuardedServer } from './connection/guarded-server';
import { createProbeServer, registerProbes, toProbes, toUrl, type MetricsText, type ProbeServer, type Siblings } from './connection/probes';
import { UNACCEPTED } from './connection/request-slots';
import { SilentConnections } from './connection/silent-connections';
import { registerCors, type CorsRules } from './cors';
import type { Explorer } from './explorer/explorer';
import { toHttpError } from './http-errors';
import { Pipeline, type PipelineOptions } from './pipeline/pipeline';
import { Callers } from './request/callers';
import { ACCEPT_QUERY, ALLOWED_METHODS } from './request/methods';
import { readCorsHeaders, type CorsHeaders } from './request/cors-headers';
import { headerOf } from './request/header-of';
import { toVary } from './response/vary';

/** Settings of the HTTP server. */
export interface HttpServerOptions extends CorsRules {
  readonly host: string;
  readonly port: number;
  /** Connections that may wait to be accepted; the operating system may allow fewer. */
  readonly listenBacklog: number;
  /** Port of the probes; null: the same as GraphQL's. */
  readonly probePort: number | null;
  readonly maxConcurrentRequests: number;
  /** How long a client may read nothing of a response, in milliseconds. */
  readonly writeTimeoutMs: number;
  /** Bytes of all responses that clients have not read yet, at most. */
  readonly maxUnsentBytes: number;
  /** What answers requests to GraphQL. */
  readonly pipeline: Omit<
    PipelineOptions,
    'cors' | 'callers' | 'vary' | 'pageHeaders' | 'hasPage' | 'startTrace' | 'watchUnsent' | 'enter'
  >;
  /** What a browser finds at /graphql; null: nothing. */
  readonly explorer: Explorer | null;
  /** Whether the billing API is being asked; while its circuit breaker is open, the gateway is not ready. */
  readonly isUpstreamReady: () => boolean;
  /** What `/metrics` serves; without it there is no such path. */
  readonly metrics?: MetricsText;
  /** What the probes say instead, where several processes serve as one; PROBE_PORT is another process's then. */
  readonly siblings?: Siblings | null;
  readonly serverObserver: ServerObserver;
  /** Default: CONNECTION_TIMEOUTS. */
  readonly timeouts?: ConnectionTimeouts;
}

/** The running HTTP server. */
export interface HttpServer {
  readonly url: string;
  /** Where the probes are, without a path. */
  readonly probesUrl: string;
  readonly state: ServerState;
  /** Whether this process can serve. */
  readonly isReady: () => boolean;
  /** Readiness: false from the start of a stop on. */
  setReady(ready: boolean): void;
  /** Stops accepting connections and resolves when the requests in progress have been answered. */
  close(): Promise<void>;
}

/** Bounds on the requests beside GraphQL that are handled in one turn of the event loop. */
const OTHERS_A_TURN: TurnBounds = { maxItems: 64, maxMs: 10 };

/**
 * Turns of the event loop until every operation is over whose client has gone: one for the news that the connection is closed, and
 * one for each queue in which a request may be.
 */
const SETTLING_TURNS = 5;

/** Where GraphQL is. A proxy may send the whole address (RFC 9112, section 3.2.2). */
const GRAPHQL_URL = /^(?:https?:\/\/[^/?#]*)?\/graphql(?:\?|$)/i;

/**
 * No route has a JSON schema. Without this, Fastify loads its compilers of schemas for every server, with all of Ajv: 115 modules, a tenth
 * of all that a start loads.
 */
const NO_SCHEMAS = { compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema } };

function refuseSchema(): never {
  throw new Error('Schemas of routes are not compiled: see NO_SCHEMAS.');
}

/** Starts to serve GraphQL and the endpoints beside it. Rejects if the address cannot be bound. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  let ready = true;
  let guarded: GuardedServer | null = null;
  let entrance: { readonly cors: CorsHeaders; readonly pipeline: Pipeline } | null = null;
  const { maxRequestBytes, acceptedTokens } = options.pipeline;
  const { forwardHeaders } = options;
  const callers = new Callers(undefined, forwardHeaders);
  const ownerOf = ({ headers }: IncomingMessage): string => {
    const caller = callers.of(headerOf(headers, 'authorization'), headers);
    return caller && acceptedTokens.has(caller) ? caller.tokenId : UNACCEPTED;
  };
  const limits = toConnectionLimits(options.timeouts ?? CONNECTION_TIMEOUTS);
  const app = fastify({
    ...limits,
    schemaController: NO_SCHEMAS,
    frameworkErrors: (error, _request, reply) => void toHttpError(error, reply),
    bodyLimit: maxRequestBytes,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    serverFactory: (handler) => {
      const cors = (): CorsHeaders | null => entrance?.cors ?? null;
      const guards = { ...options, ...limits, maxRequestBytes, ownerOf, observer: options.serverObserver, cors };
      // Like GraphQL requests, answered after this turn's sockets have been read: otherwise clients that retry at once would keep the
      // event loop reading.
      const others = new TurnQueue<ServerResponse>((response) => handler(response.req, response), OTHERS_A_TURN);
      guarded = createGuardedServer(guards, (request, response) => {
        // While it drains: the next request on this connection would meet its end. With `Connection: close` a load balancer
        // makes a new one, elsewhere, before that.
        if (!ready) response.shouldKeepAlive = false;
        // Preflights are the CORS plugin's.
        if (entrance && request.method !== 'OPTIONS' && (request.url === '/graphql' || GRAPHQL_URL.test(request.url ?? '')))
          entrance.pipeline.take(request, response);
        else if (guarded?.enter(response)) others.add(response);
      });
      return guarded.server;
    },
  });
  // Fastify knows the common methods only. GraphQL's requests do not come by here; those to other addresses do.
  if (!app.supportedMethods.includes('QUERY')) app.addHttpMethod('QUERY', { hasBody: true });
  app.setErrorHandler((error, _request, reply) => toHttpError(error, reply));
  app.addHook('onRequest', tellMethods);
  await registerCors(app, options);
  // After the CORS plugin's hook, so that other origins can read it; before the body is read, so that a slow sender holds no slot.
  app.addHook('onRequest', refuseUnknownPath);
  const isReady = (): boolean => ready && options.isUpstreamReady();
  const probes = toProbes({ isReady, metrics: options.metrics }, options.siblings);
  if (options.probePort === null) registerProbes(app, probes);
  options.explorer?.register(app);
  const corsHeaders = await readCorsHeaders(app, options.corsOrigins === '*' ? [] : options.corsOrigins);
  entrance = {
    cors: corsHeaders,
    pipeline: new Pipeline({
      ...options.pipeline,
      callers,
      vary: toVary(forwardHeaders),
      cors: corsHeaders,
      hasPage: options.explorer !== null,
      pageHeaders: Object.entries(options.explorer?.pageHeaders ?? {}).flat(),
      startTrace: options.pipeline.contexts.startTrace,
      enter: (response) => guarded?.enter(response) ?? false,
      watchUnsent: (response) => guarded?.watchUnsent(response),
    }),
  };
  const silent = new SilentConnections(app.server);
  let probeServer: ProbeServer | null = null;
  if (options.probePort !== null && !options.siblings)
    probeServer = await createProbeServer({ host: options.host, port: options.probePort, probes });
  try {
    await app.listen({ host: options.host, port: options.port, backlog: options.listenBacklog });
  } catch (error) {
    await probeServer?.close();
    throw error;
  }
  const url = toUrl(options.host, (app.server.address() as AddressInfo).port);
  return {
    url,
    probesUrl: probeServer?.url ?? url,
    isReady,
    get state() {
      return guarded?.state() ?? { requests: 0, unsentBytes: 0 };
    },
    setReady: (value) => {
      ready = value;
    },
    close: async () => {
      await closeServer(app, silent, options.pipeline.contexts.deadlineMs);
      await probeServer?.close();
    },
  };
}

/**
 * Stops taking connections and lets the requests under way finish. A connection that becomes idle meanwhile would stay
 * open for its keep-alive time, and the stop with it; one whose client never ends its request would stay for good. So
 * the former are closed as they become idle, those never used after a moment, and the latter when no operation can
 * still be under way.
 */
async function closeServer(app: FastifyInstance, silent: SilentConnections, deadlineMs: number): Promise<void> {
  const stay = silent.closeSoon();
  const idle = setInterval(() => app.server.closeIdleConnections(), 20);
  const late = setTimeout(() => app.server.closeAllConnections(), deadlineMs + 1000);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(late);
    stay();
  }
  // Node says that the server is closed before it tells the last connections' responses, which ends their operations.
  for (let turn = 0; turn < SETTLING_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Tells who asks which methods GraphQL has (RFC 9110, section 9.3.7), and that QUERY is one of them. */
function tellMethods(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (request.method === 'OPTIONS' && GRAPHQL_URL.test(request.raw.url ?? ''))
    void reply.header('allow', ALLOWED_METHODS).header(...ACCEPT_QUERY);
  done();
}

/** Answers requests to an address at which there is nothing. */
function refuseUnknownPath(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (!request.is404) {
    done();
    return;
  }
  const message = `There is nothing at ${request.method} ${request.url.split('?', 1)[0] ?? ''}. GraphQL is at /graphql.`;
  void reply.code(404).send({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
}
