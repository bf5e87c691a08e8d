import { TurnQueue } from '../../../../src/runtime/turns/turn-queue';

const nextTurn = () => new Promise(setImmediate);

describe('a turn queue', () => {
  it('handles what came in one turn together, in the order of arrival', async () => {
    const handled: string[] = [];
    const queue = new TurnQueue<string>((item) => {
      handled.push(item);
      queueMicrotask(() => handled.push(`after ${item}`));
    });
    queue.add('a');
    await Promise.resolve();
    queue.add('b');
    expect(handled).toEqual([]);
    await nextTurn();
    // One step for all before the next step for any.
    expect(handled).toEqual(['a', 'b', 'after a', 'after b']);
  });

  it('handles what comes while it is busy in the next turn', async () => {
    const turns: string[][] = [[]];
    const queue = new TurnQueue<string>((item) => {
      turns.at(-1)!.push(item);
      if (item === 'a') queue.add('of a');
    });
    queue.add('a');
    queue.add('b');
    await nextTurn();
    turns.push([]);
    await nextTurn();
    expect(turns).toEqual([['a', 'b'], ['of a']]);
  });

  it('handles as many in a turn as it may, and the rest in the next ones, before what came meanwhile', async () => {
    const turns: string[][] = [[]];
    const queue = new TurnQueue<string>(
      (item) => {
        turns.at(-1)!.push(item);
        if (item === 'a') queue.add('of a');
      },
      { maxItems: 2, maxMs: Infinity },
    );
    for (const item of ['a', 'b', 'c', 'd', 'e']) queue.add(item);
    for (let turn = 0; turn < 3; turn++) {
      await nextTurn();
      turns.push([]);
    }
    expect(turns).toEqual([['a', 'b'], ['c', 'd'], ['e', 'of a'], []]);
  });

  it('begins nothing more in a turn when its time is over', async () => {
    const handled: number[] = [];
    const queue = new TurnQueue<number>(
      (item) => {
        handled.push(item);
        const endMs = performance.now() + 2;
        while (performance.now() < endMs);
      },
      { maxItems: Infinity, maxMs: 1 },
    );
    for (const item of [1, 2]) queue.add(item);
    await nextTurn();
    expect(handled).toEqual([1]);
    await nextTurn();
    expect(handled).toEqual([1, 2]);
  });
});
