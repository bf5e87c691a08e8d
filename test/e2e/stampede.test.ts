import { toAskedBills, toBillsBody } from '../support/bills-body';
import { until } from '../support/cache-fixtures';
import { startGateway, toAnswer, type Gateway, type GraphqlAnswer } from '../support/gateway';
import { spawnGateway } from '../support/gateway-process';
import { startRedis, type RedisServer } from '../support/redis-server';
import { startScriptedUpstream, type RecordedRequest, type ScriptedAnswer, type ScriptedUpstream } from '../support/scripted-upstream';

const SECRET = 'the secret of these tests: 32 characters and more';
const CONTRACT =
  'query ($id: ID!, $number: ID!) { customer(idType: "RUC", id: $id) { contract(number: $number) { dueDate invoices(first: 5) { nodes { number } } } } }';
const LOCK = /^bills:2:\{[\w-]{43}\}\/\d+\.\d+!$/;

describe('equal questions that come to several processes at once', () => {
  let upstream: ScriptedUpstream;
  let redis: RedisServer;
  let open: () => void;
  /** What the billing API answers to the contract under test, once the gate is open; others are answered at once. */
  let answer: (request: RecordedRequest, index: number) => ScriptedAnswer;
  const gateways: Gateway[] = [];
  const good = ({ url, headers }: RecordedRequest): ScriptedAnswer => ({
    body: toBillsBody(toAskedBills(url), 100, { dueDate: headers.authorization }),
  });
  const dueDateOf = ({ data }: GraphqlAnswer): unknown => data.customer.contract.dueDate;
  const calls = () => upstream.requests.filter(({ url }) => toAskedBills(url).contractNumber === '1001');

  beforeEach(async () => {
    const gate = new Promise<void>((resolve) => (open = resolve));
    answer = good;
    upstream = await startScriptedUpstream(async (request) => {
      if (toAskedBills(request.url).contractNumber !== '1001') return good(request);
      const index = calls().length - 1;
      await gate;
      return answer(request, index);
    });
    redis = await startRedis();
  });
  afterEach(async () => {
    open();
    for (const gateway of gateways.splice(0)) await gateway.close();
    await upstream.close();
    await redis.close();
  });

  const settings = () => ({
    BILLING_API_URL: upstream.url,
    BILLING_API_RETRIES: '0',
    REDIS_URL: redis.url,
    // On a busy machine, too, Redis is not too slow to take locks in.
    REDIS_WAIT_MS: '20000',
    CACHE_SECRET: SECRET,
    CACHE_TTL_SECONDS: '30',
  });
  const ask = (gateway: Gateway, token = 'one', headers = {}): Promise<GraphqlAnswer> =>
    gateway.query(CONTRACT, { id: '80012345', number: '1001' }, { token, headers });
  const probe = (query: () => Promise<GraphqlAnswer>) => until(async () => (await query()).extensions?.['billing'].cached === 1);
  /** How waits for another process's call have ended, as the metrics of the gateway tell it. */
  const waits = async ({ url }: Gateway) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Object.fromEntries(
      [...text.matchAll(/cache_lock_waits_total\{outcome="([\w-]+)"\} (\d+)/g)].map(([, outcome, count]) => [
        outcome as string,
        Number(count),
      ]),
    ) as Record<string, number>;
  };
  const locks = async () => (await redis.scan()).filter(({ name }) => name.endsWith('!'));

  async function start(others: Record<string, string> = {}): Promise<Gateway> {
    const gateway = await startGateway({ ...settings(), ...others });
    gateways.push(gateway);
    // It connects in the background.
    if (others['CACHE_TTL_SECONDS'] !== '0')
      await probe(() => gateway.query(CONTRACT, { id: '80012345', number: '999' }, { token: 'probe' }));
    return gateway;
  }

  test('are one call to the billing API', async () => {
    const [first, second] = [await start(), await start()];
    const tenOf = (gateway: Gateway) => Promise.all(Array.from({ length: 10 }, () => ask(gateway)));
    const asking = tenOf(first);
    await until(async () => (await locks()).length === 1);
    const waiting = tenOf(second);
    await waitsAtTheLock(waiting);
    open();
    const answers = (await Promise.all([asking, waiting])).flat();
    expect([await waits(first), await waits(second)]).toEqual([
      { answered: 0, unanswered: 0, 'gave-up': 0 },
      { answered: 1, unanswered: 0, 'gave-up': 0 },
    ]);
    expect(answers.map(dueDateOf)).toEqual(answers.map(() => 'Bearer one'));
    expect(calls()).toHaveLength(1);
    expect(answers.reduce((sum, { extensions }) => sum + Number(extensions?.['billing'].calls), 0)).toBe(1);
    await until(async () => (await locks()).length === 0);
  });

  test('of two callers are never one call, and each has its own answer', async () => {
    const [first, second] = [await start(), await start()];
    const asking = ['one', 'two', 'one', 'two'].map((token, index) => ask(index < 2 ? first : second, token));
    await until(() => calls().length >= 2);
    open();
    expect((await Promise.all(asking)).map(dueDateOf)).toEqual(['Bearer one', 'Bearer two', 'Bearer one', 'Bearer two']);
    // A Redis that is slow on a busy machine is passed over, and then both processes make both calls.
    const callers = calls().map(({ headers }) => headers.authorization);
    expect([...new Set(callers)].sort()).toEqual(['Bearer one', 'Bearer two']);
    expect(callers.length).toBeLessThanOrEqual(asking.length);
  });

  test('are locked under a name, and with a value, that tell neither caller nor customer', async () => {
    const gateway = await start();
    const asking = ask(gateway, 'secret-token');
    await until(async () => (await locks()).length === 1);
    const [{ name, value, ttlMs }] = (await locks()) as [{ name: string; value: Buffer; ttlMs: number }];
    expect(name).toMatch(LOCK);
    expect(value.toString()).toMatch(/^[0-9a-f-]{36}$/);
    expect(ttlMs).toBeGreaterThan(0);
    expect(ttlMs).toBeLessThanOrEqual(3000);
    open();
    await asking;
  });

  test('do not wait longer than the call under way where it fails, and make calls of their own', async () => {
    const [first, second] = [await start(), await start()];
    answer = (request, index) => (index === 0 ? { status: 500 } : good(request));
    const failing = ask(first);
    await until(async () => (await locks()).length === 1);
    const waiting = ask(second);
    await waitsAtTheLock(waiting);
    open();
    expect((await failing).errors).toHaveLength(1);
    expect(dueDateOf(await waiting)).toBe('Bearer one');
    expect(await waits(second)).toEqual({ answered: 0, unanswered: 1, 'gave-up': 0 });
  });

  test('where answers may not be kept, wait for the first one at most, and from then on not at all', async () => {
    const [first, second] = [await start(), await start()];
    let isHeld = true;
    answer = (request) => ({ ...good(request), headers: { 'cache-control': 'no-store' } });
    const asking = [ask(first), ask(second)];
    await until(async () => (await locks()).length === 1);
    open();
    for (const { errors } of await Promise.all(asking)) expect(errors).toEqual([]);
    expect(calls()).toHaveLength(2);
    // Both have seen it now: their next calls are under way together.
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    upstream.setScript(async (request) => {
      if (isHeld) await held;
      return { ...good(request), headers: { 'cache-control': 'no-store' } };
    });
    const again = [ask(first), ask(second)];
    await until(() => calls().length === 4);
    isHeld = false;
    release();
    for (const { errors } of await Promise.all(again)) expect(errors).toEqual([]);
  });

  test('wait for a process that died for a quarter of their time at most', async () => {
    const second = await start();
    const dying = spawnGateway({ ...settings(), LOG_LEVEL: 'info' });
    const url = await dying.ready();
    const post = (number: string, token: string) =>
      fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: CONTRACT, variables: { id: '80012345', number } }),
      });
    await probe(async () => toAnswer(await post('999', 'other-probe')));
    const lost = post('1001', 'one').catch(() => null);
    await until(async () => (await locks()).length === 1 && calls().length === 1);
    await dying.kill();
    await lost;
    expect(await locks()).toHaveLength(1);
    // The lock of the dead stays for as long as the test wants: what ends the wait is its own bound.
    await redis.command('PERSIST', ((await locks())[0] as { name: string }).name);
    open();
    const answered = await ask(second, 'one', { 'x-request-timeout-ms': '1200' });
    expect(answered.errors).toEqual([]);
    expect(dueDateOf(answered)).toBe('Bearer one');
    expect(calls()).toHaveLength(2);
    expect(await waits(second)).toEqual({ answered: 0, unanswered: 0, 'gave-up': 1 });
  });

  test('leave no lock behind when their process stops under load', async () => {
    for (let round = 0; round < 3; round++) {
      const gateway = await start();
      const before = upstream.requests.length;
      // Those whose connection was not taken any more are refused, and whoever balances the load sends them elsewhere.
      const asking = Array.from({ length: 40 }, (_, index) =>
        gateway.query(CONTRACT, { id: '80012345', number: String(2000 + round * 100 + index) }, { token: 'one' }).catch(() => null),
      );
      await until(() => upstream.requests.length > before);
      await gateways.pop()?.close();
      await Promise.all(asking);
      expect((await locks()).map(({ ttlMs }) => ttlMs)).toEqual([]);
    }
  });

  test('stop waiting when their client has gone, and make no call', async () => {
    const [first, second] = [await start(), await start()];
    const asking = ask(first);
    await until(async () => (await locks()).length === 1);
    const leaving = new AbortController();
    const left = second.query(CONTRACT, { id: '80012345', number: '1001' }, { token: 'one', signal: leaving.signal }).catch(() => 'left');
    await waitsAtTheLock(left);
    leaving.abort();
    expect(await left).toBe('left');
    answer = () => ({ status: 500 });
    open();
    expect((await asking).errors).toHaveLength(1);
    await until(async () => (await locks()).length === 0);
    // The one that left would have come by now: this one, asked later, has been answered.
    await second.query(CONTRACT, { id: '80012345', number: '1002' }, { token: 'one' });
    expect(calls()).toHaveLength(1);
  });

  test('go on at once, without a lock, when Redis is lost', async () => {
    const [first, second] = [await start(), await start()];
    const asking = ask(first);
    await until(async () => (await locks()).length === 1);
    const waiting = ask(second);
    await waitsAtTheLock(waiting);
    await redis.kill();
    await until(() => calls().length === 2);
    open();
    for (const { errors } of await Promise.all([asking, waiting])) expect(errors).toEqual([]);
  });

  test('are not held together where the shared cache is off', async () => {
    const [first, second] = [await start({ CACHE_TTL_SECONDS: '0' }), await start({ CACHE_TTL_SECONDS: '0' })];
    const asking = [ask(first), ask(second)];
    await until(() => calls().length === 2);
    expect(await redis.scan()).toEqual([]);
    open();
    await Promise.all(asking);
  });

  /** Waits until the question looks at the lock, as Redis counts the commands; fails where it is answered. */
  async function waitsAtTheLock(question: Promise<unknown>): Promise<void> {
    let isOver = false;
    const end = (): void => void (isOver = true);
    question.then(end, end);
    const looks = async (): Promise<number> =>
      Number(/cmdstat_mget:calls=(\d+)/.exec(String(await redis.command('INFO', 'commandstats')))?.[1] ?? 0);
    const before = await looks();
    await until(async () => (await looks()) >= before + 3);
    expect(isOver).toBe(false);
  }
});
