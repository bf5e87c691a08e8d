import type { Socket } from 'node:net';
import type { Transport, TransportOptions } from '../../../../src/upstream/http/transport';
import { until } from '../../../support/cache-fixtures';
import { failureOf } from '../../../support/listed-source';
import { startScriptedUpstream } from '../../../support/scripted-upstream';
import { openTransport, requestOf, sendGet } from '../../../support/transport';
import { startSocketUpstream, type SocketUpstream } from '../../../support/socket-upstream';

const answerOf = (body: string, ...headers: string[]): string =>
  ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...headers, '', body].join('\r\n');
/** After which a connection that has carried a response has rested. */
const rest = async (): Promise<void> => {
  for (let turns = 0; turns < 8; turns++) await new Promise(setImmediate);
};
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
  answer: (socket: Socket, index: number, head: string) => unknown,
  use: (ends: Ends) => Promise<void>,
  connections = 4,
  options: Partial<TransportOptions> = {},
): Promise<void> {
  const sockets = new Set<Socket>();
  const upstream = await startSocketUpstream((socket, index, head) => {
    sockets.add(socket);
    return answer(socket, index, head);
  });
  const transport = openTransport(upstream.url, { connections: { max: connections }, ...options });
  const ask = async (token: string): Promise<string> => (await sendGet(transport, requestOf('/bills', token))).body.toString();
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

  it('are as many as may be open at the time', async () => {
    const bound = { max: 1 };
    await withUpstream(
      (socket, index) => socket.write(answerOf(String(index))),
      async ({ ask, sockets }) => {
        await Promise.all([ask('a'), ask('b'), ask('c')]);
        expect(sockets.size).toBe(1);
        bound.max = 3;
        await Promise.all([ask('a'), ask('b'), ask('c'), ask('d')]);
        expect(sockets.size).toBe(3);
      },
      1,
      { connections: bound },
    );
  });

  describe('and the tokens they were used for', () => {
    let nowMs = 1000;
    beforeEach(() => jest.spyOn(performance, 'now').mockImplementation(() => nowMs));
    afterEach(() => jest.restoreAllMocks());
    /** A server that tells which of its connections a request came on, from 0. */
    const tellConnection = (): ((socket: Socket) => unknown) => {
      const seen: Socket[] = [];
      return (socket) => {
        if (!seen.includes(socket)) seen.push(socket);
        socket.write(answerOf(String(seen.indexOf(socket))));
      };
    };

    it('are one connection for each token while there is room, and then the one that has been idle longest', async () => {
      await withUpstream(
        tellConnection(),
        async ({ ask }) => {
          const rested = async (token: string): Promise<string> => {
            const connection = await ask(token);
            nowMs += 1;
            await pause(20);
            return connection;
          };
          expect([await rested('a'), await rested('b'), await rested('a'), await rested('c')]).toEqual(['0', '1', '0', '2']);
          // No room: the second connection has been idle longest, and not the third, which was used last.
          expect([await rested('d'), await rested('c'), await rested('b')]).toEqual(['1', '2', '0']);
        },
        3,
      );
    });

    it('are another token’s only after they have been idle for a while', async () => {
      await withUpstream(tellConnection(), async ({ ask }) => {
        expect(await ask('a')).toBe('0');
        await pause(20);
        nowMs += 149;
        expect(await ask('b')).toBe('1');
        await pause(20);
        nowMs += 1;
        expect(await ask('c')).toBe('0');
      });
    });

    it.each([
      ['no header that says how long', '', 4000],
      ['a time that is no number', 'Keep-Alive: timeout=soon', 4000],
      ['a time of another parameter', 'Keep-Alive: maxtimeout=9', 4000],
      ['a time', 'Keep-Alive: max=7, Timeout=11', 10_000],
      ['a short time, of which half is kept', 'Keep-Alive: timeout=1', 500],
      ['a time that is longer than firewalls keep connections', 'Keep-Alive: timeout=600', 60_000],
    ])('are used again for a while, with %s', async (_what, header, usableMs) => {
      const seen: Socket[] = [];
      await withUpstream(
        (socket) => {
          if (!seen.includes(socket)) seen.push(socket);
          socket.write(answerOf(String(seen.indexOf(socket)), ...(header === '' ? [] : [header])));
        },
        async ({ ask }) => {
          const connections: string[] = [];
          for (const laterMs of [0, usableMs - 1, usableMs]) {
            nowMs += laterMs;
            connections.push(await ask('a'));
            await rest();
          }
          expect(connections).toEqual(['0', '0', '1']);
        },
      );
    });

    it.each([
      [0, 90_000],
      [0.999_999, 109_999],
    ])('are used up to their age, a tenth less or more (at random: %d)', async (random, usableMs) => {
      jest.spyOn(Math, 'random').mockReturnValue(random);
      const seen: Socket[] = [];
      await withUpstream(
        (socket) => {
          if (!seen.includes(socket)) seen.push(socket);
          socket.write(answerOf(String(seen.indexOf(socket)), 'Keep-Alive: timeout=600'));
        },
        async ({ ask }) => {
          const startedMs = nowMs;
          const connections: string[] = [];
          for (const atMs of [0, usableMs / 2, usableMs - 1, usableMs + 1]) {
            nowMs = startedMs + atMs;
            connections.push(await ask('a'));
            await rest();
          }
          expect(connections).toEqual(['0', '0', '0', '1']);
        },
        4,
        { maxAgeMs: 100_000 },
      );
    });

    it.each(['shared', 'per-token'] as const)(
      'go on with requests of their own token (%s), and pass over others 64 times at most',
      async (sharing) => {
        const [order, used]: [string[], Set<Socket>] = [[], new Set()];
        await withUpstream(
          (socket, _index, head) => {
            order.push(/Bearer (\w+)/.exec(head)?.[1] ?? '');
            used.add(socket);
            socket.write(answerOf('x'));
          },
          async ({ ask }) => {
            await Promise.all(['a', 'b', ...Array.from({ length: 70 }, () => 'a'), 'b'].map(ask));
            const expected = [...Array.from({ length: 65 }, () => 'a'), 'b', 'b', ...Array.from({ length: 6 }, () => 'a')];
            expect(order).toEqual(expected);
            expect(used.size).toBe(sharing === 'shared' ? 1 : 3);
          },
          1,
          { sharing },
        );
      },
    );

    it('are never two tokens’ with per-token sharing: an idle one is closed to make room', async () => {
      await withUpstream(
        tellConnection(),
        async ({ ask, sockets }) => {
          const seen: string[] = [];
          for (const token of ['a', 'b', 'a', 'c', 'b']) {
            seen.push(await ask(token));
            await pause(20);
            nowMs += 1000;
          }
          expect(seen).toEqual(['0', '1', '0', '2', '3']);
          expect([...sockets].filter(({ destroyed }) => !destroyed)).toHaveLength(2);
        },
        2,
        { sharing: 'per-token' },
      );
    });

    it('are never two tokens’ with per-token sharing, also where requests wait for them', async () => {
      const tokens = new Map<Socket, Set<string>>();
      await withUpstream(
        (socket, index, head) => {
          const token = /Bearer (\w+)/.exec(head)?.[1] ?? '';
          tokens.set(socket, (tokens.get(socket) ?? new Set()).add(token));
          socket.write(answerOf(`${token} ${index}`));
        },
        async ({ ask }) => {
          const asked = Array.from({ length: 60 }, (_, index) => `t${(index * 7) % 5}`);
          const seen = await Promise.all(asked.map(ask));
          expect(seen.map((body) => body.split(' ')[0])).toEqual(asked);
          expect([...tokens.values()].map(({ size }) => size)).toEqual([...tokens.values()].map(() => 1));
        },
        3,
        { sharing: 'per-token' },
      );
    });
  });

  describe('on which bytes come that belong to no request', () => {
    /** Who was evicted, and whether the bytes failed a request. */
    function watch(): { options: Partial<TransportOptions>; evicted: string[]; strays: boolean[] } {
      const [evicted, strays]: [string[], boolean[]] = [[], []];
      return {
        evicted,
        strays,
        options: {
          caches: { evictCaller: ({ token }) => evicted.push(token) },
          observer: { strayBytesCame: ({ isInFlight }) => strays.push(isInFlight) },
        },
      };
    }
    const stray = answerOf('a stray');

    it('are closed, and what is cached for the callers of their last responses is evicted', async () => {
      const { options, evicted, strays } = watch();
      await withUpstream(
        (socket, index) => {
          socket.write(answerOf(`${index}`));
          if (index === 1) setTimeout(() => socket.write(stray), 30);
        },
        async ({ ask, sockets }) => {
          expect([await ask('a'), await ask('b')]).toEqual(['0', '1']);
          await until(() => strays.length > 0);
          expect(strays).toEqual([false]);
          expect(evicted).toEqual(['a', 'b']);
          expect(await ask('c')).toBe('2');
          expect(sockets.size).toBe(2);
        },
        1,
        options,
      );
    });

    it('are closed, and the callers of their last 16 responses are evicted', async () => {
      const { options, evicted, strays } = watch();
      const tokens = Array.from({ length: 18 }, (_, index) => `t${index}`);
      await withUpstream(
        (socket, index) => socket.write(index === tokens.length ? 'no response\r\n\r\n' : answerOf(`${index}`)),
        async ({ ask }) => {
          for (const token of tokens) await ask(token);
          expect(await failureOf(ask('last'))).toMatchObject({ failure: 'unavailable' });
          expect(strays).toEqual([true]);
          expect([...evicted].sort()).toEqual(tokens.slice(2).sort());
        },
        1,
        options,
      );
    });

    it.each(['\r\n\r\nx', 'HTTP/1.1 4080 x', 'x HTTP/1.1 408 x', 'HTTP/1.2 408 x', 'HTTP/1.1 408x', stray, '\r\n'.repeat(100) + stray])(
      'are closed with an alarm for %j',
      async (bytes) => {
        const { options, evicted, strays } = watch();
        await withUpstream(
          (socket, index) => {
            socket.write(answerOf(`${index}`));
            setTimeout(() => socket.write(bytes), 5);
          },
          async ({ ask, sockets }) => {
            expect(await ask('a')).toBe('0');
            await until(() => [...sockets].every(({ destroyed }) => destroyed));
            expect([strays, evicted]).toEqual([[false], ['a']]);
          },
          1,
          options,
        );
      },
    );

    it('are closed, and the request under way is failed: its response may have been the one too many', async () => {
      const { options, evicted, strays } = watch();
      await withUpstream(
        (socket, index) => socket.write(index === 1 ? answerOf('0 again') + answerOf('1') : answerOf(`${index}`)),
        async ({ ask }) => {
          expect(await ask('a')).toBe('0');
          expect(await failureOf(ask('b'))).toMatchObject({
            failure: 'unavailable',
            cause: { message: expect.stringContaining('more bytes') },
          });
          expect(strays).toEqual([true]);
          expect(evicted).toEqual(['a', 'b']);
        },
        1,
        options,
      );
    });

    it('are closed, and the callers evicted, for pieces of two responses that have mixed', async () => {
      const { options, evicted, strays } = watch();
      await withUpstream(
        (socket, index) => {
          const [response, half] = [answerOf(`${index}`), stray.length / 2];
          // The second request is answered by the first one's response, sent again; its own one comes with a part of a third.
          if (index === 0) socket.write(response);
          else if (index === 1) socket.write(answerOf('0'));
          else socket.write(stray.slice(0, half) + response + stray.slice(half));
        },
        async ({ ask }) => {
          expect([await ask('a'), await ask('b')]).toEqual(['0', '0']);
          expect(await failureOf(ask('c'))).toMatchObject({ failure: 'unavailable' });
          expect(strays).toEqual([true]);
          expect(evicted).toEqual(['a', 'b']);
        },
        1,
        options,
      );
    });

    it('are closed without an alarm where the first response is none', async () => {
      const { options, evicted, strays } = watch();
      await withUpstream(
        (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n\r\n'),
        async ({ ask }) => {
          expect(await failureOf(ask('a'))).toMatchObject({ failure: 'unavailable' });
          expect([strays, evicted]).toEqual([[], []]);
        },
        1,
        options,
      );
    });

    it('are closed without an alarm where a later response is too large', async () => {
      const { options, evicted, strays } = watch();
      await withUpstream(
        (socket, index) => socket.write(answerOf('x'.repeat(index === 0 ? 10 : 11))),
        async ({ ask }) => {
          expect(await ask('a')).toHaveLength(10);
          expect(await failureOf(ask('a'))).toMatchObject({ failure: 'invalid-response' });
          expect([strays, evicted]).toEqual([[], []]);
        },
        1,
        { ...options, maxBodyBytes: 10 },
      );
    });

    it.each(['\r\n', 'HTTP/1.1 408 Request Time-out\r\nConnection: close\r\n\r\n'])('are closed without an alarm for %j', async (bytes) => {
      const { options, evicted, strays } = watch();
      await withUpstream(
        (socket, index) => {
          socket.write(answerOf(`${index}`));
          setTimeout(() => socket.write(bytes), 20);
        },
        async ({ ask, sockets }) => {
          expect(await ask('a')).toBe('0');
          await until(() => [...sockets].every(({ destroyed }) => destroyed));
          expect(await ask('b')).toBe('1');
          expect([strays, evicted]).toEqual([[], []]);
        },
        1,
        options,
      );
    });
  });

  it('closes the idle ones after a while, and each one when it is old', async () => {
    await withUpstream(
      (socket, index) => socket.write(answerOf(`${index}`, ...(index < 3 ? ['Keep-Alive: timeout=2'] : ['Keep-Alive: timeout=600']))),
      async ({ ask, sockets }) => {
        await Promise.all(['a', 'b', 'c'].map(ask));
        const open = (): number => [...sockets].filter(({ destroyed }) => !destroyed).length;
        expect(open()).toBe(3);
        await until(() => open() === 0);
        expect(await ask('a')).toBe('3');
        // However long the server would keep it.
        await until(() => open() === 0);
      },
      4,
      { maxAgeMs: 2000 },
    );
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

  it('opens a new one where the server says that it will close the old one', async () => {
    await withUpstream(
      (socket, index) => socket.write(answerOf(`${index}`, 'Connection: close')),
      async ({ ask, sockets }) => {
        expect([await ask('a'), await ask('a')]).toEqual(['0', '1']);
        expect(sockets.size).toBe(2);
        await until(() => [...sockets].every(({ destroyed }) => destroyed));
      },
      1,
    );
  });

  it('does not use one that the server is about to close', async () => {
    await withUpstream(
      (socket, index) => socket.write(answerOf(`${index}`, index === 0 ? 'Keep-Alive: timeout=0' : 'Keep-Alive: timeout=60')),
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
        const failures = [1, 2, 3].map(() => failureOf(sendGet(transport, requestOf('/bills'))));
        while (upstream.requestCount() < 1) await pause(1);
        await transport.close();
        failures.push(failureOf(sendGet(transport, requestOf('/bills'))));
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
    const transport = openTransport(upstream.url);
    for (const [path, trace] of [
      ['/a b', []],
      ['/a\r\nx: y', []],
      ['/a', ['traceparent', '00\n']],
      ['/a', ['traceparent', '\u010a']],
    ] as const) {
      await expect(sendGet(transport, requestOf(path, 'a', { trace }))).rejects.toThrow('a character that no head may hold');
    }
    expect(upstream.connectionCount()).toBe(0);
    // What a header may hold arrives as it is: a caller's tracestate, for one.
    await sendGet(transport, requestOf('/a', 'a', { trace: ['tracestate', 'a=é\tb'] }));
    expect(upstream.requests[0]?.headers['tracestate']).toBe('a=é\tb');
    await transport.close();
    await upstream.close();
  });
});
