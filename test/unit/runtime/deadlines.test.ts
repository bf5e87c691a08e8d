import { setTimeout as sleep } from 'node:timers/promises';
import { startDeadline, type Deadline } from '../../../src/runtime/deadlines';

/** Waits until a deadline of so many milliseconds, started now, has passed, and so every one of that duration before it. */
function passed(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    // Held by a timer of its own: deadlines do not hold the process.
    const held = setInterval(() => undefined, 1000);
    startDeadline(
      durationMs,
      {
        handleDeadline: () => {
          clearInterval(held);
          resolve();
        },
      },
      performance.now(),
    );
  });
}

const start = (durationMs: number, handleDeadline: () => void): Deadline =>
  startDeadline(durationMs, { handleDeadline }, performance.now());

describe('Deadlines', () => {
  it('pass in the order in which they were started, none too early', async () => {
    const startedMs = performance.now();
    const order: number[] = [];
    for (let index = 0; index < 5; index++) {
      start(20, () => order.push(index));
      await sleep(2);
    }
    await passed(20);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(20);
  });

  it('that are cleared do not pass, wherever they stand, and those around them do', async () => {
    const order: number[] = [];
    const deadlines = Array.from({ length: 6 }, (_, index) => start(15, () => order.push(index)));
    for (const index of [0, 2, 3, 5]) deadlines[index]!.clear();
    // Once more, and after it has passed: neither may take another one with it.
    deadlines[2]!.clear();
    await passed(15);
    expect(order).toEqual([1, 4]);
    const later = start(15, () => order.push(6));
    for (const deadline of deadlines) deadline.clear();
    await passed(15);
    expect(order).toEqual([1, 4, 6]);
    later.clear();
  });

  it('of one duration share a timer, whatever other durations were asked for before', () => {
    for (let durationMs = 20_000; durationMs < 20_100; durationMs++) start(durationMs, () => undefined).clear();
    const timers = jest.spyOn(global, 'setTimeout');
    for (let i = 0; i < 10; i++) start(12_345, () => undefined).clear();
    expect(timers).toHaveBeenCalledTimes(1);
    timers.mockRestore();
  });

  it('may clear and start others when they pass', async () => {
    const order: string[] = [];
    start(10, () => {
      order.push('first');
      second.clear();
      start(10, () => order.push('third'));
    });
    const second = start(10, () => order.push('second'));
    await passed(10);
    await passed(10);
    expect(order).toEqual(['first', 'third']);
  });

  it('pass at their own time, whatever their duration', async () => {
    const durations = Array.from({ length: 20 }, (_, index) => 60 - 2 * index);
    // More durations than have a list of their own.
    const early: number[] = [];
    await Promise.all(
      durations.map(
        (durationMs) =>
          new Promise<void>((resolve) => {
            const held = setInterval(() => undefined, 1000);
            const startedMs = performance.now();
            start(durationMs, () => {
              if (performance.now() - startedMs < durationMs) early.push(durationMs);
              clearInterval(held);
              resolve();
            });
          }),
      ),
    );
    expect(early).toEqual([]);
  });

  it('are started again after all have been cleared', async () => {
    start(5, () => undefined).clear();
    await sleep(10);
    let isOver = false;
    start(5, () => (isOver = true));
    await passed(5);
    expect(isOver).toBe(true);
  });
});
