import { readFileSync } from 'node:fs';
import { parseManifest, type TrustedDocuments } from '../graphql/limits/trusted-documents';
import { SettingReader, type Environment } from './setting-reader';
import type { TracingOptions } from '../telemetry/tracing/tracing-options';
import { readTracing } from './tracing-settings';
import type { PageInitReading } from '../upstream/bills/bills-path';

/** Every setting of the gateway, validated. Times are in the unit that the name says. */
export interface Config {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  readonly logLevel: LogLevel;
  /** Null: start the embedded billing API. */
  readonly billingApiUrl: URL | null;
  readonly billingApiPaging: PageInitReading;
  readonly billingApiMaxQuantity: number;
  readonly billingApiTimeoutMs: number;
  readonly requestDeadlineMs: number;
  readonly billingApiRetries: number;
  readonly billingApiConnections: number;
  readonly billingApiMaxBodyBytes: number;
  /** Empty: the cache is in memory. Several: the nodes of a cluster. */
  readonly redisUrls: readonly string[];
  readonly cacheSecret: string | null;
  readonly cacheTtlSeconds: number;
  readonly cacheStaleSeconds: number;
  readonly cacheMaxBytes: number;
  readonly upstreamCallBudget: number;
  readonly maxPageSize: number;
  readonly maxDepth: number;
  readonly maxAliases: number;
  readonly maxTokens: number;
  readonly maxRequestBytes: number;
  /** Origins that browsers may call from; `*` is any. */
  readonly corsOrigins: '*' | readonly string[];
  readonly introspection: boolean;
  readonly explorer: Explorer;
  readonly drainDelayMs: number;
  /** The only documents that run; null: any document may. */
  readonly trustedDocuments: TrustedDocuments | null;
  /** Null: operations are not traced. */
  readonly tracing: TracingOptions | null;
}

export type { Environment };
export type LogLevel = (typeof LOG_LEVELS)[number];
export type Explorer = (typeof EXPLORERS)[number];

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const EXPLORERS = ['sandbox', 'graphiql', 'none'] as const;

/** Settings that were refused, all of them at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The settings are not usable:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

/**
 * Makes the configuration from an environment. Reads nothing else but the file that `TRUSTED_DOCUMENTS` names, and
 * freezes what it returns.
 * @throws ConfigError with every problem at once.
 */
export function parseConfig(env: Environment): Config {
  const read = new SettingReader(env);
  const production = readProduction(read);
  const billingApiUrl = readBillingApiUrl(read, production);
  const redisUrls = read.urls('REDIS_URL', ['redis:', 'rediss:']);
  const config: Config = {
    production,
    host: readHost(read) ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: read.whole('PORT', 4000, 0, 65_535),
    logLevel: read.choice('LOG_LEVEL', 'info', LOG_LEVELS),
    billingApiUrl,
    billingApiPaging: {
      mode: read.choice('BILLING_API_PAGING', 'offset', ['offset', 'page']),
      base: read.choice('BILLING_API_PAGE_BASE', '0', ['0', '1']) === '1' ? 1 : 0,
    },
    billingApiMaxQuantity: read.whole('BILLING_API_MAX_QUANTITY', 1000, 1, 100_000),
    billingApiTimeoutMs: read.whole('BILLING_API_TIMEOUT_MS', 5000, 1, DAY_MS),
    requestDeadlineMs: read.whole('REQUEST_DEADLINE_MS', 15_000, 1, DAY_MS),
    billingApiRetries: read.whole('BILLING_API_RETRIES', 2, 0, 10),
    billingApiConnections: read.whole('BILLING_API_CONNECTIONS', 64, 1, 10_000),
    billingApiMaxBodyBytes: read.whole('BILLING_API_MAX_BODY_BYTES', 16 * MIB, 1, 1024 * MIB),
    redisUrls,
    cacheSecret: readCacheSecret(read, redisUrls.length > 0),
    cacheTtlSeconds: read.whole('CACHE_TTL_SECONDS', 30, 0, 86_400),
    cacheStaleSeconds: read.whole('CACHE_STALE_SECONDS', 0, 0, 86_400),
    cacheMaxBytes: read.whole('CACHE_MAX_BYTES', 128 * MIB, 1024, 64 * 1024 * MIB),
    upstreamCallBudget: read.whole('UPSTREAM_CALL_BUDGET', 100, 1, 100_000),
    maxPageSize: read.whole('MAX_PAGE_SIZE', 1000, 1, 100_000),
    maxDepth: read.whole('MAX_DEPTH', 12, 1, 1000),
    maxAliases: read.whole('MAX_ALIASES', 100, 1, 100_000),
    maxTokens: read.whole('MAX_TOKENS', 5000, 1, 1_000_000),
    maxRequestBytes: read.whole('MAX_REQUEST_BYTES', 256 * 1024, 64, 64 * MIB),
    corsOrigins: readOrigins(read, production),
    introspection: read.flag('INTROSPECTION', !production),
    explorer: read.choice('EXPLORER', production ? 'none' : 'sandbox', EXPLORERS),
    drainDelayMs: read.whole('DRAIN_DELAY_MS', production ? 5000 : 0, 0, 600_000),
    trustedDocuments: readTrustedDocuments(read),
    tracing: readTracing(read),
  };
  if (read.problems.length > 0) throw new ConfigError(read.problems);
  return Object.freeze(config);
}

function readProduction(read: SettingReader): boolean {
  const value = read.text('NODE_ENV');
  // "Production" or "prod" would quietly start a development server with made-up bills.
  if (value !== undefined && value !== 'production' && /^prod/i.test(value))
    read.problems.push(`NODE_ENV must be written "production", not "${value}".`);
  return value === 'production';
}

function readHost(read: SettingReader): string | undefined {
  const value = read.text('HOST');
  if (value !== undefined && !/^[A-Za-z0-9._:%-]+$/.test(value))
    read.problems.push(`HOST must be a name or an IP address without a scheme, a port or brackets, not "${value}".`);
  return value;
}

function readBillingApiUrl(read: SettingReader, production: boolean): URL | null {
  const url = read.url('BILLING_API_URL', ['http:', 'https:']);
  if (url === null && production && read.text('BILLING_API_URL') === undefined) {
    read.problems.push(
      'BILLING_API_URL is missing: with NODE_ENV=production there is no embedded billing API. Set it to the base address of the billing API.',
    );
  }
  if (url && (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')) {
    read.problems.push('BILLING_API_URL must be a base address without a query, a fragment, a user or a password.');
  }
  return url;
}

function readCacheSecret(read: SettingReader, required: boolean): string | null {
  const secret = read.text('CACHE_SECRET');
  if (secret === undefined) {
    if (required)
      read.problems.push(
        'CACHE_SECRET is missing: with REDIS_URL it is needed, at least 32 characters long and the same on every process that shares the Redis.',
      );
    return null;
  }
  if (secret.length < 32) read.problems.push('CACHE_SECRET must have at least 32 characters.');
  return secret;
}

function readOrigins(read: SettingReader, production: boolean): '*' | readonly string[] {
  const value = read.text('CORS_ORIGINS');
  if (value === undefined) return production ? [] : '*';
  if (value === '*') return '*';
  const origins = value.split(',').map((origin) => origin.trim());
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      read.problems.push(
        `CORS_ORIGINS must be "*" or a list of origins such as "https://studio.apollographql.com,https://app.example"; "${origin}" is not an origin.`,
      );
    }
  }
  return origins;
}

function readTrustedDocuments(read: SettingReader): TrustedDocuments | null {
  const path = read.text('TRUSTED_DOCUMENTS');
  if (path === undefined) return null;
  try {
    return parseManifest(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    read.problems.push(
      `TRUSTED_DOCUMENTS must be the path of a manifest of operations; "${path}" cannot be used: ${code === undefined ? message : `it cannot be read (${code})`}.`,
    );
    return null;
  }
}
