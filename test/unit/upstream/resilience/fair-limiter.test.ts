import { BillingError } from '../../../../src/billing/model/billing-error';
import type { CallContext } from '../../../../src/billing/ports/billing-source';
import { CacheWaits } from '../../../../src/billing/ports/cache-waits';
import { Caller } from '../../../../src/billing/model/caller';
import { AdaptiveLimit } from '../../../../src/upstream/resilience/adaptive-limit';
import type { AcceptedTokens } from '../../../../src/billing/ports/accepted-tokens';
import { FairLimiter, type Slot, type Waiter } from '../../../../src/upstream/resilience/fair-limiter';
import { TokenLimits } from '../../../../src/upstream/resilience/token-limits';
import { failureOf } from '../../../support/listed-source';

class Context implements CallContext {
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly deadlineAtMs = Infinity;
  deadToken: BillingError | null = null;
  readonly cacheWaits = new CacheWaits();
  readonly recency = null;

  constructor(token: string, signal = new AbortController().signal) {
    this.caller = Caller.parse(`Bearer ${token}`) as Caller;
    this.signal = signal;
  }

  spendCall(): void {
    // Nothing is paid for here.
  }

  returnCall(): void {
    // Nor given back.
  }

  recordCall(): void {
    // Nothing is recorded here.
  }
}

/** A limiter with all places taken, and the order in which those that wait get one. */
function setUp(
  places: number,
  maxWaiting = 100,
): { limiter: FairLimiter; taken: Slot[]; order: string[]; enter: (name: string, context?: Context) => Promise<void> } {
  const limiter = createLimiter(places, { maxWaiting });
  const taken: Slot[] = [];
  for (let place = limiter.tryEnter(new Context('first')); place; place = limiter.tryEnter(new Context('first'))) taken.push(place);
  const order: string[] = [];
  const enter = (name: string, context = new Context(name[0] as string)): Promise<void> =>
    enterLater(limiter, context).then((place) => {
      order.push(name);
      taken.push(place);
    });
  return { limiter, taken, order, enter };
}

/** Waits as an attempt does: until it is admitted or refused, or its signal aborts. */
function enterLater(limiter: FairLimiter, context: Context): Promise<Slot> {
  return new Promise((resolve, reject) => {
    const waiter: Waiter = { context, admit: resolve, refuse: reject };
    const { signal } = context;
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    signal.addEventListener('abort', () => {
      limiter.withdraw(waiter);
      reject(signal.reason as Error);
    });
    limiter.enter(waiter);
  });
}

/** Tokens that begin with "x" were never accepted. */
const accepted: AcceptedTokens = { has: ({ token }) => !token.startsWith('x') };

function createLimiter(
  places: number,
  options: { maxWaiting?: number; tokenLimits?: TokenLimits; accepted?: AcceptedTokens } = {},
): FairLimiter {
  return new FairLimiter({
    limit: new AdaptiveLimit({ start: places, max: places }),
    tokenLimits: new TokenLimits(),
    accepted,
    maxWaiting: 100,
    ...options,
  });
}

async function leaveAll(limiter: FairLimiter, taken: Slot[]): Promise<void> {
  for (let place = taken.shift(); place; place = taken.shift()) {
    limiter.leave(place);
    await Promise.resolve();
    await Promise.resolve();
  }
}

describe('A fair limiter', () => {
  it('gives places at once while there are some, and no more', () => {
    const limiter = createLimiter(2);
    const enter = (): Slot | null => limiter.tryEnter(new Context('a'));
    const place = enter();
    expect([enter() === null, enter()]).toEqual([false, null]);
    limiter.leave(place as Slot);
    expect(enter()).not.toBeNull();
    expect([limiter.inFlight, limiter.waiting]).toEqual([2, 0]);
  });

  it('serves callers in turn, and the calls of one caller in their order', async () => {
    const { limiter, taken, order, enter } = setUp(1);
    const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'].map((name) => enter(name));
    await leaveAll(limiter, taken);
    await Promise.all(all);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  });

  it('lets nobody pass those who wait', async () => {
    const { limiter, taken, enter } = setUp(1);
    const waiting = enter('a');
    limiter.leave(taken.pop() as Slot);
    expect(limiter.tryEnter(new Context('b'))).toBeNull();
    await waiting;
    limiter.leave(taken.pop() as Slot);
    expect(limiter.tryEnter(new Context('b'))).not.toBeNull();
  });

  it('gives unknown tokens all but an eighth of the places, and a twelfth while others wait', async () => {
    const limiter = createLimiter(24);
    const unknown: Slot[] = [];
    for (let place = limiter.tryEnter(new Context('x')); place; place = limiter.tryEnter(new Context('x'))) unknown.push(place);
    expect(unknown).toHaveLength(21);
    const known: Slot[] = [];
    for (let place = limiter.tryEnter(new Context('a')); place; place = limiter.tryEnter(new Context('a'))) known.push(place);
    expect(known).toHaveLength(3);
    const order: string[] = [];
    for (let i = 0; i < 30; i++) {
      for (const token of [`x${i}`, `a${i % 3}`])
        void enterLater(limiter, new Context(token)).then(
          (place) => (order.push(token[0] as string), (token[0] === 'x' ? unknown : known).push(place)),
        );
    }
    // While places come back, unknown tokens are down to two of them.
    for (let round = 0; round < 19; round++) {
      limiter.leave(unknown.shift() as Slot);
      await Promise.resolve();
    }
    expect(order).toEqual(Array.from({ length: 19 }, () => 'a'));
    limiter.leave(unknown.shift() as Slot);
    await Promise.resolve();
    await Promise.resolve();
    expect(order.filter((token) => token === 'x')).toHaveLength(1);
  });

  it('always has a place for an unknown token, however few there are', () => {
    expect(createLimiter(1).tryEnter(new Context('x'))).not.toBeNull();
  });

  it('moves the calls of a token that was accepted out of the queue of unknown ones', async () => {
    const known = new Set<string>();
    const limiter = createLimiter(4, { accepted: { has: ({ token }) => known.has(token) } });
    const first = limiter.tryEnter(new Context('x'));
    const order: string[] = [];
    const waiting = ['y', 'z', 'y', 'z'].map((token) => enterLater(limiter, new Context(token)).then(() => order.push(token)));
    known.add('z');
    limiter.moveAccepted('z');
    limiter.leave(first as Slot);
    await Promise.all([waiting[1], waiting[3], waiting[0]]);
    expect(order.slice(0, 3).sort()).toEqual(['y', 'z', 'z']);
    // Nobody else waits for the slot that is left.
    expect(limiter.waiting).toBe(0);
  });

  it('keeps a refused token to its own limit, and lets others pass it', async () => {
    const tokenLimits = new TokenLimits();
    const limiter = createLimiter(4, { tokenLimits });
    tokenLimits.noteRefusal('a', 2, 0);
    const place = limiter.tryEnter(new Context('a')) as Slot;
    expect(limiter.tryEnter(new Context('a'))).toBeNull();
    let isAdmitted = false;
    const waiting = enterLater(limiter, new Context('a')).then(() => (isAdmitted = true));
    expect(limiter.tryEnter(new Context('b'))).not.toBeNull();
    await Promise.resolve();
    expect([isAdmitted, limiter.waiting]).toEqual([false, 1]);
    limiter.leave(place);
    await waiting;
  });

  it('takes an aborted one out of the queue, which is told the reason', async () => {
    const { limiter, taken, order, enter } = setUp(1);
    const controller = new AbortController();
    const gone = new BillingError('unavailable', 'gone');
    const failure = failureOf(enter('a', new Context('a', controller.signal)));
    const other = enter('b');
    controller.abort(gone);
    expect(await failure).toBe(gone);
    expect(limiter.waiting).toBe(1);
    limiter.leave(taken.pop() as Slot);
    await other;
    expect(order).toEqual(['b']);
    expect(await failureOf(enter('a', new Context('a', controller.signal)))).toBe(gone);
    expect(limiter.waiting).toBe(0);
  });

  it('refuses a newcomer when the queue is full', async () => {
    const { limiter, taken, enter } = setUp(1, 2);
    const waiting = [enter('a1'), enter('a2')];
    const failure = await failureOf(enter('a3'));
    expect([failure.failure, failure.details.retryAfterSeconds]).toEqual(['unavailable', 1]);
    expect(failure.message).toContain('Try again');
    await leaveAll(limiter, taken);
    await Promise.all(waiting);
  });

  it('makes room for another caller at the cost of the one that waits most', async () => {
    const { limiter, taken, order, enter } = setUp(1, 3);
    const flood = [enter('a1'), enter('a2')];
    const last = failureOf(enter('a3'));
    const single = enter('b1');
    expect((await last).failure).toBe('unavailable');
    expect(limiter.waiting).toBe(3);
    await leaveAll(limiter, taken);
    await Promise.all([...flood, single]);
    expect(order).toEqual(['a1', 'b1', 'a2']);
  });

  it('loses a call in the middle of the queue of unknown tokens, to a newcomer among these too', async () => {
    const { limiter, taken, order, enter } = setUp(1, 3);
    const unknown = (name: string) => enter(name, new Context(`x${name}`));
    const [oldest, lost, newest] = [unknown('1'), failureOf(unknown('2')), unknown('3')];
    const newcomer = unknown('4');
    expect((await lost).failure).toBe('unavailable');
    await leaveAll(limiter, taken);
    await Promise.all([oldest, newest, newcomer]);
    expect(order).toEqual(['1', '4', '3']);
  });

  it('refuses those for whom there is an error, and no others', async () => {
    const { limiter, taken, order, enter } = setUp(1);
    const dead = new Context('a');
    const failure = failureOf(enter('a', dead));
    const alive = enter('b');
    const token = new BillingError('unauthenticated', 'no');
    dead.deadToken = token;
    limiter.refuse((context) => context.deadToken);
    expect(await failure).toBe(token);
    await leaveAll(limiter, taken);
    await alive;
    expect(order).toEqual(['b']);
  });

  it('keeps the places of attempts that nobody waits for until they have ended, which beyond half of all is soon', async () => {
    const { limiter, taken, order, enter } = setUp(5);
    const ends: (() => void)[] = [];
    const hurried: number[] = [];
    const keep = (name: number): void =>
      limiter.keep(taken.shift() as Slot, {
        ended: new Promise((resolve) => ends.push(resolve)),
        cutAfter: () => hurried.push(name),
      });
    for (const name of [1, 2, 3]) keep(name);
    void enter('a');
    await Promise.resolve();
    expect([limiter.inFlight, order, hurried]).toEqual([5, [], [3]]);
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect([limiter.inFlight, order]).toEqual([5, ['a']]);
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    keep(4);
    expect([limiter.inFlight, hurried]).toEqual([4, [3]]);
  });
});
