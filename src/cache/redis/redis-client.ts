import { createClient, createCluster } from '@keyv/redis';
import { RESP_TYPES } from '@redis/client';

/** A connection to Redis or Valkey, or to a cluster of them, that answers with bytes. */
export type RedisClient = SingleClient | ClusterClient;
export type SingleClient = ReturnType<typeof createSingleClient>;
export type ClusterClient = ReturnType<typeof createClusterClient>;

/** Certificates for TLS, in PEM; null: none of the gateway's own, and the system's authorities. */
export interface RedisTls {
  readonly cert: string | null;
  readonly key: string | null;
  readonly ca: string | null;
}

/** How long to wait before connecting again: doubled from 50 ms up to 1 s, with a quarter of it at random. */
export function toReconnectDelayMs(attempts: number): number {
  return Math.min(1000, 50 * 2 ** Math.min(attempts, 10)) * (0.75 + Math.random() / 4);
}

/** How long a TCP connection may take to be made, in milliseconds. */
const CONNECT_TIMEOUT_MS = 2000;
/** Commands under way at most: what is above it fails at once, and does not pile up behind a Redis that hangs. */
const MAX_COMMANDS = 4096;
/**
 * A connection to a node of a cluster that is silent for so long is taken to be dead, in milliseconds, and made anew. So
 * that none is silent for want of commands, each is pinged.
 */
const SILENT_MS = 3000;
const PING_EVERY_MS = 1000;

const asBytes = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

// While there is no connection, commands fail at once instead of queueing up.
const LIMITS = { disableOfflineQueue: true, commandsQueueMaxLength: MAX_COMMANDS };

/**
 * A signal that never aborts. Given one, Node.js listens for all errors of a socket: an alert that refuses the certificate may arrive
 * between the handshake and the moment when the client listens, and would end the process.
 */
const NEVER = new AbortController().signal;
// Node.js does not remove the listener of a socket that is closed, so that each attempt to connect would leave its socket behind.
NEVER.addEventListener = () => undefined;

/** Options of `tls.connect`. */
export function toTlsOptions({ cert, key, ca }: RedisTls) {
  return { tls: true as const, signal: NEVER, ...(cert ? { cert } : {}), ...(key ? { key } : {}), ...(ca ? { ca } : {}) };
}

/** Makes a client of one Redis, not yet connected. It does not connect again by itself. */
export function createSingleClient(url: string, tls: RedisTls) {
  const socket = { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false as const };
  const client = createClient({
    url,
    ...LIMITS,
    socket: url.startsWith('rediss:') ? { ...socket, ...toTlsOptions(tls) } : socket,
    commandOptions: asBytes,
  });
  // The HTTP server is what keeps the process alive; a connection that is still being made must not hold up its end.
  client.unref();
  return client;
}

/** Makes a client of a cluster of which these are nodes, not yet connected. */
export function createClusterClient(urls: readonly string[], tls: RedisTls) {
  const [first] = urls.map((url) => new URL(url));
  const socket = { connectTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SILENT_MS, reconnectStrategy: toReconnectDelayMs };
  return createCluster({
    rootNodes: urls.map((url) => ({ url })),
    // Nodes are found by asking, and come back as bare addresses: what the first address says of the user and of TLS is for all.
    defaults: {
      ...LIMITS,
      pingInterval: PING_EVERY_MS,
      ...(first?.username ? { username: decodeURIComponent(first.username) } : {}),
      ...(first?.password ? { password: decodeURIComponent(first.password) } : {}),
      socket: first?.protocol === 'rediss:' ? { ...socket, ...toTlsOptions(tls) } : socket,
    },
    // A node is connected to when it is asked: one that is gone must not hold up the others, at the start or later.
    minimizeConnections: true,
    commandOptions: asBytes,
  });
}

export function isCluster(client: RedisClient): client is ClusterClient {
  return '_slots' in client;
}

/** Closes the connection without waiting for commands under way, if it is open. */
export function destroyClient(client: RedisClient): void {
  // `destroy` refuses what is not open.
  if (client.isOpen) client.destroy();
}

/** Whether some node of a cluster still answers, whatever became of the others. Never for a single Redis. */
export function hasLiveNode(client: RedisClient): boolean {
  return isCluster(client) && client.masters.some((node) => node.client?.isReady === true);
}

/**
 * Asks a live node of a cluster which node has which slots now. The client itself does so only when a node says that a
 * slot has moved, and a node that is gone says nothing. Does nothing for a single Redis. Never rejects.
 */
export async function refreshSlots(client: RedisClient, isOut: (address: string) => boolean = () => false): Promise<void> {
  if (!isCluster(client)) return;
  // A node that hangs has a connection, too, and would keep this waiting.
  const live = client.masters.find(({ client: node, address }) => node?.isReady === true && !isOut(address))?.client;
  if (!live) return;
  try {
    await client._slots.rediscover(live as unknown as Parameters<typeof client._slots.rediscover>[0]);
  } catch {
    // No node could be asked; the next failure tries again.
  }
}
