import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { toTlsOptions, type RedisTls } from './redis-client';

/** How long an endpoint may take to show what it speaks, in milliseconds. */
const SHOWN_WITHIN_MS = 1000;

/**
 * What is wrong with TLS between the gateway and an endpoint; null where nothing is, or nothing can be said. The client does
 * not always see it: to a client, an endpoint that speaks TLS where its address does not say so is silent, and the reverse
 * resets the connection; and an alert that refuses the client's certificate may arrive before the client listens for errors,
 * because a TLS 1.3 handshake ends for the client before the server has verified its certificate. Never rejects.
 */
export async function findTlsProblem(url: string, tls: RedisTls): Promise<Error | null> {
  if (!url.startsWith('rediss')) return (await speaksTls(url)) ? new Error('the endpoint speaks TLS') : null;
  if (await speaksPlainly(url)) return new Error('the endpoint speaks no TLS');
  return findRefusal(url, tls);
}

/** Whether a TLS handshake succeeds. Nothing is sent over it: whose certificate it is does not matter. */
async function speaksTls(url: string): Promise<boolean> {
  const socket = connectTls({ ...toEndpoint(url), rejectUnauthorized: false });
  return (await watch(socket, 'secureConnect')) === 'shown';
}

/** Whether it answers a command without TLS. */
async function speaksPlainly(url: string): Promise<boolean> {
  const socket = connectTcp(toEndpoint(url), () => socket.write('PING\r\n'));
  const isAnswer = (chunk: unknown): boolean => /^[+-]/.test(String(chunk));
  return (await watch(socket, 'data', isAnswer)) === 'shown';
}

/** Why the endpoint refuses TLS with these certificates, or the gateway refuses the endpoint's. */
async function findRefusal(url: string, tls: RedisTls): Promise<Error | null> {
  const socket = connectTls({ ...toEndpoint(url), ...toTlsOptions(tls) }, () => socket.write('PING\r\n'));
  const outcome = await watch(socket, 'data');
  return outcome instanceof Error ? outcome : null;
}

/** Resolves to `shown` when the event comes and fits, to the first error of the socket, or to null; and closes the socket. */
function watch(socket: Socket, event: string, fits: (value: unknown) => boolean = () => true): Promise<'shown' | Error | null> {
  return new Promise((resolve) => {
    const end = (outcome: 'shown' | Error | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => end(null), SHOWN_WITHIN_MS).unref();
    socket.once(event, (value: unknown) => end(fits(value) ? 'shown' : null));
    // A socket may fail again after its first error: each needs a listener.
    socket.on('error', end);
    socket.once('close', () => end(null));
  });
}

function toEndpoint(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (url.includes('-sentinel:') ? 26379 : 6379)) };
}
