import { openCallLimiter, type OpenCallLimiter } from '../../src/cache/rate-limit/call-limiter';
import { TEST_SECRET, toCaller, until } from '../support/cache-fixtures';
import { startReplicatedCluster, type RedisServer } from '../support/redis-server';

const LIMIT = 6;
const PATIENCE_MS = 60_000;
/** Enough that each primary of the cluster has buckets of several. */
const TOKENS = 30;

/** How many calls each token got, and in what time. */
interface Grant {
  readonly calls: readonly number[];
  /** What one bucket holds, and what may have come into it meanwhile. */
  readonly most: number;
}

describe('buckets of calls in a cluster of three primaries and three replicas', () => {
  let nodes: RedisServer[] = [];
  /** What two processes have. */
  let limiters: OpenCallLimiter[] = [];
  const outages: string[] = [];
  let round = 0;

  beforeAll(async () => {
    nodes = await startReplicatedCluster();
    const open = async (): Promise<OpenCallLimiter> =>
      (await openCallLimiter({
        callsPerMinute: LIMIT,
        secret: TEST_SECRET,
        ofPrimary: null,
        redisUrls: [(nodes[0] as RedisServer).url],
        redisTls: { cert: null, key: null, ca: null },
        redisWaitMs: 6000,
        outages: { began: (reason) => void outages.push(reason), ended: () => undefined },
      })) as OpenCallLimiter;
    limiters = [await open(), await open()];
    await untilShared();
  }, 120_000);
  afterAll(async () => {
    for (const limiter of limiters) await limiter.close();
    for (const node of nodes) await node.close();
  });

  /** Has each process ask for as many calls of each token as a bucket holds, one by one and all at once. */
  async function grant(): Promise<Grant> {
    const startedMs = performance.now();
    const tokens = Array.from({ length: TOKENS }, (_, index) => toCaller(`token-${round}-${index}`));
    round++;
    const calls = await Promise.all(
      tokens.map(async (caller) => {
        const asked = limiters.flatMap((limiter) => Array.from({ length: LIMIT }, () => limiter.take(caller, 1)));
        return (await Promise.all(asked)).filter((shortage) => shortage === null).length;
      }),
    );
    return { calls, most: LIMIT + Math.ceil(((performance.now() - startedMs) * LIMIT) / 60_000) };
  }

  function isShared({ calls, most }: Grant): boolean {
    return Math.min(...calls) >= LIMIT && Math.max(...calls) <= most;
  }

  const untilShared = (): Promise<void> => until(async () => isShared(await grant()), PATIENCE_MS);

  const slots = async (node: RedisServer) => (await node.command('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];

  test('are shared by all processes, and spread over all primaries', async () => {
    for (let i = 0; i < 5; i++) expect(isShared(await grant())).toBe(true);
    const primaries = (await slots(nodes[0] as RedisServer)).map(([, , [, port]]) => port);
    for (const node of nodes.filter(({ port }) => primaries.includes(port)))
      expect((await node.scan()).filter(({ name }) => name.includes('{calls:')).length).toBeGreaterThan(0);
    expect(outages).toEqual([]);
  }, 120_000);

  test('take back what was not used, for whichever process asks next', async () => {
    const [one, two] = limiters as [OpenCallLimiter, OpenCallLimiter];
    const caller = toCaller('returned');
    expect(await one.take(caller, LIMIT)).toBeNull();
    expect(await two.take(caller, LIMIT)).toMatchObject({ limit: LIMIT });
    one.giveBack(caller, LIMIT);
    await until(async () => (await two.take(caller, LIMIT)) === null, PATIENCE_MS);
    expect(await one.take(caller, LIMIT)).toMatchObject({ limit: LIMIT });
  }, 120_000);

  test('limit nobody to less than a bucket while a primary is lost, and are shared again when its replica has taken over', async () => {
    const [killed, ...others] = nodes as [RedisServer, ...RedisServer[]];
    await killed.kill();
    const { calls, most } = await grant();
    // Each process counts for itself where it cannot ask.
    expect(Math.min(...calls)).toBeGreaterThanOrEqual(LIMIT);
    expect(Math.max(...calls)).toBeLessThanOrEqual(2 * most);
    await until(async () => (await slots(others[0] as RedisServer)).every(([, , [, port]]) => port !== killed.port), PATIENCE_MS);
    await untilShared();
    await killed.restart();
    await untilShared();
  }, 240_000);
});
