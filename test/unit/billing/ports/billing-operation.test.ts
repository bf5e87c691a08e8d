import { BillingError } from '../../../../src/billing/model/billing-error';
import { CallsRefused } from '../../../../src/billing/admission/call-admission';
import { Caller } from '../../../../src/billing/model/caller';
import { BillingOperation, type BillingOperationOptions } from '../../../../src/billing/ports/billing-operation';
import { ByteBudget } from '../../../../src/runtime/byte-budget';
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

  const MIB = 1024 * 1024;
  const operationWith = (options: Partial<BillingOperationOptions>): BillingOperation =>
    new BillingOperation({
      caller: Caller.parse('Bearer a') as Caller,
      signal: new AbortController().signal,
      callBudget: 100,
      ...options,
    });

  it('has what it is given, and is without limits where nothing is given', () => {
    const recency = { notBeforeMs: 1, usesCached: true };
    expect(operationWith({ deadlineAtMs: 0, recency, claimsEnd: true })).toMatchObject({ deadlineAtMs: 0, recency, claimsEnd: true });
    expect(operationWith({})).toMatchObject({ deadlineAtMs: Infinity, recency: null, claimsEnd: false, admission: null, refusal: null });
    expect(operationWith({})).toMatchObject({ records: [], reads: [], isIncomplete: false });
  });

  it('may make a call that was returned, and remembers why it may make no calls', () => {
    const operation = startOperation({ callBudget: 1 });
    operation.spendCall();
    operation.returnCall();
    operation.spendCall();
    expect(operation.calls).toBe(1);
    const refused = new CallsRefused('no calls are left', 7);
    operation.noteFailure(refused, request);
    operation.noteFailure(new BillingError('rate-limited', 'the billing API says so'), request);
    expect(operation.refusal).toBe(refused);
  });

  it('tells the audit of every read what it brought, and whether from a cache', () => {
    const told: unknown[] = [];
    const audit = {
      bills: (caller: Caller, requestId: string | undefined, read: unknown) => void told.push([caller.token, requestId, read]),
    };
    const operation = operationWith({ audit, requestId: 'id-1' });
    operation.noteAnswer({ ...answer, content: {}, received }, request);
    operation.noteAnswer({ ...answer, content: {} }, request);
    operation.noteAnswer({ ...answer, received }, { ...request, contractNumber: null });
    operation.noteFailure(new BillingError('forbidden', 'no'), request);
    const read = { customer: request.customer, contractNumber: '2', outcome: 'ok', cached: false };
    const reads = [
      read,
      { ...read, cached: true },
      { ...read, contractNumber: null, outcome: 'not-found' },
      { ...read, outcome: 'forbidden' },
    ];
    expect(operation.reads).toEqual(reads);
    expect(told).toEqual(reads.map((each) => ['a', 'id-1', each]));
  });

  it('holds responses up to a number of bytes, and begins nothing more once there were too many', async () => {
    const budget = new ByteBudget({ maxBytes: 4 * MIB, maxHolderBytes: 2 * MIB });
    const operation = operationWith({ memory: budget.open() });
    operation.noteAnswer({ ...answer, received, bytes: 2 * MIB }, request);
    operation.noteAnswer({ ...answer, received }, request);
    operation.spendCall();
    expect(() => operation.noteAnswer({ ...answer, received, bytes: 1 }, request)).toThrow(
      /larger than the 2 MiB that the operation may hold/,
    );
    expect(budget.heldBytes).toBe(2 * MIB + 1);
    expect(() => operation.spendCall()).toThrow(/2 MiB/);
    expect(operation.calls).toBe(1);
    await startOperation().waitForRoom({ ...answer, bytes: 1e12 });
  });

  it('waits for room for what comes from a cache alone: the rest has its room', () => {
    const budget = new ByteBudget({ maxBytes: 4 * MIB, maxHolderBytes: 2 * MIB });
    budget.open().add(2 * MIB);
    const operation = operationWith({ memory: budget.open() });
    const remembered = { ...answer, bytes: 2 * MIB };
    expect([operation.mayHold(remembered), operation.mayHold({ ...remembered, received }), operation.mayHold(answer)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(startOperation().mayHold(remembered)).toBe(true);
  });
});
