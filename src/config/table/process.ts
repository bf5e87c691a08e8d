import { choice, refine, TEXT, whole } from '../kinds/kinds';
import type { Kind, Table } from '../kinds/setting';

const HOST = refine(TEXT, 'a name or an IP address without a scheme, a port or brackets', (text) => /^[A-Za-z0-9._:%-]+$/.test(text));

/** "Production" or "prod" would otherwise be an environment of its own, and a person who writes it means production. */
const ENVIRONMENT = {
  ...refine(TEXT, 'written "production"', (text) => text === 'production' || !/^prod/i.test(text)),
};

const COUNT = whole(1, 256);
const WORKERS: Kind<number | 'auto'> = {
  form: 'a whole number from 1 to 256, or "auto"',
  absent: null,
  parse: (text) => (text === 'auto' ? text : COUNT.parse(text)),
};

export const PROCESS = {
  environment: {
    name: 'NODE_ENV',
    what:
      'development and test are for trying out: made-up bills, introspection, an explorer. Anything else, ' +
      'such as production or staging, has the defaults of production',
    kind: ENVIRONMENT,
    default: 'development',
  },
  host: { name: 'HOST', what: 'Address to listen on', kind: HOST, default: '127.0.0.1', inProduction: '0.0.0.0' },
  port: { name: 'PORT', what: 'Port to listen on; 0 is any free one', kind: whole(0, 65_535), default: '4000' },
  compression: {
    name: 'COMPRESSION',
    what: 'Whether responses of 2 KiB and more, and exports, are compressed for clients that accept gzip or br: on or off',
    kind: choice(['on', 'off']),
    default: 'on',
  },
  probePort: {
    name: 'PROBE_PORT',
    what: 'Port of /healthz, /readyz and /metrics, which are then not at PORT; 0 is any free one',
    kind: whole(0, 65_535),
    unset: 'the same as PORT',
  },
  listenBacklog: {
    name: 'LISTEN_BACKLOG',
    what:
      'Connections that may wait to be accepted; beyond, clients try again after a second. Linux allows no ' +
      'more than net.core.somaxconn',
    kind: whole(1, 1_000_000),
    default: '511',
  },
  workers: {
    name: 'WORKERS',
    what:
      'Processes that share the port; auto is one for each core. Each has its own connections to the ' +
      'billing API, and its part of CACHE_MAX_BYTES and UPSTREAM_MAX_PROCESS_BYTES',
    kind: WORKERS,
    default: '1',
  },
  logLevel: {
    name: 'LOG_LEVEL',
    what: 'fatal, error, warn, info, debug, trace or silent',
    kind: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    default: 'info',
  },
  logFormat: {
    name: 'LOG_FORMAT',
    what: 'json, or pretty: lines for a person at a terminal',
    kind: choice(['pretty', 'json']),
    unset: 'pretty on a terminal in development, json elsewhere',
  },
  drainDelayMs: {
    name: 'DRAIN_DELAY_MS',
    what: 'How long the gateway still serves after it reports that it is not ready, before it stops, in milliseconds',
    kind: whole(0, 600_000),
    default: '0',
    inProduction: '5000',
  },
} as const satisfies Table;
