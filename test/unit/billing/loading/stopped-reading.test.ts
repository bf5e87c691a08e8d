import { Billing } from '../../../../src/billing/billing';
import { endsEarly, type PushedRequest } from '../../../../src/billing/loading/pushed-page';
import { BillingError, OperationLimitError } from '../../../../src/billing/model/billing-error';
import { BILLS } from '../../../../src/billing/model/bills';
import { Caller } from '../../../../src/billing/model/caller';
import { parsePageArguments, type FilteredRequest } from '../../../../src/billing/model/window';
import { BillingOperation, type BillingOperationOptions } from '../../../../src/billing/ports/billing-operation';
import { toCursor } from '../../../support/invoice-cursor';
import { customer, failureOf, ListedSource, type ListedSourceOptions } from '../../../support/listed-source';

const contract = { customer, contractNumber: '1' };
const parse = (args: object): FilteredRequest =>
  parsePageArguments(
    { first: null, after: null, last: null, before: null, filter: { status: true }, ...args },
    BILLS,
    { maxPageSize: 100 },
    false,
  ) as FilteredRequest;

/** A list of sixty invoices, of which every tenth is paid, in pages of ten. */
function start(options: Partial<ListedSourceOptions> = {}, limits: Partial<BillingOperationOptions> = {}) {
  const source = new ListedSource({ total: 60, invoiceAt: (index) => ({ status: index % 10 === 5 }), ...options });
  const caller = Caller.parse('Bearer a') as Caller;
  const operation = new BillingOperation({ caller, signal: new AbortController().signal, callBudget: 100, ...limits });
  return new Billing(source, operation, { mode: 'offset', maxQuantity: 10 });
}

const failFrom =
  (page: number, error: Error): NonNullable<ListedSourceOptions['before']> =>
  ({ window }) =>
    window.offset >= page * 10 ? Promise.reject(error) : undefined;

describe('A filtered page for which the list cannot be read far enough', () => {
  const ended = 'The call budget or the deadline ended before the page was full and the list read to its end.';
  const goOn = (argument: string, position: number): string => ` Go on with \`${argument}: "${toCursor(position)}"\`.`;
  const found = (count: number): string =>
    ` Of what was read, ${count} match: to get them, ask for as many, and not whether there are more.`;

  it.each([
    ['after what was read', { first: 5 }, {}, `${ended}${goOn('after', 19)}${found(2)}`],
    [
      'after what was read, where nothing in it is meant',
      { first: 5, filter: { status: false, billPeriods: ['x'] } },
      {},
      `${ended}${goOn('after', 19)}`,
    ],
    ['before what was read', { last: 5, before: toCursor(57) }, {}, `${ended}${goOn('before', 40)}${found(2)}`],
  ])('says how to go on: %s', async (_what, args, options, message) => {
    const failure = await failureOf(start(options, { callBudget: 2 }).filteredInvoices(contract, parse(args), true));
    expect(failure).toMatchObject({ failure: 'budget-exceeded', message, details: { matches: message.includes('Of what') ? 2 : 0 } });
  });

  it("says that the token's calls ended, where they did", async () => {
    const limit = new OperationLimitError('rate-limited', 'The token may make no more calls.');
    const failure = await failureOf(start({ before: failFrom(1, limit) }).filteredInvoices(contract, parse({ first: 5 }), true));
    expect(failure.failure).toBe('rate-limited');
    expect(failure.message).toMatch(/^The token may make no more calls\. The calls ended before the page was full.*1 match:/);
  });

  it.each([
    ['for the failure of the billing API', failFrom(1, new BillingError('unavailable', 'gone')), {}, 'gone'],
    ['for a limit before a page was read', failFrom(0, new BillingError('budget-exceeded', 'no call')), {}, 'no call'],
  ])('fails as it is %s', async (_what, before, limits, message) => {
    const failure = await failureOf(start({ before }, limits).filteredInvoices(contract, parse({ first: 5 }), true));
    expect(failure.message).toBe(message);
  });
});

describe('A sum that takes more pages than there is time for', () => {
  it.each([
    ['is not complete', new BillingError('timeout', 'late'), 0, { count: 20, isComplete: false }],
    ['fails, where there was time', new BillingError('timeout', 'late'), Infinity, 'late'],
    ['fails, where the billing API fails', new BillingError('unavailable', 'gone'), 0, 'gone'],
    ['fails by a mistake of the gateway', Object.assign(new Error('a mistake'), { failure: 'timeout' }), 0, 'a mistake'],
  ])('%s', async (_what, error, deadlineAtMs, expected) => {
    const sum = start({ before: failFrom(2, error) }, { deadlineAtMs }).invoiceSummary(contract, {});
    if (typeof expected === 'string') expect((await failureOf(sum)).message).toBe(expected);
    else expect(await sum).toMatchObject(expected);
  });
});

describe('The page before a cursor of a list that the billing API filters', () => {
  const requestOf = (isBackward: boolean, offset: number, lead: number): PushedRequest => ({
    ...parse({ first: 3 }),
    isBackward,
    from: 2,
    pushed: { window: { offset, first: 4, probe: false }, lead, count: 3, list: BILLS },
  });
  it.each([
    ['is elsewhere, where it is empty', requestOf(true, 2, 0), 0, true],
    ['is elsewhere, where it is short and begins later', requestOf(true, 2, 1), 3, true],
    ['is there, where it is short and begins where it may first', requestOf(true, 2, 0), 2, false],
    ['is there, where it is full', requestOf(true, 4, 1), 4, false],
    ['is there, where it is the page after one', requestOf(false, 4, 1), 0, false],
  ])('%s', (_what, request, count, isElsewhere) => {
    expect(endsEarly(Array.from({ length: count }), request)).toBe(isElsewhere);
  });
});
