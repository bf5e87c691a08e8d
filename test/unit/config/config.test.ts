import { join } from 'node:path';
import { ConfigError, parseConfig, type Environment } from '../../../src/config/config';
import { SETTINGS } from '../../../src/config/settings';

function problemsOf(env: Environment): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/** Settings that a production start cannot do without. */
const PRODUCTION = { NODE_ENV: 'production', BILLING_API_URL: 'https://billing.example/v2' };

const namesOf = (form: RegExp): string[] =>
  SETTINGS.filter(({ name, kind }) => form.test(kind.form) && !name.startsWith('OTEL_')).map(({ name }) => name);
const WHOLE_NUMBERS = namesOf(/^a whole number from \d+ to \d+$/);
const CHOICES = namesOf(/^one of "/);

describe('The configuration', () => {
  it('has a default for everything in development', () => {
    expect(parseConfig({})).toMatchObject({
      production: false,
      host: '127.0.0.1',
      port: 4000,
      billingApiUrl: null,
      billingApiPaging: { mode: 'offset', base: 0 },
      billingApiMaxQuantity: 1000,
      billingApiTimeoutMs: 5000,
      requestDeadlineMs: 15_000,
      billingApiRetries: 2,
      billingApiConnections: { start: 64, max: 128 },
      billingApiMaxBodyBytes: 16_777_216,
      redisUrls: [],
      cacheTtlSeconds: 30,
      cacheStaleSeconds: 0,
      upstreamCallBudget: 100,
      maxPageSize: 1000,
      corsOrigins: '*',
      introspection: true,
      explorer: 'graphiql',
      drainDelayMs: 0,
    });
  });

  it('refuses settings that would have no effect', () => {
    const dialect = join(__dirname, '../../support/vendor-dialect.yaml');
    expect(parseConfig({ BILLING_API_DIALECT: dialect })).toMatchObject({ billingApiPaging: { mode: 'page', base: 1 } });
    expect(() => parseConfig({ BILLING_API_PAGE_BASE: '1' })).toThrow('BILLING_API_PAGE_BASE has no effect without');
    expect(() => parseConfig({ BILLING_API_DIALECT: dialect, BILLING_API_PAGING: 'page' })).toThrow('BILLING_API_PAGING has no effect');
    expect(parseConfig({ BILLING_API_PAGING: 'page', BILLING_API_PAGE_BASE: '1' }).billingApiPaging).toEqual({ mode: 'page', base: 1 });
  });

  it('is closed to the outside in production, unless it is told otherwise', () => {
    expect(parseConfig(PRODUCTION)).toMatchObject({
      production: true,
      host: '0.0.0.0',
      corsOrigins: [],
      introspection: false,
      explorer: 'none',
      drainDelayMs: 5000,
    });
    expect(
      parseConfig({
        ...PRODUCTION,
        INTROSPECTION: 'true',
        EXPLORER: 'graphiql',
        CORS_ORIGINS: 'https://a.example, https://b.example:8443',
        DRAIN_DELAY_MS: '0',
      }),
    ).toMatchObject({
      introspection: true,
      explorer: 'graphiql',
      corsOrigins: ['https://a.example', 'https://b.example:8443'],
      drainDelayMs: 0,
    });
  });

  it('keeps the path of the billing API', () => {
    expect(parseConfig(PRODUCTION).billingApiUrl?.href).toBe('https://billing.example/v2');
  });

  it('is frozen', () => {
    expect(Object.isFrozen(parseConfig({}))).toBe(true);
  });

  it('takes an empty setting, and blanks around a value, as a shell and an env file mean them', () => {
    const empty = Object.fromEntries(SETTINGS.map((setting) => [setting.name, ' ']));
    expect(parseConfig(empty)).toEqual(parseConfig({}));
    expect(parseConfig({ PORT: ' 8080 ' }).port).toBe(8080);
  });

  it('reads nothing but the environment that it is given', () => {
    process.env['PORT'] = '9999';
    const { port } = parseConfig({});
    delete process.env['PORT'];
    expect(port).toBe(4000);
  });

  it('refuses all that is wrong at once', () => {
    const problems = problemsOf({
      NODE_ENV: 'production',
      PORT: '65536',
      LOG_LEVEL: 'loud',
      BILLING_API_PAGING: 'pages',
      BILLING_API_RETRIES: '-1',
      REDIS_URL: 'redis://cache.example',
      CORS_ORIGINS: 'https://a.example/path',
      INTROSPECTION: 'yes',
    });
    expect(problems.map((problem) => problem.split(' ', 1)[0])).toEqual([
      'BILLING_API_URL',
      'CACHE_SECRET',
      'PORT',
      'LOG_LEVEL',
      'BILLING_API_PAGING',
      'BILLING_API_RETRIES',
      'CORS_ORIGINS',
      'INTROSPECTION',
    ]);
  });

  it.each(WHOLE_NUMBERS)('turns nothing that is not a whole number into a default: %s', (name) => {
    for (const value of ['x', '-1', '1.5', '1e3', '0x10', '1_000', '10 ms', '+1', 'NaN', 'Infinity', '9'.repeat(16)]) {
      expect(problemsOf({ [name]: value })).toEqual([
        expect.stringMatching(new RegExp(`^${name} must be a whole number from \\d+ to \\d+, not "`)),
      ]);
    }
  });

  it('takes a number of connections that may grow, and refuses a second number that is smaller, or none', () => {
    const connectionsOf = (text: string): unknown => parseConfig({ BILLING_API_CONNECTIONS: text }).billingApiConnections;
    expect(connectionsOf('64')).toEqual({ start: 64, max: 64 });
    expect(connectionsOf('8-32')).toEqual({ start: 8, max: 32 });
    for (const value of ['32-8', '8-', '-8', '1-2-3', '0-5', '1-10001', '8 - 32', 'x'])
      expect(problemsOf({ BILLING_API_CONNECTIONS: value })).toEqual([
        'BILLING_API_CONNECTIONS must be a whole number from 1 to 10000, or two of them as in 64-128, ' +
          `of which the second is not smaller, not "${value}".`,
      ]);
  });

  it.each(WHOLE_NUMBERS)('has the bounds that it tells: %s', (name) => {
    const [least, most] = SETTINGS.find((setting) => setting.name === name)!
      .kind.form.match(/\d+/g)!
      .map(Number) as [number, number];
    const isRefused = (value: number): boolean =>
      problemsOf({ [name]: String(value) }).some((problem) => problem.startsWith(`${name} must`));
    expect([least, most, least - 1, most + 1].map(isRefused)).toEqual([false, false, true, true]);
  });

  it('needs what other settings make necessary, and has nothing that they contradict', () => {
    const secret = 'x'.repeat(32);
    expect(problemsOf({ AUDIT_LOG: 'stdout' })).toEqual([expect.stringMatching(/^AUDIT_SECRET is missing/)]);
    expect(problemsOf({ AUDIT_LOG: 'stdout', AUDIT_SECRET: 'short' })).toEqual([expect.stringMatching(/^AUDIT_SECRET must/)]);
    expect(problemsOf({ AUDIT_LOG: 'stdout', AUDIT_SECRET: secret })).toEqual([]);
    expect(problemsOf({ WORKERS: '2' })).toEqual([expect.stringMatching(/^BILLING_API_URL is missing: with WORKERS=2/)]);
    expect(problemsOf({ WORKERS: '2', BILLING_API_URL: 'ftp://a' })).toEqual([expect.stringMatching(/^BILLING_API_URL must/)]);
    expect(problemsOf({ WORKERS: '2', BILLING_API_URL: PRODUCTION.BILLING_API_URL })).toEqual([]);
    expect(problemsOf({ WORKERS: '1' })).toEqual([]);
    const bytes = { UPSTREAM_MAX_OPERATION_BYTES: '20000000', UPSTREAM_MAX_PROCESS_BYTES: '20000000' };
    expect(problemsOf(bytes)).toEqual([]);
    expect(problemsOf({ ...bytes, UPSTREAM_MAX_PROCESS_BYTES: '19999999' })).toEqual([expect.stringContaining('is less than')]);
    expect(problemsOf({ PORT: '8080', PROBE_PORT: '8080' })).toEqual([expect.stringMatching(/^PORT and PROBE_PORT are both 8080: /)]);
    expect(problemsOf({ PORT: '0', PROBE_PORT: '0' })).toEqual([]);
    expect(problemsOf({ BILLING_API_URL: 'http://a.example', BILLING_API_TLS_CA_FILE: __filename })).toEqual([
      expect.stringContaining('no effect without TLS'),
    ]);
  });

  it.each(CHOICES)('turns no other word into a default: %s', (name) => {
    for (const value of ['x', '2', 'TRUE', 'Info', 'offset,page'])
      expect(problemsOf({ [name]: value })).toEqual([expect.stringContaining(`${name} must be one of "`)]);
  });

  it('has settings of both kinds', () => {
    expect([WHOLE_NUMBERS.length > 20, CHOICES.length > 5]).toEqual([true, true]);
  });

  it.each(['billing.example', 'ftp://billing.example', '//billing.example', 'http://', '/v2'])(
    'refuses %s as the address of the billing API',
    (value) => {
      expect(problemsOf({ BILLING_API_URL: value })).toEqual(['BILLING_API_URL must be an address that starts with http:// or https://.']);
      expect(problemsOf({ NODE_ENV: 'production', BILLING_API_URL: value })).toHaveLength(1);
    },
  );

  it.each(['?key=1', '#part'])('refuses an address of the billing API that ends in %s', (end) => {
    expect(problemsOf({ BILLING_API_URL: `https://billing.example${end}` })).toEqual([expect.stringContaining('a base address, without')]);
  });

  it('quotes no password in what it says', () => {
    const problems = problemsOf({
      BILLING_API_URL: 'https://me:hunter2@billing.example',
      REDIS_URL: 'http://me:hunter2@cache.example',
      CACHE_SECRET: 'hunter2',
    });
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain('hunter2');
  });

  it.each(['p%zz', 'p%E9'])('refuses a proxy whose password cannot be decoded, and does not quote it: %s', (password) => {
    const problems = problemsOf({ BILLING_API_PROXY: `http://me:${password}@proxy`, HTTPS_PROXY: `http://me:${password}@proxy` });
    expect(problems).toEqual([expect.stringMatching(/^BILLING_API_PROXY .* URL/), expect.stringMatching(/^HTTPS_PROXY .* URL/)]);
    expect(problems.join()).not.toContain(password);
  });

  it('needs a secret of at least 32 characters with a Redis', () => {
    const redis = { REDIS_URL: 'rediss://cache.example:6380/1' };
    expect(problemsOf(redis)).toEqual([expect.stringContaining('CACHE_SECRET is missing')]);
    expect(problemsOf({ ...redis, CACHE_SECRET: 'x'.repeat(31) })).toEqual(['CACHE_SECRET must be a text of at least 32 characters.']);
    expect(parseConfig({ ...redis, CACHE_SECRET: 'x'.repeat(32) })).toMatchObject({
      redisUrls: ['rediss://cache.example:6380/1'],
      cacheSecret: 'x'.repeat(32),
    });
  });

  it('takes several addresses as the nodes of a cluster, and refuses them all where one is none', () => {
    const secret = { CACHE_SECRET: 'x'.repeat(32) };
    expect(parseConfig({ ...secret, REDIS_URL: 'redis://a.example:7000, redis://b.example:7000' }).redisUrls).toEqual([
      'redis://a.example:7000',
      'redis://b.example:7000',
    ]);
    for (const value of ['redis://a.example,b.example:7000', 'redis://a.example,', 'redis://a.example,http://b.example']) {
      expect(problemsOf({ ...secret, REDIS_URL: value })).toEqual([
        'REDIS_URL must be an address that starts with redis:// or rediss://, several of them separated by commas, or redis-sentinel://host,host/name (rediss-sentinel:// for TLS).',
      ]);
    }
  });

  it.each(['https://a.example/', 'a.example', 'https://a.example,*', 'https://a.example,,https://b.example', 'null'])(
    'refuses %s as origins',
    (value) => {
      expect(problemsOf({ CORS_ORIGINS: value })).toEqual([expect.stringContaining('CORS_ORIGINS must be "*" or a list of origins')]);
    },
  );

  it.each(['Production', 'prod', 'PROD', 'production-eu'])('does not take NODE_ENV=%s for development', (value) => {
    const env = { NODE_ENV: value, BILLING_API_URL: 'https://billing.example' };
    expect(problemsOf(env)).toEqual([`NODE_ENV must be written "production", not "${value}".`]);
  });

  it.each(['staging', 'Development', 'qa', 'preview'])('has the defaults of production with NODE_ENV=%s, and no made-up bills', (value) => {
    expect(problemsOf({ NODE_ENV: value })).toEqual([expect.stringContaining('BILLING_API_URL is missing')]);
    const { production, ...rest } = parseConfig({ NODE_ENV: value, BILLING_API_URL: PRODUCTION.BILLING_API_URL });
    expect({ production, ...rest }).toEqual(parseConfig(PRODUCTION));
  });

  it('has made-up bills in production for who asks for them', () => {
    expect(parseConfig({ NODE_ENV: 'production', BILLING_API_URL: 'embedded' })).toMatchObject({ production: true, billingApiUrl: null });
    expect(problemsOf({ BILLING_API_URL: 'embeded' })).toHaveLength(1);
  });

  it.each(['http://0.0.0.0', '[::1]', 'two words', 'a/b'])('refuses to listen on "%s"', (value) => {
    expect(problemsOf({ HOST: value })).toEqual([expect.stringContaining('HOST must be a name or an IP address')]);
    expect(problemsOf({ HOST: '::1' })).toEqual([]);
  });
});
