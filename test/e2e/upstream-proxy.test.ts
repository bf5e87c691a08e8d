import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import type { Environment } from '../../src/config/config';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { createAuthority } from '../support/certificates';
import { startGateway, type Gateway, type GraphqlAnswer } from '../support/gateway';
import { spawnGateway } from '../support/gateway-process';
import { startSocketUpstream } from '../support/socket-upstream';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';
import { startTinyproxy, type Tinyproxy } from '../support/tinyproxy';

const QUERY = '{ customer(idType: "RUC", id: "80012345") { contract(number: "7") { dueDate } } }';
const directory = mkdtempSync(join(tmpdir(), 'upstream-proxy-'));
const authority = createAuthority(directory);
let overTls: Server;
let plain: ScriptedUpstream;
let proxy: Tinyproxy;
let guarded: Tinyproxy;
let gateway: Gateway | null = null;

beforeAll(async () => {
  const { cert, key } = authority.issue('localhost');
  overTls = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) =>
    response.end(JSON.stringify(toBillsBody(toAskedBills(request.url ?? '')))),
  );
  await new Promise<void>((resolve) => overTls.listen(0, resolve));
  plain = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url)) }));
  proxy = await startTinyproxy();
  guarded = await startTinyproxy('the-user:the-password-secret');
});
afterEach(async () => {
  await gateway?.close();
  gateway = null;
});
afterAll(async () => {
  overTls.close();
  await Promise.all([plain, proxy, guarded].map((each) => each.close()));
  rmSync(directory, { recursive: true });
});

const httpsPort = (): number => (overTls.address() as AddressInfo).port;
async function askThrough(settings: Environment): Promise<GraphqlAnswer> {
  gateway = await startGateway({
    BILLING_API_URL: `https://localhost:${httpsPort()}`,
    BILLING_API_TLS_CA_FILE: authority.cert,
    BILLING_API_RETRIES: '0',
    LOG_LEVEL: 'trace',
    ...settings,
  });
  return gateway.query(QUERY);
}
const isGood = (answer: GraphqlAnswer): boolean => answer.errors.length === 0 && answer.data.customer.contract.dueDate === '2025-07-15';

describe('an egress proxy', () => {
  it.each(['BILLING_API_PROXY', 'HTTPS_PROXY', 'https_proxy'])('carries TLS to the billing API where %s names it', async (name) => {
    const before = proxy.log().length;
    expect(isGood(await askThrough({ [name]: `http://127.0.0.1:${proxy.port}` }))).toBe(true);
    expect(proxy.log().slice(before)).toContain(`CONNECT localhost:${httpsPort()}`);
  });

  it('carries plain HTTP through a tunnel as well', async () => {
    const before = proxy.log().length;
    const settings = { BILLING_API_URL: plain.url, BILLING_API_TLS_CA_FILE: '', HTTP_PROXY: `http://127.0.0.1:${proxy.port}` };
    expect(isGood(await askThrough(settings))).toBe(true);
    expect(proxy.log().slice(before)).toContain(`CONNECT 127.0.0.1:${plain.port}`);
  });

  it('gets its user and password, which are in no log line and no message', async () => {
    const address = `127.0.0.1:${guarded.port}`;
    expect(isGood(await askThrough({ BILLING_API_PROXY: `http://the-user:the-password-secret@${address}` }))).toBe(true);
    expect(gateway?.logLines.join('\n')).not.toContain('the-password-secret');
    await gateway?.close();
    const refused = await askThrough({ BILLING_API_PROXY: `http://the-user:a-wrong-secret@${address}` });
    expect(refused.errors[0]?.extensions?.['code']).toBe('UPSTREAM_UNAVAILABLE');
    expect(gateway?.logLines.join('\n')).toMatch(
      /"reason":"no connection: the proxy answered 40[17]: check the user and the password of BILLING_API_PROXY"/,
    );
    expect(refused.text + (gateway?.logLines.join('\n') ?? '')).not.toMatch(/a-wrong-secret|127\.0\.0\.1:\d+"?,"reason/);
  });

  it('that is not there is an outage with a reason', async () => {
    const answer = await askThrough({ BILLING_API_PROXY: 'http://127.0.0.1:1' });
    expect(answer.errors[0]?.extensions?.['code']).toBe('UPSTREAM_UNAVAILABLE');
    expect(gateway?.logLines.join('\n')).toContain('"reason":"no connection: proxy: ECONNREFUSED"');
  });

  it.each(['localhost', 'example.com, LOCALHOST', '*'])('is passed by where NO_PROXY is %j', async (noProxy) => {
    expect(isGood(await askThrough({ HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: noProxy }))).toBe(true);
  });
});

/** Opens the tunnel that a CONNECT asks for, after these bytes. */
function openTunnel(client: Socket, head: string, answer = 'HTTP/1.1 200 Connection established\r\n\r\n'): void {
  const port = Number(/^CONNECT [^ ]*:([0-9]+) /.exec(head)?.[1]);
  client.removeAllListeners('data');
  const upstream = connect(port, 'localhost', () => {
    client.write(answer);
    client.pipe(upstream).pipe(client);
  });
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const)
    one.on('error', () => undefined).on('close', () => other.destroy());
}

describe('a proxy that answers CONNECT', () => {
  it.each<[string, (socket: Socket) => unknown, RegExp]>([
    [
      'with 407',
      (socket) => socket.write('HTTP/1.1 407 X\r\nProxy-Authenticate: NTLM\r\n\r\n'),
      /the proxy answered 407: check the user and the password of BILLING_API_PROXY$/,
    ],
    ['with 502', (socket) => socket.end('HTTP/1.1 502 X\r\nContent-Length: 5\r\n\r\nhello'), /the proxy answered 502$/],
    [
      'with a redirect',
      (socket) => socket.end('HTTP/1.1 302 X\r\nLocation: http://portal.example\r\n\r\n'),
      /the proxy answered 302: check BILLING_API_PROXY and the rules of the proxy$/,
    ],
    [
      'with a switch of protocols',
      (socket) => socket.write('HTTP/1.1 101 X\r\n\r\n'),
      /the proxy answered 101: check BILLING_API_PROXY and the rules of the proxy$/,
    ],
    ['with another protocol', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'), /proxy: HPE_\w+$/],
    ['with 407 after an interim response', (socket) => socket.write('HTTP/1.1 103 X\r\n\r\nHTTP/1.1 407 X\r\n\r\n'), /answered 407: check/],
    ['with half a response after an interim one', (socket) => socket.end('HTTP/1.1 100 X\r\n\r\nHTTP/1.1 2'), /proxy: ECONNRESET$/],
    ['with another protocol after that', (socket) => socket.end('HTTP/1.1 100 X\r\n\r\nSSH-2.0\r\n\r\n'), /proxy: HPE_INVALID_CONSTANT$/],
    [
      'with interim responses and a head without end',
      (socket) => socket.write(`HTTP/1.1 100 X\r\n\r\nHTTP/1.1 200 X\r\nX: ${'x'.repeat(50_000)}`),
      /proxy: HPE_HEADER_OVERFLOW$/,
    ],
    ['with a head without end', (socket) => socket.write(`HTTP/1.1 200 X\r\nX: ${'x'.repeat(50_000)}`), /proxy: HPE_HEADER_OVERFLOW$/],
    ['by closing', (socket) => socket.end(), /proxy: ECONNRESET$/],
    ['with a reset', (socket) => socket.resetAndDestroy(), /proxy: ECONNRESET$/],
    [
      'with more bytes than that',
      (socket) => socket.write('HTTP/1.1 200 X\r\n\r\nHTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}'),
      /bytes came through the proxy before the request$/,
    ],
    ['with a tunnel that it closes', (socket) => socket.end('HTTP/1.1 200 X\r\n\r\n'), /(closed before the end of the answer|ECONNRESET)$/],
    ['with nothing', () => undefined, /^no connection within 2000 ms: the proxy has not opened a tunnel$/],
  ])('%s is an outage with one line that says so, and gets no token; the next connection is used', async (how, act, reason) => {
    const heads: string[] = [];
    let isGood = false;
    const scripted = await startSocketUpstream((socket, _index, head) => {
      heads.push(head);
      if (isGood) openTunnel(socket, head);
      else act(socket);
    });
    const proxyUrl = scripted.url.replace('://', '://the-user:the-password-secret@');
    const refused = await askThrough({ BILLING_API_PROXY: proxyUrl, BILLING_API_TIMEOUT_MS: how === 'with nothing' ? '2000' : '60000' });
    expect(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT']).toContain(refused.errors[0]?.extensions?.['code']);
    isGood = true;
    const recovered = await gateway!.query(QUERY);
    const lines = gateway!.logLines.map((line) => JSON.parse(line) as { msg: string; reason?: string });
    await scripted.close();
    expect(recovered.errors).toEqual([]);
    expect(lines.filter((line) => line.reason).map((line) => line.reason)).toEqual([expect.stringMatching(reason)]);
    expect(heads.join('')).not.toContain('test-token');
    expect(JSON.stringify(lines)).not.toMatch(/the-password-secret|portal\.example|test-token/);
  });

  it.each<[string, string[]]>([
    ['in one packet', ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n']],
    ['in pieces', ['HTTP/1.1 102 X\r\n', '\r\nHTTP/1.', '1 100 X\r\n\r\n', 'HTTP/1.1 20', '0 X\r\nVia: x\r', '\n\r\n']],
  ])('may send interim responses before, %s', async (_, pieces) => {
    const scripted = await startSocketUpstream(async (socket, _index, head) => {
      for (const piece of pieces.slice(0, -1)) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      openTunnel(socket, head, pieces.at(-1));
    });
    try {
      expect(isGood(await askThrough({ BILLING_API_PROXY: scripted.url }))).toBe(true);
      const settings = { BILLING_API_URL: plain.url, BILLING_API_TLS_CA_FILE: '', BILLING_API_PROXY: scripted.url };
      await gateway!.close();
      expect(isGood(await askThrough(settings))).toBe(true);
      expect(gateway!.logLines.filter((line) => line.includes('"reason"'))).toEqual([]);
    } finally {
      await scripted.close();
    }
  });

  it.each([
    [407, 1],
    [403, 1],
    [503, 3],
    [429, 3],
  ])('with %i is asked %i times, with BILLING_API_RETRIES=2', async (status, attempts) => {
    const scripted = await startSocketUpstream((socket) => socket.end(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`));
    try {
      const answer = await askThrough({ BILLING_API_PROXY: scripted.url, BILLING_API_RETRIES: '2' });
      expect(answer.errors[0]?.extensions?.['code']).toBe('UPSTREAM_UNAVAILABLE');
      expect(scripted.requestCount()).toBe(attempts);
    } finally {
      await scripted.close();
    }
  });

  it('with 407 again and again is left alone for a moment, which the log says with the reason', async () => {
    const scripted = await startSocketUpstream((socket) => socket.end('HTTP/1.1 407 X\r\nContent-Length: 0\r\n\r\n'));
    try {
      await askThrough({ BILLING_API_PROXY: scripted.url });
      for (let i = 0; i < 15; i++) await gateway!.query(QUERY);
      expect(scripted.requestCount()).toBeLessThan(15);
      const opened = gateway!.logLines.filter((line) => line.includes('the billing API is failing'));
      expect(opened[0]).toContain('"reason":"no connection: the proxy answered 407: check the user and the password of BILLING_API_PROXY"');
    } finally {
      await scripted.close();
    }
  });

  it('may close tunnels that are idle', async () => {
    const tunnels = new Set<Socket>();
    const scripted = await startSocketUpstream((socket, _index, head) => {
      tunnels.add(socket);
      openTunnel(socket, head);
    });
    try {
      expect(isGood(await askThrough({ BILLING_API_PROXY: scripted.url }))).toBe(true);
      for (let i = 0; i < 5; i++) {
        for (const socket of tunnels) socket.destroy();
        expect(isGood(await gateway!.query(QUERY))).toBe(true);
      }
      expect(tunnels.size).toBe(6);
    } finally {
      await scripted.close();
    }
  });
});

describe('a proxy that is reached over TLS', () => {
  it('carries TLS within TLS, and gets nothing where nobody vouches for it', async () => {
    const { cert, key } = authority.issue('localhost');
    const heads: string[] = [];
    const secure = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) =>
      socket.once('data', (head: Buffer) => {
        heads.push(head.toString('latin1').split('\r\n', 1)[0] ?? '');
        openTunnel(socket, head.toString('latin1'));
      }),
    ).on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => secure.listen(0, resolve));
    const settings = {
      BILLING_API_URL: `https://localhost:${httpsPort()}`,
      BILLING_API_PROXY: `https://localhost:${(secure.address() as AddressInfo).port}`,
    };
    // Node reads the file of further authorities when the process starts.
    const trusting = spawnGateway({ ...settings, NODE_EXTRA_CA_CERTS: authority.cert });
    try {
      await askThrough(settings);
      expect(gateway!.logLines.join('\n')).toMatch(/"reason":"no connection: proxy: UNABLE_TO_\w+"/);
      expect(heads).toEqual([]);
      const response = await fetch(`${await trusting.ready()}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer test-token' },
        body: JSON.stringify({ query: QUERY }),
      });
      expect(await response.json()).toMatchObject({ data: { customer: { contract: { dueDate: '2025-07-15' } } } });
      expect(heads).toEqual([`CONNECT localhost:${httpsPort()} HTTP/1.1`]);
    } finally {
      await trusting.kill();
      secure.close();
    }
  });
});
