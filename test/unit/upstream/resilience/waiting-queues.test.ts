import fc from 'fast-check';
import { WaitingQueues } from '../../../../src/upstream/resilience/waiting-queues';

const KEYS = ['', 'a', 'b', 'c'];

/** What is done with the queues: something is appended, the first waiting item of a queue is taken, or a queue is put last. */
const step = fc.oneof(
  fc.record({ act: fc.constant('append' as const), key: fc.constantFrom(...KEYS) }),
  fc.record({ act: fc.constant('take' as const), key: fc.constantFrom(...KEYS) }),
  fc.record({ act: fc.constant('toEnd' as const), key: fc.constantFrom(...KEYS) }),
);

describe('Waiting queues', () => {
  it('are in the order in which they were added or put last, and none of them is empty', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queues = new WaitingQueues<number>();
        const expected = new Map<string, number[]>();
        for (const [number, { act, key }] of steps.entries()) {
          const queue = queues.get(key);
          const known = expected.get(key);
          expect(queue?.waiting).toEqual(known);
          if (act === 'append') {
            queues.append(key, number);
            if (known) known.push(number);
            else expected.set(key, [number]);
          } else if (queue && known) {
            if (act === 'take') {
              expect(queue.waiting.shift()).toBe(known.shift());
              queues.removeIfEmpty(queue);
            } else queues.toEnd(queue);
            if (act === 'toEnd' || known.length === 0) expected.delete(key);
            if (act === 'toEnd') expected.set(key, known);
          }
          expect([...queues].map((each) => [each.key, each.waiting])).toEqual([...expected]);
          expect(queues.first?.key).toBe([...expected.keys()][0]);
        }
      }),
    );
  });

  it('leave a removed queue alone', () => {
    const queues = new WaitingQueues<number>();
    queues.append('a', 1);
    const removed = queues.get('a')!;
    removed.waiting = [];
    queues.removeIfEmpty(removed);
    queues.append('b', 2);
    queues.toEnd(removed);
    queues.removeIfEmpty(removed);
    expect([...queues].map(({ key }) => key)).toEqual(['b']);
  });
});
