import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy between a client and a port of this machine, which fails in the ways in which networks do. */
export interface TcpProxy {
  readonly port: number;
  /** By how much what the server sends is delayed from now on, in milliseconds. Its order is kept. */
  delayMs: number;
  /** Connections that clients have made so far. */
  connectionCount(): number;
  /** Drops what comes over the connections that are open, in both directions, without closing them. */
  swallow(): void;
  /** Closes all connections that are open with a reset. */
  cut(): void;
  close(): Promise<void>;
}

/** Starts a proxy to a port of this machine. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((client) => {
    connections++;
    const upstream = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        const waitMs = from === upstream ? proxy.delayMs : 0;
        if (waitMs > 0) setTimeout(() => to.write(chunk), waitMs);
        else to.write(chunk);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        // What was said last, such as an alert of TLS, still gets there.
        to.destroySoon();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    delayMs: 0,
    connectionCount: () => connections,
    swallow: () => {
      for (const socket of sockets) socket.removeAllListeners('data').on('data', () => undefined);
    },
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
