import type { IncomingMessage, ServerResponse } from 'node:http';
import Negotiator from 'negotiator';
import { monotonicMs } from '../../runtime/clock';
import type { Caller } from '../../billing/model/caller';
import { toBillingTrace } from '../../graphql/server/billing-trace';
import { toCacheHeaders, toFreshnessHeaders } from '../../graphql/server/cache-policy';
import type { GatewayContext } from '../../graphql/context/context';
import { parseRequestJson } from '../../graphql/analysis/request-json';
import { inexactVariablesError } from '../../graphql/analysis/exact-variables';
import type { Variables } from '../../graphql/analysis/coerce-variables';
import type { PreparedOperation } from '../../graphql/execution/compiled-operation';
import { toResponseBody } from '../../graphql/execution/writing/response';
import type { PreparedOperations } from '../../graphql/execution/compiled-operations';
import type { CallBudget } from '../../graphql/limits/call-budget';
import type { OperationObserver } from '../../telemetry/observers/operation-observer';
import { toToldName } from '../../telemetry/redaction/reported-name';
import type { Callers } from '../request/callers';
import { carriedWith } from './request-state';
import { headerOf } from '../request/header-of';
import type { KeptAnswers } from './response-cache';
import { createContext, isTraced, type RequestContextOptions } from './request-contexts';
import { DEADLINE_HEADER } from '../request/request-deadline';
import { toRequestId } from '../request/request-id';
import { DRY_RUN_HEADER, isDetailed } from '../request/trace-headers';
import { startTraceOf, toTraceId } from '../request/trace-parent';

/** Settings of the lane. */
export interface PreparedLaneOptions {
  readonly operations: PreparedOperations;
  readonly callers: Callers;
  readonly callBudget: CallBudget;
  readonly contexts: RequestContextOptions;
  /** Told of what the lane has answered. */
  readonly observer: OperationObserver;
  /** Null: no answer is kept whole. */
  readonly kept: KeptAnswers | null;
  /** Headers that every answer has, such as CORS's; names and values in turn. */
  readonly fixedHeaders: readonly string[];
}

/** A GraphQL request's body (GraphQL over HTTP, section 5.1) without anything that only Apollo Server understands. */
interface PlainRequest {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Variables;
}

/** Headers that ask for something which only Apollo Server does. */
const APOLLO_HEADERS = ['apollo-federation-include-trace', 'content-encoding', DEADLINE_HEADER, DRY_RUN_HEADER] as const;
const NO_CODES: readonly string[] = [];
/** What an operation without a caller has cost. */
const NOTHING = { calls: 0, cached: 0, stale: 0, caller: null };
const MEDIA_TYPES = ['application/json; charset=utf-8', 'application/graphql-response+json; charset=utf-8'];

/**
 * Answers operations that Apollo Server has already parsed and validated, when all goes well: same context, limits,
 * loads, headers and bytes, without the pipeline. Whatever is not plain success is Apollo Server's: `next` carries the
 * request there, with the body that was read and the loads that were made.
 */
export class PreparedLane {
  readonly #options: PreparedLaneOptions;
  readonly #mediaTypes = new Map<string, string | undefined>();

  constructor(options: PreparedLaneOptions) {
    this.#options = options;
  }

  /** Answers the request, or calls `next`. */
  handle(arrival: Arrival): void {
    const { response, next } = arrival;
    let isTaken: boolean;
    try {
      isTaken = this.#take(arrival);
    } catch {
      // Nobody above would catch it, and one request would end the process. Apollo Server's pipeline has nets of its own.
      isTaken = response.headersSent;
      if (isTaken) response.destroy();
    }
    if (!isTaken) next();
  }

  /** Whether the request is answered here, now or later. */
  #take({ request, response, body, startedMs, next }: Arrival): boolean {
    const { headers } = request;
    const contentType = this.#mediaType(headerOf(headers, 'accept'));
    if (contentType === undefined || APOLLO_HEADERS.some((name) => headerOf(headers, name) !== undefined) || isDetailed(headers))
      return false;
    const { callers, contexts, kept, operations } = this.#options;
    const caller = callers.of(headerOf(headers, 'authorization'));
    // What an answer cost is different each time: a traced one is not kept.
    const key = kept && caller && !isTraced(request, contexts) ? kept.keyOf(caller, contentType, body) : null;
    const answer = key === null ? undefined : kept?.find(key, monotonicMs());
    if (answer) {
      const requestId = toRequestId(headers);
      this.#send(response, answer.body, answer.contentType, {
        requestId,
        cacheHeaders: toFreshnessHeaders(answer.freshUntilMs, monotonicMs()),
      });
      const trace = startTraceOf(headers, startedMs, contexts.startTrace);
      this.#options.observer.operationEnded({
        requestId,
        traceId: trace ? trace.traceId : toTraceId(headers),
        trace,
        operationName: answer.operationName,
        operationType: answer.operationType,
        outcome: 'ok',
        codes: NO_CODES,
        status: 200,
        durationMs: performance.now() - startedMs,
        calls: 0,
        merged: 0,
        cached: answer.parts,
        stale: 0,
        lane: 'kept',
      });
      return true;
    }
    const plain = parsePlain(body);
    const prepared = plain ? operations.find(plain.query, plain.operationName) : undefined;
    const variables = plain && prepared ? prepared.coerce(plain.variables) : null;
    if (!prepared || !variables || inexactVariablesError(plain?.variables, prepared.operation)) return false;
    return this.#execute({ request, response, startedMs, contentType, caller, key, prepared, variables, next });
  }

  #execute({ request, response, startedMs, contentType, caller, key, prepared, variables, next }: Execution): boolean {
    const variant = prepared.variant(variables);
    const { contexts, callBudget, operations } = this.#options;
    const isRefused = (): boolean =>
      callBudget.refusal(
        { schema: operations.schema, document: prepared.document, operation: prepared.operation, variables },
        contexts.callBudget,
      ) !== null;
    if (!variant || (variant.needsToken && !caller) || isRefused()) return false;
    const context = createContext(request, response, { caller, requestId: toRequestId(request.headers), startedMs }, contexts);
    const executed = prepared.run(variant.plan, variables, context).then(
      (result) => {
        if (result.errors.length > 0) {
          this.#leave(request, context, next);
          return;
        }
        const extensions = context.billing && context.traced ? { billing: toBillingTrace(context.billing) } : null;
        const answer = toResponseBody(result, { errors: null, extensions });
        if (key !== null) this.#keep(key, { body: answer, contentType, context, prepared });
        this.#send(response, answer, contentType, {
          requestId: context.requestId,
          cacheHeaders: toCacheHeaders(context.billing, false, monotonicMs()),
        });
        this.#observe(context, prepared);
      },
      () => this.#leave(request, context, next),
    );
    // Nothing in there should throw. Should it, this client loses its connection, and not the process all others.
    executed.catch(() => response.destroy());
    return true;
  }

  #observe({ requestId, traceId, trace, startedMs, billing }: GatewayContext, { operation }: PreparedOperation<GatewayContext>): void {
    const { calls, cached, stale, caller } = billing?.operation ?? NOTHING;
    this.#options.observer.operationEnded({
      requestId,
      traceId,
      trace,
      operationName: toToldName(operation.name?.value, caller?.token),
      operationType: operation.operation,
      outcome: 'ok',
      codes: NO_CODES,
      status: 200,
      durationMs: performance.now() - startedMs,
      calls,
      merged: billing?.merged ?? 0,
      cached,
      stale,
      lane: 'prepared',
    });
  }

  /** Leaves the operation to Apollo Server, over the loads that were made. */
  #leave(request: IncomingMessage, context: GatewayContext, next: () => void): void {
    const carried = carriedWith(request);
    if (carried) carried.context = context;
    if (context.billing) context.billing.operation.replaying = true;
    next();
  }

  /** Keeps an answer that came out of remembered parts alone: the second of its kind, so that a single one costs nothing. */
  #keep(key: string, { body, contentType, context, prepared }: Answer): void {
    const operation = context.billing?.operation;
    if (!operation || operation.calls > 0 || operation.cached === 0) return;
    if (operation.stale > 0 || operation.freshUntilMs <= monotonicMs()) return;
    this.#options.kept?.keep(key, {
      body,
      contentType,
      operationName: toToldName(prepared.operation.name?.value, operation.caller.token),
      operationType: prepared.operation.operation,
      parts: operation.cached,
      freshUntilMs: operation.freshUntilMs,
    });
  }

  #send(
    response: ServerResponse,
    answer: Buffer | string,
    contentType: string,
    { requestId, cacheHeaders }: { requestId: string; cacheHeaders: Record<string, string> },
  ): void {
    const headers = [
      ...this.#options.fixedHeaders,
      'x-request-id',
      requestId,
      'content-type',
      contentType,
      'content-length',
      String(answer.length),
    ];
    for (const name in cacheHeaders) headers.push(name, cacheHeaders[name] as string);
    response.writeHead(200, headers);
    if (typeof answer === 'string') {
      response.write(answer, 'latin1');
      // `end(answer)` would add an empty piece and send both by writev, which takes twice as long as one write.
      response.socket?.uncork();
      response.end();
    } else response.end(answer);
  }

  /** The type that Apollo Server would choose for the answer; undefined where it would refuse. */
  #mediaType(accept: string | undefined): string | undefined {
    if (accept === undefined || accept === '*/*') return MEDIA_TYPES[0];
    if (this.#mediaTypes.has(accept)) return this.#mediaTypes.get(accept);
    const chosen = new Negotiator({ headers: { accept } }).mediaType(MEDIA_TYPES);
    if (this.#mediaTypes.size < 200) this.#mediaTypes.set(accept, chosen);
    return chosen;
  }
}

interface Answer {
  readonly body: Buffer | string;
  readonly contentType: string;
  readonly context: GatewayContext;
  readonly prepared: PreparedOperation<GatewayContext>;
}

/** A request whose body has come. */
export interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  /** When it came, on the clock of `performance.now()`. */
  readonly startedMs: number;
  /** Hands the request on to Fastify. */
  readonly next: () => void;
}

interface Execution extends Omit<Arrival, 'body'> {
  readonly contentType: string;
  readonly caller: Caller | null;
  /** Under which the answer may be kept; null where it may not. */
  readonly key: string | null;
  readonly prepared: PreparedOperation<GatewayContext>;
  readonly variables: Variables;
}

const PLAIN_MEMBERS: ReadonlySet<string> = new Set(['query', 'operationName', 'variables']);

/** The request, where it is plain; null for everything that Apollo Server must look at, malformed bodies included. */
export function parsePlain(body: Buffer): PlainRequest | null {
  const text = body.toString('utf8');
  let parsed: unknown;
  try {
    parsed = parseRequestJson(text);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null) return null;
  for (const name in parsed) if (!PLAIN_MEMBERS.has(name)) return null;
  const { query, operationName, variables } = parsed as Record<string, unknown>;
  if (typeof query !== 'string') return null;
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') return null;
  if (variables !== undefined && variables !== null && (typeof variables !== 'object' || Array.isArray(variables))) return null;
  if (variables && mayReachForPrototype(variables as Variables, text)) return null;
  return { query, operationName: operationName ?? undefined, variables: (variables ?? {}) as Variables };
}

/** Whether a name in the variables may reach for a prototype: Fastify's parser refuses those, however they are spelled. */
function mayReachForPrototype(variables: Variables, text: string): boolean {
  for (const name in variables) {
    if (name === '__proto__' || name === 'constructor') return true;
    // Most variables are no objects, and have no names of their own.
    if (typeof variables[name] === 'object' && (text.includes('__proto__') || text.includes('constructor') || text.includes('\\u')))
      return true;
  }
  return false;
}
