import { execFile } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import packageJson from '../../package.json';
import { SETTINGS } from '../../src/config/settings';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { spawnGateway, type GatewayProcess } from '../support/gateway-process';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../support/scripted-upstream';

const run = promisify(execFile);
const QUERY = '{ customer(idType: "RUC", id: "80012345") { contract(number: "7") { dueDate invoices { nodes { number } } } } }';

async function ask(url: string, token = 'secret-token'): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: QUERY }),
  });
}

async function statusOf(url: string, path: string): Promise<number> {
  return (await fetch(`${url}${path}`, { headers: { connection: 'close' } })).status;
}

describe('The gateway as a process', () => {
  const started: GatewayProcess[] = [];
  const start = (...args: Parameters<typeof spawnGateway>): GatewayProcess => {
    const gateway = spawnGateway(...args);
    started.push(gateway);
    return gateway;
  };
  afterEach(async () => {
    for (const gateway of started.splice(0)) await gateway.kill();
  });

  describe('without any setting', () => {
    it('logs one line with its URL and version when it is ready, and prints a query that answers when it is pasted into a shell', async () => {
      const gateway = start();
      const url = await gateway.ready();
      const [command] = await gateway.waitFor(/^curl .*$/m);
      expect(gateway.stdout().match(/"msg":"ready"/g)).toHaveLength(1);
      expect(gateway.stdout()).toContain(`"version":"${packageJson.version}","msg":"ready"`);
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      const { stdout } = await run('sh', ['-c', command]);
      const answer = JSON.parse(stdout) as { data: { customer: { contract: { invoices: { nodes: unknown[] } } } } };
      expect(answer).not.toHaveProperty('errors');
      expect(answer.data.customer.contract.invoices.nodes).toHaveLength(3);
      expect(await Promise.all(['/healthz', '/readyz'].map((path) => statusOf(url, path)))).toEqual([200, 200]);
    });

    it.each(['SIGTERM', 'SIGINT'] as const)('stops on %s with exit code 0, and takes no connection from then on', async (signal) => {
      const gateway = start();
      const url = await gateway.ready();
      gateway.child.kill(signal);
      expect(await gateway.exited).toBe(0);
      expect(gateway.stderr()).toBe('');
      await expect(fetch(url)).rejects.toThrow('fetch failed');
    });
  });

  describe('with a billing API that takes its time', () => {
    let upstream: ScriptedUpstream;
    let release: (() => void)[];
    beforeEach(async () => {
      release = [];
      upstream = await startScriptedUpstream(
        (request) =>
          new Promise<ScriptedAnswer>((resolve) => void release.push(() => resolve({ body: toBillsBody(toAskedBills(request.url)) }))),
      );
    });
    afterEach(() => upstream.close());

    it('is not ready while it drains, serves all the same, finishes what is under way, and ends with exit code 0', async () => {
      const gateway = start({ BILLING_API_URL: upstream.url, DRAIN_DELAY_MS: '700' });
      const url = await gateway.ready();
      const underWay = ask(url, 'one');
      await upstream.waitForRequests(1);
      expect(await statusOf(url, '/readyz')).toBe(200);
      gateway.child.kill('SIGTERM');
      while ((await statusOf(url, '/readyz')) === 200) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await statusOf(url, '/readyz')).toBe(503);
      expect(await statusOf(url, '/healthz')).toBe(200);
      const late = ask(url, 'two');
      await upstream.waitForRequests(2);
      // Held back until the gateway has closed its door: the requests under way outlast the delay.
      await expect(untilRefused(url)).resolves.toBe('refused');
      for (const each of release) each();
      const answers = await Promise.all([underWay, late]);
      expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
      // What comes while it drains is told to come over another connection the next time: this one is about to end.
      expect(answers.map((answer) => answer.headers.get('connection'))).toEqual(['keep-alive', 'close']);
      expect(await answers[0].json()).toMatchObject({ data: { customer: { contract: { dueDate: '2025-07-15' } } } });
      expect(await gateway.exited).toBe(0);
    });

    it('tells clients of known operations, too, to come over another connection while it drains', async () => {
      upstream.setScript((request) => ({ body: toBillsBody(toAskedBills(request.url)) }));
      const gateway = start({ BILLING_API_URL: upstream.url, DRAIN_DELAY_MS: '60000' });
      const url = await gateway.ready();
      // The text is prepared by then, and its answer kept whole: the fastest ways through.
      for (let times = 0; times < 4; times++) expect((await ask(url)).headers.get('connection')).toBe('keep-alive');
      gateway.child.kill('SIGTERM');
      while ((await statusOf(url, '/readyz')) === 200) await new Promise((resolve) => setTimeout(resolve, 5));
      for (const token of ['secret-token', 'another-token']) {
        const answer = await ask(url, token);
        expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
      }
    });

    it('does not wait for a client that never ends its request, once no operation can be under way', async () => {
      const gateway = start({ BILLING_API_URL: upstream.url, REQUEST_DEADLINE_MS: '100' });
      const url = new URL(await gateway.ready());
      const socket = connect(Number(url.port), url.hostname);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      await new Promise<void>((resolve) =>
        socket.write('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{', () =>
          resolve(),
        ),
      );
      // The server has taken the connection when it has answered a later one.
      await statusOf(url.origin, '/healthz');
      gateway.child.kill('SIGTERM');
      expect(await gateway.exited).toBe(0);
      await closed;
    });

    it('does not wait for a connection that was opened and never used', async () => {
      const gateway = start({ BILLING_API_URL: upstream.url, REQUEST_DEADLINE_MS: '600000' });
      const url = new URL(await gateway.ready());
      const socket = connect(Number(url.port), url.hostname);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      await statusOf(url.origin, '/healthz');
      gateway.child.kill('SIGTERM');
      expect(await gateway.exited).toBe(0);
      await closed;
    });

    it('ends at once on a second signal, with exit code 1', async () => {
      const gateway = start({ BILLING_API_URL: upstream.url, DRAIN_DELAY_MS: '60000' });
      const url = await gateway.ready();
      gateway.child.kill('SIGTERM');
      while ((await statusOf(url, '/readyz')) === 200) await new Promise((resolve) => setTimeout(resolve, 5));
      gateway.child.kill('SIGTERM');
      expect(await gateway.exited).toBe(1);
    });

    it('serves the billing API that it is given, prints no query, and writes neither token nor address nor customer down', async () => {
      upstream.setScript((_request, index) =>
        index === 0 ? { status: 500, body: { error: { message: 'internal detail' } } } : { status: 401 },
      );
      const gateway = start({
        BILLING_API_URL: `${upstream.url}/v2`,
        BILLING_API_RETRIES: '0',
        LOG_LEVEL: 'trace',
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        DRAIN_DELAY_MS: '0',
      });
      const url = await gateway.ready();
      const texts = await Promise.all([ask(url), ask(url)].map(async (answer) => (await answer).text()));
      gateway.child.kill('SIGTERM');
      expect(await gateway.exited).toBe(0);
      const written = gateway.stdout() + gateway.stderr();
      expect(written).not.toContain('curl');
      for (const secret of ['secret-token', '80012345', upstream.url, 'internal detail']) {
        expect(written).not.toContain(secret);
        expect(texts.join()).not.toContain(secret);
      }
      expect(upstream.requests.every((request) => request.url.startsWith('/v2/customers/RUC/80012345/bills?'))).toBe(true);
    });
  });

  describe('that cannot start', () => {
    it('refuses to run in production without a billing API, says why, and ends with exit code 1', async () => {
      const gateway = start({ NODE_ENV: 'production' });
      expect(await gateway.exited).toBe(1);
      expect(gateway.stderr()).toContain('BILLING_API_URL is missing');
      expect(gateway.stdout()).toBe('');
    });

    it('lists every bad setting at once, and ends with exit code 1', async () => {
      const gateway = start({
        NODE_ENV: 'production',
        PORT: 'http',
        CACHE_TTL_SECONDS: '30s',
        EXPLORER: 'playground',
        REDIS_URL: 'redis://127.0.0.1',
      });
      expect(await gateway.exited).toBe(1);
      const problems = gateway
        .stderr()
        .split('\n')
        .filter((line) => line.startsWith('- '));
      expect(problems.map((line) => line.split(' ')[1])).toEqual([
        'BILLING_API_URL',
        'CACHE_SECRET',
        'PORT',
        'CACHE_TTL_SECONDS',
        'EXPLORER',
      ]);
    });

    it('says that its port is taken, and ends with exit code 1', async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => other.once('listening', resolve));
      const gateway = start({ PORT: String((other.address() as AddressInfo).port) });
      expect(await gateway.exited).toBe(1);
      other.close();
      const line = JSON.parse(gateway.stdout()) as { level: number; code: string; msg: string; err?: unknown };
      expect(line).toMatchObject({
        level: 60,
        code: 'EADDRINUSE',
        msg: expect.stringMatching(/port \d+ of 127\.0\.0\.1 is in use: .*PORT/),
      });
      expect(line.err).toBeUndefined();
    });

    it('refuses an argument, and says what to set', async () => {
      const gateway = start({}, ['--port', '3000']);
      expect(await gateway.exited).toBe(1);
      expect([gateway.stdout(), gateway.stderr()]).toEqual([
        '',
        'Unknown argument "--port". Settings are read from the environment: set PORT=3000 instead.\n',
      ]);
    });

    it('says where made-up data come from, also if they were asked for', async () => {
      const gateway = start({ BILLING_API_URL: 'embedded' });
      const [said] = await gateway.waitFor(/^.*made-up data.*$/m);
      expect(said).toMatch(
        /^The embedded billing API answers, at http:\/\/127\.0\.0\.1:\d+, with made-up data\. For your own, set BILLING_API_URL\.$/,
      );
    });

    it('refuses a misspelt setting, and says which one was meant', async () => {
      const gateway = start({ BILING_API_URL: 'https://billing.example' });
      expect(await gateway.exited).toBe(1);
      expect(gateway.stderr()).toContain('- BILING_API_URL is not a setting: did you mean BILLING_API_URL?');
    });

    it('prints its version with --version, as the package has it', async () => {
      const gateway = start({}, ['--version']);
      expect(await gateway.exited).toBe(0);
      expect(gateway.stdout()).toBe(`${packageJson.version}\n`);
    });

    it('prints its settings with --help, whatever they are set to, and ends with exit code 0', async () => {
      const gateway = start({ PORT: 'http' }, ['--help']);
      expect(await gateway.exited).toBe(0);
      for (const setting of SETTINGS) expect(gateway.stdout()).toContain(`  ${setting.name} `);
    });
  });
});

async function untilRefused(url: string): Promise<string> {
  for (;;) {
    try {
      await statusOf(url, '/healthz');
    } catch {
      return 'refused';
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
