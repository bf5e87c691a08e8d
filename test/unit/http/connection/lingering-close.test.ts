import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { lingerAfter } from '../../../../src/http/connection/lingering-close';
import { until } from '../../../support/cache-fixtures';
import { openConnection } from '../../../support/raw-bytes';

describe('A request that is answered before its end', () => {
  it('leaves nothing at its connection once it has ended', async () => {
    const listeners: number[] = [];
    let ended = 0;
    const server = createServer((request, response) => {
      request.on('end', () => ended++);
      listeners.push(request.socket.listenerCount('close'));
      response.end();
      lingerAfter(request);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { socket, received, closed } = openConnection((server.address() as AddressInfo).port);
    for (let count = 1; count <= 5; count++) {
      socket.write('PUT / HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1\r\n\r\n');
      await until(() => received().split('HTTP/1.1 200').length > count);
      socket.write('x');
      // The listeners of this request are taken away after the ones that were added before.
      await until(() => ended === count);
    }
    socket.destroy();
    await closed;
    await new Promise((resolve) => server.close(resolve));
    expect(new Set(listeners.slice(1))).toEqual(new Set([listeners[0]]));
  });
});
