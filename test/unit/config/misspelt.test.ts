import { findMisspelt } from '../../../src/config/misspelt';
import { SETTINGS } from '../../../src/config/settings';

const meantBy = (name: string, env = {}): string | undefined =>
  /did you mean (\w+)/.exec(findMisspelt({ [name]: 'x', ...env }).join())?.[1];

describe('A name in the environment that is nearly a setting', () => {
  it.each([
    ['BILING_API_URL', 'BILLING_API_URL'],
    ['BILLING_API_ULR', 'BILLING_API_URL'],
    ['BILLINGAPI_URL', 'BILLING_API_URL'],
    ['billing_api_url', 'BILLING_API_URL'],
    ['BILLING-API-URL', 'BILLING_API_URL'],
    ['CACHE_TTL_SECOND', 'CACHE_TTL_SECONDS'],
    ['CACHE_TTL', 'CACHE_TTL_SECONDS'],
    ['CACHE_TTL_MS', 'CACHE_TTL_SECONDS'],
    ['REQUEST_DEADLINE', 'REQUEST_DEADLINE_MS'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['MAX_ALIASSES', 'MAX_ALIASES'],
    ['OTEL_EXPORTER_OTLP_ENDPIONT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ['REDIS_URL_FLIE', 'REDIS_URL_FILE'],
    ['CACHE_SECRETS_FILE', 'CACHE_SECRET_FILE'],
    ['cache_secret_file', 'CACHE_SECRET_FILE'],
  ])('is refused: %s was to be %s', (name, setting) => {
    expect(meantBy(name)).toBe(setting);
  });

  it('is refused for every setting of eight letters or more with a letter missing', () => {
    for (const { name } of SETTINGS.filter((setting) => setting.name.length >= 8)) {
      expect([name, findMisspelt({ [name.slice(0, 3) + name.slice(4)]: 'x' })]).toEqual([name, [expect.stringContaining('did you mean')]]);
    }
  });

  it('is not looked for where the setting itself is there, or where it is empty', () => {
    expect(meantBy('LOGLEVEL', { LOG_LEVEL: 'info' })).toBeUndefined();
    expect(findMisspelt({ BILING_API_URL: ' ' })).toEqual([]);
  });

  it('is told from the file of a secret', () => {
    expect(findMisspelt({ CACHE_SECRET_FILE: '/run/secrets/cache' })).toEqual([]);
    expect(findMisspelt({ MAX_DEPTH_FILE: '/run/depth' })).toEqual(['MAX_DEPTH_FILE is not a setting: set MAX_DEPTH itself.']);
  });

  it('is none of those that other programs read', () => {
    const others = `PATH HOME HOST HOSTNAME USER PORT POST PORTS NODE_OPTIONS NODE_EXTRA_CA_CERTS http_proxy HTTP_PROXY no_proxy TZ LANG
      BILLING_API_PORT BILLING_API_PORT_4010_TCP BILLING_API_SERVICE_HOST BILLING_API_SERVICE_PORT BILLING_API_TOKEN_URL BILLING_API_CLIENT_ID
      BILLING_API_CLIENT_SECRET REDIS_PORT REDIS_SERVICE_HOST REDIS_HOST OTEL_BLRP_MAX_QUEUE_SIZE OTEL_LOGS_EXPORTER OTEL_METRICS_EXPORTER
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT OTEL_EXPORTER_OTLP_LOGS_HEADERS OTEL_LOG_LEVEL KUBERNETES_SERVICE_HOST npm_config_cache CACHE_DIR`;
    const env = Object.fromEntries(others.split(/\s+/).map((name) => [name, 'x']));
    expect(findMisspelt(env)).toEqual([]);
  });
});
