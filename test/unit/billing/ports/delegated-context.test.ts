import { BillingError } from '../../../../src/billing/model/billing-error';
import { Caller } from '../../../../src/billing/model/caller';
import { BillingOperation } from '../../../../src/billing/ports/billing-operation';
import type { CallContext } from '../../../../src/billing/ports/billing-source';
import { DelegatedContext } from '../../../../src/billing/ports/delegated-context';
import type { OperationTrace } from '../../../../src/billing/ports/operation-trace';
import { BucketLimiter } from '../../../../src/cache/rate-limit/call-limiter';
import { ByteBudget } from '../../../../src/runtime/byte-budget';

class Plain extends DelegatedContext {}

const request = { customer: { idType: 'RUC', id: '1' }, contractNumber: '2', window: { offset: 0, limit: 1 } };

/** An operation with everything that one can have, and a context that is its own. */
function createBoth() {
  const operation = new BillingOperation({
    caller: Caller.parse('Bearer a') as Caller,
    requestId: 'id-1',
    trace: {} as OperationTrace,
    signal: new AbortController().signal,
    deadlineAtMs: 1000,
    callBudget: 2,
    limiter: new BucketLimiter({ callsPerMinute: 10, secret: null, shared: null }),
    recency: { notBeforeMs: 7, usesCached: true },
    memory: new ByteBudget({ maxBytes: 100, maxHolderBytes: 10 }).open(),
  });
  return { operation, context: new Plain(operation) as CallContext };
}

describe('A context that is delegated to another', () => {
  it('has all that the other has', () => {
    const { operation, context } = createBoth();
    operation.noteFailure(new BillingError('unauthenticated', 'no'), request);
    const names = [
      'caller',
      'requestId',
      'trace',
      'signal',
      'deadlineAtMs',
      'deadToken',
      'cacheWaits',
      'memory',
      'recency',
      'admission',
    ] as const;
    for (const name of names) {
      expect(operation[name]).toBeTruthy();
      expect(context[name]).toBe(operation[name]);
    }
  });

  it('makes, returns and notes the calls of the other', () => {
    const { operation, context } = createBoth();
    context.spendCall();
    context.spendCall();
    expect(() => context.spendCall()).toThrow('The operation needs more than the 2 calls');
    context.returnCall();
    const record = { request, durationMs: 1, outcome: 'ok' };
    context.recordCall(record);
    context.noteQueued?.(3);
    context.noteQueued?.(4);
    expect(operation).toMatchObject({ calls: 1, records: [record], queuedMs: 7 });
  });
});
