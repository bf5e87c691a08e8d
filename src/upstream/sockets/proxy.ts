import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';
import { refusedByProxy } from '../errors/failures';
import type { AddressMemory } from './address-memory';

const HEAD_END = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9][0-9]{2})[ \r]/;
/** Most bytes of a response to CONNECT: Node's own limit. */
const MAX_HEAD_BYTES = 16 * 1024;

/** Proxy settings, from the configuration and the usual environment variables. */
export interface ProxySettings {
  /** For the billing API; takes precedence over the others. */
  readonly billingApiProxy: URL | null;
  readonly httpsProxy: URL | null;
  readonly httpProxy: URL | null;
  /** Hosts to connect to without a proxy. */
  readonly noProxy: string | null;
}

/** A connection being opened. */
export interface Opening {
  readonly socket: Promise<Socket>;
  /** Cancels the attempt; `socket` then rejects. */
  cancel(): void;
}

/** The proxy to use for the origin; null: none. */
export function findProxy(origin: URL, settings: ProxySettings): URL | null {
  if (settings.billingApiProxy) return settings.billingApiProxy;
  const proxy = origin.protocol === 'https:' ? settings.httpsProxy : settings.httpProxy;
  return proxy && !isExempt(origin, settings.noProxy ?? '') ? proxy : null;
}

/**
 * Whether NO_PROXY exempts the origin: its entries are separated by commas or spaces, and are `*`, a name (with its
 * subdomains), an address or a range of addresses (CIDR); a name or an address may be followed by a port.
 */
function isExempt({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase();
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
  const ownPort = port || (protocol === 'https:' ? '443' : '80');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true;
      const [, bracketed, plain = entry, entryPort] = /^(?:\[([^\]]+)\]|([^:]*))(?::([0-9]+))?$/.exec(entry) ?? [];
      const name = (bracketed ?? plain).replace(/^\*?\.|\.$/g, '');
      if (name === '' || (entryPort !== undefined && entryPort !== ownPort)) return false;
      if (isIP(host) === 0) return host === name || host.endsWith(`.${name}`);
      // An address is treated as a range of one, since an IPv6 address can be written in many ways.
      const bits = family === 'ipv6' ? 128 : 32;
      const [address = '', prefix = String(bits)] = name.split('/');
      if (isIP(address) !== isIP(host) || !/^[0-9]{1,3}$/.test(prefix) || Number(prefix) > bits) return false;
      const range = new BlockList();
      range.addSubnet(address, Number(prefix), family);
      return range.check(host, family);
    });
}

/**
 * Opens a tunnel through the proxy (CONNECT, RFC 9110, section 9.3.6). Rejects with `refusedByProxy`, or with an Error whose `code`
 * gives the reason; neither discloses the proxy or its credentials.
 */
export function openTunnel(proxy: URL, { host, port }: { host: string; port: number }, addresses: AddressMemory): Opening {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const request = (proxy.protocol === 'https:' ? requestHttps : requestHttp)({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: Number(proxy.port || (proxy.protocol === 'https:' ? 443 : 80)),
    method: 'CONNECT',
    path: authority,
    agent: false,
    ...addresses.options,
    headers: {
      host: authority,
      ...(credentials === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
    },
  });
  request.once('socket', (opened) => addresses.watch(opened, proxy.protocol === 'https:'));
  let cancelWait: (() => void) | null = null;
  const socket = new Promise<Socket>((resolve, reject) => {
    const settle = (status: number, tunnel: Socket, early: Buffer): void => {
      const isTunnel = status >= 200 && status < 300;
      if (isTunnel && early.length === 0) {
        resolve(tunnel);
        return;
      }
      tunnel.destroy();
      reject(isTunnel ? toError('bytes came through the proxy before the request') : refusedByProxy(status));
    };
    request.once('connect', ({ statusCode = 0 }, tunnel, early) => {
      if (!isInterim(statusCode)) {
        settle(statusCode, tunnel, early);
        return;
      }
      cancelWait = () => tunnel.destroy();
      readFinal(tunnel, early).then(({ status, rest }) => settle(status, tunnel, rest), reject);
    });
    request.once('response', (response) => {
      response.destroy();
      reject(refusedByProxy(response.statusCode ?? 0));
    });
    request.once('error', (error: NodeJS.ErrnoException) => reject(toError(`proxy: ${error.code ?? 'closed'}`)));
    request.end();
  });
  const cancel = (): void => {
    request.destroy();
    cancelWait?.();
  };
  return { socket, cancel };
}

/** Whether another response follows (RFC 9110, section 15.2); not after a switch of protocols, which was not asked for. */
function isInterim(status: number): boolean {
  return status >= 100 && status < 200 && status !== 101;
}

/**
 * Reads the final response to CONNECT, and what came after it. Node gives the socket away at the first response, even an interim one.
 * @param early what was read after the first response.
 */
async function readFinal(tunnel: Socket, early: Buffer): Promise<{ readonly status: number; readonly rest: Buffer }> {
  let bytes = early;
  for (;;) {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      if (bytes.length > MAX_HEAD_BYTES) throw refuse(tunnel, 'HPE_HEADER_OVERFLOW');
      bytes = Buffer.concat([bytes, await readMore(tunnel)]);
      continue;
    }
    const status = Number(STATUS_LINE.exec(bytes.toString('latin1', 0, end + 2))?.[1]);
    if (Number.isNaN(status)) throw refuse(tunnel, 'HPE_INVALID_CONSTANT');
    bytes = bytes.subarray(end + HEAD_END.length);
    if (!isInterim(status)) return { status, rest: bytes };
  }
}

/** The next bytes of a socket, which stays paused. Rejects where it ends. */
function readMore(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.off('readable', read).off('close', fail).off('end', fail).off('error', fail);
    };
    const fail = (): void => {
      stop();
      reject(refuse(socket, 'ECONNRESET'));
    };
    const read = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      stop();
      resolve(bytes);
    };
    socket.on('readable', read).once('close', fail).once('end', fail).once('error', fail);
  });
}

function refuse(tunnel: Socket, code: string): Error {
  tunnel.destroy();
  return toError(`proxy: ${code}`);
}

function toError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
