import type { Socket } from 'node:net';
import {
  IdleTimer,
  sendLoad,
  startBalancer,
  type Balancer,
  type BalancerScript,
  type LoadOptions,
  type LoadResult,
} from '../../support/balancer';
import { until } from '../../support/cache-fixtures';
import type { Gateway } from '../../support/gateway';

const NO_RETRIES = { BILLING_API_RETRIES: '0' };
const around = (ms: number) => (): number => ms - 10 + Math.random() * 20;

/** What comes of operations through a load balancer that acts by the script; `during` is called with each that is answered. */
async function through(
  script: BalancerScript,
  load: Partial<LoadOptions> = {},
  during: (answered: number, balancer: Balancer, gateway: Gateway) => unknown = () => undefined,
): Promise<LoadResult & { connections: number }> {
  const balancer = await startBalancer(script);
  const onAnswer: LoadOptions['onAnswer'] = (answered, gateway) => during(answered, balancer, gateway);
  try {
    const result = await sendLoad({ url: `http://127.0.0.1:${balancer.port}`, operations: 160, clients: 16, onAnswer, ...load });
    return { ...result, connections: balancer.connectionCount() };
  } finally {
    await balancer.close();
  }
}

/** Answers, and ends connections that have been idle for so long in this way. */
function idle(ms: number, end: (socket: Socket) => unknown): BalancerScript {
  const timer = new IdleTimer(ms, end);
  return {
    onRequest: ({ socket, respond }) => {
      respond();
      timer.start(socket);
    },
  };
}

/** Ways to end a connection: politely, as a process that ends does, and as a firewall does. */
const WAYS: [string, (socket: Socket) => unknown][] = [
  ['FIN', (socket) => socket.end()],
  ['FIN, or RST where a request has come just now', (socket) => socket.destroy()],
  ['RST', (socket) => socket.resetAndDestroy()],
];

describe.each(WAYS)('A load balancer that ends connections with %s, without any retries', (_how, end) => {
  it.each<[string, () => BalancerScript, Partial<LoadOptions>]>([
    ['have been idle for 50 ms', () => idle(50, end), { operations: 240, pauseMs: around(50) }],
    ['have been idle for 1 s', () => idle(1000, end), { operations: 48, pauseMs: around(1000) }],
  ])('costs no client an answer where they %s', async (_when, script, load) => {
    const { failed, reasons } = await through(script(), { ...load, settings: NO_RETRIES });
    expect([failed, reasons]).toEqual([[], []]);
  });

  it('costs no client an answer where they get their second, third or fourth request just now', async () => {
    const { failed, reasons, resends } = await through(
      { onRequest: ({ socket, number, index, respond }) => (number > 1 + (index % 3) ? end(socket) : respond()) },
      { settings: NO_RETRIES },
    );
    expect([failed, reasons]).toEqual([[], []]);
    expect(resends).toBeGreaterThan(0);
  });

  it('costs no client an answer when it restarts under load', async () => {
    // A connection that is ended before its first response is a failed attempt: that is what retries are for.
    const used = new Set<Socket>();
    const { failed, reasons, resends } = await through(
      { onRequest: ({ socket, respond }) => setImmediate(() => (respond(), used.add(socket))) },
      { settings: NO_RETRIES },
      (answered) => {
        if (answered % 20 !== 0) return;
        for (const socket of used) end(socket);
        used.clear();
      },
    );
    expect([failed, reasons]).toEqual([[], []]);
    expect(resends).toBeGreaterThan(0);
  });
});

describe('A load balancer', () => {
  it.each<[string, BalancerScript]>([
    [
      'sends `Connection: close` with every third response',
      {
        onRequest: ({ socket, index, respond }) => {
          respond(index % 3 === 0 ? { headers: ['Connection: close'] } : {});
          if (index % 3 === 0) socket.end();
        },
      },
    ],
    [
      'speaks HTTP/1.0',
      {
        onRequest: ({ socket, respond }) => {
          respond({ statusLine: 'HTTP/1.0 200 OK' });
          socket.end();
        },
      },
    ],
    [
      'speaks HTTP/1.0, keeps connections, and ends them after three requests',
      {
        onRequest: ({ socket, number, respond }) => {
          respond({ statusLine: 'HTTP/1.0 200 OK', headers: ['Connection: keep-alive'] });
          if (number === 3) socket.end();
        },
      },
    ],
  ])('costs no client an answer, without any retries, that %s', async (_what, script) => {
    const { failed, reasons } = await through(script, { settings: NO_RETRIES });
    expect([failed, reasons]).toEqual([[], []]);
  });

  it('that says `Keep-Alive: timeout=1, max=3`, and means it, costs no client an answer, and gets its connections used again', async () => {
    const timer = new IdleTimer(1000);
    const { failed, reasons, connections } = await through(
      {
        onRequest: ({ socket, number, respond }) => {
          respond({ headers: ['Connection: keep-alive', 'Keep-Alive: timeout=1, max=3'] });
          if (number === 3) socket.end();
          else timer.start(socket);
        },
      },
      { settings: NO_RETRIES },
    );
    expect([failed, reasons]).toEqual([[], []]);
    expect(connections).toBeLessThan(160);
  });

  it('that ends only its own half of idle connections gets the other half ended, and costs no client an answer', async () => {
    const halfClosed = new Set<Socket>();
    const script = idle(50, (socket) => {
      if (!socket.destroyed) halfClosed.add(socket);
      socket.end();
    });
    let ended = 0;
    const { failed, reasons } = await through(
      { ...script, allowHalfOpen: true },
      { operations: 48, pauseMs: around(70), settings: NO_RETRIES },
      (answered) => {
        // While the gateway runs: when it stops, it ends all its connections.
        if (answered === 48) return until(() => (ended = halfClosed.size) > 0 && [...halfClosed].every(({ destroyed }) => destroyed));
        return undefined;
      },
    );
    expect([failed, reasons]).toEqual([[], []]);
    expect(ended).toBeGreaterThan(0);
  });

  it('that is drained, with 503 and `Connection: close` on the connections that it has, costs no client an answer with retries', async () => {
    let drained: ReadonlySet<Socket> = new Set();
    const { failed, reasons } = await through(
      {
        onRequest: ({ socket, respond }) => {
          if (!drained.has(socket)) respond();
          else socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        },
      },
      {},
      (answered, { connections }) => {
        if (answered === 80) drained = new Set(connections);
      },
    );
    expect(failed).toEqual([]);
    expect(new Set(reasons)).toEqual(new Set(['status 503']));
  });

  it('that resets all connections and refuses new ones while it restarts costs no client an answer with retries', async () => {
    const { failed, reasons } = await through(
      { onRequest: ({ respond }) => setImmediate(respond) },
      {},
      async (answered, { connections, refuse, listen }, { logLines }) => {
        if (answered !== 80) return;
        refuse();
        for (const socket of connections) socket.resetAndDestroy();
        await until(() => logLines.some((line) => line.includes('ECONNREFUSED')));
        await listen();
      },
    );
    expect(failed).toEqual([]);
    expect(reasons).toContain('no connection: ECONNREFUSED');
  });
});
