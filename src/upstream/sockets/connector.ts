import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { AddressMemory } from './address-memory';
import { openTunnel, type Opening } from './proxy';
import type { TlsFiles } from './tls-files';

/** How connections to the billing API are opened. */
export interface ConnectorOptions {
  readonly origin: URL;
  /** Null: no proxy. */
  readonly proxy: URL | null;
  /** Null: no client certificate, and the well-known CAs. */
  readonly tlsFiles: TlsFiles | null;
}

/** Opens one connection. A returned socket may still be connecting; it buffers what is written to it. */
export type Connector = () => Socket | Opening;

/** Idle time before TCP keep-alive probes the peer, in milliseconds. */
const PROBE_AFTER_MS = 60_000;

/** Creates a connector for one origin: direct or through a proxy, with TLS if the origin is `https:`. */
export function createConnector({ origin, proxy, tlsFiles }: ConnectorOptions): Connector {
  const isTls = origin.protocol === 'https:';
  // URLs put IPv6 addresses in brackets.
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  const port = Number(origin.port || (isTls ? 443 : 80));
  const addresses = new AddressMemory();
  const tcp = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS, lookup: addresses.lookup };
  let context: SecureContext | undefined;
  let session: Buffer | undefined;

  const overTls = (below: typeof tcp | { readonly socket: Socket }): Socket => {
    const newest = tlsFiles?.current();
    // A TLS session is only valid with the certificates of its first handshake.
    if (newest !== context) session = undefined;
    context = newest;
    const socket = connectTls({
      ...below,
      // RFC 6066, section 3: an IP address is not allowed as a server name.
      ...(isIP(host) === 0 ? { servername: host } : { host }),
      ALPNProtocols: ['http/1.1'],
      ...(newest ? { secureContext: newest } : {}),
      ...(session ? { session } : {}),
    });
    // Send nothing, and no token, before the server is authenticated.
    socket.cork();
    socket.once('secureConnect', () => socket.uncork());
    socket.on('session', (next) => {
      if (newest === context) session = next;
    });
    return socket;
  };

  if (proxy)
    return () => {
      const tunnel = openTunnel(proxy, host, port);
      return {
        socket: tunnel.socket.then((socket) => (isTls ? overTls({ socket }) : socket.setNoDelay(true))),
        cancel: () => tunnel.cancel(),
      };
    };
  return () => {
    const socket = isTls ? overTls(tcp) : connectTcp(tcp);
    noteAddress(socket, addresses, isTls);
    return socket;
  };
}

/** Records whether the address of a socket works: the TLS handshake completes or, without TLS, a byte is received. */
function noteAddress(socket: Socket, addresses: AddressMemory, isTls: boolean): void {
  let address: string | undefined;
  let isAgreed = false;
  socket.once('connect', () => {
    address = socket.remoteAddress;
    if (!isTls) addresses.reached(address);
  });
  if (isTls)
    socket.once('secureConnect', () => {
      isAgreed = true;
      addresses.reached(address);
    });
  socket.once('close', () => {
    if (address !== undefined && !isAgreed && (isTls || socket.bytesRead === 0)) addresses.useless(address);
  });
}
