import { buildSchema, parse } from 'graphql';
import { BillingError } from '../../../../src/billing/model/billing-error';
import type { GatewayContext } from '../../../../src/graphql/context/context';
import { TokenProof } from '../../../../src/graphql/limits/token-proof';
import { Cancellation } from '../../../../src/runtime/cancellation';

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
    for (let i = 0; i < 2 * MAX_WAITING; i++) expect(await proof.refusal(REQUEST, { ...toContext(), proving: null })).toBeNull();
  });
});
