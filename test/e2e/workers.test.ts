import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/cache-fixtures';
import { spawnGateway, type GatewayProcess } from '../support/gateway-process';
import { requestRaw } from '../support/raw-request';
import { good } from '../support/scripted-gateway';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../support/scripted-upstream';

const WORKERS = 3;
const QUERY = '{ customer(idType: "RUC", id: "80012345") { contract(number: "0991234567") { dueDate } } }';

describe('Several workers', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  let url: URL;
  let probes: string;
  beforeEach(async () => {
    upstream = await startScriptedUpstream((request) => good(request));
  });
  afterEach(async () => {
    const pids = workerPids();
    await gateway.kill();
    // They end with their primary, whichever way that ends.
    await until(() => pids.every((pid) => !isAlive(pid)));
    await upstream.close();
  });

  async function start(env: Record<string, string> = {}): Promise<void> {
    gateway = spawnGateway({ BILLING_API_URL: upstream.url, WORKERS: String(WORKERS), CACHE_TTL_SECONDS: '0', ...env });
    url = new URL(await gateway.ready());
    probes = /"probes":"([^"]+)"/.exec(gateway.stdout())?.[1] ?? url.origin;
  }

  function workerPids(): number[] {
    const { pid } = gateway.child;
    if (pid === undefined || gateway.child.exitCode !== null) return [];
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  }

  /** One operation over a connection of its own: the workers get connections in turn. */
  async function ask(): Promise<number> {
    const answer = await requestRaw(Number(url.port), {
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: 'Bearer token' },
      body: JSON.stringify({ query: QUERY }),
    });
    return answer.status;
  }

  const statusOf = async (path: string): Promise<number> => (await requestRaw(Number(new URL(probes).port), { path })).status;
  async function scrape(name: string): Promise<number> {
    const { text } = await requestRaw(Number(new URL(probes).port), { path: '/metrics' });
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`billing_gateway_${name} `))
        ?.split(' ')
        .at(-1),
    );
  }
  const OPERATIONS = 'operations_total{operation="anonymous",outcome="ok"}';

  it.each([{}, { PROBE_PORT: '0' }])(
    'share one port, and the probes speak for all of them (%j)',
    async (env) => {
      await start(env);
      expect(workerPids()).toHaveLength(WORKERS);
      for (let times = 0; times < 4 * WORKERS; times++) expect(await ask()).toBe(200);
      // Whichever worker is asked, and however often, has the sum.
      for (let times = 0; times < WORKERS; times++) expect(await scrape(OPERATIONS)).toBe(4 * WORKERS);
      expect(await scrape('workers')).toBe(WORKERS);
      expect(await scrape('process_start_time_seconds')).toBeGreaterThan(1e9);
      expect([await statusOf('/healthz'), await statusOf('/readyz')]).toEqual([200, 200]);
      // One line says that the gateway is ready, and every line is whole.
      const lines = gateway.stdout().split('\n').filter(Boolean);
      expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg).filter((msg) => msg === 'ready')).toHaveLength(1);
      // Connections of their own: all of them have asked the billing API.
      expect(upstream.connectionCount()).toBe(WORKERS);
    },
    60_000,
  );

  it('share the limit on the calls of a token, whichever of them is asked', async () => {
    await start({ CALLS_PER_MINUTE: '5', PROBE_PORT: '0' });
    const statuses: number[] = [];
    for (let times = 0; times < 4 * WORKERS; times++) statuses.push(await ask());
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(4 * WORKERS - 5);
    expect(upstream.requests).toHaveLength(5);
  }, 60_000);

  it('are not ready while one of them is not', async () => {
    await start({ PROBE_PORT: '0' });
    const [pid] = workerPids() as [number];
    process.kill(pid, 'SIGSTOP');
    expect([await statusOf('/readyz'), await statusOf('/healthz')]).toEqual([503, 200]);
    process.kill(pid, 'SIGCONT');
    await until(async () => (await statusOf('/readyz')) === 200);
  }, 60_000);

  it('are replaced when they crash, and what they had counted is kept', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'workers-'));
    await start({ PROBE_PORT: '0', AUDIT_LOG: join(folder, 'audit'), AUDIT_SECRET: 'x'.repeat(32) });
    for (let times = 0; times < 2 * WORKERS; times++) await ask();
    expect(await scrape(OPERATIONS)).toBe(2 * WORKERS);
    const before = workerPids();
    process.kill(before[0] as number, 'SIGKILL');
    await until(async () => (await scrape('workers_replaced_total')) === 1);
    // The others serve meanwhile.
    for (let times = 0; times < WORKERS; times++) expect(await ask()).toBe(200);
    await until(async () => (await statusOf('/readyz')) === 200);
    expect(await scrape(OPERATIONS)).toBe(3 * WORKERS);
    const after = workerPids();
    expect([after.length, after.includes(before[0] as number)]).toEqual([WORKERS, false]);
    expect(readdirSync(folder).sort()).toEqual(['audit.1', 'audit.2', 'audit.3']);
    rmSync(folder, { recursive: true });
    expect(gateway.stdout()).toMatch(/"level":50,[^\n]*"signal":"SIGKILL",[^\n]*"msg":"a worker has ended: another one takes its place"/);
  }, 60_000);

  it('finish what they have under way when the primary is stopped, and end with exit code 0', async () => {
    const release: (() => void)[] = [];
    upstream.setScript((request) => new Promise<ScriptedAnswer>((resolve) => void release.push(() => resolve(good(request)))));
    await start({ DRAIN_DELAY_MS: '0' });
    const asking = Array.from({ length: 2 * WORKERS }, ask);
    await upstream.waitForRequests(WORKERS);
    gateway.child.kill('SIGTERM');
    await until(() => gateway.stdout().includes('"msg":"stopping"'));
    upstream.setScript((request) => good(request));
    for (const each of release) each();
    expect(await Promise.all(asking)).toEqual(asking.map(() => 200));
    expect(await gateway.exited).toBe(0);
  }, 60_000);
});

describe('A start of workers', () => {
  it('is given up when it is stopped, with exit code 0', async () => {
    const gateway = spawnGateway({ WORKERS: '3', BILLING_API_URL: 'http://127.0.0.1:9/', DRAIN_DELAY_MS: '60000' });
    const { pid } = gateway.child;
    await until(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8') !== '');
    gateway.child.kill('SIGTERM');
    expect(await gateway.exited).toBe(0);
    expect(messagesOf(gateway)).toEqual(['stopping']);
    expect(gateway.stderr()).toBe('');
  }, 60_000);

  it.each(['1', '2'])(
    'does not begin where the stop comes while the process is being loaded (WORKERS=%s)',
    async (count) => {
      const NODE_OPTIONS = `--require ${join(__dirname, '../support/stop-while-loading.cjs')}`;
      const gateway = spawnGateway({ NODE_OPTIONS, WORKERS: count, BILLING_API_URL: 'http://127.0.0.1:9/', DRAIN_DELAY_MS: '60000' });
      expect(await gateway.exited).toBe(0);
      expect(messagesOf(gateway)).toEqual(['stopping']);
      expect(gateway.stderr()).toBe('');
    },
    60_000,
  );
});

describe('Workers that cannot start', () => {
  it('end the gateway with exit code 1, and the reason is logged once', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const gateway = spawnGateway({
      WORKERS: '2',
      BILLING_API_URL: 'http://127.0.0.1:9/',
      PORT: String((other.address() as AddressInfo).port),
    });
    expect(await gateway.exited).toBe(1);
    other.close();
    expect(messagesOf(gateway)).toEqual([
      expect.stringMatching(/^the gateway could not start: port .* is in use: stop what listens there/),
    ]);
    expect(gateway.stderr()).toBe('');
  }, 60_000);

  it('are refused with the embedded billing API', async () => {
    const gateway = spawnGateway({ WORKERS: '2' });
    expect(await gateway.exited).toBe(1);
    expect(gateway.stderr()).toContain('with WORKERS=2 it must be an address');
  });
});

/** The messages of the log. */
function messagesOf(gateway: GatewayProcess): string[] {
  const lines = gateway.stdout().split('\n').filter(Boolean);
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
