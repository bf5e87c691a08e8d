import { createRedisStore } from '../../src/cache/redis/redis-store';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { openCacheRig, silentOutage, until, type CacheRig } from '../support/cache-fixtures';
import { startReplicatedCluster, type RedisServer } from '../support/redis-server';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

const CONTRACTS = Array.from({ length: 60 }, (_, i) => String(2000 + i));
const PATIENCE_MS = 60_000;

/** What it took to answer a request for each of the contracts. */
interface Round {
  readonly hits: number;
  readonly calls: number;
  readonly failed: number;
}

describe('a cluster of three primaries and three replicas, known by one address', () => {
  let nodes: RedisServer[] = [];
  let upstream: ScriptedUpstream;
  let rig: CacheRig;
  const outages: string[] = [];
  /** Of single nodes, and how many of them are over. */
  const nodeOutages: string[] = [];
  let ended = 0;

  beforeAll(async () => {
    nodes = await startReplicatedCluster();
    upstream = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url), 3) }));
    rig = openCacheRig({
      upstreamUrl: upstream.url,
      ttlSeconds: 3600,
      openStore: (observer) =>
        createRedisStore({
          urls: [(nodes[0] as RedisServer).url],
          observer,
          reads: { began: (reason) => void outages.push(reason), ended: () => undefined },
          writes: silentOutage,
          nodes: { began: (reason) => void nodeOutages.push(reason), ended: () => (ended += 1) },
          waitLimitMs: 1500,
        }),
    });
    await untilAllHit();
  }, 120_000);
  afterAll(async () => {
    await rig.close();
    await upstream.close();
    for (const node of nodes) await node.close();
  });

  async function askAll(): Promise<Round> {
    const before = upstream.requests.length;
    const answers = await Promise.allSettled(CONTRACTS.map((contract) => rig.ask('one', { contract })));
    const isHit = (answer: (typeof answers)[number]) => answer.status === 'fulfilled' && answer.value.received === null;
    return {
      hits: answers.filter(isHit).length,
      calls: upstream.requests.length - before,
      failed: answers.filter(({ status }) => status === 'rejected').length,
    };
  }

  /** Asks until everything comes out of the cache; no request may fail meanwhile. */
  async function untilAllHit(): Promise<void> {
    await until(async () => {
      const { hits, failed } = await askAll();
      expect(failed).toBe(0);
      return hits === CONTRACTS.length;
    }, PATIENCE_MS);
  }

  beforeEach(() => {
    nodeOutages.length = ended = 0;
  });

  const info = async (node: RedisServer, section: string) => String(await node.command('INFO', section));
  const slots = async (node: RedisServer) => (await node.command('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
  const byPort = (port: number) => nodes.find((node) => node.port === port) as RedisServer;

  /** Waits until each of these nodes sees a cluster without a failed primary, and its own replication is up. */
  async function healthy(those: readonly RedisServer[]): Promise<void> {
    for (const node of those) {
      await until(async () => {
        const state = String(await node.command('CLUSTER', 'INFO'));
        const replication = await info(node, 'replication');
        return state.includes('cluster_state:ok') && state.includes('cluster_slots_fail:0') && !replication.includes('link_status:down');
      }, PATIENCE_MS);
    }
  }

  test('loses no more than the keys of a primary that is killed, and hits as before once its replica has taken over', async () => {
    const [killed, ...others] = nodes as [RedisServer, ...RedisServer[]];
    await killed.kill();
    const during = await askAll();
    expect(during.failed).toBe(0);
    expect(during.hits).toBeGreaterThan(CONTRACTS.length / 3);
    expect(during.calls).toBe(CONTRACTS.length - during.hits);
    await until(async () => (await slots(others[0] as RedisServer)).every(([, , [, port]]) => port !== killed.port), PATIENCE_MS);
    await untilAllHit();
    expect(outages).toEqual([]);
    await killed.restart();
    await healthy(nodes);
    await untilAllHit();
  }, 120_000);

  /** A primary and its replicas. */
  async function shardOf(primary: RedisServer): Promise<RedisServer[]> {
    const id = String(await primary.command('CLUSTER', 'MYID'));
    const replicas = (await primary.command('CLUSTER', 'REPLICAS', id)) as string[];
    return [primary, ...replicas.map((line) => byPort(Number(/:(\d+)@/.exec(line)?.[1])))];
  }

  const anyPrimary = async () => byPort(((await slots(nodes[0] as RedisServer))[0] as [number, number, [string, number]])[2][1]);

  /** Of how many contracts a node has the bills. */
  async function countContracts(node: RedisServer): Promise<number> {
    const tags = (await node.scan()).map(({ name }) => /\{.*\}/.exec(name)?.[0]);
    return new Set(tags.filter((tag) => tag !== '{rights}')).size;
  }

  test('loses the keys of a node alone that hangs, tells it once, and hits as before when it goes on', async () => {
    const frozen = await anyPrimary();
    const others = CONTRACTS.length - (await countContracts(frozen));
    const shard = await shardOf(frozen);
    for (const node of shard) node.freeze();
    await until(async () => (await askAll()).hits === others && nodeOutages.length > 0, PATIENCE_MS);
    // It is tried in between, and nobody waits for that.
    for (let round = 0; round < 10; round++) {
      expect(await askAll()).toEqual({ hits: others, calls: CONTRACTS.length - others, failed: 0 });
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    expect([others > 0, others < CONTRACTS.length, [...rig.observer.out]]).toEqual([true, true, ['node']]);
    for (const node of shard) node.thaw();
    await untilAllHit();
    await until(() => rig.observer.out.size === 0);
    expect(nodeOutages).toEqual([expect.stringContaining(`node 127.0.0.1:${frozen.port}: `)]);
    expect([outages, ended]).toEqual([[], 1]);
    await healthy(nodes);
  }, 120_000);

  test('hits as before once the replica of a primary that hangs has taken over', async () => {
    const frozen = await anyPrimary();
    frozen.freeze();
    await untilAllHit();
    expect(outages).toEqual([]);
    expect(rig.observer.out.size).toBe(0);
    expect(nodeOutages.filter((reason) => !reason.includes(`:${frozen.port}: `))).toEqual([]);
    frozen.thaw();
    await healthy(nodes);
    await untilAllHit();
  }, 120_000);

  test('hits on while slots move to another primary', async () => {
    const [[from, , [, sourcePort]], [, , [, targetPort]]] = (await slots(nodes[1] as RedisServer)) as [
      [number, number, [string, number]],
      [number, number, [string, number]],
    ];
    const [source, target] = [byPort(sourcePort), byPort(targetPort)];
    const [sourceId, targetId] = [String(await source.command('CLUSTER', 'MYID')), String(await target.command('CLUSTER', 'MYID'))];
    const used: number[] = [];
    for (let slot = from; used.length < 8 && slot < from + 5000; slot++)
      if (Number(await source.command('CLUSTER', 'COUNTKEYSINSLOT', String(slot))) > 0) used.push(slot);
    const move = { isOver: false };
    const load = (async (): Promise<Round[]> => {
      const rounds: Round[] = [];
      do rounds.push(await askAll());
      while (!move.isOver);
      return rounds;
    })();
    for (const slot of used.map(String)) {
      await target.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId);
      await source.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId);
      const keys = (await source.command('CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[];
      await source.command('MIGRATE', '127.0.0.1', String(targetPort), '', '0', '5000', 'KEYS', ...keys);
      for (const node of [target, source]) await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', targetId);
    }
    move.isOver = true;
    const rounds = await load;
    expect(used.length).toBeGreaterThan(0);
    expect(rounds.map(({ failed }) => failed)).toEqual(rounds.map(() => 0));
    await untilAllHit();
    expect(outages).toEqual([]);
  }, 120_000);

  test('survives that all nodes are restarted in turn', async () => {
    for (const node of nodes) {
      await node.kill();
      expect((await askAll()).failed).toBe(0);
      await healthy(nodes.filter((other) => other !== node));
      await node.restart();
      await healthy(nodes);
      await untilAllHit();
    }
    expect(outages).toEqual([]);
  }, 240_000);

  test('without a replica for it, a primary that is lost costs its own keys alone, until it returns', async () => {
    const gone = await shardOf(await anyPrimary());
    for (const node of gone) await node.kill();
    for (let round = 0; round < 3; round++) {
      const { hits, calls, failed } = await askAll();
      expect(failed).toBe(0);
      expect(hits).toBeGreaterThan(CONTRACTS.length / 4);
      expect(calls).toBe(CONTRACTS.length - hits);
    }
    expect([outages, nodeOutages]).toEqual([[], [expect.stringContaining(`node 127.0.0.1:${gone[0]?.port}: `)]]);
    for (const node of gone) await node.restart();
    await untilAllHit();
    await until(() => ended === 1 && rig.observer.out.size === 0);
  }, 120_000);
});
