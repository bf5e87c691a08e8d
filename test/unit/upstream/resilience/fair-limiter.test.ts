import { BillingError } from '../../../../src/billing/model/billing-error';
import type { CallContext } from '../../../../src/billing/ports/billing-source';
import { Caller } from '../../../../src/billing/model/caller';
import { AdaptiveLimit } from '../../../../src/upstream/resilience/adaptive-limit';
import { FairLimiter } from '../../../../src/upstream/resilience/fair-limiter';
import { failureOf } from '../../../support/listed-source';

class Context implements CallContext {
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly deadlineAtMs = Infinity;
  deadToken: BillingError | null = null;

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

/** A limiter with all places taken, and the order in which those who wait get one. */
function setUp(
  places: number,
  maxWaiting = 100,
): { limiter: FairLimiter; order: string[]; enter: (name: string, context?: Context) => Promise<void> } {
  const limiter = new FairLimiter(new AdaptiveLimit(places), maxWaiting);
  while (limiter.tryEnter());
  const order: string[] = [];
  const enter = (name: string, context = new Context(name[0] as string)): Promise<void> =>
    limiter.enter(context).then(() => void order.push(name));
  return { limiter, order, enter };
}

async function leaveAll(limiter: FairLimiter): Promise<void> {
  while (limiter.underWay > 0) {
    limiter.leave();
    await Promise.resolve();
    await Promise.resolve();
  }
}

describe('A fair limiter', () => {
  it('gives places at once while there are some, and no more', () => {
    const limiter = new FairLimiter(new AdaptiveLimit(2), 10);
    expect([limiter.tryEnter(), limiter.tryEnter(), limiter.tryEnter()]).toEqual([true, true, false]);
    limiter.leave();
    expect(limiter.tryEnter()).toBe(true);
    expect([limiter.underWay, limiter.waiting]).toEqual([2, 0]);
  });

  it('serves callers in turn, and the calls of one caller in their order', async () => {
    const { limiter, order, enter } = setUp(1);
    const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'].map((name) => enter(name));
    await leaveAll(limiter);
    await Promise.all(all);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
  });

  it('lets nobody pass those who wait', async () => {
    const { limiter, enter } = setUp(1);
    const waiting = enter('a');
    limiter.leave();
    expect(limiter.tryEnter()).toBe(false);
    await waiting;
    limiter.leave();
    expect(limiter.tryEnter()).toBe(true);
  });

  it('takes an aborted one out of the queue, which is told the reason', async () => {
    const { limiter, order, enter } = setUp(1);
    const controller = new AbortController();
    const gone = new BillingError('unavailable', 'gone');
    const failure = failureOf(enter('a', new Context('a', controller.signal)));
    const other = enter('b');
    controller.abort(gone);
    expect(await failure).toBe(gone);
    expect(limiter.waiting).toBe(1);
    limiter.leave();
    await other;
    expect(order).toEqual(['b']);
    expect(await failureOf(enter('a', new Context('a', controller.signal)))).toBe(gone);
    expect(limiter.waiting).toBe(0);
  });

  it('refuses a newcomer when the queue is full', async () => {
    const { limiter, enter } = setUp(1, 2);
    const waiting = [enter('a1'), enter('a2')];
    const failure = await failureOf(enter('a3'));
    expect([failure.failure, failure.details.retryAfterSeconds]).toEqual(['unavailable', 1]);
    expect(failure.message).toContain('Try again');
    await leaveAll(limiter);
    await Promise.all(waiting);
  });

  it('makes room for another caller at the cost of the one that waits most', async () => {
    const { limiter, order, enter } = setUp(1, 3);
    const flood = [enter('a1'), enter('a2')];
    const last = failureOf(enter('a3'));
    const single = enter('b1');
    expect((await last).failure).toBe('unavailable');
    expect(limiter.waiting).toBe(3);
    await leaveAll(limiter);
    await Promise.all([...flood, single]);
    expect(order).toEqual(['a1', 'b1', 'a2']);
  });

  it('refuses those for whom there is an error, and no others', async () => {
    const { limiter, order, enter } = setUp(1);
    const dead = new Context('a');
    const failure = failureOf(enter('a', dead));
    const alive = enter('b');
    const token = new BillingError('unauthenticated', 'no');
    dead.deadToken = token;
    limiter.refuse((context) => context.deadToken);
    expect(await failure).toBe(token);
    await leaveAll(limiter);
    await alive;
    expect(order).toEqual(['b']);
  });
});
