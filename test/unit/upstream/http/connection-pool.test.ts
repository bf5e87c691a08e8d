import type { Socket } from 'node:net';
import { createTransport, type Transport } from '../../../../src/upstream/http/transport';
import { failureOf } from '../../../support/listed-source';
import { startScriptedUpstream } from '../../../support/scripted-upstream';
import { startSocketUpstream, type SocketUpstream } from '../../../support/socket-upstream';

const answerOf = (body: string, ...headers: string[]): string =>
  ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...headers, '', body].join('\r\n');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Ends {
  readonly upstream: SocketUpstream;
  readonly transport: Transport;
  /** The body of an answer to the token. */
  readonly ask: (token: string) => Promise<string>;
  /** How many connections were opened. */
  readonly sockets: ReadonlySet<Socket>;
}

async function withUpstream(
  answer: (socket: Socket, index: number) => unknown,
  use: (ends: Ends) => Promise<void>,
  connections = 4,
): Promise<void> {
  const sockets = new Set<Socket>();
  const upstream = await startSocketUpstream((socket, index) => {
    sockets.add(socket);
    return answer(socket, index);
  });
  const transport = createTransport({ baseUrl: new URL(upstream.url), connections, maxBodyBytes: 100_000, timeoutMs: 10_000 });
  const ask = async (token: string): Promise<string> =>
    (await transport.get('/bills', `Bearer ${token}`, new AbortController().signal)).body.toString();
  try {
    await use({ upstream, transport, ask, sockets });
  } finally {
    await transport.close();
    await upstream.close();
  }
}

describe('the connections to the billing API', () => {
  it("gives no caller an answer that came after another caller's, in the same bytes or later", async () => {
    const stray = answerOf('a stray');
    await withUpstream(
      (socket, index) => {
        if (index === 0) socket.write(answerOf('first') + stray);
        else if (index === 1) {
          socket.write(answerOf('second'));
          setImmediate(() => socket.write(stray));
        } else socket.write(answerOf('third'));
      },
      async ({ ask, sockets }) => {
        expect(await ask('a')).toBe('first');
        expect(await ask('b')).toBe('second');
        await pause(50);
        expect(await ask('c')).toBe('third');
        expect(sockets.size).toBe(3);
      },
      1,
    );
  });

  it('looks for more bytes on a connection before the next request is sent on it', async () => {
    // The stray bytes leave the server just after its first answer was read: whoever sends at once would take them for its own.
    for (let round = 0; round < 20; round++) {
      await withUpstream(
        (socket, index) => {
          socket.write(answerOf(`${index}`));
          if (index === 0) setImmediate(() => setImmediate(() => socket.write(answerOf('a stray'))));
        },
        async ({ ask }) => {
          expect(await Promise.all([ask('a'), ask('b'), ask('c')])).toEqual(['0', '1', '2']);
        },
        1,
      );
    }
  });

  it('opens a new one where the server has closed the old one', async () => {
    await withUpstream(
      (socket, index) => {
        socket.write(answerOf(`${index}`));
        socket.end();
      },
      async ({ ask }) => {
        for (let i = 0; i < 5; i++) {
          expect(await ask('a')).toBe(`${i}`);
          await pause(20);
        }
      },
    );
  });

  it('does not use one that the server is about to close', async () => {
    await withUpstream(
      (socket, index) => socket.write(answerOf(`${index}`, index === 0 ? 'Keep-Alive: timeout=1' : 'Keep-Alive: timeout=60')),
      async ({ ask, sockets }) => {
        for (let i = 0; i < 4; i++) {
          expect(await ask('a')).toBe(`${i}`);
          await pause(5);
        }
        expect(sockets.size).toBe(2);
      },
    );
  });

  it('hands the next in line a new one where one is lost, and keeps to its bound', async () => {
    let open = 0;
    let most = 0;
    await withUpstream(
      (socket, index) => {
        most = Math.max(most, ++open);
        socket.once('close', () => open--);
        if (index % 2 === 0) socket.destroy();
        else {
          socket.write(answerOf(`${index}`));
          socket.end();
        }
      },
      async ({ ask }) => {
        const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => ask('a')));
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
        expect(most).toBeLessThanOrEqual(2);
      },
      2,
    );
  });

  it('ends what is under way, what waits, and what comes after, when it is closed', async () => {
    await withUpstream(
      () => undefined,
      async ({ transport, upstream }) => {
        const failures = [1, 2, 3].map(() => failureOf(transport.get('/bills', 'Bearer a', new AbortController().signal)));
        while (upstream.requestCount() < 1) await pause(1);
        await transport.close();
        failures.push(failureOf(transport.get('/bills', 'Bearer a', new AbortController().signal)));
        expect((await Promise.all(failures)).map(({ failure }) => failure)).toEqual([
          'unavailable',
          'unavailable',
          'unavailable',
          'unavailable',
        ]);
      },
      1,
    );
  });

  it('sends nothing that would not stay in its line', async () => {
    const upstream = await startScriptedUpstream();
    const transport = createTransport({ baseUrl: new URL(upstream.url), connections: 1, maxBodyBytes: 100, timeoutMs: 1000 });
    const { signal } = new AbortController();
    for (const [path, authorization, trace] of [
      ['/a b', 'Bearer a', []],
      ['/a\r\nx: y', 'Bearer a', []],
      ['/a', 'Bearer a\r\nx: y', []],
      ['/a', 'Bearer \u010a', []],
      ['/a', 'Bearer a', ['traceparent', '00\n']],
    ] as const) {
      await expect(transport.get(path, authorization, signal, trace)).rejects.toThrow('a character that no head may hold');
    }
    expect(upstream.connectionCount()).toBe(0);
    // What a header may hold arrives as it is: a caller's tracestate, for one.
    await transport.get('/a', 'Bearer a', signal, ['tracestate', 'a=é\tb']);
    expect(upstream.requests[0]?.headers['tracestate']).toBe('a=é\tb');
    await transport.close();
    await upstream.close();
  });
});
