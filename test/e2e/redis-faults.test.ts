import { toAskedBills, toBillsBody } from '../support/bills-body';
import { until } from '../support/cache-fixtures';
import { startGateway, type Gateway } from '../support/gateway';
import { findFreePort, startRedis, type RedisServer } from '../support/redis-server';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

const CONTRACT =
  'query ($id: ID!, $number: ID!) { customer(idType: "RUC", id: $id) { contract(number: $number) { dueDate invoices(first: 5) { nodes { number } } } } }';

/** A row of the table of faults in docs/caching.md. */
interface Fault {
  readonly use: 'read' | 'write' | 'lock';
  readonly log: RegExp;
  readonly end: string;
  begin(redis: RedisServer, proxy: TcpProxy): unknown;
  heal(redis: RedisServer, proxy: TcpProxy): unknown;
}

const UNREACHABLE = /the shared cache cannot be reached/;
const BACK = 'the shared cache is back';
const LATE = /no response within 25 ms, 3 times in a row.*the shared cache cannot be reached/;
const setDelay = (ms: number) => (_redis: RedisServer, proxy: TcpProxy) => (proxy.delayMs = ms);

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['50 ms slow', { use: 'read', log: LATE, end: BACK, begin: setDelay(50), heal: setDelay(0) }],
  ['500 ms slow', { use: 'read', log: LATE, end: BACK, begin: setDelay(500), heal: setDelay(0) }],
  ['hanging', { use: 'read', log: LATE, end: BACK, begin: (redis) => redis.freeze(), heal: (redis) => redis.thaw() }],
  [
    'without memory left',
    {
      use: 'write',
      log: /OOM.*the shared cache takes no entries/,
      end: 'the shared cache takes entries again',
      begin: (redis) => redis.command('CONFIG', 'SET', 'maxmemory', '1'),
      heal: (redis) => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
    },
  ],
  [
    'read-only',
    {
      use: 'write',
      log: /READONLY.*the shared cache takes no entries/,
      end: 'the shared cache takes entries again',
      begin: async (redis) => redis.command('REPLICAOF', '127.0.0.1', String(await findFreePort())),
      heal: (redis) => redis.command('REPLICAOF', 'NO', 'ONE'),
    },
  ],
  [
    'with another password',
    {
      use: 'read',
      log: /the shared cache cannot be reached.*correct the user name and the password in REDIS_URL/,
      end: BACK,
      begin: async (redis) => {
        await redis.command('ACL', 'SETUSER', 'gateway', 'resetpass', '>another');
        // A connection that is made already is not asked for the password again.
        await redis.command('CLIENT', 'KILL', 'USER', 'gateway');
      },
      heal: (redis) => redis.command('ACL', 'SETUSER', 'gateway', 'resetpass', '>right'),
    },
  ],
  [
    'without the right to release locks',
    {
      use: 'lock',
      log: /the shared cache allows no locks; Redis refuses EVAL, GET and DEL/,
      end: 'the shared cache allows locks again',
      begin: (redis) => redis.command('ACL', 'SETUSER', 'gateway', '-del'),
      heal: async (redis) => {
        await redis.command('ACL', 'SETUSER', 'gateway', '+del');
        await redis.command('CLIENT', 'KILL', 'USER', 'gateway');
      },
    },
  ],
  ['whose connections are cut', { use: 'read', log: UNREACHABLE, end: BACK, begin: (_redis, proxy) => proxy.cut(), heal: () => undefined }],
];

describe('A Redis', () => {
  let upstream: ScriptedUpstream;
  let redis: RedisServer;
  let proxy: TcpProxy;
  let gateway: Gateway;
  let next = 2000;

  beforeEach(async () => {
    upstream = await startScriptedUpstream(({ url }) => ({ body: toBillsBody(toAskedBills(url), 100) }));
    redis = await startRedis();
    await redis.command('ACL', 'SETUSER', 'gateway', 'on', '>right', '~*', '+@all');
    proxy = await startTcpProxy(redis.port);
  });
  afterEach(async () => {
    await gateway.close();
    await proxy.close();
    await upstream.close();
    await redis.close();
  });

  const start = async (scheme: string): Promise<void> => {
    gateway = await startGateway({
      BILLING_API_URL: upstream.url,
      CACHE_TTL_SECONDS: '300',
      REDIS_URL: `${scheme}://gateway:right@127.0.0.1:${proxy.port}`,
      CACHE_SECRET: 'the secret of these tests: 32 characters and more',
    });
  };

  /** Asks for a contract: never an error, and either a call or a hit. Tells which. */
  async function ask(number: number): Promise<'call' | 'hit'> {
    const { errors, data, extensions } = await gateway.query(CONTRACT, { id: '80012345', number: String(number) });
    expect(errors).toEqual([]);
    expect(data.customer.contract.invoices.nodes).toHaveLength(5);
    const { calls, cached } = extensions!['billing'] as { calls: number; cached: number };
    expect(calls + cached).toBe(1);
    return cached === 1 ? 'hit' : 'call';
  }

  /** Asks for a contract that nobody has asked for before, and then for it again. */
  async function askTwice(): Promise<'call' | 'hit'> {
    const number = next++;
    expect(await ask(number)).toBe('call');
    return ask(number);
  }

  const linesOf = (text: RegExp | string) =>
    gateway.logLines.filter((line) => (typeof text === 'string' ? line.includes(text) : text.test(line)));
  const metric = async (name: string, use: string): Promise<number> => {
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    return Number(new RegExp(`billing_gateway_${name}\\{use="${use}"\\} (\\d+)`).exec(text)?.[1]);
  };

  test.each(FAULTS)(
    '%s costs no client a response, is told once and counted, and is used again afterwards',
    async (_name, fault) => {
      await start('redis');
      await until(async () => (await askTwice()) === 'hit', 30_000);
      await fault.begin(redis, proxy);
      await until(async () => {
        await askTwice();
        return linesOf(fault.log).length > 0;
      }, 120_000);
      expect(await metric('cache_outages_total', fault.use)).toBeGreaterThan(0);
      await fault.heal(redis, proxy);
      await until(async () => {
        const isHit = (await askTwice()) === 'hit';
        return isHit && linesOf(fault.end).length > 0 && (await metric('cache_unavailable', fault.use)) === 0;
      }, 120_000);
      expect(linesOf(fault.log)).toHaveLength(1);
      expect(linesOf(fault.end)).toHaveLength(1);
    },
    120_000,
  );

  test('that does not speak TLS, where its address says so, is told once with what to do', async () => {
    await start('rediss');
    await until(async () => {
      await ask(next++);
      return linesOf(UNREACHABLE).length > 0;
    }, 120_000);
    expect(linesOf(UNREACHABLE)).toEqual([expect.stringContaining('the port in REDIS_URL does not speak TLS')]);
    expect(await metric('cache_unavailable', 'read')).toBe(1);
  }, 60_000);
});
