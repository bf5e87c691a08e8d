import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig, type Environment } from '../../../src/config/config';
import { toHelp } from '../../../src/config/help';
import { REFUSED } from '../../../src/config/kinds/setting';
import { SETTINGS, type NamedSetting } from '../../../src/config/settings';
import { toSettingsFiles } from '../../../src/tools/settings/settings-files';

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

/** The names under which a setting is read. */
function namesOf({ name, secret, alsoLowerCase }: NamedSetting): string[] {
  return [name, ...(secret ? [`${name}_FILE`] : []), ...(alsoLowerCase ? [name.toLowerCase()] : [])];
}

describe('The list of settings', () => {
  it('is what the gateway reads, in development and in production, and what it promises to read', () => {
    const names = SETTINGS.flatMap(namesOf);
    const read = new Set([...namesRead({}), ...namesRead({ NODE_ENV: 'production', BILLING_API_URL: 'http://billing' })]);
    expect(sorted(names)).toEqual(sorted(read));
    expect([...read]).toEqual(expect.arrayContaining(PROMISED));
  });

  it.each(toSettingsFiles())('makes the committed $path, byte for byte', ({ path, text }) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text);
  });

  it('has a row in the settings page and a line in .env.example for each', () => {
    const [env, page] = toSettingsFiles().map(({ text }) => text) as [string, string];
    for (const { name } of SETTINGS) {
      expect(env).toMatch(new RegExp(`^#?${name}=`, 'm'));
      expect(page).toContain(`\n| \`${name}\``);
    }
  });

  it('makes a .env.example of which a copy changes nothing, in development and in production', () => {
    const production = { NODE_ENV: 'production', BILLING_API_URL: 'https://billing.example' };
    expect(Object.keys(example).length).toBeGreaterThan(20);
    expect(parseConfig(example)).toEqual(parseConfig({}));
    // The environment wins over the file with Node's --env-file, and loses with other tools.
    expect(parseConfig({ ...example, ...production })).toEqual(parseConfig(production));
    expect(parseConfig({ ...production, ...example })).toEqual(parseConfig(production));
    expect(parseConfig({ ...example, MAX_DEPTH: '13' })).not.toEqual(parseConfig({}));
  });

  it('has no default that its own kind would refuse', () => {
    for (const { name, kind, default: usual, inProduction } of SETTINGS) {
      for (const text of [usual, inProduction].filter((each) => typeof each === 'string')) {
        expect([name, kind.parse(text)]).not.toEqual([name, REFUSED]);
      }
    }
  });

  it('would be found out if the gateway read a name that the list does not have', () => {
    const read = namesRead({}, (env) => [parseConfig(env), env['NEW_SETTING']]);
    expect(read.filter((name) => !SETTINGS.some((setting) => namesOf(setting).includes(name)))).toEqual(['NEW_SETTING']);
  });

  it('is printed as help, a line a setting with its default', () => {
    const help = toHelp();
    for (const setting of SETTINGS) expect(help).toMatch(new RegExp(`^ {2}${setting.name} .*\\[.+\\]( \\(secret\\))?$`, 'm'));
  });
});
