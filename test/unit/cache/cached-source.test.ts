import { BillingError } from '../../../src/billing/model/billing-error';
import { createMemoryStore } from '../../../src/cache/entries/memory-store';
import { createRedisStore } from '../../../src/cache/redis/redis-store';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import {
  openCacheRig,
  silentOutage,
  toCaller,
  toJwt,
  until,
  type CacheRig,
  type CacheRigOptions,
  type Question,
} from '../../support/cache-fixtures';
import { startRedis, type RedisServer } from '../../support/redis-server';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../../support/scripted-upstream';

let fresh = 0;
/** A token that no other test has used. */
const newToken = () => `token-${++fresh}`;

describe.each(['memory', 'redis'])('a cached source: %s', (kind) => {
  let redis: RedisServer | null = null;
  let upstream: ScriptedUpstream;
  let rig: CacheRig;
  let answer: (total: number) => (url: string) => ScriptedAnswer;
  const calls = () => upstream.requests.length;

  /** How many calls it cost. */
  async function cost(ask: () => Promise<unknown>): Promise<number> {
    const before = calls();
    await ask();
    return calls() - before;
  }

  async function open(options: Partial<CacheRigOptions> = {}): Promise<CacheRig> {
    const opened = openCacheRig({
      upstreamUrl: upstream.url,
      openStore: (observer) =>
        redis
          ? createRedisStore({ urls: [redis.url], observer, reads: silentOutage, writes: silentOutage, waitLimitMs: 6000 })
          : createMemoryStore({ maxBytes: 1 << 24, observer }),
      ...options,
    });
    const token = newToken();
    await until(async () => {
      await opened.ask(token);
      await new Promise((resolve) => setImmediate(resolve));
      return (await opened.ask(token)).received === null;
    });
    return opened;
  }

  beforeAll(async () => {
    if (kind === 'redis') redis = await startRedis();
    upstream = await startScriptedUpstream();
    answer = (total) => (url) => ({ body: toBillsBody(toAskedBills(url), total) });
  });
  afterAll(async () => {
    await upstream.close();
    await redis?.close();
  });
  beforeEach(async () => {
    upstream.setScript(({ url }) => answer(100)(url));
    rig = await open();
  });
  afterEach(() => rig.close());

  test('answers the same question without a call, with the same bills', async () => {
    const token = newToken();
    const first = await rig.ask(token);
    const before = calls();
    const second = await rig.ask(token);
    expect(calls()).toBe(before);
    expect(second.content).toEqual(first.content);
    expect(first.received).not.toBeNull();
    expect(second).toMatchObject({ received: null, stale: false, freshUntilMs: first.freshUntilMs });
  });

  test('keeps every digit of a remembered answer', async () => {
    upstream.setScript(() => ({ body: '{"contractNo":"1001","invoiceCollection":[{"invoiceAmount":9007199254740993}]}' }));
    const token = newToken();
    await rig.ask(token);
    expect((await rig.ask(token)).content?.invoices[0]?.amount).toBe(9007199254740993n);
  });

  test('asks again when the time is over', async () => {
    const token = newToken();
    await rig.ask(token);
    rig.pass(29_999);
    expect(await cost(() => rig.ask(token))).toBe(0);
    rig.pass(1);
    expect(await cost(() => rig.ask(token))).toBe(1);
  });

  test('does not give for longer what was stored before the wall clock went back', async () => {
    const token = newToken();
    await rig.ask(token);
    rig.setWallClock(-3_600_000);
    rig.pass(30_000);
    expect(await cost(() => rig.ask(token))).toBe(1);
  });

  test('never says that an answer may be used for longer than the limit, whatever the wall clock does', async () => {
    const token = newToken();
    for (const byMs of [0, -3_600_000, 7_200_000, -10_000]) {
      rig.setWallClock(byMs);
      const { freshUntilMs } = await rig.ask(token);
      rig.pass(1000);
      expect(freshUntilMs - rig.elapsedMs()).toBeLessThanOrEqual(30_000 - 1000);
    }
  });

  test('forgets all of a token that the billing API refuses, and nothing of another one', async () => {
    const [token, other] = [newToken(), newToken()];
    await rig.ask(token, { limit: 50 });
    await rig.ask(token, { contract: '1002' });
    await rig.ask(other);
    upstream.setScript(() => ({ status: 401 }));
    await expect(rig.ask(token, { contract: '1003' })).rejects.toMatchObject({ failure: 'unauthenticated' });
    await expect(rig.ask(token, { limit: 50 })).rejects.toMatchObject({ failure: 'unauthenticated' });
    await expect(rig.ask(token, { limit: 3 })).rejects.toMatchObject({ failure: 'unauthenticated' });
    await expect(rig.ask(token, { contract: '1002' })).rejects.toMatchObject({ failure: 'unauthenticated' });
    expect(await cost(() => rig.ask(other))).toBe(0);
    // A token that is accepted again is cached again.
    upstream.setScript(({ url }) => answer(3)(url));
    expect(await cost(() => rig.ask(token))).toBe(1);
    expect(await cost(() => rig.ask(token))).toBe(0);
  });

  test('does not give a response that was under way when its token was refused', async () => {
    const token = newToken();
    upstream.setScript(({ url }) => ({ ...answer(3)(url), delayMs: 100 }));
    const before = calls();
    const slow = rig.ask(token);
    await upstream.waitForRequests(before + 1);
    upstream.setScript(() => ({ status: 401 }));
    await expect(rig.ask(token, { contract: '1003' })).rejects.toMatchObject({ failure: 'unauthenticated' });
    expect((await slow).content?.invoices).toHaveLength(3);
    await expect(rig.ask(token)).rejects.toMatchObject({ failure: 'unauthenticated' });
  });

  test('forgets what it is told to forget', async () => {
    const [token, other] = [newToken(), newToken()];
    await rig.ask(token);
    await rig.ask(other);
    rig.source.evictCaller(toCaller(token));
    expect(await cost(() => rig.ask(token))).toBe(1);
    expect(await cost(() => rig.ask(other))).toBe(0);
  });

  test('tells until when the answer may be used, from the first one on', async () => {
    upstream.setScript(({ url }) => ({ ...answer(3)(url), headers: { 'cache-control': 'max-age=10' } }));
    const token = newToken();
    const first = await rig.ask(token);
    rig.pass(4000);
    const second = await rig.ask(token);
    expect(second.freshUntilMs).toBe(first.freshUntilMs);
    upstream.setScript(({ url }) => ({ ...answer(3)(url), headers: { 'cache-control': 'no-store' } }));
    expect((await rig.ask(newToken())).freshUntilMs).toBe(0);
  });

  test('never gives one caller what another one fetched', async () => {
    upstream.setScript(({ url, headers }) => ({ body: toBillsBody(toAskedBills(url), 1, { dueDate: headers.authorization }) }));
    const [a, b] = [newToken(), newToken()];
    for (const token of [a, b, a, b]) expect((await rig.ask(token)).content?.dueDate).toBe(`Bearer ${token}`);
    expect(await cost(() => rig.ask(a))).toBe(0);
  });

  test('forgets an answer no later than its token ends', async () => {
    // The rig's clock stands still; the token ends ten seconds after a full second of it.
    await rig.close();
    const startMs = Math.floor(Date.now() / 1000) * 1000;
    rig = await open({ startMs });
    const token = toJwt({ exp: startMs / 1000 + 10, jti: newToken() });
    await rig.ask(token);
    rig.pass(9_999);
    expect(await cost(() => rig.ask(token))).toBe(0);
    rig.pass(1);
    expect(await cost(() => rig.ask(token))).toBe(1);
    expect(await cost(() => rig.ask(token))).toBe(1);
  });

  test('remembers for three seconds that a contract is not known', async () => {
    upstream.setScript(() => ({ status: 404, body: {} }));
    const token = newToken();
    expect((await rig.ask(token)).content).toBeNull();
    expect(await cost(async () => expect((await rig.ask(token)).content).toBeNull())).toBe(0);
    rig.pass(3001);
    upstream.setScript(({ url }) => answer(3)(url));
    expect((await rig.ask(token)).content?.invoices).toHaveLength(3);
  });

  test.each<[string, ScriptedAnswer]>([
    ['400', { status: 400 }],
    ['401', { status: 401 }],
    ['403', { status: 403 }],
    ['429', { status: 429 }],
    ['500', { status: 500 }],
    ['no answer at all', { reset: true }],
    ['no JSON', { body: '<html>' }],
    ['an error under status 200', { body: { error: { code: 'X' } } }],
    ['another contract', { body: { contractNo: '9999' } }],
    ['a body that breaks off', { body: { contractNo: '1001' }, truncateAtBytes: 5 }],
  ])('remembers no failure: %s', async (_what, failure) => {
    const token = newToken();
    upstream.setScript(() => failure);
    await expect(rig.ask(token)).rejects.toBeInstanceOf(BillingError);
    upstream.setScript(({ url }) => answer(3)(url));
    expect(await cost(() => rig.ask(token))).toBe(1);
  });

  describe('answers windows', () => {
    /** The first question is asked, then the second one: what the second one brings, and whether it took a call. */
    async function askTwice(total: number, first: Question, second: Question) {
      upstream.setScript(({ url }) => answer(total)(url));
      const token = newToken();
      await rig.ask(token, first);
      const before = calls();
      const { content: bills, received } = await rig.ask(token, second);
      return {
        numbers: bills?.invoices.map((invoice) => Number(invoice.number?.slice(-6))),
        dueDate: bills?.dueDate,
        calls: calls() - before,
        remembered: received === null,
      };
    }

    test.each<[string, Question, Question, number[]]>([
      ['at the start of a larger one', { limit: 50 }, { limit: 3 }, [0, 1, 2]],
      ['in the middle of a larger one', { offset: 10, limit: 50 }, { offset: 20, limit: 3 }, [20, 21, 22]],
      ['at the end of a larger one', { limit: 50 }, { offset: 47, limit: 3 }, [47, 48, 49]],
      ['of the length of a page that touches a multiple of it', { limit: 100 }, { offset: 40, limit: 2 }, [40, 41]],
      ['past the end of a list that is known to be over', { offset: 90, limit: 50 }, { offset: 95, limit: 500 }, [95, 96, 97, 98, 99]],
      ['wholly past the end of a list that is known to be over', { offset: 90, limit: 50 }, { offset: 300, limit: 10 }, []],
    ])('%s, without a call', async (_case, larger, smaller, numbers) => {
      expect(await askTwice(100, larger, smaller)).toEqual({ numbers, dueDate: '2025-07-15', calls: 0, remembered: true });
    });

    test.each<[string, Question, Question]>([
      ['that reaches past the end of a full one', { limit: 50 }, { offset: 48, limit: 3 }],
      ['that starts before it', { offset: 10, limit: 50 }, { offset: 9, limit: 3 }],
      ['past the end of a list that filled its window exactly', { limit: 100 }, { offset: 100, limit: 10 }],
      ['of another contract', { limit: 50 }, { contract: '1002', limit: 3 }],
      ['of all contracts', { limit: 50 }, { contract: null, limit: 3 }],
      ['of another customer', { limit: 50 }, { id: '80012346', limit: 3 }],
    ])('%s: asks for it', async (_case, first, second) => {
      expect(await askTwice(100, first, second)).toMatchObject({ calls: 1, remembered: false });
    });

    test('of an empty contract, all of them', async () => {
      expect(await askTwice(0, { limit: 1 }, { offset: 0, limit: 1000 })).toMatchObject({ numbers: [], calls: 0 });
    });

    test('from a larger one only as long as that is fresh', async () => {
      const token = newToken();
      await rig.ask(token, { limit: 50 });
      rig.pass(30_000);
      expect(await cost(() => rig.ask(token, { limit: 3 }))).toBe(1);
    });

    test('of another caller never from a larger one', async () => {
      await rig.ask(newToken(), { limit: 50 });
      expect(await cost(() => rig.ask(newToken(), { limit: 3 }))).toBe(1);
    });

    test('that came at once are all remembered', async () => {
      const token = newToken();
      const windows = [0, 100, 200, 300, 400].map((offset) => ({ offset, limit: 20 }));
      upstream.setScript(({ url }) => answer(1000)(url));
      await Promise.all(windows.map((window) => rig.ask(token, window)));
      expect(await cost(() => Promise.all(windows.map(({ offset }) => rig.ask(token, { offset: offset + 3, limit: 7 }))))).toBe(0);
    });
  });

  describe('shares calls under way', () => {
    test('40 equal questions of one caller cost one call; of 40 callers, 40', async () => {
      upstream.setScript(({ url }) => ({ ...answer(3)(url), delayMs: 20 }));
      const one = newToken();
      expect(await cost(() => Promise.all(Array.from({ length: 40 }, () => rig.ask(one))))).toBe(1);
      const many = Array.from({ length: 40 }, newToken);
      expect(await cost(() => Promise.all(many.map((token) => rig.ask(token))))).toBe(40);
    });

    test('40 equal questions of one caller ask the store once, if asking it takes a way', async () => {
      const token = newToken();
      await rig.ask(token);
      const reads = async () => Number(/cmdstat_mget:calls=(\d+)/.exec(String(await redis?.command('INFO', 'commandstats')))?.[1] ?? 0);
      const before = await reads();
      await Promise.all(Array.from({ length: 40 }, () => rig.ask(token)));
      expect((await reads()) - before).toBe(redis ? 1 : 0);
    });

    test('questions that come while a call is under way, or has just ended, cost no further one', async () => {
      const token = newToken();
      upstream.setScript(({ url }) => ({ ...answer(3)(url), delayMs: 30 }));
      const before = calls();
      const asked: Promise<unknown>[] = [];
      for (let i = 0; i < 60; i++) {
        asked.push(rig.ask(token));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await Promise.all(asked);
      expect(calls() - before).toBe(1);
    });

    test('a failure reaches all who wait, and nobody who asks later', async () => {
      const token = newToken();
      upstream.setScript(() => ({ status: 503, delayMs: 20 }));
      const before = calls();
      const ended = await Promise.allSettled(Array.from({ length: 5 }, () => rig.ask(token)));
      expect(ended.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
      expect(calls() - before).toBe(1);
      upstream.setScript(({ url }) => answer(3)(url));
      expect(await cost(() => rig.ask(token))).toBe(1);
    });

    test('who goes away leaves the call to those who wait; the last one takes it along', async () => {
      const token = newToken();
      upstream.setScript(({ url }) => ({ ...answer(3)(url), delayMs: 150 }));
      const [first, second] = [new AbortController(), new AbortController()];
      const gone = new BillingError('unavailable', 'The client closed the connection.');
      const before = calls();
      const leaving = rig.ask(token, { signal: first.signal });
      const staying = rig.ask(token);
      await upstream.waitForRequests(before + 1);
      first.abort(gone);
      await expect(leaving).rejects.toBe(gone);
      expect((await staying).content?.invoices).toHaveLength(3);
      expect(calls() - before).toBe(1);
      // A response that comes soon would be read to its end.
      upstream.setScript(() => ({ hang: 'before-headers' }));
      const last = rig.ask(newToken(), { signal: second.signal });
      await upstream.waitForRequests(before + 2);
      second.abort(gone);
      await expect(last).rejects.toBe(gone);
      await until(() => upstream.requests[before + 1]?.abandoned === true);
    });
  });

  describe('when the billing API fails', () => {
    const failures: [string, ScriptedAnswer][] = [
      ['no connection', { reset: true }],
      ['no answer in time', { hang: 'before-headers' }],
      ['500', { status: 500 }],
      ['502', { status: 502 }],
      ['503', { status: 503 }],
    ];
    const refusals: [string, ScriptedAnswer][] = [
      ['400', { status: 400 }],
      ['401', { status: 401 }],
      ['403', { status: 403 }],
      ['410', { status: 410 }],
      ['429', { status: 429 }],
      ['302', { status: 302, headers: { location: '/elsewhere' } }],
      ['no JSON', { body: '<html>' }],
    ];

    test.each(failures)('gives what is past its time, and says so, where that is allowed: %s', async (_what, failure) => {
      await rig.close();
      rig = await open({ staleSeconds: 60, timeoutMs: 300 });
      const token = newToken();
      const first = await rig.ask(token, { limit: 30 });
      rig.pass(31_000);
      upstream.setScript(() => failure);
      expect(await rig.ask(token, { limit: 30 })).toMatchObject({ content: first.content, received: null, freshUntilMs: 0, stale: true });
      // From a larger window, too.
      const larger = (await rig.ask(token, { offset: 3, limit: 2 })).content?.invoices.map(({ number }) => number);
      expect(larger).toEqual(first.content?.invoices.slice(3, 5).map(({ number }) => number));
      expect(rig.observer.staleHits).toBe(2);
      rig.pass(60_000);
      await expect(rig.ask(token, { limit: 30 })).rejects.toBeInstanceOf(BillingError);
    });

    test.each(refusals)('gives nothing past its time: %s', async (_what, refusal) => {
      await rig.close();
      rig = await open({ staleSeconds: 60 });
      const token = newToken();
      await rig.ask(token);
      rig.pass(31_000);
      upstream.setScript(() => refusal);
      await expect(rig.ask(token)).rejects.toBeInstanceOf(BillingError);
    });

    test('believes a 404, and does not give the contract that was', async () => {
      await rig.close();
      rig = await open({ staleSeconds: 60 });
      const token = newToken();
      await rig.ask(token);
      rig.pass(31_000);
      upstream.setScript(() => ({ status: 404 }));
      expect((await rig.ask(token)).content).toBeNull();
    });

    test('does not give "not known" past its time', async () => {
      await rig.close();
      rig = await open({ staleSeconds: 60 });
      const token = newToken();
      upstream.setScript(() => ({ status: 404 }));
      await rig.ask(token);
      rig.pass(4000);
      upstream.setScript(() => ({ status: 503 }));
      await expect(rig.ask(token)).rejects.toMatchObject({ failure: 'unavailable' });
    });

    test('gives another caller nothing of it', async () => {
      await rig.close();
      rig = await open({ staleSeconds: 60 });
      await rig.ask(newToken());
      rig.pass(31_000);
      upstream.setScript(() => ({ status: 503 }));
      await expect(rig.ask(newToken())).rejects.toMatchObject({ failure: 'unavailable' });
    });

    test('gives nothing past its time, where that is not switched on', async () => {
      const token = newToken();
      await rig.ask(token);
      rig.pass(31_000);
      upstream.setScript(() => ({ status: 503 }));
      await expect(rig.ask(token)).rejects.toMatchObject({ failure: 'unavailable' });
    });

    test('gives nothing of a token that has ended', async () => {
      await rig.close();
      rig = await open({ staleSeconds: 600 });
      const token = toJwt({ exp: Math.floor(Date.now() / 1000) + 40, jti: newToken() });
      await rig.ask(token);
      rig.pass(41_000);
      upstream.setScript(() => ({ status: 503 }));
      await expect(rig.ask(token)).rejects.toMatchObject({ failure: 'unavailable' });
    });
  });
});
