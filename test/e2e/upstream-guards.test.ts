import { toAskedBills, toBillsBody } from '../support/bills-body';
import { startGateway, type Gateway, type GraphqlAnswer, type QueryOptions } from '../support/gateway';
import {
  startScriptedUpstream,
  type RecordedRequest,
  type Script,
  type ScriptedAnswer,
  type ScriptedUpstream,
} from '../support/scripted-upstream';
import { until } from '../support/cache-fixtures';
import type { Environment } from '../../src/config/config';

const QUERY = 'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate } } }';
const MANY = 'query ($numbers: [ID!]!) { customer(idType: "RUC", id: "80012345") { contracts(numbers: $numbers) { number dueDate } } }';

const good = (request: RecordedRequest): ScriptedAnswer => ({ body: toBillsBody(toAskedBills(request.url)) });
const contractOf = (request: RecordedRequest): string => toAskedBills(request.url).contractNumber ?? '';
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until so many calls wait for a connection, as the gateway's metrics say. */
async function untilWaiting({ url }: Gateway, count: number): Promise<void> {
  await until(async () => (await (await fetch(`${url}/metrics`)).text()).includes(`upstream_waiting ${count}\n`));
}

interface Ends {
  readonly upstream: ScriptedUpstream;
  readonly gateway: Gateway;
  readonly ask: (number: string, options?: QueryOptions) => Promise<GraphqlAnswer>;
  readonly askMany: (numbers: readonly string[], options?: QueryOptions) => Promise<GraphqlAnswer>;
}

async function withGateway(settings: Environment, script: Script, use: (ends: Ends) => Promise<void>): Promise<void> {
  const upstream = await startScriptedUpstream(script);
  const gateway = await startGateway({ BILLING_API_URL: upstream.url, CACHE_TTL_SECONDS: '0', ...settings });
  try {
    await use({
      upstream,
      gateway,
      ask: (number, options) => gateway.query(QUERY, { number }, options),
      askMany: (numbers, options) => gateway.query(MANY, { numbers }, options),
    });
  } finally {
    // The upstream first: what hangs there must not hold up the gateway's stop.
    await upstream.close();
    await gateway.close();
  }
}

const codesOf = (answer: GraphqlAnswer): unknown[] => answer.errors.map((error) => error.extensions?.['code']);

describe('The deadline of an operation', () => {
  it('ends a call that is not answered, however long an attempt may take', async () => {
    await withGateway(
      { REQUEST_DEADLINE_MS: '2000', BILLING_API_TIMEOUT_MS: '60000' },
      () => ({ hang: 'before-headers' }),
      async ({ ask, upstream }) => {
        // The attempt alone would outlast this test.
        expect(codesOf(await ask('7'))).toEqual(['UPSTREAM_TIMEOUT']);
        await until(() => upstream.requests[0]?.abandoned === true);
        expect(upstream.requests).toHaveLength(1);
      },
    );
  });

  it('is what the caller asks for, where that is less, and keeps what came in time', async () => {
    await withGateway(
      {},
      (request) => (contractOf(request) === '2' ? { hang: 'before-headers' } : good(request)),
      async ({ askMany }) => {
        const answer = await askMany(['1', '2'], { headers: { 'x-request-timeout-ms': '1000' } });
        expect(codesOf(answer)).toEqual(['UPSTREAM_TIMEOUT']);
        expect(answer.data.customer.contracts).toEqual([{ number: '1', dueDate: '2025-07-15' }, null]);
      },
    );
  });

  it('is not what the caller asks for, where that is more', async () => {
    await withGateway(
      { REQUEST_DEADLINE_MS: '150' },
      () => ({ hang: 'before-headers' }),
      async ({ ask }) => {
        expect(codesOf(await ask('7', { headers: { 'x-request-timeout-ms': '999999' } }))).toEqual(['UPSTREAM_TIMEOUT']);
      },
    );
  });

  it.each(['', 'soon', '0', '-1', '1.5', '1e3', '1000, 2000'])('is refused where it is no number of milliseconds: %j', async (value) => {
    await withGateway({}, good, async ({ ask, upstream }) => {
      const answer = await ask('7', { headers: { 'x-request-timeout-ms': value } });
      expect([answer.status, ...codesOf(answer)]).toEqual([400, 'BAD_REQUEST']);
      expect(answer.errors[0]?.message).toContain('x-request-timeout-ms');
      expect(upstream.requests).toHaveLength(0);
    });
  });

  it('may be asked for by a script of another origin', async () => {
    await withGateway({}, good, async ({ gateway }) => {
      const preflight = await fetch(`${gateway.url}/graphql`, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://app.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-request-timeout-ms',
        },
      });
      expect(preflight.headers.get('access-control-allow-headers')).toContain('x-request-timeout-ms');
    });
  });

  it('is the longest of those who share a call', async () => {
    await withGateway(
      {},
      (request, index) => (index === 0 ? { status: 503, headers: { 'retry-after': '1' }, delayMs: 100 } : good(request)),
      async ({ ask, upstream }) => {
        const short = ask('7', { headers: { 'x-request-timeout-ms': '300' } });
        await upstream.waitForRequests(1);
        const long = ask('7');
        expect(codesOf(await short)).toEqual(['UPSTREAM_TIMEOUT']);
        expect(codesOf(await long)).toEqual([]);
        expect(upstream.requests).toHaveLength(2);
      },
    );
  });
});

describe('A client that leaves', () => {
  it('ends the calls that are made for it alone', async () => {
    await withGateway(
      {},
      () => ({ hang: 'before-headers' }),
      async ({ ask, upstream }) => {
        const controller = new AbortController();
        const asked = ask('7', { signal: controller.signal });
        await upstream.waitForRequests(1);
        controller.abort();
        await expect(asked).rejects.toThrow('aborted');
        await until(() => upstream.requests[0]!.abandoned);
        await sleep(300);
        expect(upstream.requests).toHaveLength(1);
      },
    );
  });

  it('does not end a call that another waits for', async () => {
    let release: (answer: ScriptedAnswer) => void = () => undefined;
    await withGateway(
      {},
      () => new Promise<ScriptedAnswer>((resolve) => (release = resolve)),
      async ({ ask, upstream }) => {
        const controller = new AbortController();
        const leaving = ask('7', { signal: controller.signal });
        await upstream.waitForRequests(1);
        const staying = ask('7');
        await sleep(50);
        controller.abort();
        await expect(leaving).rejects.toThrow('aborted');
        await sleep(50);
        release(good(upstream.requests[0]!));
        expect(codesOf(await staying)).toEqual([]);
        expect(upstream.requests).toHaveLength(1);
        expect(upstream.requests[0]?.abandoned).toBe(false);
      },
    );
  });
});

describe('Retry-After', () => {
  it.each([429, 503])('is waited for before the next attempt after a %i', async (status) => {
    await withGateway(
      {},
      (request, index) => (index === 0 ? { status, headers: { 'retry-after': '1' } } : good(request)),
      async ({ ask, upstream }) => {
        expect(codesOf(await ask('7'))).toEqual([]);
        const [first, second] = upstream.requests;
        expect(second!.receivedAtMs - first!.receivedAtMs).toBeGreaterThanOrEqual(990);
      },
    );
  });

  it.each([
    [429, 'RATE_LIMITED'],
    [503, 'UPSTREAM_UNAVAILABLE'],
  ])('of a %i is told to the client at once where it goes past the deadline', async (status, code) => {
    await withGateway(
      { REQUEST_DEADLINE_MS: '5000' },
      () => ({ status, headers: { 'retry-after': '30' } }),
      async ({ ask, upstream }) => {
        const [error] = (await ask('7')).errors;
        expect(error?.extensions).toEqual({ code, retryAfterSeconds: 30 });
        expect(error?.message).toMatch(/\. Try again in 30 s\.$/);
        expect(upstream.requests).toHaveLength(1);
      },
    );
  });
});

describe('The circuit breaker', () => {
  const isReady = async ({ url }: Gateway): Promise<boolean> => (await fetch(`${url}/readyz`)).status === 200;

  it('opens when most calls fail, answers at once, shows in readiness, and closes after one probe that is answered', async () => {
    await withGateway(
      { BILLING_API_RETRIES: '0' },
      () => ({ status: 503 }),
      async ({ ask, gateway, upstream }) => {
        expect(await isReady(gateway)).toBe(true);
        for (let i = 0; i < 10; i++) await ask(String(i));
        expect(await isReady(gateway)).toBe(false);
        const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(`2${i}`)));
        expect(new Set(answers.flatMap(codesOf))).toEqual(new Set(['UPSTREAM_UNAVAILABLE']));
        expect(answers[0]?.errors[0]?.extensions?.['retryAfterSeconds']).toBeGreaterThanOrEqual(1);
        expect(upstream.requests).toHaveLength(10);
        // Readiness comes back when it is time to probe: without traffic, nobody could.
        await until(() => isReady(gateway));
        let release: () => void = () => undefined;
        upstream.setScript((request) => new Promise((resolve) => (release = () => resolve(good(request)))));
        const probe = ask('30');
        await upstream.waitForRequests(11);
        expect(await isReady(gateway)).toBe(false);
        const refused = await Promise.all([ask('31'), ask('32')]);
        expect(refused.flatMap(codesOf)).toEqual(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_UNAVAILABLE']);
        release();
        expect(codesOf(await probe)).toEqual([]);
        upstream.setScript(good);
        expect((await Promise.all([ask('33'), ask('34')])).flatMap(codesOf)).toEqual([]);
        expect(await isReady(gateway)).toBe(true);
        expect(upstream.requests).toHaveLength(13);
        expect(gateway.logLines.flatMap((line) => (JSON.parse(line) as { circuit?: string }).circuit ?? [])).toEqual([
          'open',
          'half-open',
          'closed',
        ]);
      },
    );
  });

  it('stays open after a probe that fails, or whose client leaves', async () => {
    await withGateway(
      { BILLING_API_RETRIES: '0' },
      () => ({ reset: true }),
      async ({ ask, gateway, upstream }) => {
        for (let i = 0; i < 10; i++) await ask(String(i));
        await until(() => isReady(gateway));
        upstream.setScript(() => ({ hang: 'before-headers' }));
        const controller = new AbortController();
        const probe = ask('30', { signal: controller.signal });
        await upstream.waitForRequests(11);
        controller.abort();
        await expect(probe).rejects.toThrow('aborted');
        await until(() => upstream.requests[10]!.abandoned);
        upstream.setScript(good);
        expect(codesOf(await ask('31'))).toEqual(['UPSTREAM_UNAVAILABLE']);
        expect(await isReady(gateway)).toBe(false);
      },
    );
  });

  it('opens on time-outs, those of the deadline included', async () => {
    await withGateway(
      { REQUEST_DEADLINE_MS: '150', BILLING_API_TIMEOUT_MS: '5000' },
      () => ({ hang: 'before-headers' }),
      async ({ ask, gateway }) => {
        await Promise.all(Array.from({ length: 12 }, (_, i) => ask(String(i))));
        expect(await isReady(gateway)).toBe(false);
      },
    );
  });

  it.each<[string, ScriptedAnswer]>([
    ['400', { status: 400 }],
    ['401', { status: 401 }],
    ['403', { status: 403 }],
    ['404', { status: 404 }],
    ['429', { status: 429 }],
    ['answers that cannot be used', { body: 'x' }],
  ])('does not count %s', async (_what, script) => {
    await withGateway(
      { BILLING_API_RETRIES: '0' },
      () => script,
      async ({ ask, gateway, upstream }) => {
        for (let i = 0; i < 20; i++) await ask(String(i));
        expect(await isReady(gateway)).toBe(true);
        expect(upstream.requests).toHaveLength(20);
      },
    );
  });

  it('stays closed, and the gateway ready, while one contract of one caller always fails', async () => {
    await withGateway(
      {},
      (request) => (contractOf(request) === '500' ? { status: 500 } : good(request)),
      async ({ ask, gateway }) => {
        const others: GraphqlAnswer[] = [];
        for (let i = 0; i < 20; i++) {
          for (let poll = 0; poll < 3; poll++) await ask('500', { token: 'poller' });
          others.push(await ask(String(i), { token: 'other' }));
        }
        expect(others.flatMap(codesOf)).toEqual([]);
        expect(await isReady(gateway)).toBe(true);
      },
    );
  });

  it('opens on server errors of several callers and contracts', async () => {
    await withGateway(
      {},
      () => ({ status: 500 }),
      async ({ ask, gateway }) => {
        for (let i = 0; i < 12; i++) await ask(String(i), { token: `caller-${i % 3}` });
        expect(await isReady(gateway)).toBe(false);
      },
    );
  });

  it('keeps to the monotonic clock when the wall clock goes back', async () => {
    await withGateway(
      { BILLING_API_RETRIES: '0' },
      () => ({ status: 503 }),
      async ({ ask, gateway }) => {
        for (let i = 0; i < 10; i++) await ask(String(i));
        const now = Date.now;
        Date.now = () => now() - 3_600_000;
        try {
          const refused = await ask('11');
          expect(refused.errors[0]?.extensions?.['retryAfterSeconds']).toBeLessThanOrEqual(2);
          await until(() => isReady(gateway));
        } finally {
          Date.now = now;
        }
      },
    );
  });

  it('does not count what callers give too little time', async () => {
    await withGateway(
      {},
      () => ({ hang: 'before-headers' }),
      async ({ ask, gateway }) => {
        await Promise.all(Array.from({ length: 20 }, (_, i) => ask(String(i), { headers: { 'x-request-timeout-ms': '50' } })));
        expect(await isReady(gateway)).toBe(true);
      },
    );
  });
});

describe('The retry budget', () => {
  it('does not multiply an outage', async () => {
    await withGateway(
      { BILLING_API_RETRIES: '2' },
      (_request, index) => (index % 5 < 3 ? { status: 503 } : { status: 404 }),
      async ({ askMany, upstream }) => {
        // Far more calls than the budget's reserve, most of them failing: the circuit, too, does its part.
        for (let round = 0; round < 6; round++) await askMany(Array.from({ length: 100 }, (_, i) => String(round * 100 + i)));
        expect(upstream.requests.length).toBeLessThan(600 + 100 + 120 + 100);
      },
    );
  });
});

describe('Calls at once', () => {
  /** Has the billing API accept the tokens, since unknown ones get what others leave of the connections. Returns the number of calls. */
  async function accept({ upstream, ask }: Ends, script: Script, tokens: readonly string[] = ['test-token']): Promise<number> {
    upstream.setScript(good);
    for (const token of tokens) expect(codesOf(await ask('99999', { token }))).toEqual([]);
    const count = upstream.requests.length;
    upstream.setScript((request, index) => script(request, index - count));
    return count;
  }
  /** Holds every request back until it is released, and notes the callers in the order of their requests. */
  function hold(): { script: Script; releaseOne: () => void; releaseAll: () => void } {
    const held: (() => void)[] = [];
    let open = false;
    return {
      script: (request) => (open ? good(request) : new Promise((resolve) => void held.push(() => resolve(good(request))))),
      releaseOne: () => held.shift()?.(),
      releaseAll: () => {
        open = true;
        for (const release of held) release();
      },
    };
  }
  const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => String(from + i));

  it('are no more than there are connections', async () => {
    const held = hold();
    await withGateway({ BILLING_API_CONNECTIONS: '3' }, held.script, async (ends) => {
      const { askMany, gateway, upstream } = ends;
      await accept(ends, held.script);
      const answer = askMany(numbers(20));
      await upstream.waitForRequests(1 + 3);
      await untilWaiting(gateway, 17);
      expect(upstream.requests).toHaveLength(1 + 3);
      held.releaseAll();
      expect(codesOf(await answer)).toEqual([]);
      expect(upstream.requests).toHaveLength(1 + 20);
      expect(upstream.connectionCount()).toBe(3);
    });
  });

  it('are shared out in turn: the single call of one caller does not wait for the many of another', async () => {
    const held = hold();
    await withGateway({ BILLING_API_CONNECTIONS: '2' }, held.script, async (ends) => {
      const { ask, askMany, gateway, upstream } = ends;
      const before = await accept(ends, held.script, ['many', 'single']);
      const many = askMany(numbers(50), { token: 'many' });
      await upstream.waitForRequests(before + 2);
      await untilWaiting(gateway, 48);
      const single = ask('900', { token: 'single' });
      await untilWaiting(gateway, 49);
      held.releaseOne();
      await upstream.waitForRequests(before + 3);
      held.releaseOne();
      await upstream.waitForRequests(before + 4);
      expect(upstream.requests.slice(before).map((request) => request.headers.authorization)).toContain('Bearer single');
      held.releaseAll();
      expect([...codesOf(await many), ...codesOf(await single)]).toEqual([]);
    });
  });

  it('are refused with a clear error when too many wait, and those that wait are answered', async () => {
    const held = hold();
    // Room for 16 calls, which is more than four operations of 3 can ask for.
    await withGateway({ BILLING_API_CONNECTIONS: '1', UPSTREAM_CALL_BUDGET: '3' }, held.script, async ({ askMany, gateway }) => {
      const asked = Array.from({ length: 10 }, (_, i) => askMany(numbers(3, i * 3)));
      // All have come when as many are refused as cannot wait.
      await until(async () =>
        (await (await fetch(`${gateway.url}/metrics`)).text()).includes(`upstream_refused_total{reason="queue"} ${30 - 1 - 16}\n`),
      );
      held.releaseAll();
      const answers = await Promise.all(asked);
      const errors = answers.flatMap((answer) => answer.errors);
      expect(errors).toHaveLength(30 - 1 - 16);
      expect(errors[0]).toMatchObject({
        extensions: { code: 'UPSTREAM_UNAVAILABLE', retryAfterSeconds: 1 },
        message: expect.stringContaining('waiting') as string,
      });
      expect(answers.flatMap((answer) => answer.data.customer.contracts as unknown[]).filter((contract) => contract !== null)).toHaveLength(
        17,
      );
    });
  });

  it('that wait are ended by the deadline, and by a client that leaves', async () => {
    const held = hold();
    await withGateway({ BILLING_API_CONNECTIONS: '1' }, held.script, async ({ ask, gateway, upstream }) => {
      const first = ask('1', { token: 'a' });
      await upstream.waitForRequests(1);
      const controller = new AbortController();
      const leaving = ask('2', { token: 'b', signal: controller.signal });
      await untilWaiting(gateway, 1);
      controller.abort();
      await expect(leaving).rejects.toThrow('aborted');
      await untilWaiting(gateway, 0);
      // No connection becomes free before this has answered.
      expect(codesOf(await ask('3', { token: 'c', headers: { 'x-request-timeout-ms': '200' } }))).toEqual(['UPSTREAM_TIMEOUT']);
      held.releaseAll();
      expect([...codesOf(await first), ...codesOf(await ask('4'))]).toEqual([]);
      expect(upstream.requests.map(contractOf)).toEqual(['1', '4']);
    });
  });

  it('are dropped while they wait, once the token is known to be refused', async () => {
    let release: (answer: ScriptedAnswer) => void = () => undefined;
    const script: Script = (request, index) =>
      index === 0 ? new Promise<ScriptedAnswer>((resolve) => (release = resolve)) : good(request);
    await withGateway({ BILLING_API_CONNECTIONS: '1' }, script, async ({ ask, askMany, gateway, upstream }) => {
      const dead = askMany(numbers(10), { token: 'dead' });
      await upstream.waitForRequests(1);
      await untilWaiting(gateway, 9);
      const other = ask('900', { token: 'other' });
      await untilWaiting(gateway, 10);
      release({ status: 401 });
      const answer = await dead;
      expect(new Set(codesOf(answer))).toEqual(new Set(['UNAUTHENTICATED']));
      expect(answer.errors).toHaveLength(10);
      expect(codesOf(await other)).toEqual([]);
      expect(upstream.requests.map((request) => request.headers.authorization)).toEqual(['Bearer dead', 'Bearer other']);
    });
  });

  it('of callers whose token is over its quota do not cost others theirs', async () => {
    const script: Script = async (request) => {
      await sleep(5);
      return request.headers.authorization === 'Bearer greedy' ? { status: 429 } : good(request);
    };
    await withGateway({ BILLING_API_CONNECTIONS: '16' }, script, async (ends) => {
      const { ask, askMany, gateway } = ends;
      await accept(ends, script, ['greedy', 'modest']);
      const others: GraphqlAnswer[] = [];
      for (let round = 0; round < 10; round++) {
        const greedy = askMany(numbers(40, round * 40), { token: 'greedy' });
        others.push(...(await Promise.all(numbers(4, 1000 + round * 4).map((number) => ask(number, { token: 'modest' })))));
        expect(new Set(codesOf(await greedy))).toEqual(new Set(['RATE_LIMITED']));
        await sleep(60);
      }
      expect(others.flatMap(codesOf)).toEqual([]);
      expect(await (await fetch(`${gateway.url}/metrics`)).text()).toContain('upstream_limit 16\n');
    });
  });

  it('of tokens that were made up leave an accepted token nearly all of its service', async () => {
    let isFull = false;
    const script: Script = async (request) => {
      const isGenuine = request.headers.authorization === 'Bearer genuine';
      // A slow machine does not fill all places with calls of 20 ms.
      do {
        await sleep(20);
      } while (!isGenuine && !isFull);
      return isGenuine ? good(request) : { status: 401 };
    };
    await withGateway({}, script, async (ends) => {
      const { ask, gateway } = ends;
      await accept(ends, script, ['genuine']);
      let stop = false;
      let sent = 0;
      const flood = Array.from({ length: 300 }, async () => {
        while (!stop) await ask(String(sent++), { token: `made-up-${sent}` });
      });
      await until(async () => (await (await fetch(`${gateway.url}/metrics`)).text()).match(/upstream_waiting [1-9]/) !== null);
      isFull = true;
      const answers: GraphqlAnswer[] = [];
      for (let i = 0; i < 15; i++) answers.push(await ask(String(i), { token: 'genuine' }));
      stop = true;
      await Promise.all(flood);
      expect(answers.flatMap(codesOf)).toEqual([]);
    });
  });

  it('of a token that is new do not wait behind all those that were made up', async () => {
    const held: (() => void)[] = [];
    const script: Script = (request) =>
      new Promise((resolve) => {
        const isNew = request.headers.authorization === 'Bearer new';
        held.push(() => resolve(isNew ? good(request) : { status: 401 }));
      });
    await withGateway({ BILLING_API_CONNECTIONS: '8' }, script, async ({ ask, gateway, upstream }) => {
      const flood = numbers(100).map((number) => ask(number, { token: `made-up-${number}` }));
      // Nobody else waits: all places but one are theirs.
      await upstream.waitForRequests(7);
      await untilWaiting(gateway, 93);
      const newcomer = ask('500', { token: 'new' });
      await untilWaiting(gateway, 94);
      for (const release of held.splice(0, 2)) release();
      await upstream.waitForRequests(9);
      expect(upstream.requests.slice(7).map(({ headers }) => headers.authorization)).toContain('Bearer new');
      upstream.setScript((request) => (request.headers.authorization === 'Bearer new' ? good(request) : { status: 401 }));
      for (const release of held) release();
      expect(codesOf(await newcomer)).toEqual([]);
      for (const answer of await Promise.all(flood)) expect(codesOf(answer)).toEqual(['UNAUTHENTICATED']);
    });
  });

  it('become fewer when the billing API answers 429', async () => {
    let atOnce = 0;
    let most = 0;
    let isFull = (): void => undefined;
    const full = new Promise<void>((resolve) => (isFull = resolve));
    const script: Script = async (request) => {
      most = Math.max(most, ++atOnce);
      if (most === 16) isFull();
      // The first ones are held until all are there that may be, however long the gateway takes to open its connections.
      await full;
      await sleep(20);
      const crowded = atOnce > 4;
      atOnce--;
      return crowded ? { status: 429 } : good(request);
    };
    await withGateway({ BILLING_API_CONNECTIONS: '16', BILLING_API_RETRIES: '0', REQUEST_DEADLINE_MS: '20000' }, script, async (ends) => {
      const { askMany } = ends;
      await accept(ends, script);
      const bursts: number[] = [];
      for (let round = 0; round < 12; round++) {
        most = 0;
        await askMany(numbers(32, round * 32));
        bursts.push(most);
        await sleep(150);
      }
      expect(bursts[0]).toBe(16);
      expect(Math.max(...bursts.slice(-4))).toBeLessThan(16);
      expect(Math.min(...bursts.slice(-4))).toBeLessThanOrEqual(8);
    });
  });
});
