import { Caller } from '../../../../src/billing/model/caller';
import { BillingOperation } from '../../../../src/billing/ports/billing-operation';
import { BucketLimiter } from '../../../../src/cache/rate-limit/call-limiter';
import { toLimitedSource } from '../../../../src/cache/rate-limit/limited-source';
import { customer, failureOf } from '../../../support/listed-source';

const REQUEST = { customer, contractNumber: '1', window: { offset: 0, limit: 1 } };

function startWith(limiter?: BucketLimiter) {
  const operation = new BillingOperation({
    caller: Caller.parse('Bearer a') as Caller,
    signal: new AbortController().signal,
    callBudget: 10,
    limiter,
  });
  let made = 0;
  const answer = { content: {}, received: null, freshUntilMs: 0, stale: false };
  const source = toLimitedSource<object>({ read: () => Promise.resolve({ ...answer, made: ++made }) });
  // As what is in front of it does: the call is taken out of the budget before it is known whether it may be made.
  const read = () => {
    operation.spendCall();
    return source.read(REQUEST, operation);
  };
  return { operation, read, made: () => made };
}

describe('A source whose calls are limited by token', () => {
  it('makes the calls that the token may make, and returns the others to the budget', async () => {
    const { operation, made, read } = startWith(new BucketLimiter({ callsPerMinute: 2, secret: null, shared: null }));
    operation.admission?.expect(() => 2);
    expect((await read()).content).toEqual({});
    await read();
    expect((await failureOf(read())).failure).toBe('rate-limited');
    expect([made(), operation.calls]).toEqual([2, 2]);
  });

  it('makes all calls where there is no limit', async () => {
    const { operation, made, read } = startWith();
    for (let calls = 0; calls < 3; calls++) await read();
    expect([made(), operation.calls]).toEqual([3, 3]);
  });
});
