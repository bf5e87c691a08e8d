import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig, type Environment } from '../../../src/config/config';
import { SETTINGS, toHelp } from '../../../src/config/settings';

const root = join(__dirname, '../../..');

/** The names that the gateway promises to read. */
const PROMISED = `HOST PORT NODE_ENV LOG_LEVEL BILLING_API_URL BILLING_API_PAGING BILLING_API_PAGE_BASE BILLING_API_MAX_QUANTITY
  BILLING_API_TIMEOUT_MS REQUEST_DEADLINE_MS BILLING_API_RETRIES BILLING_API_CONNECTIONS BILLING_API_MAX_BODY_BYTES REDIS_URL
  CACHE_SECRET CACHE_TTL_SECONDS CACHE_STALE_SECONDS CACHE_MAX_BYTES UPSTREAM_CALL_BUDGET MAX_PAGE_SIZE MAX_DEPTH MAX_ALIASES
  MAX_TOKENS MAX_REQUEST_BYTES TRUSTED_DOCUMENTS CORS_ORIGINS INTROSPECTION EXPLORER DRAIN_DELAY_MS OTEL_EXPORTER_OTLP_ENDPOINT`.split(
  /\s+/,
);

/** The settings of an env file, as `node --env-file` reads them. */
function readEnvFile(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** The names that are looked up while the settings are read. */
function namesRead(env: Environment, parse: (env: Environment) => unknown = parseConfig): string[] {
  const names = new Set<string>();
  const spy: ProxyHandler<Environment> = {
    get: (target, name: string) => {
      names.add(name);
      return target[name];
    },
  };
  parse(new Proxy(env, spy));
  return [...names];
}

const example = readEnvFile(readFileSync(join(root, '.env.example'), 'utf8'));
const sorted = (names: Iterable<string>): string[] => [...names].sort();

describe('The list of settings', () => {
  it('is what the gateway reads, in development and in production, and what it promises to read', () => {
    const names = SETTINGS.map((setting) => setting.name);
    const read = new Set([...namesRead({}), ...namesRead({ NODE_ENV: 'production', BILLING_API_URL: 'http://billing' })]);
    expect(sorted(names)).toEqual(sorted(read));
    expect([...read]).toEqual(expect.arrayContaining(PROMISED));
  });

  it('is in .env.example', () => {
    expect(sorted(Object.keys(example))).toEqual(sorted(SETTINGS.map((setting) => setting.name)));
  });

  it('has the defaults in .env.example: a copy of it changes nothing', () => {
    expect(parseConfig(example)).toEqual(parseConfig({}));
    expect(parseConfig({ ...example, MAX_DEPTH: '13' })).not.toEqual(parseConfig({}));
  });

  it('tells the same defaults as .env.example, wherever a default is a plain value', () => {
    const plain = SETTINGS.filter((setting) => example[setting.name] !== '' && /^[A-Za-z0-9.]+$/.test(setting.fallback));
    expect(plain.length).toBeGreaterThan(15);
    expect(Object.fromEntries(plain.map((setting) => [setting.name, setting.fallback]))).toEqual(
      Object.fromEntries(plain.map((setting) => [setting.name, example[setting.name]])),
    );
  });

  it('would be found out if the gateway read a name that the list does not have', () => {
    const read = namesRead({}, (env) => [parseConfig(env), env['NEW_SETTING']]);
    expect(read.filter((name) => !SETTINGS.some((setting) => setting.name === name))).toEqual(['NEW_SETTING']);
  });

  it('is printed as help, a line a setting with its default', () => {
    const help = toHelp();
    for (const setting of SETTINGS) expect(help).toMatch(new RegExp(`^ {2}${setting.name} .*\\[.+\\]$`, 'm'));
  });
});
