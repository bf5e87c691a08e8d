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
  [/alert.*certificate (expired|revoked)/i, 'renew the certificate in REDIS_TLS_CERT_FILE, and restart the gateway'],
  [/alert.*unknown ca/i, 'Redis does not trust the certificate in REDIS_TLS_CERT_FILE: give one that an authority of Redis has signed'],
  [
    /SELF_SIGNED|self-signed|UNABLE_TO_VERIFY|unable to verify|UNABLE_TO_GET_ISSUER|unable to get local issuer/i,
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
