import { SharedTurnBudget } from '../../../../src/runtime/turns/shared-turn-budget';

const nextTurn = () => new Promise(setImmediate);

/** Has work done in the turns in which it may, and returns what was done in each of them. */
async function workOf(units: readonly number[], turns: number): Promise<number[][]> {
  const budget = new SharedTurnBudget(10);
  const done: number[][] = [[]];
  for (const each of units) {
    const turn = budget.take(each);
    if (turn) void turn.then(() => done.at(-1)!.push(each));
    else done.at(-1)!.push(each);
  }
  for (let turn = 0; turn < turns; turn++) {
    done.push([]);
    await nextTurn();
  }
  return done;
}

describe('A budget that all of a process shares', () => {
  it('has what fits into a turn done at once, and the rest in later turns, in order', async () => {
    expect(await workOf([4, 6, 1, 9, 2, 3], 3)).toEqual([[4, 6], [1, 9], [2, 3], []]);
  });

  it('gives what is larger than a turn one of its own', async () => {
    expect(await workOf([50, 1, 20, 2], 4)).toEqual([[50], [1], [20], [2], []]);
  });

  it('lets nothing pass what waits', async () => {
    expect(await workOf([8, 5, 1], 2)).toEqual([[8], [5, 1], []]);
  });

  it('begins anew in each turn', async () => {
    const budget = new SharedTurnBudget(10);
    for (let turn = 0; turn < 3; turn++) {
      expect([budget.take(7), budget.take(3)]).toEqual([null, null]);
      await nextTurn();
    }
  });
});
