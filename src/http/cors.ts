import cors, { type FastifyCorsOptions } from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DEADLINE_HEADER, DRY_RUN_HEADER, TRACE_HEADER } from './request/request-controls';

/** Headers that cross-origin scripts commonly send, so that a browser needs one preflight for all of them. */
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
/** Headers that a script from another origin may read. */
const EXPOSED_HEADERS = [
  'www-authenticate',
  'retry-after',
  'ratelimit',
  'ratelimit-policy',
  'x-request-id',
  'x-billing-stale',
  'etag',
  'accept-query',
];

/** Which pages may call. */
export interface CorsRules {
  /** Pages of these origins; `*`: of any. */
  readonly corsOrigins: '*' | readonly string[];
  /** Clients' headers that are forwarded to the billing API, in lower case. */
  readonly forwardHeaders: readonly string[];
  /** Whether pages of the internet, such as the hosted Sandbox, may call a gateway in a private network. */
  readonly allowPrivateNetwork: boolean;
}

/** Adds the CORS headers to responses, and answers preflights. */
export async function registerCors(app: FastifyInstance, { corsOrigins, forwardHeaders, allowPrivateNetwork }: CorsRules): Promise<void> {
  if (allowPrivateNetwork) app.addHook('onRequest', allowPrivateNetworks);
  const corsOptions = {
    origin: corsOrigins === '*' ? '*' : [...corsOrigins],
    methods: ['GET', 'POST', 'QUERY', 'OPTIONS'],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
    // An OPTIONS that is no preflight asks which methods there are.
    strictPreflight: false,
  };
  const known = [...ALLOWED_HEADERS, ...forwardHeaders];
  await app.register(
    cors,
    () => (request: FastifyRequest, done: (error: Error | null, options: FastifyCorsOptions) => void) =>
      done(null, { ...corsOptions, allowedHeaders: withAsked(known, request.headers['access-control-request-headers']) }),
  );
}

/**
 * The headers that a page of an allowed origin may send: the known ones and any others that the browser requests, for example for
 * tracing libraries. Allowing them is safe because no cookies are used: a page needs a token of its own.
 * @param asked the `Access-Control-Request-Headers` header, as received.
 */
function withAsked(known: readonly string[], asked = ''): string[] {
  const others = asked.split(',').map((name) => name.trim().toLowerCase());
  return [...known, ...others.filter((name) => name !== '' && !known.includes(name))];
}

/** Browsers ask for a page's leave to reach into a private network with the preflight (Private Network Access, section 3.1). */
function allowPrivateNetworks(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (request.headers['access-control-request-private-network'] === 'true')
    void reply.header('access-control-allow-private-network', 'true');
  done();
}
