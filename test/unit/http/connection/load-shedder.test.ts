import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { LoadShedder } from '../../../../src/http/connection/load-shedder';
import { UNACCEPTED } from '../../../../src/http/connection/request-slots';

const REQUESTS = 300;

describe('Requests beyond those that may be under way', () => {
  let server: Server;
  let responses: ServerResponse[];
  let shed: number;
  /** Of each turn of the event loop after the requests were read: how many were answered by its end. */
  let answered: number[];
  const countAnswered = (): number => responses.filter(({ writableEnded }) => writableEnded).length;

  beforeEach(async () => {
    responses = [];
    shed = 0;
    answered = [];
    const shedder = new LoadShedder({ maxConcurrentRequests: 0, ownerOf: () => UNACCEPTED, cors: () => null, onShed: () => shed++ });
    const watch = (): void => {
      answered.push(countAnswered());
      if (answered.at(-1) !== REQUESTS) setImmediate(watch);
    };
    server = createServer((request, response) => {
      responses.push(response);
      expect(shedder.admit(request, response)).toBe(false);
      expect(countAnswered()).toBe(0);
      if (responses.length === REQUESTS) setImmediate(watch);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it('are refused in their order, after the turn in which they were read, and some at a time', async () => {
    const { port } = server.address() as AddressInfo;
    let received = '';
    await new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', reject);
      socket.on('close', () => resolve());
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        if (received.split('HTTP/1.1 503').length > REQUESTS) socket.destroy();
      });
      // One piece, so that one turn reads all of them.
      socket.write(
        Array.from({ length: REQUESTS }, (_, index) => `GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: r-${index}\r\n\r\n`).join(''),
      );
    });
    expect(received.match(/r-\d+/g)).toEqual(Array.from({ length: REQUESTS }, (_, index) => `r-${index}`));
    expect(shed).toBe(REQUESTS);
    const most = Math.max(...answered.map((count, turn) => count - (answered[turn - 1] ?? 0)));
    expect(most).toBeLessThanOrEqual(64);
  });
});
