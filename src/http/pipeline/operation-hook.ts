import type { FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify';
import type { GatewayContext } from '../../graphql/context/context';
import type { OperationObserver, OperationRecord, StartTrace } from '../../telemetry/observers/operation-observer';
import { toRequestId } from '../request/request-id';
import { startTraceOf, toTraceId } from '../request/trace-parent';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the operation runs in; null until it is begun. */
    graphqlContext: GatewayContext | null;
  }
}

/**
 * Tells the observer of every operation that Fastify answers: those that went through Apollo Server's pipeline, and
 * those that were refused before, by Fastify, by a hook or by Apollo Server's reading of the request.
 * @param startTrace for the latter, which have no context; undefined: operations have no spans.
 */
export function createOperationHook(observer: OperationObserver, startTrace: StartTrace | undefined): onSendHookHandler {
  return (request, reply, payload, done) => {
    const record = toContextRecord(request, reply) ?? toRefusal(request, reply, { payload, startTrace });
    if (record) observer.operationEnded(record);
    done(null, payload);
  };
}

/** Null where the operation did not come as far as Apollo Server's pipeline. */
function toContextRecord({ graphqlContext }: FastifyRequest, { statusCode, raw }: FastifyReply): OperationRecord | null {
  if (!graphqlContext?.ending.end) return null;
  const {
    requestId,
    traceId,
    trace,
    startedMs,
    billing,
    ending: { end },
  } = graphqlContext;
  const { calls, cached, stale } = billing?.operation ?? NOTHING;
  return {
    requestId,
    traceId,
    trace,
    ...end,
    ...(raw.destroyed ? ABORTED : null),
    status: statusCode,
    durationMs: performance.now() - startedMs,
    calls,
    merged: billing?.merged ?? 0,
    cached,
    stale,
    lane: 'apollo',
  };
}

/** Null where the answer is none to an operation: the explorer's page. */
function toRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  { payload, startTrace }: { payload: unknown; startTrace: StartTrace | undefined },
): OperationRecord | null {
  const context = request.graphqlContext;
  const { statusCode: status, elapsedTime } = reply;
  if (status < 400) return null;
  const startedMs = context?.startedMs ?? performance.now() - elapsedTime;
  const trace = context ? context.trace : startTraceOf(request.headers, startedMs, startTrace);
  const traceId = trace ? trace.traceId : toTraceId(request.headers);
  return {
    requestId: requestIdOf(request, reply),
    traceId,
    trace,
    operationName: null,
    operationType: null,
    outcome: 'refused',
    codes: codesOf(payload),
    status,
    durationMs: performance.now() - startedMs,
    ...NOTHING,
    lane: 'http',
  };
}

/** A client that has gone ends its calls; the errors that this makes are nobody's, and nothing has failed. */
const ABORTED = { outcome: 'aborted', codes: [] } as const;

const NOTHING = { calls: 0, merged: 0, cached: 0, stale: 0 };

/** The id that the answer has, or gets: a refusal can be found in the log like any other answer. */
function requestIdOf(request: FastifyRequest, reply: FastifyReply): string {
  const given = reply.getHeader('x-request-id');
  if (typeof given === 'string') return given;
  const requestId = toRequestId(request.headers);
  void reply.header('x-request-id', requestId);
  return requestId;
}

/** The codes in an answer that is text already. Within a JSON text the pattern cannot stand: its quotes would be escaped. */
function codesOf(payload: unknown): readonly string[] {
  if (typeof payload !== 'string') return [];
  return [...new Set(Array.from(payload.matchAll(/"code":"([A-Z_]{1,40})"/g), (match) => match[1] as string))];
}
