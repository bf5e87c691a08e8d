import { RestingQueue } from '../../../../src/runtime/turns/resting-queue';
import { until } from '../../../support/cache-fixtures';

/** Keeps the processor busy. */
function work(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

describe('A queue that rests', () => {
  it('handles one item after the other, none in the turn of the event loop in which it comes', async () => {
    const handled: number[] = [];
    const queue = new RestingQueue<number>(
      (item) => handled.push(item),
      () => 0,
    );
    for (let item = 0; item < 5; item++) queue.add(item);
    expect(handled).toEqual([]);
    await until(() => handled.length === 5);
    queue.add(5);
    await until(() => handled.length === 6);
    expect(handled).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('rests as long as the turn of an item asks for, what promises did in it included', async () => {
    const spent: number[] = [];
    const starts: number[] = [];
    const queue = new RestingQueue<number>(
      () => {
        starts.push(performance.now());
        void Promise.resolve().then(() => work(5));
      },
      (spentMs) => {
        spent.push(spentMs);
        return 3 * spentMs;
      },
    );
    for (let item = 0; item < 4; item++) queue.add(item);
    await until(() => spent.length === 4);
    for (const [index, startMs] of starts.entries()) {
      expect(spent[index]).toBeGreaterThanOrEqual(5);
      // Timers may fire up to a millisecond early.
      if (index > 0) expect(startMs - (starts[index - 1] as number)).toBeGreaterThanOrEqual(4 * (spent[index - 1] as number) - 2);
    }
  });
});
