import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import { connect, Socket, type AddressInfo } from 'node:net';
import { LoadShedder } from '../../../../src/http/connection/load-shedder';
import { UNACCEPTED } from '../../../../src/http/connection/request-slots';
import { CorsHeaders } from '../../../../src/http/request/cors-headers';

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

describe('A request without a slot', () => {
  const toRequest = (method: string, url: string, headers: Readonly<Record<string, string>> = {}): IncomingMessage =>
    Object.assign(new IncomingMessage(new Socket()), { method, url, headers });

  it('is let through where it is a probe or a preflight, and takes none', () => {
    const shedder = new LoadShedder({ maxConcurrentRequests: 0, ownerOf: () => UNACCEPTED, cors: () => null, onShed: () => undefined });
    const isLetThrough = ([method, url]: readonly [string, string]): boolean => {
      const request = toRequest(method, url);
      const has = shedder.hasSlot(request);
      if (has) expect(shedder.enter(new ServerResponse(request))).toBe(true);
      return has;
    };
    const exempt = [
      ['OPTIONS', '/graphql'],
      ['GET', '/healthz'],
      ['GET', '/readyz'],
      ['GET', '/metrics'],
      ['GET', '/readyz?a=/graphql'],
    ] as const;
    const others = [
      ['GET', '/graphql'],
      ['GET', '/graphql?/healthz'],
      ['GET', '/healthz/x'],
      ['GET', ''],
      ['POST', '/healthz'],
      ['POST', '/graphql'],
    ] as const;
    expect([...exempt, ...others].filter(isLetThrough)).toEqual(exempt);
    expect(shedder.underWay).toBe(0);
  });

  it.each([
    ['POST', UNACCEPTED, 'unaccepted'],
    ['HEAD', 'a-token', 'accepted'],
  ])('is told when to come again, and counted by its token: %s', async (method, owner, token) => {
    const shed: string[] = [];
    const cors = new CorsHeaders(
      new Map([['https://a.example', { allow: ['access-control-allow-origin', '*'], vary: ['vary', 'origin'] }]]),
      {
        allow: [],
        vary: [],
      },
    );
    const shedder = new LoadShedder({
      maxConcurrentRequests: 0,
      ownerOf: () => owner,
      cors: () => cors,
      onShed: (of) => shed.push(of),
    });
    const server = createServer((_request, response) => void shedder.enter(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
      const response = await fetch(url, { method, headers: { origin: 'https://a.example', 'x-request-id': 'r-1', connection: 'close' } });
      const text = await response.text();
      expect([response.status, shed]).toEqual([503, [token]]);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'retry-after': '1',
        'cache-control': 'no-store',
        'x-request-id': 'r-1',
        'access-control-allow-origin': '*',
        vary: 'origin',
      });
      if (method === 'HEAD') expect(text).toBe('');
      else expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code: 'OVERLOADED', retryAfterSeconds: 1 } }] });
    } finally {
      server.close();
    }
  });
});
