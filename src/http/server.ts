import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import cors from '@fastify/cors';
import fastify, { errorCodes, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ApolloServer } from '@apollo/server';
import { TurnQueue } from '../runtime/turn-queue';
import type { GatewayContext } from '../graphql/context/context';
import { toExactJson } from '../graphql/analysis/request-json';
import type { PreparedOperations } from '../graphql/execution/compiled-operations';
import type { CallBudget } from '../graphql/limits/call-budget';
import type { TrustedDocuments } from '../graphql/limits/trusted-documents';
import type { OperationObserver } from '../telemetry/observers/operation-observer';
import type { ServerObserver, ServerState } from '../telemetry/observers/server-observer';
import { createAdmissionHook } from './pipeline/admission-hook';
import { Callers } from './request/callers';
import { carriedWith, carry } from './pipeline/request-state';
import { CONNECTION_TIMEOUTS, toConnectionLimits, type ConnectionTimeouts } from './connection/connection-limits';
import { createGuardedServer, type GuardedServer } from './connection/guarded-server';
import { createProbeServer, registerProbes, toUrl, type MetricsText, type ProbeServer } from './connection/probes';
import type { Explorer } from './explorer/explorer';
import { EXPOSED_HEADERS, toCorsHeaders, type CorsOrigins } from './request/cors-headers';
import { headerOf } from './request/header-of';
import { toHttpError } from './pipeline/http-errors';
import type { KeptAnswers } from './pipeline/response-cache';
import { createOperationHook } from './pipeline/operation-hook';
import { PreparedLane, type Arrival } from './pipeline/compiled-path';
import { readBody } from './request/read-body';
import { createContext, type RequestContextOptions } from './pipeline/request-contexts';
import { DEADLINE_HEADER } from './request/request-deadline';
import { toRequestId } from './request/request-id';
import { SilentConnections } from './connection/silent-connections';
import { DRY_RUN_HEADER, TRACE_HEADER } from './request/trace-headers';

/** Settings of the HTTP server. */
export interface HttpServerOptions {
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
  readonly apollo: ApolloServer<GatewayContext>;
  readonly contexts: RequestContextOptions;
  /** What a browser finds at /graphql; null: nothing. */
  readonly explorer: Explorer | null;
  /** What the prepared lane executes; see prepared-lane.ts. */
  readonly operations: PreparedOperations;
  readonly callBudget: CallBudget;
  /** Whether the billing API is being asked; while its circuit breaker is open, the gateway is not ready. */
  readonly isUpstreamReady: () => boolean;
  /** What `/metrics` serves; without it there is no such path. */
  readonly metrics?: MetricsText;
  /** Told of every operation. */
  readonly observer: OperationObserver;
  readonly serverObserver: ServerObserver;
  /** Whole responses that are cached; null: none is. */
  readonly responses: KeptAnswers | null;
  readonly maxRequestBytes: number;
  /** Default: CONNECTION_TIMEOUTS. */
  readonly timeouts?: ConnectionTimeouts;
  readonly corsOrigins: CorsOrigins;
  /** Whether pages of the internet, such as the hosted Sandbox, may call a gateway in a private network. */
  readonly allowPrivateNetwork: boolean;
  /** Null: any document may run. */
  readonly trustedDocuments: TrustedDocuments | null;
}

/** The running HTTP server. */
export interface HttpServer {
  readonly url: string;
  /** Where the probes are, without a path. */
  readonly probesUrl: string;
  readonly state: ServerState;
  /** Readiness: false from the start of a stop on. */
  setReady(ready: boolean): void;
  /** Stops taking connections and resolves when the requests under way have been answered. */
  close(): Promise<void>;
}

/** Headers that a script from another origin may send, and read. */
const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'cache-control',
  'if-none-match',
  'apollo-require-preflight',
  'apollographql-client-name',
  'apollographql-client-version',
  'apollographql-library-name',
  'apollographql-library-version',
  'x-apollo-operation-id',
  'x-apollo-operation-name',
  TRACE_HEADER,
  DRY_RUN_HEADER,
  'x-request-id',
  DEADLINE_HEADER,
  'traceparent',
  'tracestate',
];

/** Starts to serve GraphQL and the endpoints beside it. Rejects where the address cannot be had. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  let ready = true;
  const callers = new Callers();
  const lane = new PreparedLane({
    operations: options.operations,
    callers,
    callBudget: options.callBudget,
    contexts: options.contexts,
    observer: options.observer,
    kept: options.responses,
    fixedHeaders: toCorsHeaders(options.corsOrigins, undefined),
  });
  const posts = new TurnQueue<Arrival>((arrival) => lane.handle(arrival));
  let guarded: GuardedServer | null = null;
  const limits = toConnectionLimits(options.timeouts ?? CONNECTION_TIMEOUTS);
  const app = fastify({
    ...limits,
    frameworkErrors: (error, _request, reply) => void toHttpError(error, reply),
    bodyLimit: options.maxRequestBytes,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    serverFactory: (handler) => {
      guarded = createGuardedServer({ ...options, ...limits, observer: options.serverObserver }, (request, response) => {
        const next = (): void => handler(request, response);
        // While it drains: the next request on this connection would meet its end. With `Connection: close` a load balancer
        // makes a new one, elsewhere, before that.
        if (!ready) response.shouldKeepAlive = false;
        if (!isPlainPost(request, options.corsOrigins)) {
          next();
          return;
        }
        readBody(request, options.maxRequestBytes, (body) => {
          carry(request, { body, context: null });
          if (body) posts.add({ request, response, body, startedMs: performance.now(), next });
          else next();
        });
      });
      return guarded.server;
    },
  });
  app.removeContentTypeParser('application/json');
  // Fastify's own parser, which refuses names that reach for a prototype.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', (request, payload, done) => {
    readJsonText(request.raw, payload, options.maxRequestBytes, (error, text) => {
      if (text === null) done(error);
      else void parseJson(request, toExactJson(text), done);
    });
  });
  app.setErrorHandler((error, _request, reply) => toHttpError(error, reply));
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({
      errors: [
        {
          message: `There is nothing at ${request.method} ${request.url.split('?', 1)[0] ?? ''}. GraphQL is at /graphql.`,
          extensions: { code: 'BAD_REQUEST' },
        },
      ],
    }),
  );
  if (options.allowPrivateNetwork) app.addHook('onRequest', allowPrivateNetwork);
  await app.register(cors, {
    origin: options.corsOrigins === '*' ? '*' : [...options.corsOrigins],
    methods: ['GET', 'POST', 'OPTIONS'],
    allowedHeaders: ALLOWED_HEADERS,
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
  });
  const probes = { isReady: () => ready && options.isUpstreamReady(), metrics: options.metrics };
  if (options.probePort === null) registerProbes(app, probes);
  options.explorer?.register(app);
  registerGraphql(app, options, callers);
  const silent = new SilentConnections(app.server);
  let probeServer: ProbeServer | null = null;
  if (options.probePort !== null) probeServer = await createProbeServer({ host: options.host, port: options.probePort, probes });
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
    get state() {
      return guarded?.state() ?? { requests: 0, unsentBytes: 0 };
    },
    setReady: (value) => {
      ready = value;
    },
    close: async () => {
      await closeServer(app, silent, options.contexts.deadlineMs);
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
}

function registerGraphql(app: FastifyInstance, options: HttpServerOptions, callers: Callers): void {
  const context = (request: FastifyRequest, reply: FastifyReply): Promise<GatewayContext> => {
    const begun = carriedWith(request.raw)?.context;
    const requestId = begun?.requestId ?? toRequestId(request.headers);
    reply.header('x-request-id', requestId);
    const startedMs = performance.now() - reply.elapsedTime;
    request.graphqlContext =
      begun ??
      createContext(
        request.raw,
        reply.raw,
        { caller: callers.of(headerOf(request.headers, 'authorization')), requestId, startedMs },
        options.contexts,
      );
    return Promise.resolve(request.graphqlContext);
  };
  app.decorateRequest('graphqlContext', null);
  app.route({
    // Apollo Server says itself which methods it takes, with 405 and `Allow` for the others.
    method: ['GET', 'POST', 'HEAD', 'PUT', 'PATCH', 'DELETE'],
    url: '/graphql',
    onSend: createOperationHook(options.observer, options.contexts.startTrace),
    preHandler: [toPageHook(options.explorer), createAdmissionHook(options.trustedDocuments)],
    handler: fastifyApolloHandler(options.apollo, { context }),
  });
}

/** Browsers ask for a page's leave to reach into a private network with the preflight (Private Network Access, section 3.1). */
function allowPrivateNetwork(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (request.headers['access-control-request-private-network'] === 'true')
    void reply.header('access-control-allow-private-network', 'true');
  done();
}

/** The headers of the explorer's page, on what may be that page. */
function toPageHook(explorer: Explorer | null): (request: FastifyRequest, reply: FastifyReply, done: () => void) => void {
  return (request, reply, done) => {
    if (explorer && request.method === 'GET' && request.headers.accept?.includes('text/html')) void reply.headers(explorer.pageHeaders);
    done();
  };
}

/** Whether the prepared lane may look at a request: a POST of JSON to GraphQL, which no rule of Fastify's concerns. */
function isPlainPost(request: IncomingMessage, corsOrigins: '*' | readonly string[]): boolean {
  if (request.method !== 'POST' || request.url !== '/graphql') return false;
  // With a list of origins, the answer's headers depend on the request's origin.
  if (corsOrigins !== '*' && headerOf(request.headers, 'origin') !== undefined) return false;
  const type = headerOf(request.headers, 'content-type');
  return type === 'application/json' || (type !== undefined && /^application\/json; ?charset=utf-8$/i.test(type));
}

/** The text of a body of JSON, that was read already or not. Refusals are Fastify's own errors. */
function readJsonText(
  raw: IncomingMessage,
  payload: IncomingMessage,
  maxBytes: number,
  done: (error: Error | null, text: string | null) => void,
): void {
  const finish = (body: Buffer | null): void => {
    if (body) done(null, body.toString('utf8'));
    else done(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE(), null);
  };
  const carried = carriedWith(raw);
  if (carried) finish(carried.body);
  else readBody(payload, maxBytes, finish);
}
