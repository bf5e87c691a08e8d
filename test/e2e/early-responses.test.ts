import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { ApolloClient, gql, HttpLink, InMemoryCache, ServerError } from '@apollo/client';
import axios from 'axios';
import { request } from 'undici';
import { until } from '../support/cache-fixtures';
import { startGateway, type Gateway } from '../support/gateway';
import { openConnection } from '../support/raw-bytes';
import { requestRaw } from '../support/raw-request';

const run = promisify(execFile);
const HEADERS = { 'content-type': 'application/json' };
const TIMES = 20;

describe('A body of 5 MB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'early-'));
  const file = join(folder, 'body.json');
  const body = JSON.stringify({ query: '{ __typename }', variables: { x: 'x'.repeat(5_000_000) } });
  writeFileSync(file, body);
  let gateway: Gateway;
  let url: string;
  beforeAll(async () => {
    gateway = await startGateway();
    url = `${gateway.url}/graphql`;
  });
  afterAll(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true });
  });

  async function curl(...args: string[]): Promise<number> {
    const { stdout } = await run('curl', [
      '-s',
      '-o',
      join(folder, 'out'),
      '-w',
      '%{http_code}',
      '-H',
      'Content-Type: application/json',
      ...args,
      url,
    ]);
    return Number(stdout);
  }

  const clients: Record<string, () => Promise<unknown>> = {
    "Node's fetch": async () => {
      const response = await fetch(url, { method: 'POST', headers: HEADERS, body });
      await response.text();
      return response.status;
    },
    undici: async () => {
      const response = await request(url, { method: 'POST', headers: HEADERS, body });
      await response.body.text();
      return response.statusCode;
    },
    axios: async () => (await axios.post(url, body, { headers: HEADERS, validateStatus: () => true, maxBodyLength: Infinity })).status,
    'Apollo Client': async () => {
      const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: url }) });
      const query = gql`
        query ($id: ID!) {
          customer(idType: "RUC", id: $id) {
            id
          }
        }
      `;
      try {
        return await client.query({ query, variables: { id: 'x'.repeat(5_000_000) }, fetchPolicy: 'no-cache' });
      } catch (error) {
        // With a GraphQL body it is an error of GraphQL's; its message is of the 413.
        return ServerError.is(error) ? error.statusCode : /larger than the \d+ bytes/.test(String(error)) ? 413 : error;
      }
    },
    'curl with Expect': () => curl('-H', 'Expect: 100-continue', '--data-binary', `@${file}`),
    'curl without Expect': () => curl('-H', 'Expect:', '--data-binary', `@${file}`),
    'curl, chunked': () => curl('-H', 'Expect:', '-H', 'Transfer-Encoding: chunked', '--data-binary', `@${file}`),
  };

  it.each(Object.keys(clients))(
    `is refused with a 413 that %s sees ${TIMES} of ${TIMES} times`,
    async (name) => {
      const seen: unknown[] = [];
      for (let times = 0; times < TIMES; times++) {
        seen.push(await (clients[name] as () => Promise<unknown>)().catch((error: unknown) => error));
      }
      expect(seen).toEqual(Array.from({ length: TIMES }, () => 413));
    },
    60_000,
  );

  it('is not asked for where the client expects leave to send it', async () => {
    const connection = openConnection(gateway.port);
    connection.socket.write(
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n',
    );
    await until(() => connection.received().includes('\r\n\r\n'));
    expect(connection.received()).toMatch(/^HTTP\/1\.1 413 /);
    connection.socket.destroy();
  });

  it('that goes on past any bound does not keep the connection', async () => {
    const connection = openConnection(gateway.port);
    connection.socket.write('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000000000\r\n\r\n');
    const piece = Buffer.alloc(1024 * 1024, 'x');
    let sent = 0;
    const more = (): void => {
      sent += piece.length;
      connection.socket.write(piece, (error) => (error ? undefined : setImmediate(more)));
    };
    more();
    await connection.closed;
    expect(sent).toBeLessThan(100 * piece.length);
  });
});

describe('A request body with a content coding', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ MAX_REQUEST_BYTES: '40000' });
  });
  afterAll(() => gateway.close());

  async function send(coding: string, body: Buffer): Promise<[number, string]> {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { ...HEADERS, 'content-encoding': coding },
      body: new Uint8Array(body),
    });
    return [response.status, await response.text()];
  }
  const plain = Buffer.from(JSON.stringify({ query: '{ __typename }' }).padEnd(8000));

  it.each<[string, (body: Buffer) => Buffer, string]>([
    ['gzip', gzipSync, 'gzip'],
    ['GZIP', gzipSync, 'gzip'],
    ['x-gzip', gzipSync, 'gzip'],
    ['deflate', deflateSync, 'zlib'],
    ['deflate', deflateRawSync, 'raw deflate'],
    ['br', brotliCompressSync, 'brotli'],
  ])('%s is decoded, more than once (%#)', async (coding, compress) => {
    for (let times = 0; times < 3; times++) expect(await send(coding, compress(plain))).toEqual([200, '{"data":{"__typename":"Query"}}\n']);
  });

  it.each<[string, (body: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('of %s that is too large when it is decoded is refused, however small it was', async (coding, compress) => {
    const bomb = compress(Buffer.alloc(8_000_000, 0x20));
    expect(bomb.length).toBeLessThan(10_000);
    expect((await send(coding, bomb))[0]).toBe(413);
  });

  it('without a token is decoded to 32 KiB at most', async () => {
    const ask = async (bytes: number) => {
      const body = gzipSync(plain.toString().padEnd(bytes));
      const headers = { ...HEADERS, 'content-encoding': 'gzip' };
      const { status, text } = await requestRaw(gateway.port, { method: 'POST', path: '/graphql', headers, body });
      return [status, text.includes('Without a token, 32768 bytes are allowed.')];
    };
    expect([await ask(32_768), await ask(32_769)]).toEqual([
      [200, false],
      [413, true],
    ]);
  });

  it('that is not of its coding is refused in words about it', async () => {
    for (const coding of ['gzip', 'br', 'deflate']) {
      const [status, text] = await send(coding, plain);
      expect([status, text]).toEqual([400, expect.stringContaining('not compressed as its header')]);
    }
  });

  it('over a connection that is used again leaves nothing behind', async () => {
    const { status } = await requestRaw(gateway.port, { method: 'POST', path: '/graphql', headers: HEADERS, body: plain.toString() });
    expect(status).toBe(200);
  });
});
