import { connect, type Socket } from 'node:net';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { until } from '../support/cache-fixtures';
import { spawnGateway, type GatewayProcess } from '../support/gateway-process';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

const CLIENTS = 16;
const PAGE = 'contract(number: "1001") { invoices(first: 1000) { nodes { number contractNumber billPeriod amount status } } }';
/** A response of more than 8 MiB: more than the operating system takes for a client that reads nothing. */
const BODY = JSON.stringify({
  query: `{ customer(idType: "RUC", id: "80012345") { ${Array.from({ length: 95 }, (_, index) => `a${index}: ${PAGE}`).join(' ')} } }`,
});
const POST = `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer token\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

describe('Clients that do not read a response of 8 MiB', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  let sockets: Socket[];
  beforeEach(async () => {
    sockets = [];
    upstream = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url), 1000) }));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await gateway.kill();
    await upstream.close();
  });

  async function start(env: Record<string, string>): Promise<URL> {
    gateway = spawnGateway({
      BILLING_API_URL: upstream.url,
      MAX_RESULTS: '1000000',
      NODE_OPTIONS: '--max-old-space-size=256',
      ...env,
    });
    return new URL(await gateway.ready());
  }

  /** Opens connections that send a request and never read. */
  function openSilent(url: URL, bytes: string): void {
    for (let count = 0; count < CLIENTS; count++) {
      const socket = connect(Number(url.port), url.hostname);
      // A gateway that closes the connection resets it: there is unread data.
      socket.on('error', () => undefined);
      socket.pause();
      socket.write(bytes);
      sockets.push(socket);
    }
  }

  async function scrape(url: URL, name: string): Promise<number> {
    const text = await (await fetch(`${url.origin}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`billing_gateway_${name} `))
        ?.split(' ')
        .at(-1),
    );
  }

  async function askAll(url: URL): Promise<number> {
    const response = await fetch(`${url.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer token' },
      body: BODY,
    });
    return (await response.text()).length;
  }

  const NO_PROGRESS = 'connections_cut_total{reason="no-progress"}';
  const TOO_MUCH = 'connections_cut_total{reason="too-much-unsent"}';

  it('lose their connections after a time without progress; those who read slowly do not', async () => {
    const url = await start({ WRITE_TIMEOUT_MS: '2000', MAX_UNSENT_BYTES: '1000000000' });
    const length = await askAll(url);
    expect(length).toBeGreaterThan(8 * 1024 * 1024);
    const slow = connect(Number(url.port), url.hostname);
    sockets.push(slow);
    slow.write(POST.replace('Host: x', 'Host: x\r\nConnection: close'));
    let received = 0;
    const read = setInterval(() => (received += (slow.read(64 * 1024) as Buffer | null)?.length ?? 0), 40);
    openSilent(url, POST);
    await until(async () => (await scrape(url, NO_PROGRESS)) === CLIENTS);
    await until(() => received > length);
    clearInterval(read);
    expect(await scrape(url, NO_PROGRESS)).toBe(CLIENTS);
    await until(async () => (await scrape(url, 'unsent_bytes')) === 0);
    expect(await askAll(url)).toBe(length);
  }, 60_000);

  it.each([
    ['one request each', POST],
    ['four pipelined requests each', POST.repeat(4)],
  ])(
    'do not take more memory than MAX_UNSENT_BYTES together, with %s',
    async (_name, bytes) => {
      const url = await start({ WRITE_TIMEOUT_MS: '600000', MAX_UNSENT_BYTES: '20000000' });
      const length = await askAll(url);
      openSilent(url, bytes);
      // At most so many have room: of each response the operating system takes a few MiB.
      await until(async () => (await scrape(url, TOO_MUCH)) >= CLIENTS / 4);
      await until(async () => (await scrape(url, 'requests_under_way')) === 0 || (await scrape(url, 'unsent_bytes')) > 0);
      expect(await scrape(url, 'unsent_bytes')).toBeLessThanOrEqual(20_000_000);
      // While all have only just begun, the latest loses its connection, and that may be a client that reads.
      await until(async () => (await askAll(url).catch(() => 0)) === length, 30_000);
      expect(gateway.child.exitCode).toBeNull();
    },
    90_000,
  );
});
