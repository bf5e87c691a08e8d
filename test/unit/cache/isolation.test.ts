import fc from 'fast-check';
import type { BillingError } from '../../../src/billing/model/billing-error';
import type { Bills } from '../../../src/billing/model/bills';
import type { Caller } from '../../../src/billing/model/caller';
import type { EntryStore, StoreClient } from '../../../src/cache/entries/entry-store';
import type { CallerGenerations } from '../../../src/cache/entries/caller-generations';
import type { CallerKeys, KeyRing } from '../../../src/cache/keys/key-ring';
import { createLocalKeyRing } from '../../../src/cache/keys/local-key-ring';
import { createMemoryStore } from '../../../src/cache/entries/memory-store';
import { createSharedKeyRing } from '../../../src/cache/keys/shared-key-ring';
import { createRedisStore } from '../../../src/cache/redis/redis-store';
import { toAskedBills, toBillsBody, toWireInvoice } from '../../support/bills-body';
import {
  openCacheRig,
  silentOutage,
  TEST_SECRET,
  toCaller,
  until,
  type CacheRig,
  type CountingObserver,
} from '../../support/cache-fixtures';
import { startRedis, type RedisServer } from '../../support/redis-server';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../../support/scripted-upstream';

// What is held against every interleaving: an answer was fetched with the token of the one who gets it, is of the
// contract and the window asked for, is no older than it may be, and was not fetched before the caller's token was refused.

const TTL_MS = 30_000;
const STALE_MS = 60_000;
/** Invoices of each contract: windows end inside of the list, at its end, and past it. */
const TOTAL = 7;

interface Ask {
  readonly caller: number;
  readonly contract: number;
  readonly window: { offset: number; limit: number };
}

type Step =
  | { readonly kind: 'ask'; readonly asks: readonly Ask[] }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'weather'; readonly weather: Weather }
  | { readonly kind: 'evict'; readonly share: number }
  | { readonly kind: 'misdeliver'; readonly times: number }
  | { readonly kind: 'refuse'; readonly caller: number }
  | { readonly kind: 'set-wall-clock'; readonly byMs: number }
  | { readonly kind: 'restart'; readonly sameCallers: boolean };

type Weather = 'fine' | 'slow' | 'failing' | 'silent' | 'unknown' | 'not-to-be-stored';

const asks = fc.record<Ask>({
  caller: fc.nat(2),
  contract: fc.nat(1),
  window: fc.record({ offset: fc.nat(8), limit: fc.integer({ min: 1, max: 9 }) }),
});
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('ask' as const), asks: fc.array(asks, { minLength: 1, maxLength: 8 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1000, 3000, 29_999, 30_000, 60_000) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('weather' as const),
        weather: fc.constantFrom<Weather>('fine', 'slow', 'failing', 'silent', 'unknown', 'not-to-be-stored'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('evict' as const), share: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('misdeliver' as const), times: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('refuse' as const), caller: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('set-wall-clock' as const), byMs: fc.constantFrom(-3_600_000, 3_600_000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), sameCallers: fc.boolean() }) },
  ),
  { minLength: 2, maxLength: 25 },
) as fc.Arbitrary<Step[]>;

const ASK: Step = { kind: 'ask', asks: [0, 1, 2].map((caller) => ({ caller, contract: 0, window: { offset: 2, limit: 3 } })) };
/** The least that has to happen: answers out of the store, and past their time. */
const HIT_AND_STALE: Step[] = [ASK, ASK, { kind: 'pass', ms: TTL_MS }, { kind: 'weather', weather: 'failing' }, ASK];

/** The least to see an eviction. */
const REFUSED: Step[] = [ASK, { kind: 'refuse', caller: 1 }, ASK];

interface Keys {
  readonly ring: KeyRing;
  readonly generations?: CallerGenerations;
}

const oneForAll: CallerGenerations = { of: () => 0, renew: () => undefined, markerName: () => null, learn: () => true };

/** A store that loses entries, and now and then hands out one that lies under another name. */
class UnrulyStore implements EntryStore {
  readonly layer;
  readonly isShared;
  readonly locks;
  readonly waitLimitMs;
  readonly #store: EntryStore;
  readonly #seen = new Map<string, Buffer>();
  readonly #lost = new Set<string>();
  misdeliveries = 0;

  constructor(store: EntryStore) {
    this.#store = store;
    this.layer = store.layer;
    this.isShared = store.isShared;
    this.locks = store.locks;
    this.waitLimitMs = store.waitLimitMs;
  }

  async getMany(names: readonly string[], context?: StoreClient): Promise<readonly (Buffer | undefined)[]> {
    const values = await this.#store.getMany(names, context);
    return names.map((name, place) => {
      if (this.misdeliveries > 0 && this.#seen.size > 0) {
        this.misdeliveries--;
        return [...this.#seen.values()][name.charCodeAt(name.length - 1) % this.#seen.size];
      }
      return this.#lost.has(name) ? undefined : values[place];
    });
  }

  set(name: string, value: Buffer, ttlMs: number): void {
    this.#seen.set(name, value);
    this.#lost.delete(name);
    this.#store.set(name, value, ttlMs);
  }

  /** Loses every n-th entry; all for 0. Only responses: see docs/caching.md for what it means to lose the rest. */
  evict(n: number): void {
    const responses = [...this.#seen.keys()].filter((name) => /\/\d+\.\d+$/.test(name));
    responses.filter((_, place) => n === 0 || place % n === 0).forEach((name) => this.#lost.add(name));
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** What one run of steps knows; each has its own, so that a run that outlives its test disturbs no other. */
class Run {
  nowMs = Date.now();
  weather: Weather = 'fine';
  /** Whether the billing API failed: after many failures the circuit stays open for a while in fine weather. */
  hasFailed = false;
  /** Responses of the billing API are numbered, and the last number when a caller was refused is remembered: what is older is void. */
  serial = 0;
  readonly refusedAt = new Map<number, number>();
  refusing = false;
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }

  tokenOf(caller: number): string {
    return `run-${this.id}-caller-${caller}`;
  }

  /** Every answer carries whose it is, and when it was made. */
  answer(url: string, authorization: string, index: number): ScriptedAnswer {
    const asked = toAskedBills(url);
    if (this.refusing) return { status: 401 };
    const body = toBillsBody(asked, TOTAL, {
      dueDate: authorization,
      billingAddress: [{ street: String(this.nowMs), city: String(++this.serial) }],
    });
    switch (this.weather) {
      case 'fine':
        return { body };
      case 'slow':
        return { body, delayMs: index % 3 };
      case 'failing':
        return { status: 503 };
      case 'silent':
        return { reset: true };
      case 'unknown':
        return { status: 404 };
      case 'not-to-be-stored':
        return { body, headers: { 'cache-control': 'no-store' } };
    }
  }
}

/** Far more than the runs of a property take on a machine that is idle. */
const LIMIT_MS = 180_000;

describe.each(['memory', 'redis'])('two and more callers of one store: %s', (kind) => {
  let upstream: ScriptedUpstream;
  let redis: RedisServer | null = null;
  let lastId = 0;
  const runs = new Map<number, Run>();
  /** Answers that came out of the store, and those that were past their time: a test without any would show nothing. */
  const used = { remembered: 0, stale: 0, refused: 0 };

  beforeAll(async () => {
    upstream = await startScriptedUpstream(({ url, headers }, index) => toScripted(url, headers.authorization ?? '', index));
    if (kind === 'redis') redis = await startRedis();
  });
  afterAll(async () => {
    await upstream.close();
    await redis?.close();
  });

  /** The answer of the run that the token is of; what comes of one that is over is nobody's. */
  function toScripted(url: string, authorization: string, index: number): ScriptedAnswer {
    return runs.get(Number(/run-(\d+)-/.exec(authorization)?.[1]))?.answer(url, authorization, index) ?? { status: 503 };
  }

  function openStore(observer: CountingObserver): EntryStore {
    if (!redis) return createMemoryStore({ maxBytes: 20_000, observer }); // some 15 entries: it evicts, too
    return createRedisStore({ urls: [redis.url], observer, reads: silentOutage, writes: silentOutage, waitLimitMs: 6000 });
  }

  async function open(run: Run, { ring, generations }: Keys, callers: Map<string, Caller>): Promise<{ rig: CacheRig; store: UnrulyStore }> {
    let store: UnrulyStore | undefined;
    const rig = openCacheRig({
      upstreamUrl: upstream.url,
      openStore: (observer) => (store = new UnrulyStore(openStore(observer))),
      ring,
      ...(generations ? { generations } : {}),
      ttlSeconds: TTL_MS / 1000,
      staleSeconds: STALE_MS / 1000,
      callers,
      startMs: run.nowMs,
    });
    const opened = store as unknown as UnrulyStore;
    await until(async () => {
      opened.set(`open ${run.id}`, Buffer.from('x'), 1000);
      await new Promise((resolve) => setImmediate(resolve));
      return (await opened.getMany([`open ${run.id}`]))[0] !== undefined;
    });
    return { rig, store: opened };
  }

  function check(run: Run, { caller, contract, window }: Ask, bills: Bills, stale: boolean): void {
    if (bills.dueDate !== `Bearer ${run.tokenOf(caller)}`) throw new Error(`A FOREIGN ANSWER: ${String(bills.dueDate)}`);
    const number = String(1001 + contract);
    const expected = Array.from({ length: TOTAL }, (_, index) => toWireInvoice(number, index).invoiceNumber).slice(
      window.offset,
      window.offset + window.limit,
    );
    expect(bills.invoices.map((invoice) => invoice.number)).toEqual(expected);
    const ageMs = run.nowMs - Number(bills.billingAddresses?.[0]?.street);
    expect(ageMs).toBeGreaterThanOrEqual(0);
    expect(ageMs).toBeLessThan(stale ? TTL_MS + STALE_MS : TTL_MS);
    if (stale) expect(run.hasFailed).toBe(true);
    expect(Number(bills.billingAddresses?.[0]?.city)).toBeGreaterThan(run.refusedAt.get(caller) ?? 0);
  }

  /** Takes the steps, and rejects where an answer is not what it must be. */
  async function take(todo: readonly Step[], keys: Keys): Promise<void> {
    const run = new Run(++lastId);
    runs.set(run.id, run);
    let callers = new Map<string, Caller>();
    let { rig, store } = await open(run, keys, callers);
    try {
      for (const step of todo) {
        switch (step.kind) {
          case 'ask':
            await Promise.all(
              step.asks.map(async (ask) => {
                const answer = await rig
                  .ask(run.tokenOf(ask.caller), { contract: String(1001 + ask.contract), ...ask.window })
                  .catch(() => null);
                if (answer?.content) check(run, ask, answer.content, answer.stale);
                if (answer?.received === null) used.remembered++;
                if (answer?.stale) used.stale++;
              }),
            );
            break;
          case 'pass':
            run.nowMs += step.ms;
            rig.pass(step.ms);
            break;
          case 'weather':
            run.weather = step.weather;
            run.hasFailed ||= step.weather === 'failing' || step.weather === 'silent';
            break;
          case 'evict':
            store.evict(step.share);
            break;
          case 'misdeliver':
            store.misdeliveries = step.times;
            break;
          case 'refuse':
            // Of a contract that nothing else asks for, so that it comes to a call. While the circuit is open it does not.
            run.refusing = true;
            await rig.ask(run.tokenOf(step.caller), { contract: '1999' }).catch((error: unknown) => {
              if ((error as BillingError).failure !== 'unauthenticated') return;
              run.refusedAt.set(step.caller, run.serial);
              used.refused++;
            });
            run.refusing = false;
            break;
          case 'set-wall-clock':
            rig.setWallClock(step.byMs);
            break;
          case 'restart':
            await rig.close();
            if (!step.sameCallers) callers = new Map();
            ({ rig, store } = await open(run, keys, callers));
            break;
        }
      }
    } finally {
      await rig.close();
      runs.delete(run.id);
    }
  }

  const numRuns = kind === 'memory' ? 150 : 60;
  /** Without refusals: where generations do not change, those alone would make it fail. */
  const accepted = steps.map((todo) => todo.filter(({ kind: step }) => step !== 'refuse'));
  const property = (keys: Keys) => fc.asyncProperty(steps, (todo) => take(todo, keys));
  const ring = kind === 'memory' ? createLocalKeyRing() : createSharedKeyRing({ secret: TEST_SECRET, scope: 'test' });
  const sealsOf = (caller: Caller): Pick<CallerKeys, 'seal' | 'open'> => {
    const keys = ring.of(caller);
    return { seal: (name, ...parts) => keys.seal(name, ...parts), open: (name, value) => keys.open(name, value) };
  };
  /** The caller is in what is named and in what it is named with; here it is in neither. */
  const oneCaller = toCaller('one-for-all');
  const ringWithoutCallers: KeyRing = {
    of: () => ({
      expiresAtMs: Infinity,
      nameOf: (text) => ring.of(oneCaller).nameOf(text.slice(text.lastIndexOf(' '))),
      ...sealsOf(oneCaller),
    }),
  };

  test(
    'get what was fetched for them and nothing else, whatever happens in whatever order',
    async () => {
      const before = upstream.requests.length;
      await fc.assert(property({ ring }), { numRuns, examples: [[HIT_AND_STALE], [REFUSED]] });
      expect(upstream.requests.length - before).toBeGreaterThan(numRuns);
      expect(used.remembered).toBeGreaterThan(numRuns);
      expect(used.stale).toBeGreaterThan(0);
      expect(used.refused).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  test(
    'would not, if the caller were left out of the key: the test sees it',
    async () => {
      const result = await fc.check(
        fc.asyncProperty(accepted, (todo) => take(todo, { ring: ringWithoutCallers, generations: oneForAll })),
        { numRuns, endOnFailure: true },
      );
      expect(result.failed).toBe(true);
      expect(String(result.errorInstance)).toContain('A FOREIGN ANSWER');
    },
    LIMIT_MS,
  );

  test(
    'would get what was fetched before their token was refused, if generations did not change: the test sees it',
    async () => {
      const result = await fc.check(property({ ring, generations: oneForAll }), { numRuns, examples: [[REFUSED]], endOnFailure: true });
      expect(result.failed).toBe(true);
    },
    LIMIT_MS,
  );

  test(
    "would still get nothing of each other's out of the store, if only the names left the caller out: the seal holds",
    async () => {
      const named: KeyRing = { of: (caller) => ({ ...ringWithoutCallers.of(caller), ...sealsOf(caller) }) };
      // One at a time, so that only the store can give one caller what is another's.
      const oneByOne = accepted.map((todo) =>
        todo.flatMap((step): Step[] => (step.kind === 'ask' ? step.asks.map((ask) => ({ kind: 'ask', asks: [ask] })) : [step])),
      );
      await fc.assert(
        fc.asyncProperty(oneByOne, (todo) => take(todo, { ring: named, generations: oneForAll })),
        { numRuns: 20 },
      );
    },
    LIMIT_MS,
  );
});
