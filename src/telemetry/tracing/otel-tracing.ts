import { randomUUID } from 'node:crypto';
import { ROOT_CONTEXT, trace, TraceFlags, type Context } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import type { StartTrace, TraceParent } from '../observers/operation-observer';
import { OtelOperation } from './otel-operation';
import type { ExportOptions, TracingOptions } from './tracing-options';
import { WatchedExporter, type DeliveryListener } from './watched-exporter';

/** How long a stop waits for the last spans, in milliseconds: what they tell is worth less than an end in time. */
const LAST_WAIT_MS = 3000;

/** What the traces need besides their settings. */
export interface TracingSurroundings {
  /** Where the billing API is. Its host and port are recorded; its path is not. */
  readonly billingApi: URL;
  readonly delivery: DeliveryListener;
}

/** The traces of one gateway. */
export interface Tracing {
  readonly startTrace: StartTrace;
  /** Sends what waits, and takes no more; three seconds at most. */
  close(): Promise<void>;
}

/**
 * Starts OpenTelemetry's SDK. This module is to be loaded only where operations are traced: it and what it loads cost time
 * at the start, and memory. Nothing is registered for the whole process, and no other package is instrumented.
 */
export async function createTracing(options: TracingOptions, { billingApi, delivery }: TracingSurroundings): Promise<Tracing> {
  const exporter = new WatchedExporter(await createExporter(options.export), delivery);
  const { delayMs, timeoutMs, maxWaiting, maxSpans } = options.batch;
  const provider = new TracerProvider({
    // Which of several equal processes it was.
    resource: defaultResource().merge(resourceFromAttributes({ 'service.instance.id': randomUUID(), ...options.resource })),
    sampler: createSampler(options),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        scheduledDelayMillis: delayMs,
        exportTimeoutMillis: timeoutMs,
        maxQueueSize: maxWaiting,
        maxExportBatchSize: maxSpans,
      }),
    ],
  });
  const tracer = provider.getTracer('billing-graphql-gateway');
  const api = {
    address: billingApi.hostname.replace(/^\[|\]$/g, ''),
    port: Number(billingApi.port) || (billingApi.protocol === 'https:' ? 443 : 80),
  };
  return {
    startTrace: (parent, startedMs) =>
      new OtelOperation({
        tracer,
        api,
        propagates: options.propagates,
        parent: parent && options.propagates ? toContext(parent) : ROOT_CONTEXT,
        startedMs,
      }),
    close: async () => {
      const late = new Promise<'late'>((resolve) => setTimeout(resolve, LAST_WAIT_MS, 'late').unref());
      const outcome = await Promise.race([provider.shutdown(), late]);
      if (outcome === 'late') exporter.failed('no answer before the stop');
    },
  };
}

/** Only the one that is asked for is loaded. */
async function createExporter({ protocol, endpoint, headers, compression, timeoutMs }: ExportOptions): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await (protocol === 'http/json'
    ? import('@opentelemetry/exporter-trace-otlp-http')
    : import('@opentelemetry/exporter-trace-otlp-proto'));
  const settings = { url: endpoint.href, headers: { ...headers }, timeoutMillis: timeoutMs, compression };
  // Certificates (OTEL_EXPORTER_OTLP_CERTIFICATE and its kin) it reads by itself.
  return new OTLPTraceExporter(settings as unknown as ConstructorParameters<typeof OTLPTraceExporter>[0]);
}

function createSampler({ sampler, ratio }: TracingOptions): Sampler {
  switch (sampler) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  }
}

function toContext({ traceId, spanId, isSampled, state }: TraceParent): Context {
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags,
    isRemote: true,
    ...(state === null ? {} : { traceState: new TraceState(state) }),
  });
}
