/** A setting as people read about it. A test holds this list, `.env.example` and what `config.ts` reads against each other. */
export interface Setting {
  readonly name: string;
  readonly what: string;
  /** Its default, in words where it depends on something. */
  readonly fallback: string;
}

/** Every setting of the gateway, in the order in which an operator meets them. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'NODE_ENV',
    what: '"production" turns off what is for development: the embedded billing API, introspection, the explorer',
    fallback: 'development',
  },
  { name: 'HOST', what: 'Address to listen on', fallback: '127.0.0.1; 0.0.0.0 in production' },
  { name: 'PORT', what: 'Port to listen on; 0 is any free one', fallback: '4000' },
  { name: 'LOG_LEVEL', what: 'fatal, error, warn, info, debug, trace or silent', fallback: 'info' },
  {
    name: 'BILLING_API_URL',
    what: 'Base address of the billing API; a path in it is kept. Required in production',
    fallback: 'the embedded billing API',
  },
  { name: 'BILLING_API_PAGING', what: 'What the billing API takes `pageInit` for: offset or page', fallback: 'offset' },
  { name: 'BILLING_API_PAGE_BASE', what: 'Number of the first page, with BILLING_API_PAGING=page: 0 or 1', fallback: '0' },
  { name: 'BILLING_API_MAX_QUANTITY', what: 'Most invoices that one call may ask for', fallback: '1000' },
  { name: 'BILLING_API_TIMEOUT_MS', what: 'How long one attempt may take, in milliseconds', fallback: '5000' },
  { name: 'REQUEST_DEADLINE_MS', what: 'How long a whole operation may take, in milliseconds', fallback: '15000' },
  { name: 'BILLING_API_RETRIES', what: 'Further attempts after a failed one', fallback: '2' },
  { name: 'BILLING_API_CONNECTIONS', what: 'Connections to the billing API, at most', fallback: '64' },
  { name: 'BILLING_API_MAX_BODY_BYTES', what: 'Largest answer of the billing API that is read, in bytes', fallback: '16777216' },
  {
    name: 'REDIS_URL',
    what: 'Redis or Valkey for the shared cache, such as redis://127.0.0.1:6379, or rediss:// for TLS; for a cluster, addresses of its nodes separated by commas',
    fallback: 'memory',
  },
  {
    name: 'CACHE_SECRET',
    what: 'At least 32 characters, the same on every process that shares a Redis. Required with REDIS_URL',
    fallback: 'random',
  },
  { name: 'CACHE_TTL_SECONDS', what: 'How long an answer is kept, in seconds; 0 turns the shared cache off', fallback: '30' },
  {
    name: 'CACHE_STALE_SECONDS',
    what: 'How long past that it may still be given when the billing API fails, in seconds; 0 is never',
    fallback: '0',
  },
  { name: 'CACHE_MAX_BYTES', what: 'Memory that the cache may take, in bytes', fallback: '134217728' },
  { name: 'UPSTREAM_CALL_BUDGET', what: 'Calls to the billing API that one operation may make', fallback: '100' },
  { name: 'MAX_PAGE_SIZE', what: 'Largest `first` of a page of invoices', fallback: '1000' },
  { name: 'MAX_DEPTH', what: 'How deep an operation may be nested', fallback: '12' },
  { name: 'MAX_ALIASES', what: 'Aliases in one operation', fallback: '100' },
  { name: 'MAX_TOKENS', what: 'Tokens in one GraphQL document', fallback: '5000' },
  { name: 'MAX_REQUEST_BYTES', what: 'Largest request body, in bytes', fallback: '262144' },
  {
    name: 'TRUSTED_DOCUMENTS',
    what: 'Path of a manifest; with it, only its documents run, introspection included',
    fallback: 'none: any document runs',
  },
  { name: 'CORS_ORIGINS', what: 'Origins that browsers may call from, separated by commas; * is any', fallback: '*; none in production' },
  { name: 'INTROSPECTION', what: 'true or false', fallback: 'true; false in production' },
  { name: 'EXPLORER', what: 'What a browser finds at /graphql: sandbox, graphiql or none', fallback: 'sandbox; none in production' },
  {
    name: 'DRAIN_DELAY_MS',
    what: 'How long readiness is false before the stop begins, in milliseconds',
    fallback: '0; 5000 in production',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    what: 'Where traces go: the base address of a collector, such as http://127.0.0.1:4318; /v1/traces is added',
    fallback: 'none: operations are not traced',
  },
  { name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', what: 'The same, as the whole address', fallback: 'none' },
  {
    name: 'OTEL_TRACES_EXPORTER',
    what: 'otlp or none; none turns traces off, and otlp without an address sends them to http://localhost:4318',
    fallback: 'otlp where there is an address',
  },
  { name: 'OTEL_SDK_DISABLED', what: 'true turns traces off', fallback: 'false' },
  { name: 'OTEL_EXPORTER_OTLP_PROTOCOL', what: 'http/protobuf or http/json', fallback: 'http/protobuf' },
  { name: 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', what: 'The same, for traces alone', fallback: 'OTEL_EXPORTER_OTLP_PROTOCOL' },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    what: 'Headers for the collector, such as api-key=secret,other=value; values percent-encoded',
    fallback: 'none',
  },
  { name: 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', what: 'More of them, for traces alone', fallback: 'none' },
  { name: 'OTEL_EXPORTER_OTLP_TIMEOUT', what: 'How long one delivery may take, repetitions included, in milliseconds', fallback: '10000' },
  { name: 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', what: 'The same, for traces alone', fallback: 'OTEL_EXPORTER_OTLP_TIMEOUT' },
  { name: 'OTEL_EXPORTER_OTLP_COMPRESSION', what: 'gzip or none', fallback: 'none' },
  { name: 'OTEL_EXPORTER_OTLP_TRACES_COMPRESSION', what: 'The same, for traces alone', fallback: 'OTEL_EXPORTER_OTLP_COMPRESSION' },
  { name: 'OTEL_SERVICE_NAME', what: 'What traces call the gateway', fallback: 'billing-graphql-gateway' },
  {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    what: 'What else they say of it, such as deployment.environment.name=production,service.version=1.2.3',
    fallback: 'none',
  },
  {
    name: 'OTEL_TRACES_SAMPLER',
    what: 'Which operations are traced: always_on, always_off or traceidratio; with parentbased_ before it, the caller decides where it says so in traceparent',
    fallback: 'parentbased_always_on',
  },
  { name: 'OTEL_TRACES_SAMPLER_ARG', what: 'The share that a traceidratio takes, from 0 to 1', fallback: '1' },
  {
    name: 'OTEL_PROPAGATORS',
    what: 'With tracecontext in it, traceparent and tracestate are taken from requests and sent to the billing API; with none, not',
    fallback: 'tracecontext,baggage',
  },
  { name: 'OTEL_BSP_SCHEDULE_DELAY', what: 'How long spans wait to be sent together, in milliseconds', fallback: '5000' },
  { name: 'OTEL_BSP_EXPORT_TIMEOUT', what: 'How long the delivery of one batch is waited for, in milliseconds', fallback: '30000' },
  { name: 'OTEL_BSP_MAX_QUEUE_SIZE', what: 'Spans that may wait; those that find no room are lost', fallback: '2048' },
  {
    name: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    what: 'Spans that are sent together',
    fallback: '512; OTEL_BSP_MAX_QUEUE_SIZE where that is less',
  },
];

/** The text of `--help`. */
export function toHelp(): string {
  const width = Math.max(...SETTINGS.map((setting) => setting.name.length)) + 2;
  const lines = SETTINGS.map((setting) => `  ${setting.name.padEnd(width)}${setting.what} [${setting.fallback}]`);
  return [
    'Usage: node dist/main.js',
    '',
    'A GraphQL gateway over a REST billing API. Settings are read from the environment:',
    '',
    ...lines,
    '',
  ].join('\n');
}
