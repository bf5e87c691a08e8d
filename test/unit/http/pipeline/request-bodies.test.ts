import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RequestBodies } from '../../../../src/http/pipeline/request-bodies';
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
});
