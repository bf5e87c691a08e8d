import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { startGateway, type Gateway } from '../support/gateway';

const CLIENTS = 20;
const STARTED = 'http.server.request.start';

describe('Requests that are read in one turn of the event loop', () => {
  let gateway: Gateway;
  let sockets: Socket[];
  beforeEach(async () => {
    gateway = await startGateway();
    const { port, hostname } = new URL(gateway.url);
    sockets = Array.from({ length: CLIENTS }, () => connect(Number(port), hostname));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await gateway.close();
  });

  async function askAll(request: string): Promise<string[]> {
    const answers = sockets.map((socket) => once(socket, 'data') as Promise<[Buffer]>);
    for (const socket of sockets) socket.write(`${request} HTTP/1.1\r\nHost: x\r\n\r\n`);
    return (await Promise.all(answers)).map(([answer]) => answer.toString('latin1', 9, 12));
  }

  it.each([
    ['GET /nothing', '404'],
    ['GET /healthz', '200'],
    ['OPTIONS /graphql', '204'],
    ['GET /graphql', '400'],
  ])('are answered when all of them have been: %s', async (request, status) => {
    // Now all connections have been accepted.
    await askAll(request);
    const responses: ServerResponse[] = [];
    let early = 0;
    const onStart = (message: unknown): void => {
      early += responses.filter(({ writableEnded }) => writableEnded).length;
      responses.push((message as { readonly response: ServerResponse }).response);
    };
    subscribe(STARTED, onStart);
    try {
      expect(new Set(await askAll(request))).toEqual(new Set([status]));
    } finally {
      unsubscribe(STARTED, onStart);
    }
    expect([responses.length, early]).toEqual([CLIENTS, 0]);
  });
});
