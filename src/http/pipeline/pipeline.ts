import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MAX_ANONYMOUS_BYTES } from '../../graphql/limits/token-proof';
import { missingToken } from '../../graphql/context/context';
import { toMissingTokenError, toUnprovenError } from '../../graphql/context/errors';
import { monotonicMs } from '../../runtime/clock';
import { TurnQueue, type TurnBounds } from '../../runtime/turns/turn-queue';
import type { Callers } from '../request/callers';
import { toClientLibrary } from '../request/client-name';
import { exportConnection, type ExportOptions } from './export/export-connection';
import { Exchange, type Arrival, type BodyFault, type ExchangeOptions } from '../request/exchange';
import {
  badRequest,
  decodeSearch,
  parseBody,
  parseSearch,
  toGraphqlRequest,
  toRequestForm,
  type GraphqlRequest,
  type RequestForm,
} from '../request/graphql-request';
import { headerOf } from '../request/header-of';
import { RecurringBodies } from '../request/json/recurring-bodies';
import { HTML_TYPE } from '../request/media-types';
import { hasOperationInBody } from '../request/methods';
import { RecurringQueries } from '../request/recurring-queries';
import { parseControls, ROUTER_TRACE_HEADER, type RequestControls } from '../request/request-controls';
import { ABORTED, complete, completeErrors, type Completed } from '../response/completed';
import { respond, type RespondOptions } from '../response/respond';
import type { ResponseCache, ResponseKey } from '../response/response-cache';
import { isStreamed, respondStreamed } from '../response/streamed-body';
import { askApollo, executeNew, type ApolloOptions } from './ask-apollo';
import { executeKnown, type ExecuteOptions } from './execute-known';
import { RequestBodies, toBodyBounds } from './request-bodies';
import { createContext } from './request-contexts';
import { resolveDocument, type DocumentSources } from './resolve-document';

/** The pipeline's dependencies. */
export interface PipelineOptions extends ExchangeOptions, DocumentSources, ExecuteOptions, ApolloOptions, ExportOptions, RespondOptions {
  /** Null: no response is cached. */
  readonly responses: ResponseCache | null;
  readonly maxRequestBytes: number;
  readonly callers: Callers;
  /** Takes a slot for a request that has arrived completely. Returns false if it is refused instead. */
  readonly enter: (response: ServerResponse) => boolean;
}

const NO_BODY = Buffer.alloc(0);
const TOO_LARGE = `more than ${MAX_ANONYMOUS_BYTES} bytes`;
/**
 * Bounds on what is done in one turn of the event loop: for requests of accepted tokens, for their documents that are new, and for
 * requests of other tokens or without one. A new document, or a greedy request, takes up to 5 ms.
 */
const ARRIVALS_A_TURN: TurnBounds = { maxItems: 64, maxMs: 20 };
const NEW_DOCUMENTS_A_TURN: TurnBounds = { maxItems: 4, maxMs: 10 };
const STRANGERS_A_TURN: TurnBounds = { maxItems: 4, maxMs: 10 };
const USED = Symbol('connection used');

/** Whether this is the first request on its connection. Call once per request. */
function isFirst(socket: Socket & { [USED]?: boolean }): boolean {
  if (socket[USED]) return false;
  socket[USED] = true;
  return true;
}

/** Handles every GraphQL request, whatever its transport, from the HTTP server to its response. */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #bodies: RequestBodies;
  readonly #recurringBodies = new RecurringBodies();
  readonly #recurringQueries = new RecurringQueries();
  readonly #arrivals = new TurnQueue<Arrival>((arrival) => this.#handle(arrival), ARRIVALS_A_TURN);
  /** Requests whose token the billing API has never accepted: many of them take turns with the others, and not their time. */
  readonly #strangers = new TurnQueue<Arrival>((arrival) => this.#handle(arrival), STRANGERS_A_TURN);
  readonly #newDocuments = new TurnQueue<() => void>((work) => work(), NEW_DOCUMENTS_A_TURN);
  /**
   * First requests of connections, handled one turn of the event loop later: the client may have closed the connection while it
   * was waiting to be accepted, which Node notices one turn after reading the request.
   */
  readonly #firsts = new TurnQueue<Arrival>((arrival) => this.#enqueue(arrival));

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#bodies = new RequestBodies(toBodyBounds(options.maxRequestBytes));
  }

  /** Takes a request, reads its body and answers it. */
  take(request: IncomingMessage, response: ServerResponse): void {
    const { enter, callers, acceptedTokens } = this.#options;
    const { headers } = request;
    const wasUsed = !isFirst(request.socket);
    const arrive = (body: Buffer | BodyFault): void => {
      const caller = callers.of(headerOf(headers, 'authorization'), headers);
      const isAccepted = caller !== null && acceptedTokens.has(caller);
      const arrival = { request, response, body, caller, isAccepted, startedMs: performance.now() };
      if (wasUsed) this.#enqueue(arrival);
      else this.#firsts.add(arrival);
    };
    if (!hasOperationInBody(request.method)) {
      if (enter(response)) arrive(NO_BODY);
      return;
    }
    this.#bodies.read(request, (body) => {
      if (enter(response)) this.#bodies.decode(request, body, arrive);
    });
  }

  #enqueue(arrival: Arrival): void {
    const { turns } = this.#options.proof;
    if (arrival.isAccepted) {
      turns.noteAccepted(arrival.startedMs);
      this.#arrivals.add(arrival);
    } else if (!arrival.caller || arrival.body.length <= MAX_ANONYMOUS_BYTES) this.#strangers.add(arrival);
    // Large bodies take milliseconds to read as JSON, and more to collect as garbage. Where too many wait, the body is released.
    else if (!turns.add(() => this.#handle(arrival))) this.#strangers.add({ ...arrival, body: 'too-late' });
  }

  /** Has a document parsed and validated within the bounds of a turn; that of a stranger is within them already. */
  #runNew(exchange: Exchange, run: () => Promise<Completed>): Promise<Completed> {
    if (!exchange.isAccepted) return run();
    return new Promise((resolve, reject) => {
      this.#newDocuments.add(() => void run().then(resolve, reject));
    });
  }

  /** Completes the request and sends its response. Nothing in here throws, and one request cannot end the process. */
  #handle(arrival: Arrival): void {
    const exchange = new Exchange(arrival, this.#options);
    const send = (completed: Completed): void => {
      exchange.memory?.close();
      try {
        if (isStreamed(completed)) void respondStreamed(exchange, completed, this.#options);
        else respond(exchange, completed, this.#options);
      } catch {
        arrival.response.destroy();
      }
    };
    const fail = (error: unknown): void =>
      send(completeErrors({ exchange, path: 'reference', operation: null, context: null }, [error], this.#options.formatError));
    try {
      const completed = this.#complete(exchange);
      if (completed instanceof Promise) completed.then(send, fail);
      else send(completed);
    } catch (error) {
      fail(error);
    }
  }

  /** The steps from a request to its response. */
  #complete(exchange: Exchange): Completed | Promise<Completed> {
    const { responses, operations, contexts, maxRequestBytes } = this.#options;
    if (exchange.isGone) return complete({ exchange, path: 'reference', operation: null, context: null }, ABORTED);
    const form = toRequestForm(exchange, maxRequestBytes);
    if (exchange.mediaType === null && form !== 'other') throw badRequest(NOT_ACCEPTABLE, 406);
    const controls = parseControls(exchange.request.headers, contexts);
    const key = this.#cacheKey(exchange, form, controls);
    const cached = key === null ? undefined : responses?.find(key, monotonicMs());
    if (cached) return this.#auditAgain(exchange, cached);

    // No request without a token needs more. This bounds the work that an anonymous client can cause.
    if (form === 'body' && exchange.body.length > MAX_ANONYMOUS_BYTES) {
      if (!exchange.caller) throw toMissingTokenError(missingToken(`A request of ${TOO_LARGE}`));
      if (controls.dryRun && !exchange.isAccepted) throw toUnprovenError(`a body of ${TOO_LARGE}`);
    }
    // A large body with a token that is not accepted is held to further limits, which the parser of the whole knows.
    const mayRecur = form === 'body' && (exchange.body.length <= MAX_ANONYMOUS_BYTES || exchange.isAccepted);
    const recurring = mayRecur ? this.#recurringBodies.parse(exchange.body) : null;
    const parsed = recurring ?? this.#parse(exchange, form);
    const request = exchange.mediaType === HTML_TYPE ? null : toGraphqlRequest(parsed);
    if (!request) return this.#runNew(exchange, () => askApollo(exchange, parsed, createContext(exchange, null, contexts), this.#options));

    // Who is named in the headers is not named in what a cached response is found by.
    const isNamed = exchange.client !== null;
    exchange.client ??= toClientLibrary(request.extensions, exchange.request.headers);
    const resolved = resolveDocument(request, this.#options);
    if (exchange.exportType !== null) {
      const exported = this.#runNew(exchange, () => exportConnection(exchange, { request: resolved, controls }, this.#options));
      return controls.maxAgeSeconds === null ? exported : exported.then((done) => this.#refresh(exchange, done));
    }
    const { query, operationName } = resolved;
    const known = query === undefined || isApollos(exchange, resolved) ? undefined : operations.find(query, operationName);
    if (known && !recurring && exchange.isAccepted) this.#note(exchange, form);
    const completed = known
      ? executeKnown(exchange, { known, variables: resolved.variables, controls }, this.#options)
      : this.#runNew(exchange, () => executeNew(exchange, resolved, createContext(exchange, controls, contexts), this.#options));
    if (controls.maxAgeSeconds !== null && completed instanceof Promise) return completed.then((done) => this.#refresh(exchange, done));
    return key !== null && known && completed instanceof Promise ? completed.then((done) => this.#offer(key, done, isNamed)) : completed;
  }

  #parse({ body, request, isAccepted }: Exchange, form: RequestForm): unknown {
    if (form === 'body') return parseBody(body, isAccepted);
    return form === 'search' ? parseSearch(request.url ?? '', this.#recurringQueries) : null;
  }

  /** Takes note of what an accepted token's request for a known operation looks like. */
  #note({ body, request }: Exchange, form: RequestForm): void {
    if (form === 'body') this.#recurringBodies.note(body);
    else this.#recurringQueries.note(request.url ?? '', decodeSearch);
  }

  /** The key under which the response may be cached; null where it may not. What a response cost is different each time. */
  #cacheKey(
    { caller, mediaType, exportType, body, request }: Exchange,
    form: RequestForm,
    { traced, dryRun, maxAgeSeconds }: RequestControls,
  ): ResponseKey | null {
    const { responses } = this.#options;
    if (
      !responses ||
      !caller ||
      form === 'other' ||
      mediaType === null ||
      mediaType === HTML_TYPE ||
      exportType !== null ||
      traced ||
      dryRun ||
      maxAgeSeconds !== null
    )
      return null;
    if (headerOf(request.headers, ROUTER_TRACE_HEADER) !== undefined) return null;
    return responses.keyOf(caller, mediaType, form === 'body' ? body : Buffer.from(request.url ?? '', 'latin1'));
  }

  /** Records the reads of a cached response again, for the caller who gets it. */
  #auditAgain({ caller, requestId }: Exchange, completed: Completed): Completed {
    const { audit } = this.#options.contexts;
    if (audit && caller) for (const read of completed.reads) audit.bills(caller, requestId, read);
    return completed;
  }

  /** The caller's cached responses may be made of older bills than those that were just read. */
  #refresh({ caller }: Exchange, completed: Completed): Completed {
    if (caller) this.#options.responses?.evictCaller(caller);
    return completed;
  }

  #offer(key: ResponseKey, completed: Completed, isNamed: boolean): Completed {
    this.#options.responses?.offer(key, isNamed ? { ...completed, client: null } : completed, monotonicMs());
    return completed;
  }
}

const NOT_ACCEPTABLE =
  'A response has none of the media types that the header "Accept" allows. It may be application/json or ' +
  'application/graphql-response+json; an export, application/jsonl or text/csv; all in UTF-8.';

/** Whether a request asks for what only Apollo Server does, beside executing the operation. */
function isApollos({ request }: Exchange, { extensions }: GraphqlRequest): boolean {
  return headerOf(request.headers, ROUTER_TRACE_HEADER) !== undefined || Boolean(extensions?.['persistedQuery']);
}
