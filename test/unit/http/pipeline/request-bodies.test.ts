import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { RequestBodies, toBodyBounds } from '../../../../src/http/pipeline/request-bodies';
import { MAX_ANONYMOUS_BYTES } from '../../../../src/graphql/limits/token-proof';
import { until } from '../../../support/cache-fixtures';
import { openConnection } from '../../../support/raw-bytes';

const MAX_BYTES = 8192;
const head = (length: string): string => `POST / HTTP/1.1\r\nHost: gateway\r\n${length}\r\n\r\n`;
const CHUNKED = head('Transfer-Encoding: chunked');

describe('The bodies of requests', () => {
  const taken: string[] = [];
  const bodies = new RequestBodies({ maxBytes: MAX_BYTES, maxUnfinishedBytes: 3 * MAX_BYTES });
  const server = createServer((request, response) => {
    bodies.read(request, (body) => {
      taken.push(typeof body === 'string' ? body : body.toString('latin1'));
      response.end();
    });
  });
  const open = (): ReturnType<typeof openConnection> => openConnection((server.address() as AddressInfo).port);
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => taken.splice(0));

  /** What the bytes of one request are read as. */
  async function read(...parts: readonly string[]): Promise<string> {
    const { socket, closed } = open();
    for (const part of parts) {
      const { bytesWritten } = socket;
      socket.write(part);
      await until(() => socket.bytesWritten > bytesWritten && socket.writableLength === 0);
    }
    await until(() => taken.length > 0);
    socket.destroy();
    await closed;
    await until(() => bodies.unfinishedBytes === 0);
    return taken[0] as string;
  }

  it('are the same in one piece, in several, and in many of one byte', async () => {
    const text = 'abcdefghij'.repeat(90);
    expect(await read(`${head(`Content-Length: ${text.length}`)}${text}`)).toBe(text);
    expect(await read(`${head(`Content-Length: ${text.length}`)}${text.slice(0, 7)}`, text.slice(7))).toBe(text);
    taken.splice(0);
    expect(await read(`${CHUNKED}${Array.from(text, (character) => `1\r\n${character}\r\n`).join('')}0\r\n\r\n`)).toBe(text);
  });

  it('may be as large as is allowed, and no larger', async () => {
    const chunk = (bytes: number): string => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;
    expect(await read(`${CHUNKED}${chunk(MAX_BYTES - 1)}${chunk(1)}0\r\n\r\n`)).toBe('x'.repeat(MAX_BYTES));
    taken.splice(0);
    expect(await read(`${CHUNKED}${chunk(MAX_BYTES)}${chunk(1)}`)).toBe('too-large');
    taken.splice(0);
    expect(await read(head(`Content-Length: ${MAX_BYTES + 1}`))).toBe('too-large');
  });

  it('take no more memory together than is allowed while they are not complete: the one begun first is given up', async () => {
    const connections = [];
    for (let count = 1; count <= 3; count++) {
      const connection = open();
      connection.socket.write(`${head(`Content-Length: ${MAX_BYTES}`)}${'x'.repeat(MAX_BYTES - 1)}`);
      await until(() => bodies.unfinishedBytes === count * (MAX_BYTES - 1));
      connections.push(connection);
    }
    const last = open();
    last.socket.write(`${head('Content-Length: 100')}begun`);
    await until(() => taken.length > 0);
    expect(taken).toEqual(['too-late']);
    expect(bodies.unfinishedBytes).toBeLessThanOrEqual(3 * MAX_BYTES);
    last.socket.write('-'.repeat(95));
    await until(() => taken.length > 1);
    expect(taken[1]).toBe(`begun${'-'.repeat(95)}`);
    for (const { socket } of [...connections, last]) socket.destroy();
    await Promise.all([...connections, last].map(({ closed }) => closed));
    await until(() => bodies.unfinishedBytes === 0);
  });

  it('are copied into memory that grows with them, and is no more than a body may have', async () => {
    const { socket, closed } = open();
    const write = async (bytes: number, held: number): Promise<void> => {
      socket.write(`${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`);
      await until(() => bodies.unfinishedBytes === held);
    };
    socket.write(CHUNKED);
    await write(1, 4096);
    await write(4096, MAX_BYTES);
    socket.destroy();
    await closed;
    await until(() => bodies.unfinishedBytes === 0);
    expect(taken).toEqual([]);
  });

  it('are not read on once they are too large', async () => {
    const { socket, closed } = open();
    socket.write(`${CHUNKED}2001\r\n${'x'.repeat(MAX_BYTES + 1)}\r\n`);
    await until(() => taken.length > 0);
    expect(bodies.unfinishedBytes).toBe(0);
    socket.write(`1\r\nx\r\n0\r\n\r\n${head('Content-Length: 4')}next`);
    await until(() => taken.length > 1);
    expect(taken).toEqual(['too-large', 'next']);
    socket.destroy();
    await closed;
  });

  it('may be empty, with a length or without', async () => {
    expect(await read(head('Content-Length: 0'))).toBe('');
    taken.splice(0);
    expect(await read(head('X: y'))).toBe('');
  });
});

describe('The bounds of bodies', () => {
  it('are 64 MiB for all that are not complete, or as much as four of them', () => {
    const mib = 1024 * 1024;
    expect(toBodyBounds(mib)).toEqual({ maxBytes: mib, maxUnfinishedBytes: 64 * mib });
    expect(toBodyBounds(20 * mib)).toEqual({ maxBytes: 20 * mib, maxUnfinishedBytes: 80 * mib });
  });
});

describe('A body with a content coding', () => {
  const decode = async (
    coding: string | undefined,
    body: Buffer | 'too-late',
    { maxBytes = 1e6, token = 'Bearer a' }: { maxBytes?: number; token?: string | null } = {},
  ) => {
    const headers = { ...(coding !== undefined && { 'content-encoding': coding }), ...(token !== null && { authorization: token }) };
    const request = { headers } as IncomingMessage;
    const bodies = new RequestBodies(toBodyBounds(maxBytes));
    const decoded = await new Promise<Buffer | string>((resolve) => bodies.decode(request, body, resolve));
    return { text: typeof decoded === 'string' ? decoded : decoded.toString(), coding: request.headers['content-encoding'] };
  };

  it('is decoded, and has none any more', async () => {
    expect(await decode('gzip', gzipSync('{}'))).toEqual({ text: '{}', coding: undefined });
    expect(await decode('BR', brotliCompressSync('{}'))).toEqual({ text: '{}', coding: undefined });
  });

  it('is left as it is where the coding is not known, there is none, or the body was not read', async () => {
    expect(await decode('zip', Buffer.from('{}'))).toEqual({ text: '{}', coding: 'zip' });
    expect(await decode(undefined, Buffer.from('{}'))).toEqual({ text: '{}', coding: undefined });
    expect(await decode('gzip', 'too-late')).toEqual({ text: 'too-late', coding: 'gzip' });
  });

  it('may be as large as one without, and without a token 32 KiB', async () => {
    const of = (bytes: number): Buffer => gzipSync('x'.repeat(bytes));
    expect((await decode('gzip', of(50_000), { maxBytes: 50_000 })).text).toHaveLength(50_000);
    expect((await decode('gzip', of(50_001), { maxBytes: 50_000 })).text).toBe('too-large');
    expect((await decode('gzip', of(MAX_ANONYMOUS_BYTES), { token: null })).text).toHaveLength(MAX_ANONYMOUS_BYTES);
    expect((await decode('gzip', of(MAX_ANONYMOUS_BYTES + 1), { token: null })).text).toBe('too-large');
    expect((await decode('gzip', of(101), { maxBytes: 100, token: null })).text).toBe('too-large');
  });
});
