import { StrangerTurns } from '../../../../src/graphql/limits/stranger-turns';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Keeps the processor busy. */
function work(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

describe('The turns of strangers', () => {
  it('come one at a time, none of them in the turn in which it was asked for', async () => {
    const turns = new StrangerTurns();
    const done: number[] = [];
    for (const index of [0, 1, 2]) turns.add(() => done.push(index));
    expect(done).toEqual([]);
    await nextTurn();
    expect(done).toEqual([0]);
    await nextTurn();
    await nextTurn();
    expect(done).toEqual([0, 1, 2]);
  });

  it('are followed by a rest of nine times their time while an accepted token has had a request in the last second', async () => {
    const turns = new StrangerTurns();
    turns.noteAccepted(performance.now());
    const startedMs: number[] = [];
    for (let count = 0; count < 2; count++)
      turns.add(() => {
        startedMs.push(performance.now());
        work(3);
      });
    // Timers fire in the order of their times: the rest is far shorter than this.
    let isLate = false;
    const timer = setTimeout(() => (isLate = true), 450);
    while (startedMs.length < 2) await nextTurn();
    clearTimeout(timer);
    expect(isLate).toBe(false);
    // 3 ms and nine times 3 ms; timers may fire up to a millisecond early.
    expect(startedMs[1]! - startedMs[0]!).toBeGreaterThanOrEqual(29);
  });

  it('have no rests once no accepted token has had a request for a second', async () => {
    const turns = new StrangerTurns();
    turns.noteAccepted(performance.now() - 1001);
    let done = 0;
    for (let count = 0; count < 2; count++)
      turns.add(() => {
        work(5);
        done++;
      });
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    expect(done).toBe(2);
  });

  it('are no more than 64 at once, of whatever kind, and again as many when these have come', async () => {
    const turns = new StrangerTurns();
    let done = 0;
    for (let count = 1; count <= 64; count++) expect(turns.add(() => done++)).toBe(true);
    expect([turns.add(() => done++), turns.take()]).toEqual([false, null]);
    while (done < 64) await nextTurn();
    await turns.take();
    expect(done).toBe(64);
  });

  it('of operations are two turns of the event loop each', async () => {
    const turns = new StrangerTurns();
    const done: string[] = [];
    const first = turns.take()!.then(() => done.push('first'));
    turns.add(() => done.push('second'));
    await first;
    await nextTurn();
    expect(done).toEqual(['first']);
    await nextTurn();
    expect(done).toEqual(['first', 'second']);
  });
});
