import { CallAdmission, CallsRefused } from '../../../../src/billing/admission/call-admission';
import { Caller } from '../../../../src/billing/model/caller';
import { BucketLimiter } from '../../../../src/cache/rate-limit/call-limiter';
import { failureOf } from '../../../support/listed-source';

const caller = Caller.parse('Bearer a-token') as Caller;

/** A token that may make ten calls a minute, of which none comes back while a test runs. */
function tenCalls() {
  const limiter = new BucketLimiter({ callsPerMinute: 10, secret: null, shared: null, clock: { monotonicMs: () => 0, epochMs: () => 0 } });
  const account = { caller, cached: 0 };
  const start = (predicted?: number): CallAdmission => {
    const admission = new CallAdmission(limiter, account);
    if (predicted !== undefined) admission.expect(() => predicted);
    return admission;
  };
  return { account, start, remaining: () => limiter.quotaOf(caller).remaining };
}

describe('An operation whose token may make a number of calls', () => {
  it('takes what it is predicted to need before its first call, without what was cached, and gives back the rest at its end', async () => {
    const { account, start, remaining } = tenCalls();
    const admission = start(7);
    expect(remaining()).toBe(10);
    account.cached = 2;
    const seen: number[] = [];
    for (let calls = 0; calls < 3; calls++) {
      await admission.admit();
      seen.push(remaining());
    }
    expect(seen).toEqual([5, 5, 5]);
    admission.end();
    expect(remaining()).toBe(7);
  });

  it('takes each call by itself where nothing is predicted', async () => {
    const { start, remaining } = tenCalls();
    const admission = start();
    for (const left of [9, 8]) {
      await admission.admit();
      expect(remaining()).toBe(left);
    }
  });

  it('makes none of its calls where not all of them are left, and says when they will be', async () => {
    const { start, remaining } = tenCalls();
    await start(8).admit();
    const refused = await failureOf(start(3).admit());
    expect(refused).toBeInstanceOf(CallsRefused);
    expect(refused).toMatchObject({ failure: 'rate-limited', details: { retryAfterSeconds: 6 } });
    expect(refused.message).toMatch(
      /may make 10 calls .* a minute\. The operation needs 3, and 2 are left: none was made\. Repeat it after 6 s/,
    );
    expect(remaining()).toBe(2);
  });

  it('says how many calls it has made where it needs more than was predicted, and none is left', async () => {
    const { start } = tenCalls();
    const admission = start(9);
    for (let calls = 0; calls < 10; calls++) await admission.admit();
    const refused = await failureOf(admission.admit());
    expect(refused).toMatchObject({ failure: 'rate-limited', details: { retryAfterSeconds: 60 } });
    expect(refused.message).toMatch(
      /may make 10 calls .* a minute\. None is left for the operation, which has made 10\. Repeat it after 60 s/,
    );
  });
});
