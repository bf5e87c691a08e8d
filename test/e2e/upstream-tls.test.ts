import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { spawnGateway, type GatewayProcess } from '../support/gateway-process';

const QUERY =
  'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate invoices { nodes { number amount } } } } }';

/** What a server saw of one request's connection. */
interface Seen {
  readonly servername: unknown;
  readonly alpn: unknown;
  readonly resumed: boolean;
}

interface TlsUpstream {
  readonly url: string;
  readonly certificate: string;
  readonly requests: readonly Seen[];
  /** Bytes that came through any connection, of a request or not. */
  receivedBytes(): number;
  close(): void;
}

const directory = mkdtempSync(join(tmpdir(), 'upstream-tls-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** A billing API behind TLS, with a certificate of its own for this name. */
async function startTlsUpstream(name: string): Promise<TlsUpstream> {
  const [key, certificate] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-addext',
      `subjectAltName=DNS:${name}`,
      '-keyout',
      key,
      '-out',
      certificate,
    ],
    { stdio: 'ignore' },
  );
  const requests: Seen[] = [];
  const seen = new Map<unknown, Seen>();
  let received = 0;
  const server: Server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
    requests.push(seen.get(request.socket) as Seen);
    // So that the next call opens a new connection.
    response.setHeader('connection', 'close');
    response.end(JSON.stringify(toBillsBody(toAskedBills(request.url ?? ''))));
  });
  server.on('secureConnection', (socket: TLSSocket & { servername?: unknown }) => {
    seen.set(socket, { servername: socket.servername, alpn: socket.alpnProtocol, resumed: socket.isSessionReused() });
    socket.on('data', (piece: Buffer) => (received += piece.length));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    certificate,
    requests,
    receivedBytes: () => received,
    close: () => server.close(),
  };
}

async function ask(gateway: GatewayProcess, number: string): Promise<{ data: unknown; errors?: { extensions: { code: string } }[] }> {
  const response = await fetch(`${await gateway.ready()}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer the-secret-token' },
    body: JSON.stringify({ query: QUERY, variables: { number } }),
  });
  return (await response.json()) as never;
}

describe('a billing API behind TLS', () => {
  it('is asked by its name, over HTTP/1.1, in a session that is resumed', async () => {
    const upstream = await startTlsUpstream('localhost');
    const gateway = spawnGateway({ BILLING_API_URL: upstream.url, CACHE_TTL_SECONDS: '0', NODE_EXTRA_CA_CERTS: upstream.certificate });
    try {
      for (const number of ['1', '2', '3'])
        expect(await ask(gateway, number)).toMatchObject({
          data: { customer: { contract: { invoices: { nodes: expect.arrayContaining([expect.anything()]) } } } },
        });
    } finally {
      await gateway.kill();
      upstream.close();
    }
    expect(upstream.requests.map(({ servername, alpn }) => [servername, alpn])).toEqual(Array(3).fill(['localhost', 'http/1.1']));
    expect(upstream.requests.map(({ resumed }) => resumed)).toEqual([false, true, true]);
  });

  it.each([
    ['that nobody vouches for', 'localhost', false],
    ['of another name', 'elsewhere.example', true],
  ])('gets not a byte where its certificate is one %s', async (_what, name, isTrusted) => {
    const upstream = await startTlsUpstream(name);
    const gateway = spawnGateway({
      BILLING_API_URL: upstream.url,
      BILLING_API_RETRIES: '0',
      ...(isTrusted ? { NODE_EXTRA_CA_CERTS: upstream.certificate } : {}),
    });
    try {
      expect((await ask(gateway, '1')).errors?.map(({ extensions }) => extensions.code)).toEqual(['UPSTREAM_UNAVAILABLE']);
    } finally {
      await gateway.kill();
      upstream.close();
    }
    expect([upstream.requests.length, upstream.receivedBytes()]).toEqual([0, 0]);
    expect(gateway.stdout()).not.toContain('the-secret-token');
  });
});
