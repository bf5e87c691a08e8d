import { createClient, createCluster } from '@keyv/redis';
import { RESP_TYPES } from '@redis/client';

/** A connection to Redis or Valkey, or to a cluster of them, that answers with bytes. */
export type RedisClient = ReturnType<typeof createBytesClient> | ReturnType<typeof createBytesCluster>;

/** How long to wait before connecting again: doubled from 50 ms up to 1 s, with a quarter of it at random. */
export function toReconnectDelayMs(attempts: number): number {
  return Math.min(1000, 50 * 2 ** Math.min(attempts, 10)) * (0.75 + Math.random() / 4);
}

/** How long a connection may take to be made, in milliseconds. */
const CONNECT_TIMEOUT_MS = 2000;
/** Commands under way at most: what is above it fails at once, and does not pile up behind a Redis that hangs. */
const MAX_COMMANDS = 4096;

/**
 * Makes a client, not yet connected: several addresses are nodes of one cluster. While there is no connection,
 * commands fail at once instead of queueing up.
 */
export function createRedisClient(urls: readonly string[]): RedisClient {
  return urls.length > 1 ? createBytesCluster(urls) : createBytesClient(urls[0] as string);
}

function toOptions() {
  return {
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_COMMANDS,
    socket: { connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: toReconnectDelayMs },
  };
}

const asBytes = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

function createBytesClient(url: string) {
  const client = createClient({ url, ...toOptions(), commandOptions: asBytes });
  // The HTTP server is what keeps the process alive; a connection that is still being made must not hold up its end.
  client.unref();
  return client;
}

function createBytesCluster(urls: readonly string[]) {
  const [first] = urls.map((url) => new URL(url));
  return createCluster({
    rootNodes: urls.map((url) => ({ url })),
    // Nodes are found by asking, and come back as bare addresses: what the first address says of the user and of TLS is for all.
    defaults: {
      ...toOptions(),
      ...(first?.username ? { username: decodeURIComponent(first.username) } : {}),
      ...(first?.password ? { password: decodeURIComponent(first.password) } : {}),
      socket: { ...toOptions().socket, ...(first?.protocol === 'rediss:' ? { tls: true as const } : {}) },
    },
    // A node is connected to when it is asked: one that is gone must not hold up the others, at the start or later.
    minimizeConnections: true,
    commandOptions: asBytes,
  });
}

/** Whether some node of a cluster still answers, whatever became of the others. Never for a single Redis. */
export function hasLiveNode(client: RedisClient): boolean {
  return '_slots' in client && client.masters.some((node) => node.client?.isReady === true);
}

/**
 * Asks a live node of a cluster which node has which slots now. The client itself does so only when a node says that a
 * slot has moved, and a node that is gone says nothing. Does nothing for a single Redis. Never rejects.
 */
export async function refreshSlots(client: RedisClient): Promise<void> {
  if (!('_slots' in client)) return;
  const live = client.masters.find((node) => node.client?.isReady === true)?.client;
  if (!live) return;
  try {
    await client._slots.rediscover(live as unknown as Parameters<typeof client._slots.rediscover>[0]);
  } catch {
    // No node could be asked; the next failure tries again.
  }
}
