import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { UpstreamObserver } from '../../telemetry/observers/upstream-observer';
import { AddressMemory } from './address-memory';
import { NameLookup } from './name-lookup';
import { openTunnel, type Opening } from './proxy';
import type { TlsFiles } from './tls-files';

/** How connections to the billing API are opened. */
export interface ConnectorOptions {
  readonly origin: URL;
  /** Null: no proxy. */
  readonly proxy: URL | null;
  /** Null: no client certificate, and the well-known CAs. */
  readonly tlsFiles: TlsFiles | null;
  /** How long one attempt may take, in milliseconds, opening the connection included. */
  readonly timeoutMs: number;
  readonly observer?: Pick<UpstreamObserver, 'nameUnresolved'>;
}

/**
 * Opens one connection. A returned socket may still be connecting; it buffers what is written to it.
 * @param onBytes gets what is read. The bytes are only valid until it returns: all connections read into the same memory.
 */
export type Connector = (onBytes: (bytes: Buffer) => void) => Socket | Opening;

/** Bytes that are read from a connection at once. */
const READ_BYTES = 64 * 1024;

/** Idle time before TCP keep-alive probes the peer, in milliseconds. */
const PROBE_AFTER_MS = 60_000;
/** The share of an attempt's time that a lookup of the name may take, so that the reason in the log is DNS. */
const LOOKUP_SHARE = 0.8;

/** Creates a connector for one origin: direct or through a proxy, with TLS if the origin is `https:`. */
export function createConnector({ origin, proxy, tlsFiles, timeoutMs, observer }: ConnectorOptions): Connector {
  const isTls = origin.protocol === 'https:';
  // URLs put IPv6 addresses in brackets.
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  const port = Number(origin.port || (isTls ? 443 : 80));
  const addresses = new AddressMemory(new NameLookup(timeoutMs * LOOKUP_SHARE, observer).resolve, timeoutMs);
  // A buffer for each read, as Node makes it otherwise, takes longer than what is done with its bytes.
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const toRead = (onBytes: (bytes: Buffer) => void): Pick<TcpNetConnectOpts, 'onread'> => ({
    onread: {
      buffer,
      callback: (bytes) => {
        onBytes(buffer.subarray(0, bytes));
        return true;
      },
    },
  });
  const toTcp = (): TcpNetConnectOpts => ({
    ...addresses.options,
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
  });
  let context: SecureContext | undefined;
  let session: Buffer | undefined;

  const overTls = (below: TcpNetConnectOpts | { readonly socket: Socket }): Socket => {
    const newest = tlsFiles?.current();
    // A TLS session is only valid with the certificates of its first handshake.
    if (newest !== context) session = undefined;
    context = newest;
    const socket = connectTls({
      ...below,
      // RFC 6066, section 3: neither an IP address nor the dot at the end of an absolute name belongs in a server name.
      ...(isIP(host) === 0 ? { servername: host.replace(/\.$/, '') } : { host }),
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
    return (onBytes) => {
      const tunnel = openTunnel(proxy, { host, port }, addresses);
      return {
        socket: tunnel.socket.then((socket) => (isTls ? overTls({ socket }) : socket.setNoDelay(true)).on('data', onBytes)),
        cancel: () => tunnel.cancel(),
      };
    };
  return (onBytes) => {
    const options = { ...toTcp(), ...toRead(onBytes) };
    const socket = isTls ? overTls(options) : connectTcp(options);
    addresses.watch(socket, isTls);
    return socket;
  };
}
