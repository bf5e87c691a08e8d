/** How operations are chosen to be traced, by OpenTelemetry's names (OTEL_TRACES_SAMPLER). */
export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type SamplerName = (typeof SAMPLERS)[number];

/** How spans are sent to a collector (OTLP over HTTP). */
export interface ExportOptions {
  readonly protocol: 'http/protobuf' | 'http/json';
  /** The whole address, path included. */
  readonly endpoint: URL;
  /** May hold a secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'gzip' | 'none';
  /** One delivery, its repetitions included, in milliseconds. */
  readonly timeoutMs: number;
}

/** How spans wait to be sent together. */
export interface BatchOptions {
  readonly delayMs: number;
  /** How long the delivery of one batch is waited for, in milliseconds. */
  readonly timeoutMs: number;
  /** Spans that may wait; what comes on top is dropped. */
  readonly maxWaiting: number;
  readonly maxSpans: number;
}

/** Settings of the traces. */
export interface TracingOptions {
  readonly export: ExportOptions;
  readonly batch: BatchOptions;
  readonly sampler: SamplerName;
  /** The share of traces that a `traceidratio` takes, from 0 to 1. */
  readonly ratio: number;
  /** Whether a request's `traceparent` is taken up, and one is sent to the billing API. */
  readonly propagates: boolean;
  /** What is said of this process with every span: `service.name` and what else OTEL_RESOURCE_ATTRIBUTES has. */
  readonly resource: Readonly<Record<string, string>>;
}
