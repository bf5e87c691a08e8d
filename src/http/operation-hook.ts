import type { FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify';
import type { GatewayContext } from '../graphql/context';
import type { OperationObserver, OperationRecord } from '../telemetry/operation-observer';
import { toRequestId, toTraceId } from './request-id';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the operation runs in; null until it is begun. */
    graphqlContext: GatewayContext | null;
  }
}

/**
 * Tells the observer of every operation that Fastify answers: those that went through Apollo Server's pipeline, and
 * those that were refused before, by Fastify, by a hook or by Apollo Server's reading of the request.
 */
export function createOperationHook(observer: OperationObserver): onSendHookHandler {
  return (request, reply, payload, done) => {
    const record = toRecord(request, reply, payload);
    if (record) observer.operationEnded(record);
    done(null, payload);
  };
}

/** Null where the answer is none to an operation: the explorer's page. */
function toRecord(request: FastifyRequest, reply: FastifyReply, payload: unknown): OperationRecord | null {
  const context = request.graphqlContext;
  const durationMs = context ? performance.now() - context.startedMs : reply.elapsedTime;
  if (context?.ending.end) {
    const { requestId, traceId, billing, ending: { end } } = context;
    const { calls, cached, stale } = billing?.operation ?? NOTHING;
    return { requestId, traceId, ...end, ...(reply.raw.destroyed ? ABORTED : null), durationMs, calls, merged: billing?.merged ?? 0, cached, stale, lane: 'apollo' };
  }
  if (reply.statusCode < 400) return null;
  return { requestId: requestIdOf(request, reply), traceId: toTraceId(request.headers), operationName: null, outcome: 'refused', codes: codesOf(payload), durationMs, ...NOTHING, lane: 'http' };
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
