import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Why Redis cannot be used, for the operator. */
export interface FailureReason {
  /** The error's message, never a value. */
  readonly reason: string;
  /** What to do, where it is a mistake in the settings; null for an outage. */
  readonly advice: string | null;
}

/** Errors that mean a mistake in the settings, by code and message, and what to do about each. */
const MISTAKES: readonly (readonly [RegExp, string])[] = [
  [
    /WRONGPASS|NOAUTH|invalid password|invalid username-password|AUTH <password> called without/,
    'correct the user name and the password in REDIS_URL',
  ],
  [/^ ?MOVED/, 'REDIS_URL leads to a cluster, whose slots the user may not ask for: it needs the right +cluster|slots'],
  [/ENOTFOUND/, 'correct the host name in REDIS_URL'],
  [
    /cluster support disabled/,
    'REDIS_URL has several addresses, so they are taken for nodes of a cluster, and they are not: give ' +
      'one address, or those of the Sentinels as redis-sentinel://host,host/name',
  ],
  [/unknown command .?SENTINEL/i, 'the addresses in REDIS_URL are not those of Sentinels (whose usual port is 26379)'],
  [/no Sentinel knows/, 'correct the name at the end of REDIS_URL: it is the one in "sentinel monitor"'],
  [/DB index is out of range|SELECT is not allowed in cluster mode/, 'correct the number of the database in REDIS_URL'],
  [/speaks no TLS/, 'the port in REDIS_URL does not speak TLS: use redis://, or the TLS port'],
  [/speaks TLS/, 'the port in REDIS_URL speaks TLS: use rediss://'],
  [/alert.*certificate required|CERTIFICATE_REQUIRED|bad certificate|BAD_CERTIFICATE/i, 'set REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE'],
  [
    /SELF_SIGNED|self-signed|UNABLE_TO_VERIFY|unable to verify|UNABLE_TO_GET_ISSUER|unable to get local issuer|unknown ca/i,
    'the certificate of Redis is signed by an authority that is not known: set REDIS_TLS_CA_FILE',
  ],
  [/CERT_HAS_EXPIRED|certificate has expired/, 'renew the certificate of Redis'],
  [/ALTNAME_INVALID|altnames/, "the certificate of Redis is another host's: correct the host name in REDIS_URL"],
];

/** What the log says about an error. */
export function toFailureReason(error: unknown): FailureReason {
  const { code = '', message = '', name } = error as Partial<NodeJS.ErrnoException>;
  const mistake = MISTAKES.find(([pattern]) => pattern.test(`${code} ${message}`));
  // Where several addresses were tried, Node puts the reasons into an AggregateError that says nothing itself.
  return { reason: message || code || name || 'unknown', advice: mistake?.[1] ?? null };
}

/** What an endpoint fails with that speaks TLS where its address does not say so, or the reverse. */
export function toTlsMismatch(url: string): Error {
  return new Error(url.startsWith('rediss') ? 'the endpoint speaks no TLS' : 'the endpoint speaks TLS');
}

/** How long an endpoint may take to show what it speaks, in milliseconds. */
const SHOWN_WITHIN_MS = 1000;

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
    const timer = setTimeout(() => end(false), SHOWN_WITHIN_MS).unref();
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
