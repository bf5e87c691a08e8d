import { BillingOperation } from '../../../src/billing/ports/billing-operation';
import type { BillsRequest } from '../../../src/billing/ports/billing-source';
import { Cancellation } from '../../../src/runtime/cancellation';
import { createBillsResource } from '../../../src/upstream/bills/bills-resource';
import { LargeAnswer, type HttpAnswer } from '../../../src/upstream/http/http-response';
import type { Attempts } from '../../../src/upstream/resilience/attempts';
import { UpstreamSource } from '../../../src/upstream/upstream-source';
import { toCaller } from '../../support/cache-fixtures';

const MIB = 1024 * 1024;
const REQUEST: BillsRequest = { customer: { idType: 'RUC', id: '1' }, contractNumber: '7', window: { offset: 0, limit: 1 } };
const HEAD = '{"contractNo":"7","invoiceCollection":[],"note":"';
const bodyOf = (bytes: number, character = 0x20): Buffer =>
  Buffer.concat([Buffer.from(HEAD), Buffer.alloc(bytes, character), Buffer.from('"}')]);

/** Answers each call with the next body, all in one turn of the event loop, and tells in which turns they are decoded. */
function startSource(bodies: readonly Buffer[], contentType = 'application/json') {
  const answers = bodies.map((body): HttpAnswer => ({ status: 200, headers: { 'content-type': contentType }, body, endedMs: 0 }));
  const ended: string[] = [];
  let turn = 0;
  let isOver = false;
  const count = (): void => {
    turn++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const decodedIn: number[] = [];
  const resource = createBillsResource();
  const attempts = { make: () => Promise.resolve(answers.shift()), accept: () => undefined } as unknown as Attempts;
  const counting: typeof resource = {
    ...resource,
    decode: (...args) => {
      decodedIn.push(turn);
      return resource.decode(...args);
    },
  };
  const source = new UpstreamSource(counting, attempts, { retries: 0, observer: { callEnded: (outcome) => ended.push(outcome) } });
  const operation = new BillingOperation({ caller: toCaller('token'), signal: new Cancellation(), callBudget: 100 });
  const readAll = async () => {
    const read = await Promise.allSettled(bodies.map(() => source.read(REQUEST, operation)));
    isOver = true;
    return read;
  };
  return { readAll, decodedIn, ended };
}

describe('Bodies that come in one turn of the event loop', () => {
  it('are read at once where they are small', async () => {
    const { readAll, decodedIn } = startSource(Array.from({ length: 50 }, () => bodyOf(1000)));
    await readAll();
    expect(decodedIn).toEqual(Array.from({ length: 50 }, () => decodedIn[0]));
  });

  it('are read in several turns where they are large: 4 MiB in each, or a larger one alone', async () => {
    const sizes = [3, 3, 0.5, 3, 9, 0.1, 0.1].map((size) => size * MIB);
    const { readAll, decodedIn, ended } = startSource(sizes.map((size) => bodyOf(size)));
    expect((await readAll()).map(({ status }) => status)).toEqual(sizes.map(() => 'fulfilled'));
    const bytesIn = new Map<number, number[]>();
    for (const [index, turn] of decodedIn.entries()) bytesIn.set(turn, [...(bytesIn.get(turn) ?? []), sizes[index] as number]);
    expect([...bytesIn.values()].map((inTurn) => inTurn.map((size) => size / MIB))).toEqual([[3], [3, 0.5], [3], [9], [0.1, 0.1]]);
    expect(ended).toEqual(sizes.map(() => 'ok'));
  });

  it('are converted to UTF-8 in pieces, as they would be at once', async () => {
    const { readAll, decodedIn } = startSource([bodyOf(MIB), bodyOf(5 * MIB, 0x41)].map(withAccent), 'application/json;charset=latin1');
    const read = await readAll();
    expect(read.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    const [first, second] = read.map((each) => (each.status === 'fulfilled' ? each.value.received?.body : undefined));
    expect([first?.includes('ñ'), second?.includes('ñ'), second?.length]).toEqual([true, true, 5 * MIB + HEAD.length + 3]);
    // Other work has its turns in between: half a MiB at a time, of which four fit into a turn with nothing else.
    expect((decodedIn[1] as number) - (decodedIn[0] as number)).toBeGreaterThan(1);
  });

  it('are refused where most of them becomes larger', async () => {
    const { readAll, decodedIn, ended } = startSource([bodyOf(2 * MIB, 0x80)], 'application/json;charset=windows-1252');
    expect(await readAll()).toEqual([{ status: 'rejected', reason: expect.objectContaining({ failure: 'invalid-response' }) }]);
    expect([decodedIn, ended]).toEqual([[], ['invalid-response']]);
  });

  it('are joined when they are read', () => {
    const blocks = ['a', 'bc', 'd'].map((text) => Buffer.from(text));
    const answer = new LargeAnswer({ status: 200, headers: {}, endedMs: 1, isCut: false }, blocks);
    expect([answer.bodyBytes, answer.body.toString(), answer.body === answer.body]).toEqual([4, 'abcd', true]);
    expect(answer).toMatchObject({ status: 200, headers: {}, endedMs: 1, isCut: false });
  });
});

function withAccent(body: Buffer): Buffer {
  const changed = Buffer.from(body);
  changed[changed.length - 3] = 0xf1;
  return changed;
}
