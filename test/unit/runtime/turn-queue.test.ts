import { TurnQueue } from '../../../src/runtime/turn-queue';

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
});
