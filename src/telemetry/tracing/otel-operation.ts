import {
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import type { LookupResult, OperationTrace, TracedAttempt, TracedStep } from '../../billing/ports/operation-trace';
import { toLevel } from '../logs/operation-level';
import type { OperationRecord, OperationSpan } from '../observers/operation-observer';
import { ATTRIBUTES, BILLS_TEMPLATE, SPANS } from './span-names';

/** What an operation's spans are made of. */
export interface OtelOperationOptions {
  readonly tracer: Tracer;
  /** The billing API's host and port. */
  readonly api: { readonly address: string; readonly port: number };
  /** Whether trace headers are sent to the billing API. */
  readonly propagates: boolean;
  /** Holds the request's place in a trace, where it has one. */
  readonly parent: Context;
  /** When the request came, on the clock of `performance.now()`. */
  readonly startedMs: number;
}

/** What spans of operations that were not chosen come to. */
const nothing = (): void => undefined;
const NO_STEP: TracedStep<readonly unknown[]> = { end: nothing };
const NO_HEADERS: readonly string[] = [];
/** Attempts that ended without anybody's fault. */
const FAULTLESS: ReadonlySet<string> = new Set(['ok', 'not-found', 'aborted']);

/** The span of one operation, and those of what is done for it, which are its children. */
export class OtelOperation implements OperationSpan {
  readonly #options: OtelOperationOptions;
  readonly #span: Span;
  /** All of an operation's times are by one reading of the clock: otherwise a child may seem to begin before its parent. */
  readonly #clockMs: number;
  #context: Context | null = null;

  constructor(options: OtelOperationOptions) {
    this.#options = options;
    this.#clockMs = Date.now() - performance.now();
    this.#span = options.tracer.startSpan(
      SPANS.operation,
      { kind: SpanKind.SERVER, startTime: this.#toTime(options.startedMs), attributes: { [ATTRIBUTES.httpRoute]: '/graphql' } },
      options.parent,
    );
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  /** For links from other operations. */
  get spanContext(): SpanContext {
    return this.#span.spanContext();
  }

  startPlanning(): TracedStep<[pages: number, calls: number]> {
    const span = this.#start(SPANS.planning);
    return span
      ? { end: (pages, calls) => this.#end(span, { [ATTRIBUTES.plannedPages]: pages, [ATTRIBUTES.plannedCalls]: calls }) }
      : NO_STEP;
  }

  startLookup(layer: string): TracedStep<[result: LookupResult]> {
    return this.#startLookup(SPANS.lookup, layer);
  }

  startLock(layer: string): TracedStep<[result: LookupResult]> {
    return this.#startLookup(SPANS.lock, layer);
  }

  startJoined(other: OperationTrace | undefined): TracedStep {
    const span = this.#start(SPANS.joined, {}, other instanceof OtelOperation ? [{ context: other.spanContext }] : []);
    return span ? { end: () => this.#end(span) } : NO_STEP;
  }

  startQueue(): TracedStep {
    const span = this.#start(SPANS.queue);
    return span ? { end: () => this.#end(span) } : NO_STEP;
  }

  startAttempt(resends: number): TracedAttempt {
    const { address, port } = this.#options.api;
    const span = this.#start(SPANS.attempt, {
      [ATTRIBUTES.httpMethod]: 'GET',
      [ATTRIBUTES.urlTemplate]: BILLS_TEMPLATE,
      [ATTRIBUTES.serverAddress]: address,
      [ATTRIBUTES.serverPort]: port,
      ...(resends > 0 ? { [ATTRIBUTES.httpResends]: resends } : {}),
    });
    if (!span) return { headers: this.#headersOf(this.#span), end: nothing };
    return { headers: this.#headersOf(span), end: (outcome, status) => this.#endAttempt(span, outcome, status) };
  }

  end(record: OperationRecord): void {
    const span = this.#span;
    if (!span.isRecording()) return;
    const { operationName, operationType, codes, status, outcome, path, calls, merged, cached, stale, durationMs } = record;
    if (operationType !== null) span.updateName(operationType).setAttribute(ATTRIBUTES.operationType, operationType);
    if (operationName !== null) span.setAttribute(ATTRIBUTES.operationName, operationName);
    span.setAttributes({
      [ATTRIBUTES.httpStatus]: status,
      [ATTRIBUTES.outcome]: outcome,
      [ATTRIBUTES.path]: path,
      [ATTRIBUTES.calls]: calls,
      [ATTRIBUTES.merged]: merged,
      [ATTRIBUTES.cached]: cached,
      [ATTRIBUTES.stale]: stale,
    });
    const [code] = codes;
    if (code !== undefined || outcome !== 'ok') {
      span.setAttributes({
        [ATTRIBUTES.errorType]: code ?? (outcome === 'aborted' ? outcome : String(status)),
        ...(codes.length > 1 ? { [ATTRIBUTES.codes]: [...codes] } : {}),
      });
      // What a client did wrong is no error of the server's ("HTTP server spans", "Status").
      if (toLevel({ codes, stale: 0 }) !== 'info' || status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end(this.#toTime(this.#options.startedMs + durationMs));
  }

  #startLookup(name: string, layer: string): TracedStep<[result: LookupResult]> {
    const span = this.#start(name, { [ATTRIBUTES.cacheLayer]: layer });
    return span ? { end: (result) => this.#end(span, { [ATTRIBUTES.cacheResult]: result }) } : NO_STEP;
  }

  #endAttempt(span: Span, outcome: string, status: number | null): void {
    if (status !== null) span.setAttribute(ATTRIBUTES.httpStatus, status);
    // By the conventions a status stands for itself. An absent contract (404) is an answer, and no error.
    if (outcome !== 'ok' && outcome !== 'not-found')
      span.setAttribute(ATTRIBUTES.errorType, status !== null && status >= 400 ? String(status) : outcome);
    if (!FAULTLESS.has(outcome)) span.setStatus({ code: SpanStatusCode.ERROR });
    this.#end(span);
  }

  /** Null where the operation was not chosen: then nothing of it is recorded. */
  #start(name: string, attributes: Attributes = {}, links: Link[] = []): Span | null {
    if ((this.#span.spanContext().traceFlags & 1) === 0) return null;
    this.#context ??= trace.setSpan(this.#options.parent, this.#span);
    const kind = name === SPANS.attempt ? SpanKind.CLIENT : SpanKind.INTERNAL;
    return this.#options.tracer.startSpan(name, { kind, attributes, links, startTime: this.#toTime(performance.now()) }, this.#context);
  }

  #end(span: Span, attributes?: Attributes): void {
    if (attributes) span.setAttributes(attributes);
    span.end(this.#toTime(performance.now()));
  }

  /** W3C Trace Context, sections 3.2 and 3.3. */
  #headersOf(span: Span): readonly string[] {
    if (!this.#options.propagates) return NO_HEADERS;
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    const headers = ['traceparent', `00-${traceId}-${spanId}-${traceFlags === 1 ? '01' : '00'}`];
    const state = traceState?.serialize() ?? '';
    return state === '' ? headers : [...headers, 'tracestate', state];
  }

  /** Seconds and nanoseconds since the epoch. @param ms on the clock of `performance.now()`. */
  #toTime(ms: number): HrTime {
    const epochMs = this.#clockMs + ms;
    const seconds = Math.floor(epochMs / 1000);
    return [seconds, Math.min(999_999_999, Math.round((epochMs - seconds * 1000) * 1e6))];
  }
}
