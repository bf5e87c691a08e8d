import { nextTurn, settleOverTurns, TurnBudget } from '../../../../src/runtime/turns/turn-budget';

/** Counts turns of the event loop until it is stopped. */
function countTurns(): { readonly turn: () => number; readonly stop: () => void } {
  let turns = 0;
  let immediate = setImmediate(function count() {
    turns++;
    immediate = setImmediate(count);
  });
  return { turn: () => turns, stop: () => clearImmediate(immediate) };
}

describe('A budget for turns of the event loop', () => {
  it('lets the first units go on at once, without a promise', () => {
    const budget = new TurnBudget(10);
    expect([budget.take(4), budget.take(6)]).toEqual([null, null]);
    expect(budget.take(1)).toBeInstanceOf(Promise);
  });

  it('lets what is larger than a turn go on by itself', () => {
    const budget = new TurnBudget(10);
    expect(budget.take(50)).toBeNull();
    expect(budget.take(1)).toBeInstanceOf(Promise);
  });

  it('gives each turn no more than its units', async () => {
    const { turn, stop } = countTurns();
    const budget = new TurnBudget(10);
    const perTurn = new Map<number, number>();
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        await budget.take(2);
        perTurn.set(turn(), (perTurn.get(turn()) ?? 0) + 2);
      }),
    );
    stop();
    expect([...perTurn.values()]).toEqual(Array.from({ length: 20 }, () => 10));
  });
});

describe('Members that are settled over turns', () => {
  it('have the values and the failures of the promises that they share', async () => {
    const a = Promise.resolve('a');
    const failed = Promise.reject(new Error('b'));
    const settled = await Promise.allSettled(settleOverTurns([a, failed, a, failed, a], new TurnBudget(2), 1));
    expect(settled.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error).message))).toEqual([
      'a',
      'b',
      'a',
      'b',
      'a',
    ]);
  });

  it('do not wait for members of other promises', async () => {
    const [first, never] = settleOverTurns([Promise.resolve(1), new Promise(() => undefined)], new TurnBudget(10), 1);
    await expect(first).resolves.toBe(1);
    let isSettled = false;
    void never?.then(() => (isSettled = true));
    await nextTurn();
    expect(isSettled).toBe(false);
  });

  it('are settled in several turns where they are more than one has room for, however late the promise comes', async () => {
    const { turn, stop } = countTurns();
    const late = nextTurn().then(nextTurn);
    const turns = await Promise.all(
      settleOverTurns(
        Array.from({ length: 30 }, () => late),
        new TurnBudget(10),
        1,
      ).map((member) => member.then(turn)),
    );
    stop();
    expect(new Set(turns).size).toBe(3);
  });
});
