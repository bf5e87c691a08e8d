import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '../support/cache-fixtures';
import { startGateway } from '../support/gateway';
import { spawnGateway } from '../support/gateway-process';
import { startMeteredGateway, type MeteredGateway } from '../support/metered-gateway';
import { good } from '../support/scripted-gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

const QUERY =
  'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate invoices(first: 12) { nodes { number amount status } } } } }';
const CLIENTS = 16;
const REQUESTS = 200;
const ROUNDS = 5;

let sent = 0;
function toPost(token = 'a-token'): string {
  const body = JSON.stringify({ query: QUERY, variables: { number: String(1_000_000 + sent++) } });
  return `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });
}

const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve));

describe('A client that leaves while the billing API works for it', () => {
  let upstream: ScriptedUpstream;
  let gateway: MeteredGateway;
  /** Called when a request has come to the upstream, by contract number. */
  let arrived: Map<string, () => void>;
  beforeEach(async () => {
    arrived = new Map();
    upstream = await startScriptedUpstream((request) => {
      const number = new URL(request.url, 'http://x').searchParams.get('contractNumber') ?? '';
      arrived.get(number)?.();
      arrived.delete(number);
      return { ...good(request), delayMs: 20 };
    });
    gateway = await startMeteredGateway({ BILLING_API_URL: upstream.url, CACHE_TTL_SECONDS: '0' });
  });
  afterEach(async () => {
    await gateway.close();
    await upstream.close();
  });

  /** Over a connection of its own, as the one that leaves needs. */
  async function isServed(): Promise<void> {
    const socket = await open(gateway.port);
    socket.once('data', (chunk: Buffer) => {
      expect(chunk.toString('latin1', 0, 12)).toBe('HTTP/1.1 200');
      socket.destroy();
    });
    socket.write(toPost());
    await closed(socket);
  }

  async function leaves(): Promise<void> {
    const socket = await open(gateway.port);
    const isUnderWay = new Promise<void>((resolve) => arrived.set(String(1_000_000 + sent), resolve));
    socket.write(toPost());
    await isUnderWay;
    socket.destroy();
    await closed(socket);
  }

  /** CPU time of a request, in milliseconds. */
  async function costOf(request: () => Promise<void>): Promise<number> {
    await gateway.measure();
    let left = REQUESTS;
    await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        while (left-- > 0) await request();
      }),
    );
    return (await gateway.measure()).totalMs / REQUESTS;
  }

  it('costs no more than one that is served, and no connection to the billing API', async () => {
    await costOf(isServed);
    await costOf(leaves);
    const before = upstream.connectionCount();
    const served: number[] = [];
    const left: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      served.push(await costOf(isServed));
      left.push(await costOf(leaves));
    }
    expect(upstream.connectionCount() - before).toBeLessThan((REQUESTS * ROUNDS) / 4);
    // The least of several is the least disturbed one; what is left of the noise has some room.
    expect(Math.min(...left) / Math.min(...served)).toBeLessThan(1.2);
  }, 120_000);
});

describe('Clients that leave while the gateway stops', () => {
  const CONNECTIONS = 2;
  /** With the calls that wait for a connection, and those that are under way. */
  const LEAVING = 40;

  it.each([
    ['at once', (socket: Socket) => socket.destroy()],
    ['by a reset', (socket: Socket) => socket.resetAndDestroy()],
  ])('are no failures of the billing API: they go %s', async (_, leave) => {
    const upstream = await startScriptedUpstream(() => ({ hang: 'before-headers' }));
    const gateway = await startGateway({
      BILLING_API_URL: upstream.url,
      BILLING_API_CONNECTIONS: String(CONNECTIONS),
      LOG_LEVEL: 'debug',
      // Nothing may run out of time on a slow machine.
      REQUEST_DEADLINE_MS: '600000',
      BILLING_API_TIMEOUT_MS: '600000',
    });
    try {
      const clients = await Promise.all(Array.from({ length: LEAVING }, () => open(gateway.port)));
      for (const client of clients) client.write(toPost());
      // A connection of the test's own would hold up the stop until the others have closed for good.
      const metrics = async (): Promise<string> => (await fetch(`${gateway.url}/metrics`, { headers: { connection: 'close' } })).text();
      await until(async () => (await metrics()).includes(`billing_gateway_requests_under_way ${LEAVING}\n`));
      await until(async () => /^billing_gateway_upstream_under_way [12]$/m.test(await metrics()));
      const stopped = gateway.close();
      for (const client of clients) leave(client);
      await stopped;
      const lines = gateway.logLines.map((line) => JSON.parse(line) as { level: number; msg: string; outcome?: string; reason?: string });
      expect(lines.filter(({ level }) => level >= 40)).toEqual([]);
      expect(lines.filter(({ msg }) => msg === 'operation').map(({ outcome }) => outcome)).toEqual(clients.map(() => 'aborted'));
      const attempts = lines.filter(({ msg }) => msg === 'attempt');
      expect(attempts.length).toBeGreaterThan(0);
      for (const attempt of attempts) expect(attempt).toMatchObject({ outcome: 'aborted' });
    } finally {
      await upstream.close();
    }
  });
});

describe('Clients that have left before their connections are accepted', () => {
  const LEFT = 20;

  it('cost no call', async () => {
    const upstream = await startScriptedUpstream((request) => good(request));
    const gateway = spawnGateway({ BILLING_API_URL: upstream.url, NODE_ENV: 'production', HOST: '127.0.0.1' });
    try {
      const port = Number(new URL(await gateway.ready()).port);
      // The operating system takes connections, and what is sent over them, for a process that is stopped.
      gateway.child.kill('SIGSTOP');
      await Promise.all(
        Array.from({ length: LEFT }, async () => {
          const socket = await open(port);
          socket.end(toPost(), () => socket.destroy());
          await closed(socket);
        }),
      );
      gateway.child.kill('SIGCONT');
      await until(() => gateway.stdout().split('"outcome":"aborted"').length > LEFT);
      const staying = await open(port);
      staying.write(toPost());
      const [answer] = (await once(staying, 'data')) as [Buffer];
      staying.destroy();
      expect(answer.toString('latin1', 0, 12)).toBe('HTTP/1.1 200');
      expect(upstream.requests).toHaveLength(1);
    } finally {
      await gateway.kill();
      await upstream.close();
    }
  });
});
