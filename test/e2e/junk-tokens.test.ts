import { gzipSync } from 'node:zlib';
import { until } from '../support/cache-fixtures';
import { spawnGateway, type GatewayProcess } from '../support/gateway-process';
import { openConnection } from '../support/raw-bytes';
import { requestRaw } from '../support/raw-request';
import { good } from '../support/scripted-gateway';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../support/scripted-upstream';

const SLOTS = 80;
/** As many as a caller of ordinary size has at once. */
const GENUINE = 20;
const CONNECTIONS = 30;
const PIPELINED = 50;
const QUERY = '{ customer(idType: "RUC", id: "80012345") { contract(number: "0991234567") { dueDate } } }';
const EXPORTED = '{ customer(idType: "RUC", id: "80012345") { contract(number: "1") { invoices(first: 2) { nodes { number } } } } }';

type MakeRequest = (token: string) => Buffer;

const withBody =
  (method: string, body: string | Buffer, headers = ''): MakeRequest =>
  (token) =>
    Buffer.concat([
      Buffer.from(
        `${method} /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\n${headers}` +
          `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`,
      ),
      Buffer.from(body),
    ]);
const BODY = JSON.stringify({ query: QUERY });

const FORMS: Readonly<Record<string, MakeRequest>> = {
  POST: withBody('POST', BODY),
  QUERY: withBody('QUERY', BODY),
  GET: (token) =>
    Buffer.from(
      `GET /graphql?query=${encodeURIComponent(QUERY)} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
        `Authorization: Bearer ${token}\r\n\r\n`,
    ),
  'a compressed POST': withBody('POST', gzipSync(BODY), 'Content-Encoding: gzip\r\n'),
  'an export': withBody('POST', JSON.stringify({ query: EXPORTED }), 'Accept: application/jsonl\r\n'),
};

describe('Callers whose tokens the billing API accepts', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  let port: number;
  let probes: string;
  let connections: ReturnType<typeof openConnection>[];
  /** Whether only the genuine caller's calls are answered. */
  let isHeld: boolean;
  beforeEach(async () => {
    connections = [];
    isHeld = false;
    upstream = await startScriptedUpstream((request) =>
      !isHeld || request.headers.authorization === 'Bearer genuine' ? good(request) : new Promise<ScriptedAnswer>(() => undefined),
    );
    gateway = spawnGateway({
      BILLING_API_URL: upstream.url,
      BILLING_API_CONNECTIONS: '64',
      MAX_CONCURRENT_REQUESTS: String(SLOTS),
      PROBE_PORT: '0',
      CACHE_TTL_SECONDS: '0',
      // Nothing may run out of time on a slow machine.
      REQUEST_DEADLINE_MS: '600000',
      BILLING_API_TIMEOUT_MS: '600000',
    });
    port = Number(new URL(await gateway.ready()).port);
    probes = /"probes":"([^"]+)"/.exec(gateway.stdout())?.[1] as string;
    expect(await ask('genuine')).toBe(200);
    expect(await ask('greedy')).toBe(200);
    isHeld = true;
  });
  afterEach(async () => {
    for (const { socket } of connections) socket.destroy();
    await gateway.kill();
    await upstream.close();
  });

  async function ask(token: string, { accept, query }: { accept?: string; query: string } = { query: QUERY }): Promise<number> {
    const { status } = await requestRaw(port, {
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...(accept && { accept }) },
      body: JSON.stringify({ query }),
    });
    return status;
  }

  const askAll = (): Promise<number[]> => Promise.all(Array.from({ length: GENUINE }, () => ask('genuine')));
  const ALL_SERVED = Array.from({ length: GENUINE }, () => 200);

  function open(count: number): typeof connections {
    connections = Array.from({ length: count }, () => openConnection(port));
    return connections;
  }

  const scrape = async (): Promise<string> => (await fetch(`${probes}/metrics`)).text();
  async function underWay(): Promise<number> {
    return Number(/^billing_gateway_requests_under_way (\d+)$/m.exec(await scrape())?.[1]);
  }

  /** Waits until more was sent than there are slots for, and nothing changes any more. */
  async function settled(): Promise<number> {
    let last = -1;
    let now = await underWay();
    const received = (): number => connections.reduce((bytes, { socket }) => bytes + socket.bytesRead, 0);
    let bytes = -1;
    await until(async () => {
      const isSame = now > 0 && now === last && bytes === received() && connections.every(({ socket }) => socket.writableLength === 0);
      last = now;
      bytes = received();
      now = await underWay();
      return isSame;
    });
    return now;
  }

  describe.each(Object.entries(FORMS))('keep their service while %s with tokens that were made up', (_form, make) => {
    it('is pipelined over many connections', async () => {
      for (const [index, { socket }] of open(CONNECTIONS).entries())
        for (let request = 0; request < PIPELINED; request++) socket.write(make(`junk-${index}-${request}`));
      const junk = await settled();
      expect(await askAll()).toEqual(ALL_SERVED);
      expect(await ask('genuine', { accept: 'application/jsonl', query: EXPORTED })).toBe(200);
      const shed = (await scrape()).match(/^billing_gateway_requests_shed_total.*/gm);
      expect(shed).toEqual([expect.stringMatching(/token="accepted"} 0$/), expect.stringMatching(/token="unaccepted"} [1-9]\d*$/)]);
      // Tokens that nobody has seen before are not shut out while there is room.
      expect(junk).toBeGreaterThan(SLOTS / 4);
    });
  });

  it('keep it while the last byte of very many requests arrives at once', async () => {
    const request = FORMS['POST']!('junk');
    for (const { socket } of open(10 * CONNECTIONS)) socket.write(request.subarray(0, -1));
    await until(() => connections.every(({ socket }) => !socket.connecting && socket.writableLength === 0));
    expect(await askAll()).toEqual(ALL_SERVED);
    for (const { socket } of connections) socket.write(request.subarray(-1));
    expect(await settled()).toBeLessThan(SLOTS - GENUINE);
    expect(await askAll()).toEqual(ALL_SERVED);
  });

  it('keep it while another one of them sends more than there are slots for', async () => {
    for (const { socket } of open(CONNECTIONS))
      for (let request = 0; request < PIPELINED; request++) socket.write(FORMS['POST']!('greedy'));
    expect(await settled()).toBeGreaterThan(SLOTS * 0.9);
    for (let request = 0; request < GENUINE; request++) expect(await ask('genuine')).toBe(200);
  });
});
