import { accessSync, constants } from 'node:fs';
import { SAMPLERS, type ExportOptions, type SamplerName, type TracingOptions } from '../telemetry/tracing/tracing-options';
import type { Reading } from './read-settings';
import type { Values } from './settings';

const SERVICE_NAME = 'billing-graphql-gateway';
const DEFAULT_ENDPOINT = 'http://localhost:4318/v1/traces';

/**
 * Makes the options of tracing from OpenTelemetry's standard variables (its specification: "Environment Variable
 * Specification" and "OpenTelemetry Protocol Exporter"); null where they do not ask for traces. What the specification
 * knows, and the gateway has not, is refused only where traces are asked for: a platform may set it for all it runs.
 */
export function toTracing({ values, problems, refused }: Reading): TracingOptions | null {
  const endpoint = toEndpoint(values);
  const asked = values.otelTracesExporter === 'otlp' || endpoint !== null;
  const isOn = !values.otelDisabled && values.otelTracesExporter !== 'none' && asked;
  if (isOn) problems.push(...findUnsupported(values), ...findUnreadable(values));
  const ratio = toRatio(values, refused.has('OTEL_TRACES_SAMPLER'));
  if (Number.isNaN(ratio)) problems.push(toRatioProblem(values.otelSamplerArgument ?? ''));
  const maxSpans = values.otelMaxBatchSpans ?? Math.min(512, values.otelMaxQueuedSpans);
  if (maxSpans > values.otelMaxQueuedSpans)
    problems.push('OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be larger than OTEL_BSP_MAX_QUEUE_SIZE.');
  if (!isOn) return null;
  return {
    export: toExport(values, endpoint ?? new URL(DEFAULT_ENDPOINT)),
    batch: { delayMs: values.otelBatchDelayMs, timeoutMs: values.otelBatchTimeoutMs, maxWaiting: values.otelMaxQueuedSpans, maxSpans },
    sampler: toSampler(values) ?? 'always_off',
    ratio,
    propagates: values.otelPropagators.includes('tracecontext') && !values.otelPropagators.includes('none'),
    resource: {
      'service.name': SERVICE_NAME,
      ...values.otelResource,
      ...(values.otelServiceName === null ? {} : { 'service.name': values.otelServiceName }),
    },
  };
}

/** Null where none is set. */
function toEndpoint({ otlpEndpoint, otlpTracesEndpoint }: Values): URL | null {
  // The address for traces is taken as it is; the one for all signals is a base ("OTLP Exporter", "Endpoint URLs for OTLP/HTTP").
  if (otlpTracesEndpoint || !otlpEndpoint) return otlpTracesEndpoint;
  const endpoint = new URL(otlpEndpoint);
  const { pathname } = otlpEndpoint;
  let end = pathname.length;
  while (pathname.endsWith('/', end)) end--;
  endpoint.pathname = `${pathname.slice(0, end)}/v1/traces`;
  return endpoint;
}

function toExport(values: Values, endpoint: URL): ExportOptions {
  const protocol = values.otlpTracesProtocol ?? values.otlpProtocol;
  return {
    protocol: protocol === 'grpc' ? 'http/protobuf' : protocol,
    endpoint,
    headers: { ...values.otlpHeaders, ...values.otlpTracesHeaders },
    compression: values.otlpTracesCompression ?? values.otlpCompression,
    timeoutMs: values.otlpTracesTimeoutMs ?? values.otlpTimeoutMs,
  };
}

/** What OpenTelemetry has, and the gateway has not. */
function findUnsupported(values: Values): string[] {
  const problems: string[] = [];
  if ((values.otlpTracesProtocol ?? values.otlpProtocol) === 'grpc') {
    const name = values.otlpTracesProtocol === null ? 'OTEL_EXPORTER_OTLP_PROTOCOL' : 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL';
    problems.push(
      `${name} is "grpc", which the gateway does not speak: set it to "http/protobuf" or "http/json", and ` +
        `the endpoint to the port where the collector takes HTTP, usually 4318.`,
    );
  }
  if (toSampler(values) === null) {
    const names = SAMPLERS.map((each) => `"${each}"`).join(', ');
    problems.push(`OTEL_TRACES_SAMPLER is "${values.otelSampler}", which the gateway does not have: it must be one of ${names}.`);
  }
  const propagators = values.otelPropagators;
  if (!propagators.includes('tracecontext') && !propagators.includes('none'))
    problems.push('OTEL_PROPAGATORS must have "tracecontext" in it, or be "none": the gateway has no other.');
  return problems;
}

/** OpenTelemetry's exporter reads these files itself, and goes on without one that it cannot read. */
function findUnreadable(values: Values): string[] {
  const files = {
    OTEL_EXPORTER_OTLP_CERTIFICATE: values.otlpCaFile,
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: values.otlpCertFile,
    OTEL_EXPORTER_OTLP_CLIENT_KEY: values.otlpKeyFile,
    OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: values.otlpTracesCaFile,
    OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: values.otlpTracesCertFile,
    OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: values.otlpTracesKeyFile,
  };
  return Object.entries(files).flatMap(([name, path]) =>
    path === null || isReadable(path) ? [] : [`${name} must be the path of a file that can be read, not "${path}".`],
  );
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function toSampler({ otelSampler }: Values): SamplerName | null {
  return SAMPLERS.find((each) => each === otelSampler) ?? null;
}

/** NaN where it is none. Of the other samplers some take no argument, and some have one of another form. */
function toRatio({ otelSampler, otelSamplerArgument }: Values, isSamplerRefused: boolean): number {
  if (otelSamplerArgument === null || !(otelSampler.endsWith('traceidratio') || isSamplerRefused)) return 1;
  const ratio = /^(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)$/.test(otelSamplerArgument) ? Number(otelSamplerArgument) : Number.NaN;
  return ratio <= 1 ? ratio : Number.NaN;
}

function toRatioProblem(argument: string): string {
  return `OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, such as 0.05, not "${argument}".`;
}
