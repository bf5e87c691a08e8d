import { Caller } from '../../../../src/billing/model/caller';
import { CallerCaches } from '../../../../src/billing/ports/caller-caches';
import { CallerEpochs } from '../../../../src/billing/ports/caller-epochs';

const callerOf = (token: string, forwarded: readonly string[] = []): Caller => Caller.parse(`Bearer ${token}`, forwarded) as Caller;

describe('The number of a token', () => {
  it('is its own, and the same until it is evicted, whatever is forwarded beside it', () => {
    const epochs = new CallerEpochs();
    const [a, b] = [epochs.of(callerOf('a')), epochs.of(callerOf('b'))];
    expect(a).not.toBe(b);
    expect([epochs.of(callerOf('a')), epochs.of(callerOf('a', ['accept-language', 'es'])), epochs.of(callerOf('b'))]).toEqual([a, a, b]);
  });

  it('is one that no token has had, once it was evicted', () => {
    const epochs = new CallerEpochs();
    const given = new Set<number>();
    for (let i = 0; i < 5; i++)
      for (const token of ['a', 'b']) {
        given.add(epochs.of(callerOf(token)));
        epochs.evictCaller(callerOf(token, ['accept-language', 'es']));
      }
    expect(given.size).toBe(10);
  });

  it('is known of the 20,000 tokens that were used last', () => {
    const epochs = new CallerEpochs();
    const first = epochs.of(callerOf('t0'));
    for (let i = 1; i < 20_000; i++) epochs.of(callerOf(`t${i}`));
    expect(epochs.of(callerOf('t0'))).toBe(first);
    const second = epochs.of(callerOf('t1'));
    for (let i = 0; i < 20_000; i++) epochs.of(callerOf(`others-${i}`));
    expect(epochs.of(callerOf('t1'))).toBeGreaterThan(second + 1);
  });
});

describe('All caches of the process', () => {
  it('evict a caller together', () => {
    const caches = new CallerCaches();
    const evicted: [string, Caller][] = [];
    caches.evictCaller(callerOf('nobody'));
    for (const name of ['one', 'other']) caches.add({ evictCaller: (caller) => evicted.push([name, caller]) });
    const caller = callerOf('a');
    caches.evictCaller(caller);
    expect(evicted).toEqual([
      ['one', caller],
      ['other', caller],
    ]);
  });
});
