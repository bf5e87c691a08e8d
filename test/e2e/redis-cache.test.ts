import { toAskedBills, toBillsBody } from '../support/bills-body';
import { until } from '../support/cache-fixtures';
import { startGateway, type Gateway } from '../support/gateway';
import { findFreePort, startRedis, type RawEntry, type RedisServer } from '../support/redis-server';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';
import { startTcpProxy } from '../support/tcp-proxy';

const SECRET = 'the secret of these tests: 32 characters and more';
const CONTRACT =
  'query ($id: ID!, $number: ID!, $first: Int) { customer(idType: "RUC", id: $id) { contract(number: $number) { dueDate billingAddresses { street } invoices(first: $first) { nodes { number amount } } } } }';
const variables = { id: '80012345', number: '1001', first: 5 };

describe('the shared cache in Redis', () => {
  let upstream: ScriptedUpstream;
  let redis: RedisServer;
  const gateways: Gateway[] = [];

  beforeEach(async () => {
    upstream = await startScriptedUpstream(({ url, headers }) => ({
      body: toBillsBody(toAskedBills(url), 100, { dueDate: headers.authorization }),
    }));
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const gateway of gateways.splice(0)) await gateway.close();
    await upstream.close();
    await redis.close();
  });

  async function start(settings: Record<string, string> = {}): Promise<Gateway> {
    const gateway = await startGateway({
      BILLING_API_URL: upstream.url,
      CACHE_TTL_SECONDS: '30',
      REDIS_URL: redis.url,
      CACHE_SECRET: SECRET,
      ...settings,
    });
    gateways.push(gateway);
    return gateway;
  }

  /** Waits until the gateway remembers: it connects in the background. */
  async function connected(gateway: Gateway): Promise<void> {
    await until(async () => {
      await gateway.query(CONTRACT, { ...variables, number: '999' }, { token: 'probe' });
      return (await gateway.query(CONTRACT, { ...variables, number: '999' }, { token: 'probe' })).extensions?.['billing'].cached === 1;
    });
  }

  const linesAbout = (gateway: Gateway, text: string) => gateway.logLines.filter((line) => line.includes(text));

  test('is shared by processes that share the secret, survives their end, and is no use to others', async () => {
    const first = await start();
    await connected(first);
    await first.query(CONTRACT, variables);
    const second = await start();
    await connected(second);
    const before = upstream.requests.length;
    const { data, extensions } = await second.query(CONTRACT, variables);
    expect(data.customer.contract.dueDate).toBe('Bearer test-token');
    expect(extensions?.['billing']).toMatchObject({ calls: 0, cached: 1 });
    const stranger = await start({ CACHE_SECRET: `${SECRET}, but another` });
    await connected(stranger);
    expect((await stranger.query(CONTRACT, variables)).extensions?.['billing']).toMatchObject({ calls: 1, cached: 0 });
    expect((await second.query(CONTRACT, variables, { token: 'other' })).data.customer.contract.dueDate).toBe('Bearer other');
    expect(upstream.requests.length - before).toBeGreaterThanOrEqual(2);
  });

  test('tells which tokens the billing API has accepted: they have their share of the requests under way in a new process', async () => {
    const first = await start();
    await connected(first);
    await first.query(CONTRACT, variables, { token: 'genuine' });
    await until(async () => (await first.query(CONTRACT, variables, { token: 'genuine' })).extensions?.['billing'].cached === 1);
    const second = await start({ MAX_CONCURRENT_REQUESTS: '16', REQUEST_DEADLINE_MS: '600000', BILLING_API_TIMEOUT_MS: '600000' });
    await connected(second);
    expect((await second.query(CONTRACT, variables, { token: 'genuine' })).extensions?.['billing']).toMatchObject({ calls: 0, cached: 1 });
    upstream.setScript(() => ({ hang: 'before-headers' }));
    const junk = Array.from({ length: 40 }, (_, index) =>
      second.query(CONTRACT, { ...variables, number: '1' }, { token: `junk-${index}` }).catch(() => null),
    );
    // As many as may are under way, and the others have been refused.
    await Promise.any(junk.map(async (answer) => expect((await answer)?.status).toBe(503)));
    expect((await second.query(CONTRACT, variables, { token: 'genuine' })).status).toBe(200);
    expect((await second.query(CONTRACT, variables, { token: 'a-new-one' })).status).toBe(503);
    await upstream.close();
    await Promise.all(junk);
  });

  test('holds no token, no customer, no street and no amount in clear, and nothing without an end', async () => {
    const token = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0b2tlbi1zdWJqZWN0In0.c2lnbmF0dXJl';
    const secrets = [
      token,
      'token-subject',
      '80012345',
      '80099887',
      '7001001',
      '987654321',
      'Calle Secreta',
      'RUC',
      'Bearer',
      'invoiceNumber',
      SECRET,
    ];
    const gateway = await start({ CACHE_STALE_SECONDS: '60' });
    await connected(gateway);
    upstream.setScript(({ url }) => ({
      body: toBillsBody(toAskedBills(url), 100, {
        billingAddress: [{ street: 'Calle Secreta 12' }],
        invoiceCollection: [{ invoiceNumber: '7001001-1', invoiceAmount: 987654321 }],
      }),
    }));
    for (const id of ['80012345', '80099887']) {
      for (const first of [5, 50, 1]) await gateway.query(CONTRACT, { id, number: '7001001', first }, { token });
    }
    upstream.setScript(() => ({ status: 404 }));
    await gateway.query(CONTRACT, { id: '80012345', number: '7001002', first: 5 }, { token });

    let entries = await redis.scan();
    await until(async () => (entries = await redis.scan()).length >= 6);
    expect(findInClear(entries, secrets)).toEqual([]);
    expect(entries.filter(({ ttlMs }) => ttlMs <= 0 || ttlMs > 90_000)).toEqual([]);

    // The companion: the same search finds what lies there unsealed, and what has no end.
    await redis.command(
      'SET',
      'customer 80012345',
      JSON.stringify({ street: 'Calle Secreta 12', invoiceAmount: 987654321, by: Buffer.from(token).toString('hex') }),
    );
    entries = await redis.scan();
    expect(findInClear(entries, secrets)).toEqual([token, '80012345', '987654321', 'Calle Secreta']);
    expect(entries.filter(({ ttlMs }) => ttlMs <= 0)).toHaveLength(1);
  });

  test('an entry that was moved under another name, or changed, is a miss', async () => {
    const gateway = await start();
    await connected(gateway);
    await gateway.query(CONTRACT, variables, { token: 'one' });
    await until(async () => (await redis.scan()).length >= 4);
    const names = (await redis.scan()).map(({ name }) => name);
    await gateway.query(CONTRACT, variables, { token: 'two' });
    const others = (await redis.scan()).map(({ name }) => name).filter((name) => !names.includes(name));
    for (const [place, name] of others.entries()) await redis.command('COPY', names[place % names.length] as string, name, 'REPLACE');
    for (const name of names) await redis.command('SETRANGE', name, '20', 'xxxx');
    for (const token of ['one', 'two']) {
      const { data, errors, extensions } = await gateway.query(CONTRACT, variables, { token });
      expect(errors).toEqual([]);
      expect(data.customer.contract.dueDate).toBe(`Bearer ${token}`);
      expect(extensions?.['billing'].calls).toBe(1);
    }
  });

  test('killed and started again under load: no request fails, one line is logged for the outage and one for its end', async () => {
    const gateway = await start();
    await connected(gateway);
    let running = true;
    let asked = 0;
    let remembered = 0;
    const failed: unknown[] = [];
    const load = async (worker: number): Promise<void> => {
      for (let i = 0; running; i++) {
        try {
          const { status, errors, data, extensions } = await gateway.query(
            CONTRACT,
            { ...variables, number: String(1001 + (i % 5)) },
            { token: `worker-${worker}` },
          );
          asked++;
          remembered += Number(extensions?.['billing'].cached);
          if (status !== 200 || errors.length > 0 || data.customer.contract.dueDate !== `Bearer worker-${worker}`)
            failed.push({ status, errors });
        } catch (error) {
          failed.push(error);
        }
      }
    };
    const workers = Array.from({ length: 8 }, (_, worker) => load(worker));
    await until(() => remembered > 50);
    await redis.kill();
    await until(() => linesAbout(gateway, 'cannot be reached').length > 0);
    const askedAtOutage = asked;
    await until(() => asked > askedAtOutage + 200);
    await redis.restart();
    await until(() => linesAbout(gateway, 'the shared cache is back').length > 0);
    const rememberedBefore = remembered;
    await until(() => remembered > rememberedBefore + 50);
    running = false;
    await Promise.all(workers);
    expect(failed).toEqual([]);
    expect(linesAbout(gateway, 'cannot be reached')).toHaveLength(1);
    expect(linesAbout(gateway, 'the shared cache is back')).toHaveLength(1);
  });

  test('that hangs holds nobody up for longer than its read may take, and is used again when it answers', async () => {
    const gateway = await start();
    await connected(gateway);
    redis.freeze();
    // Three reads wait for 75 ms each; then it is known to be out, and only one question in 500 ms tries it.
    for (let i = 0; i < 20; i++) expect((await gateway.query(CONTRACT, variables)).errors).toEqual([]);
    expect(linesAbout(gateway, 'cannot be reached')).toHaveLength(1);
    redis.thaw();
    await connected(gateway);
    expect(linesAbout(gateway, 'the shared cache is back')).toHaveLength(1);
  });

  test('that is not there at the start is no obstacle, and is used once it is there', async () => {
    await redis.kill();
    const gateway = await start();
    expect((await gateway.query(CONTRACT, variables)).errors).toEqual([]);
    await until(() => linesAbout(gateway, 'cannot be reached').length === 1);
    await redis.restart();
    await connected(gateway);
    expect(linesAbout(gateway, 'cannot be reached')).toHaveLength(1);
    expect(linesAbout(gateway, 'the shared cache is back')).toHaveLength(1);
  });

  test('whose connection died without a word is connected to anew', async () => {
    const proxy = await startTcpProxy(redis.port);
    const gateway = await start({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
    await connected(gateway);
    proxy.swallow();
    const before = proxy.connectionCount();
    await connected(gateway);
    expect(proxy.connectionCount()).toBeGreaterThan(before);
    await proxy.close();
  });

  test('without memory left: entries are not taken, one line says so, and what is there is still read', async () => {
    const gateway = await start();
    await connected(gateway);
    await gateway.query(CONTRACT, variables);
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    for (let i = 0; i < 5; i++) expect((await gateway.query(CONTRACT, { ...variables, number: String(2000 + i) })).errors).toEqual([]);
    await until(() => linesAbout(gateway, 'takes no entries').length > 0);
    expect((await gateway.query(CONTRACT, variables)).extensions?.['billing']).toMatchObject({ calls: 0, cached: 1 });
    expect(linesAbout(gateway, 'takes no entries')).toHaveLength(1);
    expect(linesAbout(gateway, 'cannot be reached')).toHaveLength(0);
  });

  test('with a password: the right one is used, and neither is ever logged', async () => {
    await redis.command('CONFIG', 'SET', 'requirepass', 'right-password');
    const gateway = await start({ REDIS_URL: `redis://:right-password@127.0.0.1:${redis.port}` });
    await connected(gateway);
    const refused = await start({ REDIS_URL: `redis://:wrong-password@127.0.0.1:${redis.port}` });
    expect((await refused.query(CONTRACT, variables)).errors).toEqual([]);
    await until(() => linesAbout(refused, 'cannot be reached').length === 1);
    for (const line of [...gateway.logLines, ...refused.logLines]) expect(line).not.toMatch(/(right|wrong)-password/);
  });

  test('does not hold up the stop, whether it is there or not', async () => {
    const gateway = await start();
    await connected(gateway);
    const lost = await start({ REDIS_URL: `redis://127.0.0.1:${await findFreePort()}` });
    await gateway.close();
    await lost.close();
    gateways.length = 0;
  });
});

/** The secrets that can be read in names or values: as they are, in base64, or in hex. */
function findInClear(entries: readonly RawEntry[], secrets: readonly string[]): string[] {
  const formsOf = (secret: string) => [
    secret,
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('hex'),
  ];
  return secrets.filter((secret) =>
    formsOf(secret).some((form) => entries.some(({ name, value }) => name.includes(form) || value.includes(form))),
  );
}
