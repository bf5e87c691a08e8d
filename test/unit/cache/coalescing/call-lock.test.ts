import { BillingError } from '../../../../src/billing/model/billing-error';
import { Caller } from '../../../../src/billing/model/caller';
import type { CallContext } from '../../../../src/billing/ports/billing-source';
import { CacheWaits } from '../../../../src/billing/ports/cache-waits';
import { CallLock } from '../../../../src/cache/coalescing/call-lock';
import { FruitlessWaits } from '../../../../src/cache/coalescing/fruitless-waits';
import type { LockOutcome } from '../../../../src/cache/entries/entry-locks';
import type { StoreClient, StoredValues } from '../../../../src/cache/entries/entry-store';
import { failureOf } from '../../../support/listed-source';

const caller = Caller.parse('Bearer a') as Caller;
const [LOCK, ENTRY] = [Buffer.from('lock'), Buffer.from('entry')];

let nowMs = 0;
beforeEach(() => {
  nowMs = 1000;
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => jest.restoreAllMocks());

/** What is found at each look while a lock is held; the last one from then on. Each look takes ten milliseconds. */
type Looks = readonly ((client: StoreClient) => StoredValues)[];

class CountedWaits extends FruitlessWaits {
  readonly added: number[] = [];
  override add(of: Caller, ms: number): void {
    this.added.push(ms);
    super.add(of, ms);
  }
}

function open(outcome: LockOutcome, looks: Looks = [() => []]) {
  const taken: string[] = [];
  const released: string[] = [];
  const outcomes: string[] = [];
  const asked: string[][] = [];
  const fruitlessWaits = new CountedWaits();
  const locks = {
    take: (name: string, { owner }: { owner: string }) => {
      taken.push(`${name} ${owner}`);
      return Promise.resolve(outcome);
    },
    release: (name: string, owner: string) => void released.push(`${name} ${owner}`),
  };
  const store = {
    layer: 'redis' as const,
    isShared: true,
    locks,
    waitLimitMs: 100,
    getMany: (names: readonly string[], client?: StoreClient) => {
      asked.push([...names]);
      nowMs += 10;
      return looks[Math.min(asked.length, looks.length) - 1]!(client!);
    },
    set: () => undefined,
    close: () => Promise.resolve(),
  };
  const observer = { waited: (each: string) => void outcomes.push(each) };
  const lock = new CallLock({ store, locks, name: 'the-lock', entryName: 'the-entry', fruitlessWaits, observer });
  return { lock, taken, released, outcomes, asked, fruitlessWaits };
}

/** @param timeMs what the operation has left. */
function toContext(timeMs = Infinity, controller = new AbortController()): CallContext {
  return { caller, cacheWaits: new CacheWaits(), signal: controller.signal, deadlineAtMs: nowMs + timeMs } as unknown as CallContext;
}

/** Finds these in turn. */
function lookUps(...found: (string | null)[]) {
  let count = 0;
  const lookUp = (): Promise<string | null> => Promise.resolve(found[count++] ?? null);
  return { lookUp, count: () => count };
}

describe('The lock of a call', () => {
  it('is given back once by who has it', async () => {
    const { lock, taken, released, asked } = open('taken');
    expect(await lock.enter(toContext(), lookUps(null).lookUp)).toBeNull();
    expect(released).toEqual([]);
    lock.leave();
    lock.leave();
    await new Promise(setImmediate);
    expect(released).toEqual(taken);
    expect(released[0]).toMatch(/^the-lock .{36}$/);
    expect(asked).toEqual([]);
  });

  it('is given back at once where another process has stored the response by now', async () => {
    const { lock, taken, released } = open('taken');
    expect(await lock.enter(toContext(), lookUps('known').lookUp)).toBe('known');
    await new Promise(setImmediate);
    expect(released).toEqual(taken);
  });

  it.each<[LockOutcome, string | null]>([
    ['unavailable', null],
    ['unavailable', 'known'],
    ['held', 'known'],
  ])('is not waited for, and nobody’s is given back, where it is %s and what is found is %s', async (outcome, found) => {
    const { lock, released, asked, outcomes } = open(outcome);
    expect(await lock.enter(toContext(), lookUps(found).lookUp)).toBe(found);
    lock.leave();
    await new Promise(setImmediate);
    expect([released, asked, outcomes]).toEqual([[], [], []]);
  });

  it('is not asked for in a store that was late a moment ago', async () => {
    const { lock, taken } = open('taken');
    const { lookUp, count } = lookUps('known');
    const context = toContext();
    context.cacheWaits.storeWasLate = true;
    expect(await lock.enter(context, lookUp)).toBeNull();
    expect([taken, count()]).toEqual([[], 0]);
  });
});

describe('A call of another process', () => {
  it.each<[string, Looks, (string | null)[], string | null, string, number]>([
    [
      'is waited for until its lock is given back',
      [() => [LOCK, undefined], () => [undefined, ENTRY]],
      [null, 'stored'],
      'stored',
      'answered',
      2,
    ],
    [
      'is waited for until its response is there',
      [() => [LOCK, undefined], () => [LOCK, ENTRY]],
      [null, 'stored'],
      'stored',
      'answered',
      2,
    ],
    ['has no response, where its lock is given back without', [() => [undefined, undefined]], [null, null], null, 'unanswered', 1],
    ['is waited for no longer where the store does not answer', [() => [LOCK, undefined], () => []], [null, 'stored'], null, 'gave-up', 2],
    [
      'is waited for no longer where the store is late',
      [
        (client) => {
          client.cacheWaits.storeWasLate = true;
          return [undefined, undefined];
        },
      ],
      [null, 'stored'],
      null,
      'gave-up',
      1,
    ],
  ])('%s', async (...[, looks, found, expected, outcome, count]) => {
    const { lock, outcomes, asked, fruitlessWaits } = open('held', looks);
    const context = toContext();
    expect(await lock.enter(context, lookUps(...found).lookUp)).toBe(expected);
    expect(outcomes).toEqual([outcome]);
    expect(asked).toEqual(Array.from({ length: count }, () => ['the-lock', 'the-entry']));
    expect(context.cacheWaits.locks.totalMs(nowMs)).toBe(count * 10);
    expect(fruitlessWaits.added).toEqual(expected === null ? [count * 10] : []);
  });

  it.each([
    ['a quarter of the time that the operation has left', 200, 0, 5],
    ['what is left of that by its other waits', 200, 20, 3],
    ['no time, where nothing is left', 200, 50, 0],
    ['three seconds', Infinity, 2970, 3],
  ])('is waited for at most %s', async (_what, timeMs, waitedMs, looks) => {
    const { lock, asked, outcomes } = open('held', [() => [LOCK, undefined]]);
    const context = toContext(timeMs);
    context.cacheWaits.locks.begin(nowMs - waitedMs);
    context.cacheWaits.locks.end(nowMs);
    expect(await lock.enter(context, lookUps(null, 'stored').lookUp)).toBeNull();
    expect([asked.length, outcomes]).toEqual([looks, looks === 0 ? [] : ['gave-up']]);
  });

  it('is not waited for by a caller who has waited for nothing too long', async () => {
    const { lock, asked, fruitlessWaits } = open('held', [() => [LOCK, undefined]]);
    fruitlessWaits.add(caller, 3000);
    expect(await lock.enter(toContext(), lookUps(null).lookUp)).toBeNull();
    expect(asked).toEqual([]);
  });

  it('is not waited for once the operation is over', async () => {
    const controller = new AbortController();
    const gone = new BillingError('unavailable', 'gone');
    const { lock, asked, fruitlessWaits } = open('held', [
      () => {
        controller.abort(gone);
        return [LOCK, undefined];
      },
    ]);
    const context = toContext(Infinity, controller);
    expect(await failureOf(lock.enter(context, lookUps(null).lookUp))).toBe(gone);
    expect([asked.length, fruitlessWaits.added, context.cacheWaits.locks.totalMs(nowMs)]).toEqual([1, [10], 10]);
  });
});

describe('Waits for nothing', () => {
  it('are three seconds for each caller within half a minute', async () => {
    const waits = new FruitlessWaits();
    const other = Caller.parse('Bearer b') as Caller;
    waits.add(caller, 1500);
    waits.add(caller, 1499);
    expect(waits.mayWait(caller)).toBe(true);
    const later = async (ms: number): Promise<void> => {
      nowMs += ms;
      // The map of accounts looks at the clock once a millisecond.
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await later(20_000);
    waits.add(caller, 1);
    expect([waits.mayWait(caller), waits.mayWait(other)]).toEqual([false, true]);
    // The period goes on from its first wait.
    await later(10_001);
    expect(waits.mayWait(caller)).toBe(true);
  });
});
