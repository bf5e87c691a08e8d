import { BillingError } from '../../../../src/billing/model/billing-error';
import type { BillsAnswer, CallContext } from '../../../../src/billing/ports/billing-source';
import { CallReport } from '../../../../src/billing/ports/call-report';
import { startOperation } from '../../../support/listed-source';

const REQUEST = { customer: { idType: 'RUC', id: '1' }, contractNumber: '2', window: { offset: 0, limit: 1 } };
const received = { body: Buffer.alloc(0), headers: {}, receivedAtMs: 0, isPartial: false };
const answerOf = (answer: Partial<BillsAnswer<object>>): BillsAnswer<object> => ({
  content: {},
  received,
  freshUntilMs: 0,
  stale: false,
  ...answer,
});

/** What a report says of one question to a source that does this. */
async function reportOf(read: (context: CallContext) => BillsAnswer<object>, operation = startOperation()) {
  const report = new CallReport();
  const asked = report
    .watch<object>({ read: (_request, context) => new Promise((resolve) => resolve(read(context))) })
    .read(REQUEST, operation);
  const outcome = await asked.catch((error: unknown) => error);
  return { reported: report.requests(performance.now())[0], outcome, operation };
}

describe('The report of an operation’s questions', () => {
  it.each<[string, string, (context: CallContext) => BillsAnswer<object>]>([
    ['api', 'ok', (context) => (context.spendCall(), answerOf({}))],
    ['shared', 'ok', () => answerOf({})],
    [
      'shared',
      'ok',
      (context) => {
        context.spendCall();
        context.returnCall();
        return answerOf({});
      },
    ],
    ['cache', 'ok', () => answerOf({ received: null })],
    ['stale', 'ok', () => answerOf({ received: null, stale: true })],
    ['api', 'not-found', (context) => (context.spendCall(), answerOf({ content: null }))],
  ])('says of an answer that it came from: %s, and is: %s', async (origin, outcome, read) => {
    const { reported } = await reportOf(read);
    expect(reported).toMatchObject({ request: REQUEST, origin, outcome });
    expect(reported!.endedAtMs).toBeGreaterThanOrEqual(reported!.startedAtMs);
  });

  it.each<[string, string, (context: CallContext) => never]>([
    ['api', 'timeout', (context) => fail(context, new BillingError('timeout', 'late'))],
    ['shared', 'timeout', () => fail(null, new BillingError('timeout', 'late'))],
    ['none', 'budget-exceeded', () => fail(null, new BillingError('budget-exceeded', 'no more'))],
    ['api', 'unavailable', (context) => fail(context, new TypeError('internal'))],
  ])('says of a failure that it came from: %s, and is: %s', async (origin, outcome, read) => {
    expect((await reportOf(read)).reported).toMatchObject({ origin, outcome });
  });

  it('says that no call was made with a token that an earlier call has shown to be refused', async () => {
    const operation = startOperation();
    const refused = new BillingError('unauthenticated', 'no');
    operation.noteFailure(refused, REQUEST);
    const { reported, outcome } = await reportOf((context) => (context.spendCall(), answerOf({})), operation);
    expect([outcome, reported]).toMatchObject([refused, { origin: 'none', outcome: 'unauthenticated' }]);
  });

  it('says of a question without an answer whether a call was made, and until when it has waited', () => {
    const report = new CallReport();
    const source = report.watch<object>({
      read: ({ contractNumber }, context) => {
        if (contractNumber === 'paid') context.spendCall();
        return new Promise(() => undefined);
      },
    });
    for (const contractNumber of ['paid', 'joined']) void source.read({ ...REQUEST, contractNumber }, startOperation());
    expect(report.requests(1e9)).toMatchObject([
      { origin: 'api', outcome: 'pending', endedAtMs: 1e9, request: { contractNumber: 'paid' } },
      { origin: 'shared', outcome: 'pending', endedAtMs: 1e9, request: { contractNumber: 'joined' } },
    ]);
  });
});

function fail(context: CallContext | null, error: Error): never {
  context?.spendCall();
  throw error;
}
