import { constants, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server as TlsServer, TlsOptions, TLSSocket } from 'node:tls';
import { IdleTimer, sendLoad, startBalancer, type BalancerScript, type LoadOptions, type LoadResult } from '../../support/balancer';
import { createAuthority } from '../../support/certificates';

const directory = mkdtempSync(join(tmpdir(), 'balancer-tls-'));
const authority = createAuthority(directory);
const { cert, key } = authority.issue('localhost');
const CERTIFICATE: TlsOptions = { cert: readFileSync(cert), key: readFileSync(key) };
const SETTINGS = { BILLING_API_RETRIES: '0', BILLING_API_TLS_CA_FILE: authority.cert };
afterAll(() => rmSync(directory, { recursive: true }));

const around = (ms: number) => (): number => ms - 10 + Math.random() * 20;

/** What comes of operations through a load balancer that acts by the script, over TLS and without any retries. */
async function through(script: BalancerScript, load: Partial<LoadOptions> = {}, relay?: Relay): Promise<LoadResult> {
  const balancer = await startBalancer({ ...script, tls: { ...CERTIFICATE, ...script.tls } });
  if (relay) relay.target = balancer.port;
  const url = `https://localhost:${(relay ?? balancer).port}`;
  try {
    return await sendLoad({ url, operations: 100, clients: 16, settings: SETTINGS, ...load });
  } finally {
    await balancer.close();
  }
}

/** Answers, and ends connections that have been idle for 50 ms in this way. */
function idle(end: (socket: Socket) => unknown): BalancerScript['onRequest'] {
  const timer = new IdleTimer(50, end);
  return ({ socket, respond }) => {
    respond();
    timer.start(socket);
  };
}

/** Answers two requests on each connection, and ends it with the third: many handshakes. */
const TWICE: BalancerScript['onRequest'] = ({ socket, number, respond }) => (number === 3 ? socket.destroy() : respond());

describe('A load balancer that ends TLS', () => {
  it.each<[string, (socket: Socket) => unknown]>([
    ['close_notify and FIN', (socket) => socket.end()],
    ['FIN or RST, without close_notify', (socket) => socket.destroy()],
  ])('costs no client an answer, without any retries, that ends idle connections with %s', async (_how, end) => {
    const { failed, reasons } = await through({ onRequest: idle(end) }, { pauseMs: around(50) });
    expect([failed, reasons]).toEqual([[], []]);
  });

  it.each<[string, TlsOptions]>([
    ['speaks TLS 1.3', {}],
    ['speaks TLS 1.2 alone', { maxVersion: 'TLSv1.2' }],
    ['issues no session tickets', { secureOptions: constants.SSL_OP_NO_TICKET }],
    ['neither tickets nor sessions, with TLS 1.2', { secureOptions: constants.SSL_OP_NO_TICKET, maxVersion: 'TLSv1.2' }],
    ['refuses to renegotiate', { secureOptions: constants.SSL_OP_NO_RENEGOTIATION, maxVersion: 'TLSv1.2' }],
  ])('costs no client an answer, without any retries, that %s', async (_what, tls) => {
    const { failed, reasons, resends } = await through({ onRequest: TWICE, tls });
    expect([failed, reasons]).toEqual([[], []]);
    expect(resends).toBeGreaterThan(0);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('costs no client an answer when it forgets the keys of its %s tickets', async (maxVersion) => {
    const resumed: boolean[] = [];
    let connections = 0;
    const { failed, reasons } = await through({
      onRequest: TWICE,
      tls: { maxVersion },
      onConnection: (socket, server) => {
        resumed.push((socket as unknown as Pick<TLSSocket, 'isSessionReused'>).isSessionReused());
        if (++connections % 20 === 0) (server as unknown as Pick<TlsServer, 'setTicketKeys'>).setTicketKeys(randomBytes(48));
      },
    });
    expect([failed, reasons]).toEqual([[], []]);
    expect(new Set(resumed)).toEqual(new Set([true, false]));
  });

  it('costs no client an answer that asks to renegotiate, while a connection is idle and while a request is under way', async () => {
    let renegotiated = 0;
    const { failed, reasons } = await through({
      tls: { maxVersion: 'TLSv1.2' },
      onRequest: ({ socket, number, respond }) => {
        if (number === 1) respond();
        (socket as unknown as Pick<TLSSocket, 'renegotiate'>).renegotiate({}, (error) => {
          if (!error) renegotiated++;
          if (number !== 1) respond();
        });
      },
    });
    expect([failed, reasons]).toEqual([[], []]);
    expect(renegotiated).toBeGreaterThan(0);
  });

  it('costs no client an answer that ends idle connections with close_notify, and leaves the TCP connection open', async () => {
    const relay = await startRelayWithoutFin();
    let ended = 0;
    try {
      const onRequest = idle((socket) => {
        ended++;
        socket.end();
      });
      const { failed, reasons } = await through({ onRequest }, { pauseMs: around(50) }, relay);
      expect([failed, reasons]).toEqual([[], []]);
      expect(ended).toBeGreaterThan(0);
    } finally {
      relay.close();
    }
  });
});

/** Carries bytes to a port that is named later, but not the end of what the server sends. */
interface Relay {
  readonly port: number;
  target: number;
  close(): void;
}

async function startRelayWithoutFin(): Promise<Relay> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: relay.target, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [client, upstream]) sockets.push(socket.on('error', () => undefined));
    client.on('data', (piece) => upstream.write(piece)).on('close', () => upstream.destroy());
    upstream.on('data', (piece) => client.write(piece));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const relay: Relay = {
    port: (server.address() as AddressInfo).port,
    target: 0,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  return relay;
}
