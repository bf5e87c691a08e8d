import fc from 'fast-check';
import { Caller } from '../../../../src/billing/model/caller';
import { BucketLimiter, openCallLimiter } from '../../../../src/cache/rate-limit/call-limiter';
import { LocalBuckets } from '../../../../src/cache/rate-limit/local-buckets';

class TestClock {
  nowMs = 0;
  monotonicMs(): number {
    return this.nowMs;
  }
  epochMs(): number {
    return this.nowMs;
  }
}

const callerOf = (token: string): Caller => Caller.parse(`Bearer ${token}`)!;

describe('A bucket of calls', () => {
  it('fills at its rate, and no further than a minute of it', () => {
    const clock = new TestClock();
    const buckets = new LocalBuckets(60, clock);
    expect(buckets.take('a', 60)).toEqual({ granted: true, calls: 0 });
    expect(buckets.take('a', 1)).toEqual({ granted: false, calls: 0 });
    clock.nowMs += 2500;
    expect(buckets.take('a', 2)).toEqual({ granted: true, calls: 0.5 });
    clock.nowMs += 3_600_000;
    expect(buckets.callsIn('a')).toBe(60);
  });

  it('never grants more than a full bucket and what has come since, whatever is asked in whatever order', () => {
    const step = fc.record({ waitMs: fc.nat(20_000), calls: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.integer({ min: 1, max: 60 }), (steps, limit) => {
        const clock = new TestClock();
        const buckets = new LocalBuckets(limit, clock);
        let granted = 0;
        for (const { waitMs, calls } of steps) {
          clock.nowMs += waitMs;
          if (buckets.take('a', calls).granted) granted += calls;
          expect(granted).toBeLessThanOrEqual(limit + (clock.nowMs * limit) / 60_000 + 1e-6);
        }
      }),
    );
  });

  it('is not remembered while it is full, and only a bounded number is at all', async () => {
    const limiter = new BucketLimiter({ callsPerMinute: 10, secret: null, shared: null });
    limiter.quotaOf(callerOf('never-seen'));
    expect(limiter.count).toBe(0);
    for (let index = 0; index < 21_000; index++) await limiter.take(callerOf(`junk-${index}`), 1);
    expect(limiter.count).toBe(20_000);
  });
});

describe('The limit on calls', () => {
  it('says after how many seconds there are as many calls as are needed', async () => {
    const clock = new TestClock();
    const limiter = new BucketLimiter({ callsPerMinute: 30, secret: null, shared: null, clock });
    const caller = callerOf('one');
    expect(await limiter.take(caller, 29)).toBeNull();
    expect(await limiter.take(caller, 5)).toEqual({ limit: 30, remaining: 1, resetSeconds: 58, seconds: 8 });
    expect(limiter.quotaOf(caller)).toEqual({ limit: 30, remaining: 1, resetSeconds: 58 });
    clock.nowMs += 7999;
    expect(await limiter.take(caller, 5)).not.toBeNull();
    clock.nowMs += 1;
    expect(await limiter.take(caller, 5)).toBeNull();
  });

  it('takes back what was not used, up to a full bucket', async () => {
    const limiter = new BucketLimiter({ callsPerMinute: 60, secret: null, shared: null, clock: new TestClock() });
    const caller = callerOf('one');
    expect(await limiter.take(caller, 50)).toBeNull();
    limiter.giveBack(caller, 20);
    expect(limiter.quotaOf(caller)).toEqual({ limit: 60, remaining: 30, resetSeconds: 30 });
    limiter.giveBack(caller, 70);
    expect(limiter.quotaOf(caller)).toEqual({ limit: 60, remaining: 60, resetSeconds: 0 });
  });

  it('takes from shared buckets and gives back to them, tells what they said last, and decides alone while they are out of reach', async () => {
    const asked: number[] = [];
    let answer: { granted: boolean; calls: number } | null = { granted: true, calls: 7 };
    const shared = {
      take: (_key: string, calls: number) => {
        asked.push(calls);
        return Promise.resolve(answer);
      },
      close: () => Promise.resolve(),
    };
    const limiter = new BucketLimiter({ callsPerMinute: 60, secret: null, shared, clock: new TestClock() });
    const caller = callerOf('one');
    expect(await limiter.take(caller, 3)).toBeNull();
    expect(limiter.quotaOf(caller).remaining).toBe(7);
    answer = { granted: false, calls: 1 };
    expect(await limiter.take(caller, 2)).toEqual({ limit: 60, remaining: 1, resetSeconds: 59, seconds: 1 });
    answer = null;
    expect(await limiter.take(caller, 2)).toMatchObject({ remaining: 1 });
    limiter.giveBack(caller, 5);
    expect(limiter.quotaOf(caller).remaining).toBe(6);
    expect(await limiter.take(caller, 6)).toBeNull();
    expect(asked).toEqual([3, 2, 2, -5, 6]);
  });

  it('is open where calls are limited, with buckets of its own, or of the primary process, which it closes', async () => {
    const options = { secret: null, redisUrls: [], redisTls: null as never, redisWaitMs: 0, outages: null as never };
    expect(await openCallLimiter({ ...options, callsPerMinute: 0, ofPrimary: null })).toBeNull();
    const alone = (await openCallLimiter({ ...options, callsPerMinute: 10, ofPrimary: null }))!;
    expect([await alone.take(callerOf('one'), 4), alone.quotaOf(callerOf('one')).remaining]).toEqual([null, 6]);
    await alone.close();
    let closed = 0;
    const close = (): Promise<void> => {
      closed++;
      return Promise.resolve();
    };
    const ofPrimary = { take: () => Promise.resolve({ granted: true, calls: 3 }), close };
    const shared = (await openCallLimiter({ ...options, callsPerMinute: 10, ofPrimary }))!;
    expect([await shared.take(callerOf('one'), 4), shared.quotaOf(callerOf('one')).remaining]).toEqual([null, 3]);
    await shared.close();
    expect(closed).toBe(1);
  });

  it('has one bucket for a token, whatever is forwarded beside it, and forgets it when it is full again', async () => {
    const limiter = new BucketLimiter({ callsPerMinute: 10, secret: null, shared: null, clock: new TestClock() });
    const withHeaders = Caller.parse('Bearer one', ['accept-language', 'es']) as Caller;
    expect(await limiter.take(callerOf('one'), 4)).toBeNull();
    expect([limiter.quotaOf(withHeaders).remaining, limiter.quotaOf(callerOf('other')).remaining, limiter.count]).toEqual([6, 10, 1]);
    limiter.giveBack(withHeaders, 4);
    expect([limiter.quotaOf(callerOf('one')).remaining, limiter.count]).toEqual([10, 0]);
  });

  it('gives the shared buckets a hash of the token under a key, the same for the same secret', async () => {
    const keys: string[] = [];
    const shared = {
      take: (key: string) => {
        keys.push(key);
        return Promise.resolve(null);
      },
      close: () => Promise.resolve(),
    };
    const caller = callerOf('secret-token');
    for (const secret of ['a', 'a', 'b']) await new BucketLimiter({ callsPerMinute: 10, secret, shared }).take(caller, 1);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).not.toBe(keys[2]);
    expect(keys.join()).not.toMatch(/secret-token/);
    expect(keys).not.toContain(caller.tokenId);
  });
});
