import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';

/** A value as it lies in Redis, byte for byte. */
export interface RawEntry {
  readonly name: string;
  readonly value: Buffer;
  /** What is left of its life, in milliseconds; -1 where it has none. */
  readonly ttlMs: number;
}

/** A real Redis that belongs to the test alone. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Ends it like a crash does, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>;
  /** Leaves its connections open and answers nothing, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Runs one command, and gives its answer. */
  command(...words: string[]): Promise<unknown>;
  /** All that it holds. */
  scan(): Promise<RawEntry[]>;
  close(): Promise<void>;
}

/**
 * Starts Debian's `redis-server` on a free port, with nothing on disk.
 * @param settings further words of its command line.
 */
export async function startRedis(...settings: string[]): Promise<RedisServer> {
  return startRedisOn(await findFreePort(), settings);
}

async function startRedisOn(port: number, settings: readonly string[]): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'redis-'));
  const url = `redis://127.0.0.1:${port}`;
  let child = await start(port, directory, settings);
  const server: RedisServer = {
    url,
    port,
    kill: () => end(child),
    restart: async () => {
      child = await start(port, directory, settings);
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    command: (...words) => withClient(url, (client) => client.sendCommand(words)),
    scan: () => withClient(url, readAll),
    close: async () => {
      await end(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return server;
}

const running = new Set<ChildProcess>();
// A test that fails before it closes its server must not leave it behind.
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

async function start(port: number, directory: string, settings: readonly string[]): Promise<ChildProcess> {
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory, ...settings];
  const child = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes('Ready to accept connections')) resolve();
    });
    child.once('error', () => reject(new Error('redis-server could not be started. Install it (Debian: apt-get install redis-server).')));
    child.once('exit', () => reject(new Error(`redis-server ended: ${said}`)));
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

type Client = ReturnType<typeof toClient>;

function toClient(url: string) {
  // A server that does not accept connections must fail the command, and not be waited for.
  return createClient({ url, RESP: 2, socket: { reconnectStrategy: false } });
}

/** Runs one command of the server at an address, and gives its answer. */
export function runRedisCommand(url: string, words: string[]): Promise<unknown> {
  return withClient(url, (client) => client.sendCommand(words));
}

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = toClient(url);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    if (client.isOpen) client.destroy();
  }
}

async function readAll(client: Client): Promise<RawEntry[]> {
  const bytes = client.withTypeMapping({ 36: Buffer }); // 36 is "$": the values, not the names
  const names = await client.keys('*');
  return Promise.all(
    names.map(async (name) => ({ name, value: (await bytes.get(name)) as unknown as Buffer, ttlMs: await client.pTTL(name) })),
  );
}

/** A port that nothing listens on now. */
export async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Starts a cluster of two nodes, half of the slots each. */
export async function startRedisCluster(): Promise<RedisServer[]> {
  const nodes = [await startClusterNode(), await startClusterNode()];
  const [first, second] = nodes as [ClusterNode, ClusterNode];
  await first.command('CLUSTER', 'ADDSLOTSRANGE', '0', '8191');
  await second.command('CLUSTER', 'ADDSLOTSRANGE', '8192', '16383');
  await first.command('CLUSTER', 'MEET', '127.0.0.1', String(second.port), String(second.busPort));
  for (const node of nodes) {
    for (let info = ''; !info.includes('cluster_state:ok'); info = String(await node.command('CLUSTER', 'INFO')))
      await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return nodes;
}

/** Starts a cluster of three primaries with a replica each, which takes over within a second or two: primaries first. */
export async function startReplicatedCluster(): Promise<RedisServer[]> {
  const nodes = [];
  for (let i = 0; i < 6; i++)
    nodes.push(
      await startClusterNode(
        '--cluster-node-timeout',
        '1000',
        '--cluster-replica-validity-factor',
        '0',
        '--cluster-require-full-coverage',
        'no',
        '--repl-diskless-sync-delay',
        '0',
      ),
    );
  const [first] = nodes as [ClusterNode];
  for (const node of nodes.slice(1)) await first.command('CLUSTER', 'MEET', '127.0.0.1', String(node.port), String(node.busPort));
  for (const [place, from, to] of [
    [0, 0, 5460],
    [1, 5461, 10922],
    [2, 10923, 16383],
  ] as const)
    await nodes[place]?.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
  for (const node of nodes) await untilInfo(node, ['cluster_state:ok', 'cluster_known_nodes:6']);
  for (const place of [0, 1, 2]) {
    const id = String(await nodes[place]?.command('CLUSTER', 'MYID'));
    await nodes[place + 3]?.command('CLUSTER', 'REPLICATE', id);
  }
  for (const node of nodes.slice(3)) await untilInfo(node, ['master_link_status:up'], 'replication');
  return nodes;
}

async function untilInfo(node: RedisServer, wanted: readonly string[], section?: string): Promise<void> {
  for (let info = ''; !wanted.every((text) => info.includes(text));) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    info = String(await (section ? node.command('INFO', section) : node.command('CLUSTER', 'INFO')));
  }
}

interface ClusterNode extends RedisServer {
  /** Where nodes speak among themselves. */
  readonly busPort: number;
}

async function startClusterNode(...settings: string[]): Promise<ClusterNode> {
  const busPort = await findFreePort();
  const node = await startRedis(
    '--cluster-enabled',
    'yes',
    '--cluster-node-timeout',
    '2000',
    '--cluster-port',
    String(busPort),
    ...settings,
  );
  return { ...node, busPort };
}
