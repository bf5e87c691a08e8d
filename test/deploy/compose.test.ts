import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/config';
import { SETTINGS } from '../../src/config/settings';
import { parseBillingApiOptions } from '../../src/tools/billing-api-options';
import { checkCompose, readCompose, type ComposeService } from '../support/compose-file';
import { argumentsOf, dockerfile, parseDockerfile, type DockerStage } from '../support/dockerfile';
import { startGateway } from '../support/gateway';
import { startRedis } from '../support/redis-server';

const run = promisify(execFile);
const deploy = join(__dirname, '../../deploy');
const VARIABLES = { CACHE_SECRET: '0123456789abcdef0123456789abcdef', GRAFANA_PASSWORD: 'a password' };
const { services } = readCompose(VARIABLES);
const image = parseDockerfile(dockerfile).at(-1) as DockerStage;
const imageEnv = Object.fromEntries(argumentsOf(image, 'ENV').map((pair) => pair.split('=') as [string, string]));
const gateways = ['gateway-1', 'gateway-2'].map((name) => services[name] as ComposeService);
const nginx = readFileSync(join(deploy, 'nginx.conf'), 'utf8');
const configOf = ({ environment }: ComposeService) => parseConfig({ ...imageEnv, ...environment });
/** The number after a directive of nginx.conf. */
const directive = (name: string): number => Number(new RegExp(`${name} (\\d+)`).exec(nginx)?.[1]);
/** The address that a health check asks. */
const checked = ({ healthcheck }: ComposeService): URL => new URL(/http:[^'"]+/.exec(healthcheck?.test.join(' ') ?? '')?.[0] ?? '');
const filesOf = (folder: string): unknown => parse(readFileSync(join(deploy, folder), 'utf8'));

describe('The compose file', () => {
  it('is one by the Compose specification', () => {
    expect(checkCompose(readCompose(VARIABLES))).toEqual([]);
    const wrong = { services: { one: { image: 'a', prots: [] }, two: { image: 7 } } } as never;
    expect(checkCompose(wrong)).toEqual([expect.stringContaining('prots'), expect.stringContaining('/services/two/image')]);
  });

  it('says which secret is missing and how to make one', () => {
    expect(() => readCompose({ ...VARIABLES, CACHE_SECRET: undefined })).toThrow(
      /CACHE_SECRET is missing.*at least 32 random characters.*openssl rand/,
    );
    expect(() => readCompose({ ...VARIABLES, GRAFANA_PASSWORD: '' })).toThrow(/GRAFANA_PASSWORD is missing.*admin/);
  });

  it('gives the gateways settings that they know and take: all of them equal, for production, with a shared cache', () => {
    expect(gateways[0]).toEqual(gateways[1]);
    const [{ environment }] = gateways as [ComposeService];
    expect(Object.keys(environment ?? {}).filter((name) => !SETTINGS.some((setting) => setting.name === name))).toEqual([]);
    expect(configOf(gateways[0] as ComposeService)).toMatchObject({
      production: true,
      redisUrls: ['redis://valkey:6379'],
      cacheSecret: VARIABLES.CACHE_SECRET,
    });
    const own = readCompose({ ...VARIABLES, BILLING_API_URL: 'https://billing.example/v2' }).services['gateway-1'] as ComposeService;
    expect(configOf(own).billingApiUrl?.href).toBe('https://billing.example/v2');
  });

  it('gives the billing API settings that it takes, where the gateways look for it', () => {
    const { environment = {} } = services['billing-api'] as ComposeService;
    const { host, port } = parseBillingApiOptions([], environment) as { host: string; port: number };
    expect([`http://billing-api:${port}/`, host]).toEqual([configOf(gateways[0] as ComposeService).billingApiUrl?.href, '0.0.0.0']);
  });

  it('waits for nothing that has no health check', () => {
    for (const { depends_on: needed = {} } of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(needed))
        expect([name, condition, services[name]?.healthcheck !== undefined]).toEqual([name, 'service_healthy', true]);
    }
  });

  it('mounts what is there', () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0] as string).filter((path) => path.startsWith('.')),
    );
    expect(mounted.length).toBeGreaterThan(3);
    for (const path of mounted) expect([path, existsSync(join(deploy, path))]).toEqual([path, true]);
  });

  it('checks the gateways at an address that they answer, on their port', async () => {
    const [service] = gateways as [ComposeService];
    const gateway = await startGateway({ ...imageEnv, ...service.environment, HOST: '127.0.0.1', REDIS_URL: '' });
    const { port, pathname } = checked(service);
    expect((await fetch(gateway.url + pathname)).status).toBe(200);
    expect(Number(port)).toBe(configOf(service).port);
    await gateway.close();
  });

  it('lets a gateway end: longer than it drains, and an operation may take', () => {
    const { drainDelayMs, requestDeadlineMs } = configOf(gateways[0] as ComposeService);
    expect(parseInt(gateways[0]?.stop_grace_period ?? '', 10) * 1000).toBeGreaterThanOrEqual(drainDelayMs + requestDeadlineMs + 5000);
  });

  it('keeps the shared cache with words that the server takes', async () => {
    const { command = [] } = services['valkey'] as ComposeService;
    const redis = await startRedis(...command.slice(1));
    expect(await redis.command('CONFIG', 'GET', 'maxmemory*')).toEqual(expect.arrayContaining([String(256 * 1024 * 1024), 'allkeys-lru']));
    await redis.close();
  });

  it('has Prometheus ask the gateways, and Grafana ask Prometheus', () => {
    const { scrape_configs: jobs } = filesOf('prometheus/prometheus.yaml') as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const port = configOf(gateways[0] as ComposeService).port;
    expect(jobs.map(({ job_name: name, static_configs: [first] }) => [name, first?.targets])).toEqual([
      ['billing-gateway', [`gateway-1:${port}`, `gateway-2:${port}`]],
    ]);
    const { datasources } = filesOf('grafana/provisioning/datasources/prometheus.yaml') as { datasources: { url: string }[] };
    expect(datasources.map(({ url }) => url)).toEqual([`http://prometheus:${checked(services['prometheus'] as ComposeService).port}`]);
    const { providers } = filesOf('grafana/provisioning/dashboards/billing-gateway.yaml') as { providers: { options: { path: string } }[] };
    expect(services['grafana']?.volumes).toContain(`./grafana/dashboards:${providers[0]?.options.path ?? ''}:ro`);
  });
});

describe('The configuration of nginx', () => {
  it('is one that nginx takes, on ports of this machine', async () => {
    const script = `import { toConfiguration } from './balancer.mjs'; import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
      const directory = mkdtempSync('/tmp/nginx-test-'); writeFileSync(directory + '/nginx.conf', toConfiguration(readFileSync('../../deploy/nginx.conf', 'utf8'), { port: 8080, gatewayPorts: [4000, 4001], directory })); console.log(directory);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: join(__dirname, '../bench') });
    const directory = stdout.trim();
    const { stderr } = await run('nginx', ['-t', '-p', directory, '-c', `${directory}/nginx.conf`], {
      env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
    });
    expect(stderr).toContain('test is successful');
    await run('rm', ['-r', directory]);
  });

  it('sends to both gateways, on their port, and listens where compose looks for it', () => {
    const port = configOf(gateways[0] as ComposeService).port;
    expect([...nginx.matchAll(/^ +server (\S+) resolve/gm)].map((match) => match[1])).toEqual([`gateway-1:${port}`, `gateway-2:${port}`]);
    const { ports, ...service } = services['nginx'] as ComposeService;
    expect([ports?.[0]?.split(':').at(-1), checked(service).port]).toEqual([String(directive('listen')), String(directive('listen'))]);
    expect(nginx).toContain(`location = ${checked(service).pathname} {`);
  });

  it('goes by the limits of the gateway: what it may be sent, and how long it may take', () => {
    const { maxRequestBytes, requestDeadlineMs } = configOf(gateways[0] as ComposeService);
    expect([directive('client_max_body_size'), directive('client_body_buffer_size')].map((kib) => kib * 1024)).toEqual([
      maxRequestBytes,
      maxRequestBytes,
    ]);
    expect(directive('proxy_read_timeout') * 1000).toBeGreaterThan(requestDeadlineMs);
  });
});
