import { refine, TEXT, urls, whole } from '../kinds/kinds';
import type { Table } from '../kinds/setting';

const MIB = 1024 * 1024;
const DAY_SECONDS = 86_400;

export const CACHE = {
  redisUrls: {
    name: 'REDIS_URL',
    what: 'Redis or Valkey for a cache that several processes share, such as redis://127.0.0.1:6379, or rediss:// for TLS; for a cluster, addresses of its nodes separated by commas',
    kind: urls(['redis:', 'rediss:']),
    unset: "the process's own memory",
    secret: true,
  },
  redisWaitMs: {
    name: 'REDIS_WAIT_MS',
    what: 'How long an operation waits for Redis in all, in milliseconds; a Redis that takes more than a third of it, three times in a row, is bypassed until it is fast again',
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
