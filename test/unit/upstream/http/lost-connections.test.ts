import { createServer } from 'node:http';
import { connect, Socket, type AddressInfo } from 'node:net';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { Connection } from '../../../../src/upstream/http/connection';
import type { HttpAnswer } from '../../../../src/upstream/http/http-response';
import type { Transport, TransportOptions } from '../../../../src/upstream/http/transport';
import { until } from '../../../support/cache-fixtures';
import { failureOf } from '../../../support/listed-source';
import { startSocketUpstream, type SocketUpstream } from '../../../support/socket-upstream';
import { openTransport, requestOf, sendGet } from '../../../support/transport';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx';
const REQUEST_TIMEOUT = 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

interface Ends {
  readonly upstream: SocketUpstream;
  readonly transport: Transport;
  readonly ask: (token?: string, signal?: AbortSignal) => Promise<HttpAnswer>;
  /** The tokens of the requests that came, in order, and their connections. */
  readonly tokens: string[];
  readonly sockets: Socket[];
}

async function withUpstream(
  answer: (socket: Socket, index: number) => unknown,
  use: (ends: Ends) => Promise<void>,
  options: Partial<TransportOptions> = {},
): Promise<void> {
  const [tokens, sockets]: [string[], Socket[]] = [[], []];
  const upstream = await startSocketUpstream((socket, index, head) => {
    tokens.push(/Bearer (\w+)/.exec(head)?.[1] ?? '');
    sockets.push(socket);
    return answer(socket, index);
  });
  const transport = openTransport(upstream.url, { connections: { max: 1 }, ...options });
  const ask: Ends['ask'] = (token = 'a', signal = new AbortController().signal) =>
    sendGet(transport, requestOf('/bills', token, { signal }));
  try {
    await use({ upstream, transport, ask, tokens, sockets });
  } finally {
    await transport.close();
    await upstream.close();
  }
}

describe('A request whose connection the billing API ends', () => {
  const ways: [string, (socket: Socket) => unknown][] = [
    ['closes it', (socket) => socket.end()],
    ['resets it', (socket) => socket.resetAndDestroy()],
    ['answers 408', (socket) => socket.write(REQUEST_TIMEOUT)],
  ];

  it.each(ways)('is sent again, once more and on a new connection, where the API %s that has carried another one', async (_how, end) => {
    let resent = 0;
    await withUpstream(
      (socket, index) => (index === 1 || index === 3 ? end(socket) : socket.write(OK)),
      async ({ ask, sockets }) => {
        for (let i = 0; i < 3; i++) expect(await ask()).toMatchObject({ status: 200, body: Buffer.from('x') });
        expect([sockets.length, new Set(sockets).size, resent]).toEqual([5, 3, 2]);
      },
      { observer: { requestResent: () => resent++, strayBytesCame: () => undefined } },
    );
  });

  it.each(ways)('goes before those that wait, where the API %s and nobody observes it', async (_how, end) => {
    await withUpstream(
      (socket, index) => (index === 1 ? end(socket) : socket.write(OK)),
      async ({ ask, tokens }) => {
        await Promise.all(['a', 'b', 'c', 'd'].map((token) => ask(token)));
        expect(tokens).toEqual(['a', 'b', 'b', 'c', 'd']);
      },
    );
  });

  it('is not sent again on the first request of a connection, but answered or failed', async () => {
    let index = 0;
    await withUpstream(
      (socket) => ways[index++]![1](socket),
      async ({ ask, sockets }) => {
        expect(await failureOf(ask())).toMatchObject({ cause: { message: 'no connection: closed before the end of the answer' } });
        expect(await failureOf(ask())).toMatchObject({ cause: { message: 'no connection: ECONNRESET' } });
        expect(await ask()).toMatchObject({ status: 408 });
        expect(sockets).toHaveLength(3);
      },
    );
  });

  it('is not sent again once a byte of its response has come', async () => {
    await withUpstream(
      (socket, index) => (index === 0 ? socket.write(OK) : socket.end('HTTP')),
      async ({ ask, sockets }) => {
        await ask();
        expect(await failureOf(ask())).toMatchObject({ failure: 'unavailable' });
        expect(sockets).toHaveLength(2);
      },
    );
  });

  it('is not sent again once it is abandoned', async () => {
    let resent = 0;
    await withUpstream(
      (socket, index) => index !== 1 && socket.write(OK),
      async ({ ask, sockets }) => {
        await ask();
        const controller = new AbortController();
        const gone = failureOf(ask('a', controller.signal));
        await until(() => sockets.length === 2);
        controller.abort(new BillingError('unavailable', 'The client closed the connection.'));
        await gone;
        sockets[1]!.write(REQUEST_TIMEOUT);
        await ask();
        expect([sockets.length, resent]).toEqual([3, 0]);
      },
      { observer: { requestResent: () => resent++, strayBytesCame: () => undefined } },
    );
  });

  it('is answered by what has come, where the end of the connection is the end of the body', async () => {
    await withUpstream(
      (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'),
      async ({ ask, sockets }) => {
        for (let i = 0; i < 2; i++) expect((await ask()).body.toString()).toBe('all of it');
        expect(new Set(sockets).size).toBe(2);
      },
    );
  });
});

describe('A response that belongs to an earlier request', () => {
  it('is known by what the connection has carried, and ends it: what came over it is evicted', async () => {
    const [evicted, strays]: [string[], boolean[]] = [[], []];
    await withUpstream(
      (socket, index) => index !== 3 && socket.write(OK),
      async ({ transport, sockets }) => {
        const send = (subject: string | null): Promise<HttpAnswer> => sendGet(transport, requestOf('/bills', `of${subject}`, { subject }));
        expect((await send('1')).reused).toBeNull();
        await send(null);
        const { reused } = await send('3');
        expect(reused?.subjects).toEqual(['1', '', '3']);
        const next = failureOf(send('4'));
        await until(() => sockets.length === 4);
        reused?.outOfStep();
        expect(await next).toMatchObject({ failure: 'unavailable', cause: { message: 'not HTTP/1.1: its responses are out of step' } });
        expect([evicted, strays]).toEqual([['of1', 'ofnull', 'of3'], [true]]);
        expect((await send('5')).reused).toBeNull();
        expect(sockets.at(-1)).not.toBe(sockets[0]);
      },
      {
        caches: { evictCaller: ({ token }) => evicted.push(token) },
        observer: { requestResent: () => undefined, strayBytesCame: ({ isInFlight }) => void strays.push(isInFlight) },
      },
    );
  });
});

describe('What was missing when the time was up', () => {
  const reasonOf = async (request: Promise<unknown>): Promise<string> => ((await failureOf(request)).cause as Error).message;

  it.each([
    ['a byte of a response', '', 'no whole answer within 600 ms'],
    ['the rest of a response', 'HTTP/1.1 200 OK\r\n', 'no whole answer within 600 ms, but a part of one'],
  ])('is told: %s', async (_what, bytes, reason) => {
    await withUpstream(
      (socket) => socket.write(bytes),
      async ({ ask }) => expect(await reasonOf(ask())).toBe(reason),
      // Long enough for the part to come, on a slow machine as well.
      { timeoutMs: 600 },
    );
  });

  it.each([
    [
      'a tunnel',
      ({ url }: SocketUpstream) => openTransport(url, { proxy: new URL(url), timeoutMs: 60 }),
      'the proxy has not opened a tunnel',
    ],
    [
      'the TLS handshake',
      ({ url }: SocketUpstream) => openTransport(url.replace('http:', 'https:'), { timeoutMs: 60 }),
      'the TLS handshake is not complete',
    ],
  ])('is told: %s', async (_what, open, obstacle) => {
    await withUpstream(
      () => undefined,
      async ({ upstream }) => {
        const transport = open(upstream);
        expect(await reasonOf(sendGet(transport, requestOf('/bills')))).toBe(`no connection within 60 ms: ${obstacle}`);
        await transport.close();
      },
    );
  });
});

describe('A request through a proxy', () => {
  /** A proxy that opens each tunnel when it is told to. */
  async function withProxy(use: (ends: Ends & { readonly opens: (() => Socket)[] }) => Promise<void>): Promise<void> {
    const [opens, sockets]: [(() => Socket)[], Socket[]] = [[], []];
    const proxy = createServer().on('connect', ({ url = '' }, socket: Socket) => {
      sockets.push(socket.on('error', () => undefined));
      opens.push(() => {
        const to = connect(Number(url.split(':')[1]), '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
        to.on('error', () => undefined);
        socket.pipe(to).pipe(socket);
        return socket;
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    try {
      await withUpstream(
        (socket) => socket.write(OK),
        (ends) => use({ ...ends, opens }),
        { proxy: new URL(`http://127.0.0.1:${port}`) },
      );
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    }
  }

  it('waits for its tunnel, and the next one uses that again', async () => {
    await withProxy(async ({ ask, tokens, opens }) => {
      const first = ask('a');
      await until(() => opens.length === 1);
      opens[0]!();
      expect((await first).body.toString()).toBe('x');
      expect((await ask('b')).body.toString()).toBe('x');
      expect([tokens, opens.length]).toEqual([['a', 'b'], 1]);
    });
  });

  it('gives up its tunnel where nobody waits for it any more', async () => {
    await withProxy(async ({ ask, tokens, opens }) => {
      const controller = new AbortController();
      const gone = failureOf(ask('a', controller.signal));
      await until(() => opens.length === 1);
      controller.abort(new Error('gone'));
      expect(await gone).toMatchObject({ failure: 'unavailable' });
      const next = ask('b');
      await until(() => opens.length === 2);
      opens[1]!();
      expect((await next).status).toBe(200);
      expect(tokens).toEqual(['b']);
    });
  });

  it('closes its tunnel where that opens after it was given up', async () => {
    let open!: (socket: Socket) => void;
    const opening = { socket: new Promise<Socket>((resolve) => (open = resolve)), cancel: () => undefined };
    const owner = { rests: () => undefined, gone: () => undefined, strayed: () => undefined };
    new Connection(() => opening, owner, { maxBodyBytes: 1, maxAgeMs: 1000 }).destroy();
    const socket = new Socket();
    open(socket);
    await new Promise(setImmediate);
    expect(socket.destroyed).toBe(true);
  });

  it('fails where there is no proxy', async () => {
    const transport = openTransport('http://127.0.0.1:9', { proxy: new URL('http://127.0.0.1:1') });
    expect(await failureOf(sendGet(transport, requestOf('/bills')))).toMatchObject({
      failure: 'unavailable',
      cause: { message: 'no connection: proxy: ECONNREFUSED' },
    });
    await transport.close();
  });
});
