import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { lingerAfter, LINGER_BOUNDS, type LingerBounds } from '../../../../src/http/connection/lingering-close';
import { until } from '../../../support/cache-fixtures';
import { openConnection } from '../../../support/raw-bytes';

const MIN_PIECE_BYTES = 4096;
const put = (length: number): string => `PUT / HTTP/1.1\r\nHost: gateway\r\nContent-Length: ${length}\r\n\r\n`;

describe('A request that is answered before its end', () => {
  let server: Server;
  let bounds: LingerBounds;
  /** What the server has read of requests after it has answered them. */
  let read: number;
  let ended: number;
  /** Of each request, the listeners that its connection had when it came. */
  let listeners: number[];
  let closing: boolean;
  beforeEach(async () => {
    bounds = LINGER_BOUNDS;
    closing = false;
    read = ended = 0;
    listeners = [];
    server = createServer((request, response) => {
      request.on('end', () => ended++);
      listeners.push(request.socket.listenerCount('close'));
      if (closing) response.setHeader('connection', 'close');
      response.end();
      lingerAfter(request, bounds);
      request.on('data', (chunk: Buffer) => (read += chunk.length));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const open = (): ReturnType<typeof openConnection> => openConnection((server.address() as AddressInfo).port);
  /** Writes what has to be read before the next is written. */
  async function writeAndWait({ socket }: ReturnType<typeof openConnection>, bytes: number): Promise<void> {
    const expected = read + bytes;
    socket.write('x'.repeat(bytes));
    await until(() => read === expected || socket.closed);
  }

  it('leaves nothing at its connection once it has ended', async () => {
    const { socket, received, closed } = open();
    for (let count = 1; count <= 5; count++) {
      socket.write(put(1));
      await until(() => received().split('HTTP/1.1 200').length > count);
      socket.write('x');
      // The listeners of this request are taken away after the ones that were added before.
      await until(() => ended === count);
    }
    socket.destroy();
    await closed;
    expect(new Set(listeners.slice(1))).toEqual(new Set([listeners[0]]));
  });

  it('is read up to the bound on its bytes, and no further', async () => {
    bounds = { maxBytes: 3 * MIN_PIECE_BYTES, maxMs: 60_000 };
    const connection = open();
    connection.socket.write(put(1e6));
    await until(() => connection.received().includes('HTTP/1.1 200'));
    for (let count = 1; count <= 3; count++) await writeAndWait(connection, MIN_PIECE_BYTES);
    expect(connection.socket.closed).toBe(false);
    await writeAndWait(connection, 1);
    await connection.closed;
  });

  it('may have few pieces where they are small', async () => {
    bounds = { maxBytes: 3 * MIN_PIECE_BYTES, maxMs: 60_000 };
    const connection = open();
    connection.socket.write(put(1e6));
    await until(() => connection.received().includes('HTTP/1.1 200'));
    for (let count = 1; count <= 3; count++) await writeAndWait(connection, 1);
    expect(connection.socket.closed).toBe(false);
    await writeAndWait(connection, 1);
    await connection.closed;
  });

  it('is read for no longer than the bound on its time', async () => {
    bounds = { maxBytes: 1e6, maxMs: 1 };
    const connection = open();
    connection.socket.write(put(10));
    await connection.closed;
    expect(connection.received()).toMatch(/^HTTP\/1\.1 200/);
  });

  it('frees its connection of the bound on its time once it has ended', async () => {
    bounds = { maxBytes: 1e6, maxMs: 50 };
    const connection = open();
    connection.socket.write(`${put(1)}x`);
    await until(() => ended === 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    bounds = LINGER_BOUNDS;
    connection.socket.write(`${put(1)}x`);
    await until(() => connection.received().split('HTTP/1.1 200').length === 3);
    connection.socket.destroy();
  });

  it('is read to its end where the connection is closed after it, and only then is it closed', async () => {
    closing = true;
    const connection = open();
    const { socket } = connection;
    let hasEnded = false;
    socket.on('end', () => (hasEnded = true));
    socket.write(put(3));
    await until(() => connection.received().includes('HTTP/1.1 200'));
    await writeAndWait(connection, 1);
    await writeAndWait(connection, 1);
    expect(hasEnded).toBe(false);
    socket.write('x');
    await connection.closed;
    expect([ended, hasEnded]).toEqual([1, true]);
  });
});
