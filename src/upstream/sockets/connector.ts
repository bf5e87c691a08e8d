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

/** Opens one connection. A socket may still be connecting: what is written to it waits. */
export type Connector = () => Socket | Opening;

/** Before TCP asks a silent other side whether it is still there. */
const PROBE_AFTER_MS = 60_000;

/** Makes what opens connections to one origin: directly or through a proxy, with TLS where the origin is `https:`. */
export function createConnector({ origin, proxy, tlsFiles }: ConnectorOptions): Connector {
  const isTls = origin.protocol === 'https:';
  // In a URL, IPv6 addresses stand in brackets.
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  const port = Number(origin.port || (isTls ? 443 : 80));
  const addresses = new AddressMemory();
  const tcp = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS, lookup: addresses.lookup };
  let context: SecureContext | undefined;
  let session: Buffer | undefined;

  const overTls = (below: typeof tcp | { readonly socket: Socket }): Socket => {
    const newest = tlsFiles?.current();
    // A session belongs to the certificates that it was made with.
    if (newest !== context) session = undefined;
    context = newest;
    const socket = connectTls({
      ...below,
      // RFC 6066, section 3: an address is no server name.
      ...(isIP(host) === 0 ? { servername: host } : { host }),
      ALPNProtocols: ['http/1.1'],
      ...(newest ? { secureContext: newest } : {}),
      ...(session ? { session } : {}),
    });
    // Not a byte of a token before it is known who reads it.
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

/** Notes whether the address that a socket is connected to is of use: TLS is agreed on there, or without TLS a byte comes. */
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
