import type { Socket } from 'node:net';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { Abandoned } from '../../../../src/upstream/http/abandoned';
import type { Transport, TransportOptions } from '../../../../src/upstream/http/transport';
import { until } from '../../../support/cache-fixtures';
import { startSocketUpstream, type SocketUpstream } from '../../../support/socket-upstream';
import { openTransport, requestOf, sendGet } from '../../../support/transport';

const GONE = new BillingError('unavailable', 'The client closed the connection.');
const answerOf = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

interface Ends {
  readonly upstream: SocketUpstream;
  readonly transport: Transport;
  /** The connection of each request, in order. */
  readonly sockets: Socket[];
  readonly ask: (token: string) => Promise<string>;
  /** Sends a request and aborts it once the upstream has it. */
  readonly abandon: (reason?: Error) => Promise<unknown>;
}

/** The upstream answers no request by itself. */
async function withUpstream(use: (ends: Ends) => Promise<void>, options: Partial<TransportOptions> = {}): Promise<void> {
  const sockets: Socket[] = [];
  const upstream = await startSocketUpstream((socket) => sockets.push(socket));
  const transport = openTransport(upstream.url, { connections: { max: 1 }, ...options });
  const abandon = async (reason: Error = GONE): Promise<unknown> => {
    const controller = new AbortController();
    const before = upstream.requestCount();
    const outcome = sendGet(transport, requestOf('/bills', 'a', { signal: controller.signal })).catch((error: unknown) => error);
    await until(() => upstream.requestCount() === before + 1);
    controller.abort(reason);
    return outcome;
  };
  const ask = async (token: string): Promise<string> => (await sendGet(transport, requestOf('/bills', token))).body.toString();
  try {
    await use({ upstream, transport, sockets, ask, abandon });
  } finally {
    await transport.close();
    await upstream.close();
  }
}

/** Asks for another token, and answers that as soon as it comes. */
async function askAnother({ upstream, sockets, ask }: Ends): Promise<string> {
  const before = upstream.requestCount();
  const answer = ask('b');
  await until(() => upstream.requestCount() === before + 1);
  sockets.at(-1)!.write(answerOf('of b'));
  return answer;
}

describe('A request that nobody waits for any more', () => {
  it('tells so at once, and its connection carries the next request when its response has come', async () => {
    await withUpstream(async (ends) => {
      const { abandon, sockets } = ends;
      const abandoned = (await abandon()) as Abandoned;
      expect(abandoned).toBeInstanceOf(Abandoned);
      expect(abandoned.reason).toBe(GONE);
      sockets[0]!.write(answerOf('of a'));
      await abandoned.ended;
      expect(await askAnother(ends)).toBe('of b');
      expect(new Set(sockets).size).toBe(1);
    });
  });

  it('keeps the next request waiting until then, however its response comes', async () => {
    await withUpstream(async ({ abandon, ask, upstream, sockets }) => {
      const { ended } = (await abandon()) as Abandoned;
      const next = ask('b');
      const bytes = answerOf('of a');
      for (const byte of bytes.slice(0, -1)) {
        sockets[0]!.write(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(upstream.requestCount()).toBe(1);
      sockets[0]!.write(bytes.slice(-1));
      await ended;
      await until(() => upstream.requestCount() === 2);
      sockets[1]!.write(answerOf('of b'));
      expect(await next).toBe('of b');
      expect(new Set(sockets).size).toBe(1);
    });
  });

  it.each([
    ['its response has come', (socket: Socket) => socket.write(answerOf('of a'))],
    ['its connection is lost', (socket: Socket) => socket.destroy()],
  ])('is neither answered nor failed once more when %s', async (_what, end) => {
    await withUpstream(async ({ transport, upstream, sockets }) => {
      const outcomes: string[] = [];
      const controller = new AbortController();
      transport.send(requestOf('/bills', 'a', { signal: controller.signal }), {
        answered: () => outcomes.push('answered'),
        failed: (failure) => outcomes.push(failure.message),
      });
      await until(() => upstream.requestCount() === 1);
      controller.abort(GONE);
      end(sockets[0]!);
      const next = sendGet(transport, requestOf('/bills', 'a'));
      await until(() => upstream.requestCount() === 2);
      sockets[1]!.write(answerOf('next'));
      await next;
      expect(outcomes).toEqual(['the request was abandoned']);
    });
  });

  it('ends its connection where bytes follow that belong to no request', async () => {
    const strays: boolean[] = [];
    await withUpstream(
      async (ends) => {
        const { abandon, sockets } = ends;
        const { ended } = (await abandon()) as Abandoned;
        sockets[0]!.write(answerOf('of a') + answerOf('a stray'));
        await ended;
        expect(await askAnother(ends)).toBe('of b');
        expect(new Set(sockets).size).toBe(2);
        expect(strays).toEqual([false]);
      },
      {
        observer: { requestResent: () => undefined, strayBytesCame: ({ isInFlight }) => void strays.push(isInFlight) },
      },
    );
  });

  it.each([
    ['within the time of the attempt', { timeoutMs: 200 }],
    ['within a second', { timeoutMs: 600_000 }],
  ])('ends its connection where no response comes %s', async (_when, options) => {
    await withUpstream(async (ends) => {
      const { abandon, sockets } = ends;
      const { ended } = (await abandon()) as Abandoned;
      await ended;
      expect(await askAnother(ends)).toBe('of b');
      expect(new Set(sockets).size).toBe(2);
    }, options);
  });

  it.each([
    [256 * 1024, 1],
    [256 * 1024 + 1, 2],
  ])('is read up to a bound: with a body of %i bytes, two requests need %i connections', async (bytes, connections) => {
    await withUpstream(async (ends) => {
      const { abandon, sockets } = ends;
      const { ended } = (await abandon()) as Abandoned;
      sockets[0]!.write(answerOf('x'.repeat(bytes)));
      await ended;
      expect(await askAnother(ends)).toBe('of b');
      expect(new Set(sockets).size).toBe(connections);
    });
  });

  it('is not sent again where the server closes its connection', async () => {
    let resent = 0;
    await withUpstream(
      async (ends) => {
        const { abandon, sockets, upstream } = ends;
        // Only on a connection that was used before would a request be sent again.
        expect(await askAnother(ends)).toBe('of b');
        const { ended } = (await abandon()) as Abandoned;
        sockets[1]!.destroy();
        await ended;
        expect(await askAnother(ends)).toBe('of b');
        expect([upstream.requestCount(), resent]).toEqual([3, 0]);
      },
      { observer: { requestResent: () => resent++, strayBytesCame: () => undefined } },
    );
  });

  it('ends its connection earlier where that is asked for', async () => {
    await withUpstream(async (ends) => {
      const { abandon, sockets } = ends;
      const abandoned = (await abandon()) as Abandoned;
      abandoned.cutAfter(1);
      await abandoned.ended;
      expect(await askAnother(ends)).toBe('of b');
      expect(new Set(sockets).size).toBe(2);
    });
  });

  it('leaves its connection to the next request once its response has come, however early an end is asked for then', async () => {
    await withUpstream(async ({ abandon, ask, upstream, sockets }) => {
      const abandoned = (await abandon()) as Abandoned;
      sockets[0]!.write(answerOf('of a'));
      await abandoned.ended;
      const next = ask('b');
      await until(() => upstream.requestCount() === 2);
      abandoned.cutAfter(1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      sockets[1]!.write(answerOf('of b'));
      expect(await next).toBe('of b');
      expect(new Set(sockets).size).toBe(1);
    });
  });

  it('is never sent where it was still waiting for a connection', async () => {
    await withUpstream(async ({ ask, transport, upstream, sockets }) => {
      const first = ask('a');
      await until(() => upstream.requestCount() === 1);
      const controller = new AbortController();
      const waiting = sendGet(transport, requestOf('/bills', 'b', { signal: controller.signal })).catch((error: unknown) => error);
      const last = ask('c');
      controller.abort(GONE);
      expect(await waiting).toBe(GONE);
      sockets[0]!.write(answerOf('of a'));
      expect(await first).toBe('of a');
      await until(() => upstream.requestCount() === 2);
      sockets[1]!.write(answerOf('of c'));
      expect(await last).toBe('of c');
    });
  });

  describe('because the time of its operation was over', () => {
    let nowMs = 1000;
    beforeEach(() => jest.spyOn(performance, 'now').mockImplementation(() => nowMs));
    afterEach(() => jest.restoreAllMocks());
    const late = new BillingError('timeout', 'The operation took too long.');

    it.each([
      [
        'is one that the billing API was too slow for, after half of its own time',
        300_000,
        late,
        /no whole answer within the operation's time/,
      ],
      ['is abandoned before that', 299_999, late, null],
      ['is abandoned where its client has gone, however late', 300_000, GONE, null],
    ])('%s', async (_what, laterMs, reason, slow) => {
      await withUpstream(
        async (ends) => {
          const { transport, upstream, sockets } = ends;
          const controller = new AbortController();
          const sent = sendGet(transport, requestOf('/bills', 'a', { signal: controller.signal })).catch((error: unknown) => error);
          await until(() => upstream.requestCount() === 1);
          nowMs += laterMs;
          controller.abort(reason);
          const failure = await sent;
          if (slow === null) {
            expect(failure).toMatchObject({ reason });
            // There is time left, in which the response may come.
            await new Promise((resolve) => setTimeout(resolve, 20));
            sockets[0]!.write(answerOf('of a'));
            await (failure as Abandoned).ended;
            expect(await askAnother(ends)).toBe('of b');
            expect(new Set(sockets).size).toBe(1);
          } else {
            expect(failure).toMatchObject({ failure: 'timeout', cause: { message: expect.stringMatching(slow) } });
            await until(() => sockets[0]!.destroyed);
          }
        },
        { timeoutMs: 600_000, maxAgeMs: 10_000_000 },
      );
    });

    it('is told to have waited for a connection', async () => {
      await withUpstream(
        async ({ transport, upstream, ask }) => {
          const first = ask('a').catch(() => undefined);
          await until(() => upstream.requestCount() === 1);
          const controller = new AbortController();
          const second = sendGet(transport, requestOf('/bills', 'b', { signal: controller.signal })).catch((error: unknown) => error);
          nowMs += 300_000;
          controller.abort(late);
          expect(await second).toMatchObject({ cause: { message: "no connection within the operation's time: none is free" } });
          await transport.close();
          await first;
        },
        { timeoutMs: 600_000 },
      );
    });
  });

  it('ends when the transport is closed', async () => {
    await withUpstream(async ({ abandon, transport }) => {
      const { ended } = (await abandon()) as Abandoned;
      await transport.close();
      await ended;
    });
  });
});
