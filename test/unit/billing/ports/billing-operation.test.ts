import { BillingError } from '../../../../src/billing/model/billing-error';
import { startOperation } from '../../../support/listed-source';

const answer = { content: null, received: null, freshUntilMs: 0, stale: false };
const received = { body: Buffer.alloc(0), headers: {}, receivedAtMs: 0, isPartial: false };

const request = { customer: { idType: 'RUC', id: '1' }, contractNumber: '2', window: { offset: 0, limit: 1 } };

describe('BillingOperation', () => {
  it('lets exactly as many calls be made as its budget has, and says how many that are', () => {
    const operation = startOperation({ callBudget: 2 });
    operation.spendCall();
    operation.spendCall();
    expect(() => operation.spendCall()).toThrow('The operation needs more than the 2 calls');
    expect(operation.calls).toBe(2);
  });

  it('lets no call be made after a refused token, and keeps the first refusal', () => {
    const operation = startOperation();
    const first = new BillingError('unauthenticated', 'first');
    operation.noteFailure(first, request);
    operation.noteFailure(new BillingError('unauthenticated', 'second'), request);
    expect(operation.deadToken).toBe(first);
    expect(() => operation.spendCall()).toThrow(first);
    expect(operation.calls).toBe(0);
  });

  it('goes on after any other failure', () => {
    const operation = startOperation();
    operation.noteFailure(new BillingError('forbidden', 'no'), request);
    operation.spendCall();
    expect([operation.deadToken, operation.calls]).toEqual([null, 1]);
  });

  it('is as fresh as the oldest answer in it, and counts what was remembered and what was stale', () => {
    const operation = startOperation();
    expect(operation.freshUntilMs).toBe(Infinity);
    operation.noteAnswer({ ...answer, received, freshUntilMs: 2000 }, request);
    operation.noteAnswer({ ...answer, freshUntilMs: 1000 }, request);
    operation.noteAnswer({ ...answer, freshUntilMs: 3000, stale: true }, request);
    expect(operation).toMatchObject({ freshUntilMs: 1000, cached: 2, stale: 1 });
  });
});
