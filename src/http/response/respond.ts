import type { ServerResponse } from 'node:http';
import type { CallLimiter } from '../../billing/admission/call-limiter';
import { monotonicMs } from '../../runtime/clock';
import type { AcceptedTokens } from '../../billing/ports/accepted-tokens';
import { toCacheHeaders } from '../../graphql/server/cache-policy';
import type { OperationObserver } from '../../telemetry/observers/operation-observer';
import { headerOf } from '../request/header-of';
import { NO_CODES, type Completed } from './completed';
import type { CorsHeaders } from '../request/cors-headers';
import { toRateLimitHeaders } from './rate-limit-headers';
import type { Exchange } from '../request/exchange';
import { ACCEPT_QUERY, isCacheable } from '../request/methods';
import { compress, MIN_COMPRESSED_BYTES, negotiateCoding, type Coding } from './compression';
import { validate } from './entity-tag';

/** What all responses have in common. */
export interface RespondOptions {
  readonly cors: CorsHeaders;
  /** The `Vary` header of a response that may be stored: see `toVary`. */
  readonly vary: string;
  /** Whether bodies are compressed for clients that accept it. */
  readonly isCompressed: boolean;
  /** Called for every operation. */
  readonly observer: OperationObserver;
  readonly acceptedTokens: AcceptedTokens;
  /** Called for a streamed response whose last chunk is unread while all earlier ones have been read. */
  readonly watchUnsent: (response: ServerResponse) => void;
  /** Without it, calls are not limited by token. */
  readonly limiter?: CallLimiter | null | undefined;
}

const NO_HEADERS: readonly string[] = [];

/** The headers of a response that may be compressed. */
export const VARY_CODING: readonly string[] = ['vary', 'accept-encoding'];

/** Sends a response, the same way whatever made it, and tells the observer of its operation; compressed where the client accepts it. */
export function respond(exchange: Exchange, completed: Completed, options: RespondOptions): void {
  const isLarge = options.isCompressed && completed.body.length >= MIN_COMPRESSED_BYTES;
  const varying = isLarge ? { ...completed, headers: [...completed.headers, ...VARY_CODING] } : completed;
  const validated = isCacheable(exchange.request.method) ? validate(exchange, varying) : varying;
  const accepted = isLarge && validated.status !== 304 ? headerOf(exchange.request.headers, 'accept-encoding') : undefined;
  const coding = accepted === undefined ? null : negotiateCoding(accepted);
  if (coding === null) finish(exchange, validated, options);
  else respondCoded(exchange, validated, { coding, options });
}

function respondCoded(
  exchange: Exchange,
  completed: Completed,
  { coding, options }: { readonly coding: Coding; readonly options: RespondOptions },
): void {
  const { body, derived } = completed;
  const form = derived ? derived.compressed(body, coding) : compress(body, coding);
  if (Buffer.isBuffer(form)) {
    finish(exchange, toCoded(completed, form, coding), options);
    return;
  }
  form
    .then(
      (made) => finish(exchange, toCoded(completed, made, coding), options),
      () => finish(exchange, completed, options),
    )
    .catch(() => exchange.response.destroy());
}

function toCoded(plain: Completed, body: Buffer, coding: Coding): Completed {
  return { ...plain, body, headers: [...plain.headers, 'content-encoding', coding] };
}

function finish(exchange: Exchange, completed: Completed, options: RespondOptions): void {
  exchange.endAdmission();
  const aborted = exchange.isGone;
  if (!aborted) send(exchange, completed, options);
  record(exchange, completed, { aborted, options });
}

/** Tells the observer of a response's operation. */
export function record(
  exchange: Exchange,
  { status, operationName, operationType, path, outcome, codes, cost, client }: Completed,
  { aborted, options }: { readonly aborted: boolean; readonly options: Pick<RespondOptions, 'observer' | 'acceptedTokens'> },
): void {
  if (outcome === null) return;
  options.observer.operationEnded({
    requestId: exchange.requestId,
    traceId: exchange.traceId,
    trace: exchange.trace,
    operationName,
    client: exchange.client ?? client,
    isAccepted: exchange.caller !== null && (cost.cached > 0 || options.acceptedTokens.has(exchange.caller)),
    operationType,
    // A client that has gone ends its calls; the errors that this makes are nobody's, and nothing has failed.
    outcome: aborted ? 'aborted' : outcome,
    codes: aborted ? NO_CODES : codes,
    status,
    durationMs: performance.now() - exchange.startedMs,
    calls: cost.calls,
    merged: cost.merged,
    cached: cost.cached,
    stale: cost.stale,
    path,
  });
}

/** What the headers of a response are made from. */
type HeadOf = Pick<Completed, 'status' | 'headers' | 'mediaType' | 'freshness'>;

/** Sends status, headers and body. */
export function send(exchange: Exchange, completed: HeadOf & Pick<Completed, 'body'>, options: HeadOptions): void {
  const { response } = exchange;
  const { status, body } = completed;
  response.writeHead(status, toHead(exchange, completed, options, body.length));
  if (status === 304) response.end();
  else if (typeof body === 'string') {
    response.write(body, 'latin1');
    // `end(body)` would add an empty piece and send both by writev, which takes twice as long as one write.
    response.socket?.uncork();
    response.end();
  } else response.end(body);
}

type HeadOptions = Pick<RespondOptions, 'cors' | 'vary' | 'limiter'>;

/**
 * The headers of a response. Whatever is to be the same for all responses is done here.
 * @param length of the body; null where it is not known yet.
 */
export function toHead(
  { request, requestId, caller }: Exchange,
  { status, headers, mediaType, freshness }: HeadOf,
  { cors, vary, limiter }: HeadOptions,
  length: number | null,
): string[] {
  const { allow, vary: varyOfCors } = cors.of(headerOf(request.headers, 'origin'));
  const cacheHeaders = toCacheHeaders(freshness, monotonicMs(), vary);
  return [
    ...allow,
    'x-request-id',
    requestId,
    ...(status === 304 ? NO_HEADERS : ['content-type', mediaType]),
    ...(status === 304 || length === null ? NO_HEADERS : ['content-length', String(length)]),
    ...(cacheHeaders.includes('vary') ? cacheHeaders : [...cacheHeaders, ...varyOfCors]),
    // Who sends a POST, and is understood, has nothing to do with it.
    ...(request.method === 'POST' && status !== 415 ? NO_HEADERS : ACCEPT_QUERY),
    ...toRateLimitHeaders(limiter, caller),
    ...headers,
  ];
}
