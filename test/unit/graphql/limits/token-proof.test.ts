import { buildSchema, getOperationAST, parse } from 'graphql';
import { CallsRefused } from '../../../../src/billing/admission/call-admission';
import { Billing } from '../../../../src/billing/billing';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { RequestedOperation } from '../../../../src/graphql/analysis/requested-operation';
import type { GatewayContext } from '../../../../src/graphql/context/context';
import { MAX_ANONYMOUS_BYTES, TokenProof } from '../../../../src/graphql/limits/token-proof';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';
import { Cancellation } from '../../../../src/runtime/cancellation';
import { toCaller } from '../../../support/cache-fixtures';
import { ListedSource, startOperation, type ListedSourceOptions } from '../../../support/listed-source';

const MAX_WAITING = 64;
const REQUEST = { schema: buildSchema('type Query { a: Int }'), document: parse('{ a }'), operation: null, variables: undefined };

const toProof = (): TokenProof =>
  new TokenProof({ maxCalls: 10, limits: { paging: { mode: 'offset', maxQuantity: 100 }, pageLimits: { maxPageSize: 100 } } });
function toContext(signal = new Cancellation()): GatewayContext {
  const billing = { operation: { signal, refusal: null } };
  return { billing, proving: () => billing } as unknown as GatewayContext;
}

/** Keeps the processor busy. */
function work(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

describe('Operations whose token cannot be decided on', () => {
  it('go on one at a time, each in the turn in which it may, with rests while accepted tokens have requests', async () => {
    const proof = toProof();
    const starts: number[] = [];
    const going = Array.from({ length: 4 }, async () => {
      expect(await proof.refusal(REQUEST, toContext())).toBeNull();
      starts.push(performance.now());
      proof.turns.noteAccepted(performance.now());
      // The operation is validated in this turn of the event loop, and executed in the next.
      work(3);
      await new Promise((resolve) => setImmediate(resolve));
      work(3);
    });
    await Promise.all(going);
    expect(starts).toHaveLength(4);
    // Nine times 6 ms, and timers may fire up to a millisecond early.
    for (const [index, startMs] of starts.entries()) if (index > 0) expect(startMs - (starts[index - 1] as number)).toBeGreaterThan(58);
  });

  it('are refused where too many wait, and after these have gone on no more', async () => {
    const proof = toProof();
    const waiting = Array.from({ length: MAX_WAITING }, () => proof.refusal(REQUEST, toContext()));
    const refused = await proof.refusal(REQUEST, toContext());
    expect(refused?.extensions).toMatchObject({ code: 'OVERLOADED', retryAfterSeconds: 1, http: { status: 503 } });
    expect(await Promise.all(waiting)).toEqual(Array(MAX_WAITING).fill(null));
    expect(await proof.refusal(REQUEST, toContext())).toBeNull();
  });

  it('end where their time is over, or their client has gone, while they wait or before', async () => {
    const proof = toProof();
    const [late, gone] = [new Cancellation(), new Cancellation()];
    late.abort(new BillingError('timeout', 'too late'));
    const waiting = proof.refusal(REQUEST, toContext(gone));
    gone.abort(new BillingError('unavailable', 'gone'));
    expect((await proof.refusal(REQUEST, toContext(late)))?.extensions).toMatchObject({ code: 'UPSTREAM_TIMEOUT', http: { status: 504 } });
    expect((await waiting)?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', http: { status: 503 } });
  });

  it('are not waited for in a dry run, which is bounded otherwise', async () => {
    const proof = toProof();
    const ask = () => proof.refusal(REQUEST, { ...toContext(), proving: null });
    expect(new Set(await Promise.all(Array.from({ length: 2 * MAX_WAITING }, ask)))).toEqual(new Set([null]));
  });
});

describe('The first request of an operation', () => {
  const served = buildServedSchema();
  const caller = toCaller('a-token');
  const CONTRACTS = 'query($n: [ID!]!) { customer(idType: "CPF", id: "1") { contracts(numbers: $n) { dueDate } } }';
  const refused = new BillingError('unauthenticated', 'The billing API refuses the token.');

  /** Asks for a decision with a billing API that answers, or fails. */
  async function prove(
    source: string,
    variables: Record<string, unknown> | undefined,
    before?: ListedSourceOptions['before'],
    inPages = false,
  ) {
    const bills = new ListedSource({ total: 3, ...(before && { before }) });
    const operation = startOperation();
    const billing = new Billing(bills, operation, { mode: 'offset', maxQuantity: 100 });
    const document = parse(source);
    const request = { schema: served, document, operation: getOperationAST(document) ?? null, variables };
    const refusal = await toProof().refusal(request, { billing, proving: () => billing, inPages });
    return { refusal, operation, asked: bills.requests.map(({ contractNumber, window }) => [contractNumber, window.offset]) };
  }

  it('is made alone, and says nothing against the token where it is answered, or fails otherwise', async () => {
    const answered = await prove(CONTRACTS, { n: ['7', '8'] });
    expect([answered.refusal, answered.asked]).toEqual([null, [['7', 0]]]);
    const failed = await prove(CONTRACTS, { n: ['7'] }, () => Promise.reject(new BillingError('unavailable', 'gone')));
    expect([failed.refusal, failed.asked]).toEqual([null, [['7', 0]]]);
  });

  it('refuses the operation where the billing API refuses the token', async () => {
    const { refusal } = await prove(CONTRACTS, { n: ['7'] }, () => Promise.reject(refused));
    expect(refusal?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', http: { status: 401 } });
  });

  it('refuses it where the token may make no more calls', async () => {
    const { refusal } = await prove(CONTRACTS, { n: ['7'] }, () => Promise.reject(new CallsRefused('too many', 30)));
    expect(refusal?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: 30, http: { status: 429 } });
  });

  it('is not made where the operation would make too many calls, of different contracts, and not in pages', async () => {
    const many = Array.from({ length: 11 }, (_, index) => String(index));
    const { refusal, asked } = await prove(CONTRACTS, { n: many });
    expect(refusal?.extensions).toMatchObject({ code: 'UPSTREAM_BUDGET_EXCEEDED', calls: 11, callBudget: 10 });
    expect(refusal?.message).toContain('at least 11 calls');
    expect(asked).toEqual([]);
    expect((await prove(CONTRACTS, { n: many }, undefined, true)).refusal).toBeNull();
    expect((await prove(CONTRACTS, { n: many.slice(1) })).refusal).toBeNull();
    expect((await prove(CONTRACTS, { n: [...many.slice(1), ...many.slice(1)] })).refusal).toBeNull();
    // Of a long list only the first 110 members are looked at.
    expect((await prove(CONTRACTS, { n: [...Array<string>(99).fill('0'), ...many] })).refusal).not.toBeNull();
    expect((await prove(CONTRACTS, { n: [...Array<string>(110).fill('0'), ...many] })).refusal).toBeNull();
  });

  it.each([
    ['there is no operation', 'fragment F on Query { __typename }', {}],
    ['the operation asks for nothing', '{ __typename }', {}],
    ['its variables are not of their types', CONTRACTS, { n: null }],
    ['it has none of its variables', CONTRACTS, {}],
    ['it has no variables at all', CONTRACTS, undefined],
    ['it is not valid', '{ customer { contracts(numbers: 1) { dueDate } } }', {}],
  ])('is not made where %s', async (_what, source, variables) => {
    expect(await prove(source, variables)).toMatchObject({ refusal: null, asked: [] });
  });

  it('is due for large bodies and operations that may make more than ten calls, of tokens that are not accepted', () => {
    const proof = toProof();
    const large = { bodyBytes: MAX_ANONYMOUS_BYTES + 1, caller, isAccepted: false };
    expect(proof.isLarge(large)).toBe(true);
    const accepted = { ...large, isAccepted: true };
    for (const other of [{ ...large, bodyBytes: MAX_ANONYMOUS_BYTES }, accepted, { ...large, caller: null }])
      expect(proof.isLarge(other)).toBe(false);
    const document = parse('{ __typename }');
    const requested = new RequestedOperation({ schema: served, document, operation: getOperationAST(document)!, variables: {} });
    expect([large, accepted, { ...large, caller: null }].map((standing) => proof.isDue(requested, standing))).toEqual([true, false, false]);
    requested.mostCalls = 11;
    expect(proof.isDue(requested, large)).toBe(true);
    requested.mostCalls = 10;
    expect(proof.isDue(requested, large)).toBe(false);
    expect(proof.isUnprovable({ standing: large, proving: null })).toBe(true);
    expect(proof.isUnprovable({ standing: accepted, proving: null })).toBe(false);
    expect(proof.isUnprovable({ standing: large, proving: () => null })).toBe(false);
  });
});
