import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { TracingOptions } from '../telemetry/tracing/tracing-options';
import type { PageInitReading } from '../upstream/bills/bills-path';
import type { ProxySettings } from '../upstream/sockets/proxy';
import { hasTlsFiles, loadTlsFiles, type TlsFilePaths } from '../upstream/sockets/tls-files';
import { findMisspelt } from './misspelt';
import { readSettings, type Reading } from './read-settings';
import type { Environment } from './kinds/setting';
import type { Values } from './settings';
import { toTracing } from './tracing-settings';

type ProxyField = keyof ProxySettings;
type OwnFields =
  | 'environment'
  | `billingApiTls${string}`
  | ProxyField
  | 'billingApi'
  | 'billingApiPagingMode'
  | 'billingApiPageBase'
  | `otel${string}`
  | `otlp${string}`;

/** Every setting of the gateway, validated. Fields that no code below makes are the rows of the tables in `table/`. */
export interface Config extends Omit<Values, OwnFields> {
  /** False in development and test alone: whatever else NODE_ENV says has the defaults of production. */
  readonly production: boolean;
  /** Null: start the embedded billing API. */
  readonly billingApiUrl: URL | null;
  readonly billingApiPaging: PageInitReading;
  readonly billingApiTls: TlsFilePaths;
  readonly billingApiProxies: ProxySettings;
  /** Null: operations are not traced. */
  readonly tracing: TracingOptions | null;
}

export type { Environment };

/** All invalid settings, reported together. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The settings are not usable:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Environments in which made-up bills, introspection and an explorer harm nobody. */
const UNGUARDED: readonly string[] = ['development', 'test'];

/**
 * Makes the configuration from an environment. Reads nothing else but the files that settings name, and freezes what it
 * returns.
 * @throws ConfigError with every problem at once.
 */
export function parseConfig(env: Environment): Config {
  const reading = readSettings(env, (environment) => !UNGUARDED.includes(environment));
  const { environment, billingApi, billingApiPagingMode, billingApiPageBase, ...others } = reading.values;
  const { billingApiProxy, httpsProxy, httpProxy, noProxy, ...withTls } = others;
  const { billingApiTlsCertFile, billingApiTlsKeyFile, billingApiTlsKeyPassphraseFile, billingApiTlsCaFile, ...values } = withTls;
  const billingApiTls: TlsFilePaths = {
    certFile: billingApiTlsCertFile,
    keyFile: billingApiTlsKeyFile,
    keyPassphraseFile: billingApiTlsKeyPassphraseFile,
    caFile: billingApiTlsCaFile,
  };
  const config: Config = {
    ...withoutTracing(values),
    production: !UNGUARDED.includes(environment),
    billingApiUrl: billingApi instanceof URL ? billingApi : null,
    billingApiPaging: values.billingApiDialect?.paging ?? { mode: billingApiPagingMode, base: billingApiPageBase === '1' ? 1 : 0 },
    billingApiTls,
    billingApiProxies: { billingApiProxy, httpsProxy, httpProxy, noProxy },
    tracing: toTracing(reading),
  };
  const problems = [
    ...findMissing(reading),
    ...findIneffective(reading),
    ...findContradictions(reading),
    ...reading.problems,
    ...findTlsProblems(config),
    ...findMisspelt(env),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

/** Problems with the TLS files. Otherwise they would show at the first connection, or never, with tokens sent in the clear. */
function findTlsProblems({ billingApiTls, billingApiUrl }: Pick<Config, 'billingApiTls' | 'billingApiUrl'>): string[] {
  if (!hasTlsFiles(billingApiTls)) return [];
  if (billingApiUrl?.protocol === 'http:')
    return ['BILLING_API_TLS_* settings have no effect without TLS: BILLING_API_URL must start with https://.'];
  try {
    loadTlsFiles(billingApiTls);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Settings that others, or the environment, make necessary. */
function findMissing(reading: Reading): string[] {
  const { values, refused } = reading;
  const { environment, billingApi, redisUrls, cacheSecret, auditLog, auditSecret, workers } = values;
  const problems: string[] = [];
  if (billingApi === null && !refused.has('BILLING_API_URL')) {
    problems.push(
      `BILLING_API_URL is missing: with NODE_ENV=${environment} there are no made-up bills unless you ask ` +
        `for them. Set it to the base address of the billing API, or to "embedded".`,
    );
  } else if (typeof workers === 'number' && workers > 1 && !(billingApi instanceof URL) && !refused.has('BILLING_API_URL')) {
    problems.push(
      `BILLING_API_URL is missing: with WORKERS=${workers} it must be an address, since the embedded billing API serves one process only.`,
    );
  }
  if (redisUrls.length > 0 && cacheSecret === null && !refused.has('CACHE_SECRET')) {
    problems.push(
      'CACHE_SECRET is missing: with REDIS_URL it is needed, at least 32 characters long and the same on ' +
        'every process that shares the Redis.',
    );
  }
  if (auditLog !== null && auditSecret === null && !refused.has('AUDIT_SECRET')) {
    problems.push('AUDIT_SECRET is missing: with AUDIT_LOG it is needed, at least 32 characters long. Keep it where the trail is checked.');
  }
  return [...problems, ...findRedisProblems(reading)];
}

/** Certificates that cannot be used as they are given. */
function findRedisProblems({ values, refused }: Reading): string[] {
  const { redisUrls, redisTlsCert, redisTlsKey, redisTlsCa } = values;
  const problems: string[] = [];
  if ((redisTlsCert === null) !== (redisTlsKey === null) && !refused.has('REDIS_TLS_CERT_FILE') && !refused.has('REDIS_TLS_KEY_FILE')) {
    problems.push('REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE belong together: set both of them, or neither.');
  }
  if (redisTlsCert !== null && redisTlsKey !== null && !new X509Certificate(redisTlsCert).checkPrivateKey(createPrivateKey(redisTlsKey)))
    problems.push('REDIS_TLS_KEY_FILE does not hold the key of the certificate in REDIS_TLS_CERT_FILE.');
  if ((redisTlsCert ?? redisTlsCa) !== null && !refused.has('REDIS_URL') && !redisUrls.some((url) => url.startsWith('rediss'))) {
    problems.push('REDIS_TLS_* settings have no effect without TLS: REDIS_URL must start with rediss:// or rediss-sentinel://.');
  }
  return problems;
}

/** Values that exclude each other. */
function findContradictions({ values: { upstreamMaxOperationBytes, upstreamMaxProcessBytes, port, probePort } }: Reading): string[] {
  const problems: string[] = [];
  if (probePort === port && port !== 0)
    problems.push(`PORT and PROBE_PORT are both ${port}: set PROBE_PORT to another port, or remove it to have the probes at PORT.`);
  if (upstreamMaxProcessBytes < upstreamMaxOperationBytes) {
    problems.push(
      `UPSTREAM_MAX_PROCESS_BYTES=${upstreamMaxProcessBytes} is less than UPSTREAM_MAX_OPERATION_BYTES=${upstreamMaxOperationBytes}: ` +
        `raise the one or lower the other.`,
    );
  }
  return problems;
}

/** Settings without effect: setting one to a value other than its default suggests that an effect is expected. */
function findIneffective({ values: { billingApiDialect, billingApiPagingMode, billingApiPageBase } }: Reading): string[] {
  const names = [
    ...(billingApiPagingMode === 'offset' ? [] : ['BILLING_API_PAGING']),
    ...(billingApiPageBase === '0' ? [] : ['BILLING_API_PAGE_BASE']),
  ];
  if (billingApiDialect?.paging)
    return names.map((name) => `${name} has no effect: the file of BILLING_API_DIALECT has \`paging\`. Remove one of the two.`);
  if (billingApiPagingMode === 'page' || names.length === 0) return [];
  return ['BILLING_API_PAGE_BASE has no effect without BILLING_API_PAGING=page. Set that, or remove it.'];
}

type TracingField = Extract<keyof Values, `otel${string}` | `otlp${string}`>;

function withoutTracing<V extends object>(values: V): Omit<V, TracingField> {
  return Object.fromEntries(Object.entries(values).filter(([field]) => !/^(otel|otlp)[A-Z]/.test(field))) as Omit<V, TracingField>;
}
