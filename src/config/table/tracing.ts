import { validateHeaderName, validateHeaderValue } from 'node:http';
import { SAMPLERS } from '../../telemetry/tracing/tracing-options';
import { choice, refine, TEXT, url, whole } from '../kinds/kinds';
import { REFUSED, type Kind, type Table } from '../kinds/setting';

const DAY_MS = 86_400_000;
const MAX_SPANS = 1_000_000;
const ADDRESS = url(['http:', 'https:']);
const PROTOCOL = choice(['http/protobuf', 'http/json', 'grpc']);
const COMPRESSION = choice(['gzip', 'none']);
const TIMEOUT = whole(1, DAY_MS);
/** Samplers and propagators that the specification knows, and the gateway has not: refused where operations are traced. */
const OTHER_SAMPLERS = ['jaeger_remote', 'parentbased_jaeger_remote', 'xray'] as const;
const KNOWN_PROPAGATORS: readonly string[] = ['tracecontext', 'baggage', 'none', 'b3', 'b3multi', 'jaeger', 'xray', 'ottrace'];

/** Its specification takes booleans in any case ("Environment Variable Specification", "Boolean"). */
const ANY_CASE_FLAG: Kind<boolean> = {
  form: '"true" or "false"',
  absent: null,
  parse: (text) => ({ true: true, false: false })[text.toLowerCase()] ?? REFUSED,
};

const PROPAGATORS: Kind<readonly string[]> = {
  form: 'a list such as "tracecontext,baggage", or "none"',
  absent: null,
  parse: (text) => {
    const names = text.split(',').map((name) => name.trim());
    return names.every((name) => KNOWN_PROPAGATORS.includes(name)) ? names : REFUSED;
  },
};

/** Names and values by W3C Baggage, section 3.2: separated by commas, values percent-encoded. They may be secrets. */
const PAIRS: Kind<Readonly<Record<string, string>>, Readonly<Record<string, string>>> = {
  form: 'a list such as "name=value,other=value", with values that are percent-encoded',
  absent: {},
  unquoted: true,
  parse: (text) => {
    const pairs: Record<string, string> = {};
    for (const pair of text.split(',')) {
      const at = pair.indexOf('=');
      const key = pair.slice(0, Math.max(at, 0)).trim();
      const value = toDecoded(pair.slice(at + 1).trim());
      if (key === '' || value === null) return REFUSED;
      pairs[key] = value;
    }
    return pairs;
  },
};
const HEADERS = refine(PAIRS, PAIRS.form, (pairs) => Object.entries(pairs).every(([name, value]) => isHeader(name, value)));

export const TRACING = {
  otlpEndpoint: {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    what: 'Where traces go: the base address of a collector, such as http://127.0.0.1:4318; /v1/traces is added',
    kind: ADDRESS,
    unset: 'operations are not traced',
  },
  otlpTracesEndpoint: {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    what: 'The same, as the whole address',
    kind: ADDRESS,
    unset: 'OTEL_EXPORTER_OTLP_ENDPOINT with /v1/traces',
  },
  otelTracesExporter: {
    name: 'OTEL_TRACES_EXPORTER',
    what: 'otlp or none; none turns tracing off, and otlp without an address sends traces to http://localhost:4318',
    kind: choice(['otlp', 'none']),
    unset: 'otlp where there is an address',
  },
  otelDisabled: { name: 'OTEL_SDK_DISABLED', what: 'true turns tracing off', kind: ANY_CASE_FLAG, default: 'false' },
  otlpProtocol: { name: 'OTEL_EXPORTER_OTLP_PROTOCOL', what: 'http/protobuf or http/json', kind: PROTOCOL, default: 'http/protobuf' },
  otlpTracesProtocol: {
    name: 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
    what: 'The same, for traces alone',
    kind: PROTOCOL,
    unset: 'OTEL_EXPORTER_OTLP_PROTOCOL',
  },
  otlpHeaders: {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    what: 'Headers for the collector, such as api-key=secret,other=value; values percent-encoded',
    kind: HEADERS,
    unset: 'none',
    secret: true,
  },
  otlpTracesHeaders: {
    name: 'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
    what: 'More headers, for traces alone',
    kind: HEADERS,
    unset: 'none',
    secret: true,
  },
  otlpTimeoutMs: {
    name: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    what: 'How long one delivery may take, repetitions included, in milliseconds',
    kind: TIMEOUT,
    default: '10000',
  },
  otlpTracesTimeoutMs: {
    name: 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT',
    what: 'The same, for traces alone',
    kind: TIMEOUT,
    unset: 'OTEL_EXPORTER_OTLP_TIMEOUT',
  },
  otlpCompression: { name: 'OTEL_EXPORTER_OTLP_COMPRESSION', what: 'gzip or none', kind: COMPRESSION, default: 'none' },
  otlpTracesCompression: {
    name: 'OTEL_EXPORTER_OTLP_TRACES_COMPRESSION',
    what: 'The same, for traces alone',
    kind: COMPRESSION,
    unset: 'OTEL_EXPORTER_OTLP_COMPRESSION',
  },
  otelServiceName: {
    name: 'OTEL_SERVICE_NAME',
    what: 'Name of the gateway in traces',
    kind: TEXT,
    unset: 'service.name of OTEL_RESOURCE_ATTRIBUTES, or billing-graphql-gateway',
  },
  otelResource: {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    what: 'Further attributes of the process in traces, such as deployment.environment.name=production,service.version=1.2.3',
    kind: PAIRS,
    unset: 'none',
  },
  otelSampler: {
    name: 'OTEL_TRACES_SAMPLER',
    what:
      'Which operations are traced: always_on, always_off or traceidratio; with parentbased_ before it, the ' +
      'caller decides where its traceparent says so',
    kind: choice([...SAMPLERS, ...OTHER_SAMPLERS]),
    default: 'parentbased_always_on',
  },
  otelSamplerArgument: {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    what: 'The share that a traceidratio sampler takes, from 0 to 1',
    kind: TEXT,
    unset: '1',
  },
  otelPropagators: {
    name: 'OTEL_PROPAGATORS',
    what: 'With tracecontext in it, traceparent and tracestate are read from requests and sent to the billing API; with none, not',
    kind: PROPAGATORS,
    default: 'tracecontext,baggage',
  },
  otelBatchDelayMs: {
    name: 'OTEL_BSP_SCHEDULE_DELAY',
    what: 'How long spans wait to be sent together, in milliseconds',
    kind: whole(1, DAY_MS),
    default: '5000',
  },
  otelBatchTimeoutMs: {
    name: 'OTEL_BSP_EXPORT_TIMEOUT',
    what: 'How long the delivery of one batch may take, in milliseconds',
    kind: whole(1, DAY_MS),
    default: '30000',
  },
  otelMaxQueuedSpans: {
    name: 'OTEL_BSP_MAX_QUEUE_SIZE',
    what: 'Spans that may wait; those that find no room are dropped',
    kind: whole(1, MAX_SPANS),
    default: '2048',
  },
  otelMaxBatchSpans: {
    name: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    what: 'Spans that are sent together',
    kind: whole(1, MAX_SPANS),
    unset: '512, or OTEL_BSP_MAX_QUEUE_SIZE where that is less',
  },
  otlpCaFile: {
    name: 'OTEL_EXPORTER_OTLP_CERTIFICATE',
    what: "Path of the certificates (PEM) that the collector's own is checked against",
    kind: TEXT,
    unset: "Node's own",
  },
  otlpCertFile: {
    name: 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
    what: 'Path of a client certificate (PEM) for the collector',
    kind: TEXT,
    unset: 'none',
  },
  otlpKeyFile: {
    name: 'OTEL_EXPORTER_OTLP_CLIENT_KEY',
    what: 'Path of the key of that certificate (PEM)',
    kind: TEXT,
    unset: 'none',
  },
  otlpTracesCaFile: {
    name: 'OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE',
    what: 'The certificates, for traces alone',
    kind: TEXT,
    unset: 'OTEL_EXPORTER_OTLP_CERTIFICATE',
  },
  otlpTracesCertFile: {
    name: 'OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE',
    what: 'The client certificate, for traces alone',
    kind: TEXT,
    unset: 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
  },
  otlpTracesKeyFile: {
    name: 'OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY',
    what: 'Its key, for traces alone',
    kind: TEXT,
    unset: 'OTEL_EXPORTER_OTLP_CLIENT_KEY',
  },
} as const satisfies Table;

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

function toDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
