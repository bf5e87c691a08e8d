import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { UnsentResponses } from '../../../../src/http/connection/unsent-responses';
import { until } from '../../../support/cache-fixtures';

const MIB = 1024 * 1024;

describe('Responses that wait for their clients', () => {
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('do not cost a client its connection that has read all of its own', async () => {
    let cut = 0;
    const unsent = new UnsentResponses({ writeTimeoutMs: 600_000, maxUnsentBytes: 20 * MIB }, () => cut++);
    server = createServer((request, response) => {
      const isLarge = request.url === '/large';
      // The event loop is busy for longer than a client's time of grace, and looks at nobody meanwhile.
      if (isLarge) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
      response.end(Buffer.alloc((isLarge ? 60 : 16) * MIB));
      unsent.add(response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const [response] = (await once(get({ port, host: '127.0.0.1', agent }), 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');

    const silent = connect(port, '127.0.0.1');
    silent.pause();
    silent.on('error', () => undefined);
    silent.write('GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => cut > 0);
    silent.destroy();
    expect(cut).toBe(1);
    agent.destroy();
  });
});
