import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toWatchedRequest, type WatchedRequest } from '../../../../src/http/connection/watched-request';
import { sendBytes } from '../../../support/raw-bytes';

const head = (path: string, headers: string): string => `POST ${path} HTTP/1.1\r\nHost: gateway\r\n${headers}\r\n\r\n`;
const chunked = (path: string, chunk: string, count: number): string =>
  `${head(path, 'Transfer-Encoding: chunked')}${`${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(count)}0\r\n\r\n`;

describe('The pieces of a request', () => {
  let server: Server;
  let port: number;
  /** Path and size of each body that was read completely. */
  let read: string[];
  let refused: (string | undefined)[];
  beforeEach(async () => {
    read = [];
    refused = [];
    const IncomingMessage = toWatchedRequest((request: WatchedRequest) => {
      refused.push(request.url);
      request.socket.write('refused');
      request.socket.destroySoon();
    });
    server = createServer({ IncomingMessage, keepAliveTimeout: 1 }, (request, response) => {
      let bytes = 0;
      request.on('data', (piece: Buffer) => (bytes += piece.length));
      request.on('end', () => {
        read.push(`${request.url} ${bytes}`);
        response.writeHead(200, { connection: 'close', 'content-length': 2 }).end('ok');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('may be a thousand of one byte, and more of an ordinary size', async () => {
    expect(await sendBytes(port, chunked('/small', 'x', 1000))).toMatch(/ok$/);
    expect(await sendBytes(port, chunked('/ordinary', 'x'.repeat(256), 3000))).toMatch(/ok$/);
    expect([read, refused]).toEqual([['/small 1000', '/ordinary 768000'], []]);
  });

  it('are refused once when they are too many, and what follows is not a request', async () => {
    const bytes = `${chunked('/many', 'x', 5000)}${chunked('/after', 'x', 1)}`;
    expect(await sendBytes(port, bytes)).toBe('refused');
    expect([read, refused]).toEqual([[], ['/many']]);
  });

  it('that were dropped leave Node’s parser as it was for other connections', async () => {
    for (let round = 0; round < 5; round++) {
      const others = Array.from({ length: 20 }, (_, index) => sendBytes(port, chunked(`/other-${index}`, 'x', 3)));
      await sendBytes(port, chunked('/many', 'x', 5000));
      for (const answer of await Promise.all(others)) expect(answer).toMatch(/ok$/);
    }
    expect(read).toHaveLength(100);
    expect(refused).toHaveLength(5);
  });
});
