import type { IncomingHttpHeaders } from 'node:http';
import type { OperationSpan, StartTrace, TraceParent } from '../../telemetry/observers/operation-observer';
import { disclosesToken, tellsToken } from '../../telemetry/redaction/contains-token';
import { headerOf } from './header-of';

// W3C Trace Context, section 3.2: version, trace id, parent id, flags; a later version may go on.
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;
const SAMPLED = 1;

/** The trace that the request's `traceparent` names; null where it names none. */
export function toTraceId(headers: IncomingHttpHeaders): string | null {
  // Its absence is the common case, and costs no object.
  return headerOf(headers, 'traceparent') === undefined ? null : (toTraceParent(headers)?.traceId ?? null);
}

/**
 * The request's place in a trace, by its `traceparent` and `tracestate`; null where it names none. Both are written down
 * and passed on: so a place that would tell the caller's token is none, and of a state that would, nothing is taken.
 */
export function toTraceParent(headers: IncomingHttpHeaders): TraceParent | null {
  const header = headerOf(headers, 'traceparent');
  if (header === undefined) return null;
  const found = TRACEPARENT.exec(header);
  if (!found) return null;
  const [, traceId = '', spanId = '', flags = ''] = found;
  const authorization = headerOf(headers, 'authorization');
  if (disclosesToken(traceId, authorization) || disclosesToken(spanId, authorization)) return null;
  return {
    traceId,
    spanId,
    isSampled: (parseInt(flags, 16) & SAMPLED) === SAMPLED,
    state: toTraceState(headerOf(headers, 'tracestate'), authorization),
  };
}

/** Starts the trace of a request's operation, where operations are traced. */
export function startTraceOf(headers: IncomingHttpHeaders, startedMs: number, startTrace: StartTrace | undefined): OperationSpan | null {
  return startTrace === undefined ? null : startTrace(toTraceParent(headers), startedMs);
}

function toTraceState(header: string | undefined, authorization: string | undefined): string | null {
  if (header === undefined) return null;
  // The whole, and each key and value by itself: a part of a token may stand in one of them.
  return [header, ...header.split(/[,=;: \t]+/)].some((part) => tellsToken(part, authorization)) ? null : header;
}
