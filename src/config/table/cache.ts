import { createPrivateKey, X509Certificate } from 'node:crypto';
import { file, refine, TEXT, urls, whole } from '../kinds/kinds';
import { REFUSED, type Kind, type Table } from '../kinds/setting';

const MIB = 1024 * 1024;
const DAY_SECONDS = 86_400;

const NODES = urls(['redis:', 'rediss:']);

/**
 * Addresses of Redis. Those of Sentinels are written as one, `redis-sentinel://user:password@host:port,host/name`, and
 * become one for each host.
 */
const REDIS: Kind<readonly string[], readonly string[]> = {
  ...NODES,
  form:
    'an address that starts with redis:// or rediss://, several of them separated by commas, or ' +
    'redis-sentinel://host,host/name (rediss-sentinel:// for TLS)',
  parse: (text) => {
    const [, scheme, credentials = '', hosts, name] = /^(rediss?-sentinel:)\/\/([^@/]*@)?([^@/]+)\/([^/?#]+)$/.exec(text) ?? [];
    if (!scheme || !hosts) return NODES.parse(text);
    const all = hosts.split(',').map((host) => `${scheme}//${credentials}${host.trim()}/${name}`);
    return all.every((each) => URL.canParse(each) && new URL(each).hostname !== '') ? all : REFUSED;
  },
};

/** The content of a file with certificates. */
const CERTIFICATES = file('the path of a file with certificates in PEM form', (content) => {
  for (const [pem] of content.matchAll(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)) assertCertificate(pem);
  if (!content.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it holds no certificate');
  return content;
});

/** The content of a file with a private key. */
const PRIVATE_KEY = file('the path of a file with a private key in PEM form', (content) => {
  try {
    createPrivateKey(content);
  } catch {
    // What OpenSSL says quotes nothing, and explains nothing.
    throw new Error('it holds no private key without a passphrase');
  }
  return content;
});

function assertCertificate(pem: string): void {
  try {
    new X509Certificate(pem);
  } catch {
    throw new Error('a certificate in it is damaged');
  }
}

export const CACHE = {
  redisUrls: {
    name: 'REDIS_URL',
    what:
      'Redis or Valkey for a cache that several processes share, such as redis://127.0.0.1:6379, or ' +
      'rediss:// for TLS; for a cluster, its configuration endpoint or addresses of its nodes separated by ' +
      'commas; for Sentinels, redis-sentinel://host,host/name',
    kind: REDIS,
    unset: "the process's own memory",
    secret: true,
  },
  redisTlsCert: {
    name: 'REDIS_TLS_CERT_FILE',
    what: "The gateway's certificate, where Redis asks for one",
    kind: CERTIFICATES,
    unset: 'no certificate',
  },
  redisTlsKey: {
    name: 'REDIS_TLS_KEY_FILE',
    what: 'The private key of that certificate',
    kind: PRIVATE_KEY,
    unset: 'no key',
  },
  redisTlsCa: {
    name: 'REDIS_TLS_CA_FILE',
    what: "The authorities that may have signed Redis's certificate",
    kind: CERTIFICATES,
    unset: "Node's own",
  },
  redisWaitMs: {
    name: 'REDIS_WAIT_MS',
    what:
      'How long an operation waits for Redis in all, in milliseconds; a Redis that takes more than a third ' +
      'of it, three times in a row, is bypassed until it is fast again',
    kind: whole(1, 60_000),
    // A Redis nearby responds within 1 ms, and within 10 ms on a bad day; the billing API takes tens to hundreds.
    default: '75',
  },
  cacheSecret: {
    name: 'CACHE_SECRET',
    what: 'At least 32 characters, the same on every process that shares a Redis. Required with REDIS_URL',
    kind: refine(TEXT, 'a text of at least 32 characters', (text) => text.length >= 32),
    unset: 'a random one for each process',
    secret: true,
  },
  cacheTtlSeconds: {
    name: 'CACHE_TTL_SECONDS',
    what: 'How long an answer of the billing API is cached, in seconds; 0 turns the cache off',
    kind: whole(0, DAY_SECONDS),
    default: '30',
  },
  cacheStaleSeconds: {
    name: 'CACHE_STALE_SECONDS',
    what: 'How long past that it may still be served when the billing API fails (stale-if-error), in seconds; 0 turns this off',
    kind: whole(0, DAY_SECONDS),
    default: '0',
  },
  cacheMaxBytes: {
    name: 'CACHE_MAX_BYTES',
    what: 'Memory that the cache may take, in bytes',
    kind: whole(1024, 64 * 1024 * MIB),
    default: '134217728',
  },
} as const satisfies Table;
