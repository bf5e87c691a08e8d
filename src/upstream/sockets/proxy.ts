import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';
import type { AddressMemory } from './address-memory';

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
 * Opens a tunnel through the proxy (CONNECT, RFC 9110, section 9.3.6). Rejects with an Error whose `code` gives the reason; it
 * discloses neither the proxy nor its credentials.
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
  const socket = new Promise<Socket>((resolve, reject) => {
    request.once('connect', ({ statusCode }, tunnel, early) => {
      const isTunnel = statusCode !== undefined && statusCode >= 200 && statusCode < 300;
      if (isTunnel && early.length === 0) {
        resolve(tunnel);
        return;
      }
      tunnel.destroy();
      reject(toError(isTunnel ? 'bytes came through the proxy before the request' : `the proxy answered ${statusCode ?? 0}`));
    });
    request.once('response', (response) => {
      response.destroy();
      reject(toError(`the proxy answered ${response.statusCode ?? 0}`));
    });
    request.once('error', (error: NodeJS.ErrnoException) => reject(toError(`proxy: ${error.code ?? 'closed'}`)));
    request.end();
  });
  return { socket, cancel: () => request.destroy() };
}

function toError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
