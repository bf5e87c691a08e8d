import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** How long an endpoint may take to show what it speaks, in milliseconds. */
const LIMIT_MS = 1000;

/**
 * Whether an endpoint speaks TLS where its address does not say so, or the reverse. From a client's side both look like
 * an outage: Redis resets the connection in the one case, and says nothing at all in the other. Never rejects.
 */
export function isTlsMismatch(url: string): Promise<boolean> {
  const { protocol, hostname, port } = new URL(url);
  const endpoint = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) };
  return new Promise((resolve) => {
    let socket: Socket;
    const end = (isMismatch: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isMismatch);
    };
    const timer = setTimeout(() => end(false), LIMIT_MS).unref();
    if (protocol.startsWith('rediss')) {
      socket = connectTcp(endpoint, () => socket.write('PING\r\n'));
      socket.once('data', (chunk) => end(/^[+-]/.test(chunk.toString('latin1'))));
    } else {
      // Nothing is sent over it: whose certificate it is does not matter.
      socket = connectTls({ ...endpoint, rejectUnauthorized: false }, () => end(true));
    }
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
