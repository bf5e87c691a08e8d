import { connect, type Socket } from 'node:net';
import { until } from '../support/cache-fixtures';
import { parseJsonAnswer } from '../support/raw-answer';
import { spawnGateway, type GatewayProcess } from '../support/gateway-process';
import { requestRaw } from '../support/raw-request';
import { good } from '../support/scripted-gateway';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../support/scripted-upstream';

const CONNECTIONS = 2000;
const CAPACITY = 400;
/** Each gets a few of the slots: less than one alone may have. */
const TOKENS = 100;
const QUERY = '{ customer(idType: "RUC", id: "80012345") { contract(number: "0991234567") { dueDate } } }';

/** One client with a token of its own, and what it has received. */
interface Client {
  readonly socket: Socket;
  received: string;
}

function toPost(token: string, headers = ''): string {
  const body = JSON.stringify({ query: QUERY });
  return `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
}

async function openClients(url: URL, count: number): Promise<Client[]> {
  return Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Client>((resolve, reject) => {
          const client: Client = { socket: connect(Number(url.port), url.hostname, () => resolve(client)), received: '' };
          client.socket.on('data', (chunk: Buffer) => (client.received += chunk.toString('latin1')));
          client.socket.on('error', reject);
        }),
    ),
  );
}

const statusOf = ({ received }: Client): string => /^HTTP\/1\.1 (\d+)/.exec(received)?.[1] ?? '';

describe('Five times as many requests as the gateway may have under way', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  let release: (() => void)[];
  let isReleased: boolean;
  let clients: Client[];
  beforeEach(async () => {
    release = [];
    isReleased = false;
    clients = [];
    upstream = await startScriptedUpstream((request) =>
      isReleased ? good(request) : new Promise<ScriptedAnswer>((resolve) => void release.push(() => resolve(good(request)))),
    );
  });
  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    await gateway.kill();
    await upstream.close();
  });

  async function start(env: Record<string, string>): Promise<{ url: URL; probes: string }> {
    gateway = spawnGateway({
      BILLING_API_URL: upstream.url,
      BILLING_API_CONNECTIONS: '64',
      MAX_CONCURRENT_REQUESTS: String(CAPACITY),
      LISTEN_BACKLOG: '4096',
      CACHE_TTL_SECONDS: '0',
      // Nothing may run out of time on a slow machine.
      REQUEST_DEADLINE_MS: '600000',
      BILLING_API_TIMEOUT_MS: '600000',
      ...env,
    });
    const url = new URL(await gateway.ready());
    const probes = /"probes":"([^"]+)"/.exec(gateway.stdout())?.[1];
    return { url, probes: probes ?? url.origin };
  }

  /** Makes the billing API accept the clients' tokens: those that it has never accepted get a part of the slots only. */
  async function acceptTokens({ port }: URL): Promise<void> {
    isReleased = true;
    for (let token = 0; token < TOKENS; token++) {
      const { status } = await requestRaw(Number(port), {
        method: 'POST',
        path: '/graphql',
        headers: { 'content-type': 'application/json', authorization: `Bearer token-${token}` },
        body: JSON.stringify({ query: QUERY }),
      });
      expect(status).toBe(200);
    }
    isReleased = false;
  }

  function releaseAll(): void {
    isReleased = true;
    for (const each of release) each();
  }

  it.each(['at the same port', 'at a port of their own'])(
    'are refused at once, and the probes answer before the burst ends, %s',
    async (where) => {
      const own = where === 'at a port of their own';
      const { url, probes } = await start(own ? { PROBE_PORT: '0' } : {});
      expect(probes === url.origin).toBe(!own);
      await acceptTokens(url);
      clients = await openClients(url, CONNECTIONS);
      clients.forEach(({ socket }, index) => socket.write(toPost(`token-${index % TOKENS}`, `X-Request-Id: request-${index}\r\n`)));
      // The burst: nothing that was let in can be answered before it is released.
      await until(() => clients.filter((client) => client.received !== '').length === CONNECTIONS - CAPACITY);
      for (const path of ['/healthz', '/readyz']) expect((await fetch(probes + path)).status).toBe(200);
      const metrics = await (await fetch(`${probes}/metrics`)).text();
      expect(metrics).toContain(`billing_gateway_requests_shed_total{reason="concurrency",token="accepted"} ${CONNECTIONS - CAPACITY}`);
      expect(metrics).toContain('billing_gateway_requests_shed_total{reason="concurrency",token="unaccepted"} 0');
      expect(metrics).toContain(`billing_gateway_requests_under_way ${CAPACITY}`);

      const refused = clients.filter((client) => statusOf(client) === '503');
      expect(refused).toHaveLength(CONNECTIONS - CAPACITY);
      const first = refused[0]!;
      const [head = '', body = ''] = first.received.split('\r\n\r\n');
      expect(head).toContain(`x-request-id: request-${clients.indexOf(first)}\r\n`);
      for (const line of [
        'retry-after: 1',
        'access-control-allow-origin: *',
        'cache-control: no-store',
        'content-type: application/json; charset=utf-8',
      ])
        expect(`${head}\r\n`).toContain(`${line}\r\n`);
      expect(parseJsonAnswer(body).errors?.[0]?.extensions).toEqual({ code: 'OVERLOADED', retryAfterSeconds: 1 });

      // Whoever was let in is served, and then the others are, over the connections that they have.
      releaseAll();
      await until(() => clients.every((client) => client.received !== ''));
      expect(clients.filter((client) => statusOf(client) === '200')).toHaveLength(CAPACITY);
      const again = refused.slice(0, CAPACITY);
      for (const client of again) {
        client.received = '';
        client.socket.write(toPost(`token-${clients.indexOf(client) % TOKENS}`));
      }
      await until(() => again.every((client) => statusOf(client) === '200'));
      // Neither a line for each nor one at error level.
      const lines = gateway.stdout().split('\n');
      const told = lines.filter((line) => line.includes('MAX_CONCURRENT_REQUESTS'));
      expect([told.length > 0, told.length < 5, lines.filter((line) => /"level":[56]0/.test(line)).length]).toEqual([true, true, 0]);
    },
  );

  it("is the only thing at GraphQL's port when the probes have their own", async () => {
    const { url, probes } = await start({ PROBE_PORT: '0' });
    const statuses = async (base: string): Promise<number[]> =>
      Promise.all(
        ['/healthz', '/readyz', '/metrics', '/graphql?query={__typename}'].map(
          async (path) => (await fetch(base + path, { headers: { 'apollo-require-preflight': '1' } })).status,
        ),
      );
    expect(await statuses(url.origin)).toEqual([404, 404, 404, 200]);
    expect(await statuses(probes)).toEqual([200, 200, 200, 404]);
    expect((await fetch(`${probes}/healthz`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${probes}/healthz`, { method: 'HEAD' })).status).toBe(200);
  });

  it('do not count where their bodies are not here yet, nor once their clients have gone', async () => {
    const { url } = await start({ MAX_CONCURRENT_REQUESTS: '5' });
    await acceptTokens(url);
    const before = upstream.requests.length;
    const slow = await openClients(url, 20);
    for (const { socket } of slow)
      socket.write('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
    // Five requests in one pipeline: only the first one's response is ever attached to the connection.
    const pipelined = await openClients(url, 1);
    pipelined[0]!.socket.write(Array.from({ length: 5 }, (_, index) => toPost(`token-${index}`)).join(''));
    clients = [...slow, ...pipelined];
    await upstream.waitForRequests(before + 5);
    const post = () =>
      requestRaw(Number(url.port), {
        method: 'POST',
        path: '/graphql',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{ __typename }"}',
      });
    expect((await post()).status).toBe(503);
    pipelined[0]!.socket.destroy();
    await until(async () => (await post()).status === 200);
  });
});
