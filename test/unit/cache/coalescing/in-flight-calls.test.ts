import { BILLS, type Bills } from '../../../../src/billing/model/bills';
import { BillingError, tooManyBytes } from '../../../../src/billing/model/billing-error';
import { parseCustomer } from '../../../../src/billing/model/customer';
import { RequestIdentity } from '../../../../src/billing/ports/request-identity';
import { BillingOperation } from '../../../../src/billing/ports/billing-operation';
import type { BillsAnswer } from '../../../../src/billing/ports/billing-source';
import type { InFlightCall } from '../../../../src/cache/coalescing/in-flight-call';
import { InFlightCalls } from '../../../../src/cache/coalescing/in-flight-calls';
import { toCaller } from '../../../support/cache-fixtures';

const caller = toCaller('one');
const identityOf = (contractNumber: string | null, offset = 0, limit = 21) =>
  RequestIdentity.of(caller, BILLS, { customer: parseCustomer('RUC', '80012345'), contractNumber, window: { offset, limit } });
const anyTime = new BillingOperation({ caller, signal: new AbortController().signal, callBudget: 1 });
const answer: BillsAnswer = { content: null, received: null, freshUntilMs: 0, stale: false };

/** Operations that ask, and calls that end when the test says so. */
function openCalls() {
  const calls = new InFlightCalls<Bills>();
  const started: {
    readonly context: InFlightCall<Bills>;
    readonly end: (answer: BillsAnswer) => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  const share = (identity: RequestIdentity, signal = new AbortController().signal) =>
    calls.share(identity, new BillingOperation({ caller, signal, callBudget: 10 }), (context) => {
      return new Promise((end, fail) => started.push({ context, end, fail }));
    });
  return { calls, started, share };
}

describe('calls in flight', () => {
  test('are shared by equal requests, and by no others', async () => {
    const { started, share } = openCalls();
    const identities = [identityOf('1001'), identityOf('1001'), identityOf('1002'), identityOf(null), identityOf('1001', 21)];
    const shared = [...identities, identityOf('1001', 0, 20)].map((identity) => share(identity));
    expect(started).toHaveLength(5);
    for (const { end } of started) end(answer);
    expect(await Promise.all(shared)).toEqual(shared.map(() => answer));
  });

  test('are not joined any more once the last who waited has gone', async () => {
    const { calls, started, share } = openCalls();
    const leaving = new AbortController();
    const gone = new BillingError('unavailable', 'The client closed the connection.');
    const left = share(identityOf('1001'), leaving.signal);
    leaving.abort(gone);
    expect(calls.has(identityOf('1001'), anyTime)).toBe(false);
    const later = share(identityOf('1001'));
    await expect(left).rejects.toBe(gone);
    expect(started.map(({ context }) => context.signal.aborted)).toEqual([true, false]);
    // The call that was given up ends late: it takes nothing from the one that came after it.
    started[0]?.end(answer);
    await Promise.resolve();
    expect(calls.has(identityOf('1001'), anyTime)).toBe(true);
    started[1]?.end(answer);
    expect(await later).toBe(answer);
  });

  test('that end for a limit of the operation which pays for them end for no other', async () => {
    const { started, share } = openCalls();
    const own = tooManyBytes(1);
    const [payer, ...others] = [share(identityOf('1001')), share(identityOf('1001')), share(identityOf('1001'))];
    started[0]?.fail(own);
    await expect(payer).rejects.toBe(own);
    // One of the others pays now, and the next ones wait for its call.
    expect(started).toHaveLength(2);
    started[1]?.end(answer);
    expect(await Promise.all(others)).toEqual([answer, answer]);
  });

  test("fail for all who wait where the failure is the call's", async () => {
    const { started, share } = openCalls();
    const failure = new BillingError('unavailable', 'The billing API cannot be reached.');
    const shared = [share(identityOf('1001')), share(identityOf('1001'))];
    started[0]?.fail(failure);
    for (const each of shared) await expect(each).rejects.toBe(failure);
    expect(started).toHaveLength(1);
  });

  test('are not made for who has gone, or may make none', async () => {
    const { calls, started, share } = openCalls();
    const gone = new BillingError('unavailable', 'The client closed the connection.');
    await expect(share(identityOf('1001'), AbortSignal.abort(gone))).rejects.toBe(gone);
    const poor = new BillingOperation({ caller, signal: new AbortController().signal, callBudget: 0 });
    await expect(calls.share(identityOf('1001'), poor, () => Promise.resolve(answer))).rejects.toBeInstanceOf(BillingError);
    expect([started.length, calls.has(identityOf('1001'), anyTime)]).toEqual([0, false]);
  });

  test('are followed by another one for who needs a later response, which replaces them', async () => {
    const { calls, started, share } = openCalls();
    const early = share(identityOf('1001'));
    const isSuperseded = (): boolean => started[0]!.context.isSuperseded;
    const askFrom = (notBeforeMs: number) =>
      new BillingOperation({ caller, signal: new AbortController().signal, callBudget: 1, recency: { notBeforeMs, usesCached: false } });
    expect([calls.has(identityOf('1001'), askFrom(0)), calls.has(identityOf('1001'), askFrom(Infinity))]).toEqual([true, false]);
    expect(isSuperseded()).toBe(false);
    const late = calls.share(
      identityOf('1001'),
      askFrom(Infinity),
      (context) => new Promise((end, fail) => started.push({ context, end, fail })),
    );
    expect(isSuperseded()).toBe(true);
    const other = { ...answer, stale: true };
    started[1]!.end(other);
    started[0]!.end(answer);
    expect([await early, await late]).toEqual([answer, other]);
  });

  test('have as much time as the one with most of it, and a token that works as long as one of them has', () => {
    const { calls, started } = openCalls();
    const ask = (deadlineAtMs: number): BillingOperation => {
      const operation = new BillingOperation({ caller, signal: new AbortController().signal, callBudget: 1, deadlineAtMs });
      void calls.share(identityOf('1001'), operation, (context) => new Promise((end, fail) => started.push({ context, end, fail })));
      return operation;
    };
    const operations = [ask(500), ask(900), ask(700)].reverse();
    const { context } = started[0]!;
    expect([started.length, context.deadlineAtMs]).toEqual([1, 900]);
    const dead = new BillingError('unauthenticated', 'The token is not accepted.');
    for (const operation of operations) {
      expect(context.deadToken).toBeNull();
      operation.noteFailure(dead, { customer: parseCustomer('RUC', '80012345'), contractNumber: '1001', window: { offset: 0, limit: 21 } });
    }
    expect(context.deadToken).toBe(dead);
  });
});
