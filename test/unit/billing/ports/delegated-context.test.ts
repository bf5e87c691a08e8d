import { Caller } from '../../../../src/billing/model/caller';
import { BillingOperation } from '../../../../src/billing/ports/billing-operation';
import type { CallContext } from '../../../../src/billing/ports/billing-source';
import { DelegatedContext } from '../../../../src/billing/ports/delegated-context';

class Plain extends DelegatedContext {}

const request = { customer: { idType: 'RUC', id: '1' }, contractNumber: '2', window: { offset: 0, limit: 1 } };

describe('A context that is delegated to another', () => {
  it('has all that the other has', () => {
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
    // A value of its own for each, so that none can stand for another, nor for one that is missing.
    const values = new Map(names.map((name) => [name, { name }]));
    const context = new Plain(Object.fromEntries(values) as unknown as CallContext);
    for (const name of names) expect(context[name]).toBe(values.get(name));
    const methods = ['spendCall', 'returnCall', 'recordCall', 'noteQueued'];
    expect(Object.getOwnPropertyNames(DelegatedContext.prototype).sort()).toEqual(['constructor', ...names, ...methods].sort());
  });

  it('makes, returns and notes the calls of the other', () => {
    const operation = new BillingOperation({
      caller: Caller.parse('Bearer a') as Caller,
      signal: new AbortController().signal,
      deadlineAtMs: 1000,
      callBudget: 2,
    });
    const context: CallContext = new Plain(operation);
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
