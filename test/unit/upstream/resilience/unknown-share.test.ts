import { UnknownShare } from '../../../../src/upstream/resilience/unknown-share';
import { Caller } from '../../../../src/billing/model/caller';
import type { CallContext } from '../../../../src/billing/ports/billing-source';

const toWaiting = (token: string, name = token) => ({ name, context: { caller: Caller.parse(`Bearer ${token}`) } as CallContext });
const all = (): boolean => true;

/** How many more may be in flight at that moment. */
function fill(share: UnknownShare, accepted: number, nowMs: number, othersWait = false): number {
  let entered = 0;
  while (share.hasSlot(64, accepted, { othersWait, nowMs })) share.enter(`token ${entered++}`);
  for (let i = 0; i < entered; i++) share.leave(`token ${i}`);
  return entered;
}

describe('The share of unknown tokens', () => {
  it('is all but an eighth of the places where nobody else has needed any', () => {
    expect(fill(new UnknownShare(), 0, 5000)).toBe(56);
  });

  it('is what accepted tokens have not needed for a second or two, but a quarter at least', () => {
    const share = new UnknownShare();
    share.noteAccepted(30);
    expect(fill(share, 0, 5000)).toBe(34);
    expect(fill(share, 0, 5999)).toBe(34);
    expect(fill(share, 0, 6000)).toBe(56);
    share.noteAccepted(64);
    expect(fill(share, 0, 6100)).toBe(16);
  });

  it('is a twelfth while others wait, and never nothing', () => {
    const share = new UnknownShare();
    expect(fill(share, 0, 5000, true)).toBe(5);
    expect(share.hasSlot(1, 0, { othersWait: true, nowMs: 5000 })).toBe(true);
  });

  it('serves the oldest and the newest of them in turn', () => {
    const share = new UnknownShare();
    const queue = ['a', 'b', 'c', 'd', 'e'].map((token) => toWaiting(token));
    const served: string[] = [];
    while (queue.length > 0) served.push(...queue.splice(share.next(queue, all), 1).map(({ name }) => name));
    expect(served).toEqual(['a', 'e', 'b', 'd', 'c']);
  });

  it('has one call of a token in flight while there are other tokens, in the order of its calls', () => {
    const share = new UnknownShare();
    const queue = [toWaiting('a', 'a1'), toWaiting('a', 'a2'), toWaiting('b', 'b1'), toWaiting('a', 'a3'), toWaiting('b', 'b2')];
    const served: string[] = [];
    while (queue.length > 0)
      for (const { name, context } of queue.splice(share.next(queue, all), 1)) {
        share.enter(context.caller.token);
        served.push(name);
      }
    expect(served).toEqual(['a1', 'b1', 'a2', 'a3', 'b2']);
  });

  it('has nobody to go where none may', () => {
    expect(new UnknownShare().next([toWaiting('a')], () => false)).toBe(-1);
  });
});
