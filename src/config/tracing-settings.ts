import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { SettingReader } from './setting-reader';
import {
  SAMPLERS,
  type BatchOptions,
  type ExportOptions,
  type SamplerName,
  type TracingOptions,
} from '../telemetry/tracing/tracing-options';

const SERVICE_NAME = 'billing-graphql-gateway';
const DEFAULT_ENDPOINT = 'http://localhost:4318/v1/traces';
const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;
/** Samplers and propagators that the specification knows, and the gateway has not. */
const OTHER_SAMPLERS = ['jaeger_remote', 'parentbased_jaeger_remote', 'xray'] as const;
const PROPAGATORS: readonly string[] = ['tracecontext', 'baggage', 'none', 'b3', 'b3multi', 'jaeger', 'xray', 'ottrace'];
const DAY_MS = 86_400_000;
const MAX_SPANS = 1_000_000;

/**
 * Reads OpenTelemetry's standard variables (its specification: "Environment Variable Specification" and "OpenTelemetry
 * Protocol Exporter"); null where they do not ask for traces. What they do not know is refused in any case. What they
 * know, and is not to be had here, is refused only where traces are asked for: a platform may set it for all it runs.
 */
export function readTracing(read: SettingReader): TracingOptions | null {
  const isDisabled = readDisabled(read);
  const exporter = read.choice('OTEL_TRACES_EXPORTER', 'unset', ['otlp', 'none']);
  const endpoint = readEndpoint(read);
  const isOn = !isDisabled && exporter !== 'none' && (exporter === 'otlp' || endpoint !== null);
  const options = {
    export: readExport(read, endpoint ?? new URL(DEFAULT_ENDPOINT), isOn),
    batch: readBatch(read),
    ...readSampler(read, isOn),
    propagates: readPropagates(read, isOn),
    resource: { ...readPairs(read, 'OTEL_RESOURCE_ATTRIBUTES'), ...toServiceName(read.text('OTEL_SERVICE_NAME')) },
  };
  return isOn ? { ...options, resource: { 'service.name': SERVICE_NAME, ...options.resource } } : null;
}

function readDisabled(read: SettingReader): boolean {
  const value = read.text('OTEL_SDK_DISABLED')?.toLowerCase() ?? 'false';
  if (value !== 'true' && value !== 'false') read.problems.push(`OTEL_SDK_DISABLED must be "true" or "false", not "${value}".`);
  return value === 'true';
}

/** Null where none is set. */
function readEndpoint(read: SettingReader): URL | null {
  const schemes = ['http:', 'https:'];
  const base = read.url('OTEL_EXPORTER_OTLP_ENDPOINT', schemes);
  const own = read.url('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', schemes);
  // The address for traces is taken as it is; the one for all signals is a base ("OTLP Exporter", "Endpoint URLs for OTLP/HTTP").
  if (own || !base) return own;
  const endpoint = new URL(base);
  endpoint.pathname = `${base.pathname.replace(/\/+$/, '')}/v1/traces`;
  return endpoint;
}

function readExport(read: SettingReader, endpoint: URL, isOn: boolean): ExportOptions {
  const timeoutMs = read.whole('OTEL_EXPORTER_OTLP_TIMEOUT', 10_000, 1, DAY_MS);
  const compression = read.choice('OTEL_EXPORTER_OTLP_COMPRESSION', 'none', ['gzip', 'none']);
  return {
    protocol: readProtocol(read, isOn),
    endpoint,
    headers: { ...readHeaders(read, 'OTEL_EXPORTER_OTLP_HEADERS'), ...readHeaders(read, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS') },
    compression: read.choice('OTEL_EXPORTER_OTLP_TRACES_COMPRESSION', compression, ['gzip', 'none']),
    timeoutMs: read.whole('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', timeoutMs, 1, DAY_MS),
  };
}

function readProtocol(read: SettingReader, isOn: boolean): ExportOptions['protocol'] {
  const general = read.choice('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/protobuf', PROTOCOLS);
  const protocol = read.choice('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', general, PROTOCOLS);
  if (protocol !== 'grpc') return protocol;
  if (isOn) {
    const name =
      read.text('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') === undefined ? 'OTEL_EXPORTER_OTLP_PROTOCOL' : 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL';
    read.problems.push(
      `${name} is "grpc", which the gateway does not speak: set it to "http/protobuf" or "http/json", and the endpoint to the port where the collector takes HTTP, usually 4318.`,
    );
  }
  return 'http/protobuf';
}

function readBatch(read: SettingReader): BatchOptions {
  const maxWaiting = read.whole('OTEL_BSP_MAX_QUEUE_SIZE', 2048, 1, MAX_SPANS);
  const maxSpans = read.whole('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', Math.min(512, maxWaiting), 1, MAX_SPANS);
  if (maxSpans > maxWaiting) read.problems.push('OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be larger than OTEL_BSP_MAX_QUEUE_SIZE.');
  return {
    delayMs: read.whole('OTEL_BSP_SCHEDULE_DELAY', 5000, 1, DAY_MS),
    timeoutMs: read.whole('OTEL_BSP_EXPORT_TIMEOUT', 30_000, 1, DAY_MS),
    maxWaiting,
    maxSpans,
  };
}

function readSampler(read: SettingReader, isOn: boolean): { readonly sampler: SamplerName; readonly ratio: number } {
  const chosen = read.choice('OTEL_TRACES_SAMPLER', 'parentbased_always_on', [...SAMPLERS, ...OTHER_SAMPLERS]);
  const sampler = SAMPLERS.find((each) => each === chosen);
  if (!sampler && isOn)
    read.problems.push(
      `OTEL_TRACES_SAMPLER is "${chosen}", which the gateway does not have: it must be one of ${SAMPLERS.map((each) => `"${each}"`).join(', ')}.`,
    );
  const argument = read.text('OTEL_TRACES_SAMPLER_ARG');
  // Of the other samplers some take no argument, and some have one of another form.
  if (argument === undefined || !chosen.endsWith('traceidratio')) return { sampler: sampler ?? 'always_off', ratio: 1 };
  const ratio = /^[0-9]*\.?[0-9]+$/.test(argument) ? Number(argument) : Number.NaN;
  if (!(ratio >= 0 && ratio <= 1))
    read.problems.push(`OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, such as 0.05, not "${argument}".`);
  return { sampler: sampler ?? 'always_off', ratio };
}

function readPropagates(read: SettingReader, isOn: boolean): boolean {
  const names = (read.text('OTEL_PROPAGATORS') ?? 'tracecontext,baggage').split(',').map((name) => name.trim());
  const unknown = names.find((name) => !PROPAGATORS.includes(name));
  if (unknown !== undefined)
    read.problems.push(`OTEL_PROPAGATORS must be a list such as "tracecontext,baggage", or "none"; "${unknown}" is no propagator.`);
  else if (isOn && !names.includes('tracecontext') && !names.includes('none'))
    read.problems.push('OTEL_PROPAGATORS must have "tracecontext" in it, or be "none": the gateway has no other.');
  return names.includes('tracecontext') && !names.includes('none');
}

function readHeaders(read: SettingReader, name: string): Readonly<Record<string, string>> {
  const headers = readPairs(read, name);
  try {
    for (const [header, value] of Object.entries(headers)) {
      validateHeaderName(header);
      validateHeaderValue(header, value);
    }
  } catch {
    read.problems.push(toPairsProblem(name));
  }
  return headers;
}

/**
 * Names and values by W3C Baggage, section 3.2: separated by commas, values percent-encoded. What is wrong is not
 * quoted: it may be a secret.
 */
function readPairs(read: SettingReader, name: string): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = {};
  for (const pair of read.text(name)?.split(',') ?? []) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, Math.max(at, 0)).trim();
    const value = toDecoded(pair.slice(at + 1).trim());
    if (key === '' || value === null) {
      read.problems.push(toPairsProblem(name));
      return pairs;
    }
    pairs[key] = value;
  }
  return pairs;
}

function toPairsProblem(name: string): string {
  return `${name} must be a list such as "name=value,other=value", with values that are percent-encoded.`;
}

function toDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function toServiceName(name: string | undefined): Readonly<Record<string, string>> {
  return name === undefined ? {} : { 'service.name': name };
}
