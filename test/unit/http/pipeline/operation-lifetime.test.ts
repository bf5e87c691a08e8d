import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { startLifetime } from '../../../../src/http/pipeline/operation-lifetime';

/** Gives the response to a request whose client goes away when `leave` is called. */
async function withResponse(use: (response: ServerResponse, leave: () => void) => Promise<void>): Promise<void> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  try {
    await use(response, () => client.destroy());
  } finally {
    client.destroy();
    server.close();
  }
}

describe('the time of an operation', () => {
  it('ends when the client goes away', async () => {
    await withResponse(async (response, leave) => {
      const { signal } = startLifetime(response, 60_000);
      expect(signal.aborted).toBe(false);
      leave();
      await once(response, 'close');
      expect(signal.reason.message).toBe('The client closed the connection.');
    });
  });

  it('is over at once where the client had gone before', async () => {
    await withResponse(async (response, leave) => {
      leave();
      await once(response, 'close');
      const { signal } = startLifetime(response, 60_000);
      expect(signal.aborted).toBe(true);
      expect(signal.reason.message).toBe('The client closed the connection.');
    });
  });
});
