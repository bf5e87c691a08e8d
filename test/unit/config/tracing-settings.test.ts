import { parseConfig, type ConfigError, type Environment } from '../../../src/config/config';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const tracingOf = (env: Environment): ReturnType<typeof parseConfig>['tracing'] => parseConfig({ ...ENDPOINT, ...env }).tracing;

/** What is said of the settings; empty where they are usable. */
function problemsOf(env: Environment): readonly string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('The settings of traces', () => {
  it('ask for none without an address, and where they turn them off', () => {
    expect(parseConfig({}).tracing).toBeNull();
    expect(parseConfig({ OTEL_SERVICE_NAME: 'bills', OTEL_TRACES_SAMPLER: 'always_on' }).tracing).toBeNull();
    expect(tracingOf({ OTEL_TRACES_EXPORTER: 'none' })).toBeNull();
    expect(tracingOf({ OTEL_SDK_DISABLED: 'TRUE' })).toBeNull();
  });

  it('have the defaults of the specification', () => {
    expect(tracingOf({})).toEqual({
      export: {
        protocol: 'http/protobuf',
        endpoint: new URL('http://collector:4318/v1/traces'),
        headers: {},
        compression: 'none',
        timeoutMs: 10_000,
      },
      batch: { delayMs: 5000, timeoutMs: 30_000, maxWaiting: 2048, maxSpans: 512 },
      sampler: 'parentbased_always_on',
      ratio: 1,
      propagates: true,
      resource: { 'service.name': 'billing-graphql-gateway' },
    });
    expect(parseConfig({ OTEL_TRACES_EXPORTER: 'otlp' }).tracing?.export.endpoint.href).toBe('http://localhost:4318/v1/traces');
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector/base/' }, 'https://collector/base/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector/base?key=1' }, 'https://collector/base/v1/traces?key=1'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces/own' }, 'https://traces/own'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces' }, 'https://traces/'],
  ])('name the address %j', (env, href) => {
    expect(tracingOf(env)?.export.endpoint.href).toBe(href);
  });

  it('that are for traces alone come before those for all signals, and headers are added up', () => {
    const { protocol, headers, compression, timeoutMs } = tracingOf({
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TIMEOUT: '5',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '6',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1, b = x%3Dy%20z',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=2',
    })!.export;
    expect([protocol, headers, compression, timeoutMs]).toEqual(['http/json', { a: '2', b: 'x=y z' }, 'none', 6]);
  });

  it('name the process: OTEL_SERVICE_NAME before OTEL_RESOURCE_ATTRIBUTES', () => {
    const OTEL_RESOURCE_ATTRIBUTES = 'service.name=one,service.version=1%2C2';
    expect(tracingOf({ OTEL_RESOURCE_ATTRIBUTES })?.resource).toEqual({ 'service.name': 'one', 'service.version': '1,2' });
    expect(tracingOf({ OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME: 'two' })?.resource['service.name']).toBe('two');
  });

  it.each([
    ['tracecontext', true],
    ['baggage, tracecontext', true],
    ['b3,tracecontext', true],
    ['none', false],
  ])('propagate with OTEL_PROPAGATORS=%s: %s', (value, propagates) => {
    expect(tracingOf({ OTEL_PROPAGATORS: value })?.propagates).toBe(propagates);
  });

  it.each([
    ['OTEL_SDK_DISABLED', 'yes'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'grpc://collector:4317'],
    ['OTEL_TRACES_EXPORTER', 'console'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http'],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'HTTP/JSON'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a-secret'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%ZZ-secret'],
    ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'a b=secret'],
    ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'a=secret%0A'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '10s'],
    ['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', '0'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd'],
    ['OTEL_EXPORTER_OTLP_TRACES_COMPRESSION', 'GZIP'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'service.version'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_PROPAGATORS', 'w3c'],
    ['OTEL_BSP_SCHEDULE_DELAY', '-1'],
    ['OTEL_BSP_EXPORT_TIMEOUT', 'x'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', '0'],
    ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '4096'],
  ])('are refused, traces or none: %s=%s', (name, value) => {
    for (const env of [{}, ENDPOINT]) {
      const problems = problemsOf({ ...env, [name]: value });
      expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} `))]);
      expect(problems.join()).not.toContain('secret');
    }
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', /^OTEL_EXPORTER_OTLP_PROTOCOL is "grpc".*"http\/protobuf" or "http\/json".*4318/],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'grpc', /^OTEL_EXPORTER_OTLP_TRACES_PROTOCOL is "grpc"/],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote', /^OTEL_TRACES_SAMPLER is "jaeger_remote"/],
    ['OTEL_PROPAGATORS', 'b3', /^OTEL_PROPAGATORS must have "tracecontext"/],
  ])(
    'are refused only where they ask for traces, where the specification knows them and the gateway does not: %s=%s',
    (name, value, problem) => {
      expect(problemsOf({ [name]: value })).toEqual([]);
      expect(problemsOf({ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none', [name]: value })).toEqual([]);
      expect(problemsOf({ ...ENDPOINT, [name]: value })).toEqual([expect.stringMatching(problem)]);
    },
  );

  it.each(['0', '1', '1.0', '0.05', '.25', '00.5'])('have the share %s', (argument) => {
    expect(tracingOf({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: argument })?.ratio).toBe(Number(argument));
  });

  it.each(['1.1', '10', '-0.1', '1.', '.', '.x5', '0,5', 'half', '1e-1', ''])('have a share from 0 to 1, or none: %j', (argument) => {
    const problems = problemsOf({ ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: argument });
    expect(problems).toHaveLength(argument === '' ? 0 : 1);
  });

  it('take a share for the samplers that have one, and leave that of others alone', () => {
    expect(tracingOf({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' })?.ratio).toBe(0.25);
    expect(tracingOf({ OTEL_TRACES_SAMPLER: 'always_on', OTEL_TRACES_SAMPLER_ARG: 'endpoint=http://x' })?.ratio).toBe(1);
  });
});
