import { gzipSync } from 'node:zlib';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { ByteBudget } from '../../../../src/runtime/byte-budget';
import type { Abandoned } from '../../../../src/upstream/http/abandoned';
import type { Transport } from '../../../../src/upstream/http/transport';
import { openTransport, requestOf, sendGet } from '../../../support/transport';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../../../support/scripted-upstream';

const RESERVED = 100_000;
const MAX_HOLDER_BYTES = 1_000_000;
const bodyOf = (bytes: number): ScriptedAnswer => ({ body: 'x'.repeat(bytes) });
const gzipOf = (bytes: number): ScriptedAnswer => ({ headers: { 'content-encoding': 'gzip' }, body: gzipSync('x'.repeat(bytes)) });

/** What is held for an operation once its request is over, of whose response 100,000 bytes were expected. */
describe('The bytes that are held for a response', () => {
  let upstream: ScriptedUpstream;
  let transport: Transport;
  beforeEach(async () => {
    upstream = await startScriptedUpstream();
    transport = openTransport(upstream.url, { maxBodyBytes: 3_000_000, timeoutMs: 5000, compression: 'gzip' });
  });
  afterEach(async () => {
    await transport.close();
    await upstream.close();
  });

  function openHolder(othersBytes = 0) {
    const budget = new ByteBudget({ maxBytes: 2 * MAX_HOLDER_BYTES, maxHolderBytes: MAX_HOLDER_BYTES });
    budget.open().add(othersBytes);
    const memory = budget.open();
    memory.expect(RESERVED);
    const reservedBytes = memory.reserve();
    expect([reservedBytes, budget.heldBytes]).toEqual([RESERVED, othersBytes + RESERVED]);
    const send = (signal = new AbortController().signal): Promise<unknown> =>
      sendGet(transport, requestOf('/bills', 'a', { memory, reservedBytes, signal })).catch((error: unknown) => error);
    return { budget, memory, send };
  }

  it.each([
    ['less than was expected', 20_000, bodyOf],
    ['more', 150_000, bodyOf],
    ['less once it is decompressed', 20_000, gzipOf],
    ['more once it is decompressed', 150_000, gzipOf],
  ])('are those that came, where it has %s, and they are counted once', async (_what, bytes, toAnswer) => {
    upstream.setScript(() => toAnswer(bytes));
    const { budget, memory, send } = openHolder();
    expect(await send()).toMatchObject({ status: 200 });
    expect(budget.heldBytes).toBe(bytes);
    memory.add(bytes);
    expect(budget.heldBytes).toBe(bytes);
    memory.give(bytes);
    expect(budget.heldBytes).toBe(0);
  });

  it.each<[string, ScriptedAnswer, string]>([
    ['whose connection is lost', { reset: true }, 'unavailable'],
    ['that is cut off', { ...bodyOf(500_000), truncateAtBytes: 300_000 }, 'unavailable'],
    ['that is too large', { headers: { 'content-length': 3_000_001 } }, 'invalid-response'],
    ['that is larger than its operation may hold', bodyOf(MAX_HOLDER_BYTES + 1), 'budget-exceeded'],
    ['that is larger than that once it is decompressed', gzipOf(MAX_HOLDER_BYTES + 1), 'budget-exceeded'],
    ['that is no gzip', { headers: { 'content-encoding': 'gzip' }, body: '{}' }, 'invalid-response'],
  ])('are none, where it is one %s', async (_what, answer, failure) => {
    upstream.setScript(() => answer);
    const { budget, send } = openHolder();
    expect(await send()).toMatchObject({ failure });
    expect(budget.heldBytes).toBe(0);
  });

  it.each([
    ['of a length', {}, 900_000],
    ['in chunks', { 'transfer-encoding': 'chunked' }, 3_000_000],
  ])('are none, where the process has no room for it, and it is told how large it may be: %s', async (_how, headers, mostBytes) => {
    upstream.setScript(() => ({ ...bodyOf(900_000), headers }));
    const { budget, send } = openHolder(900_000);
    expect(await send()).toMatchObject({ failure: 'unavailable', mostBytes });
    expect(budget.heldBytes).toBe(900_000);
  });

  it('are none, where its request was over before it was sent', async () => {
    const { budget, send } = openHolder();
    expect(await send(AbortSignal.abort(new BillingError('timeout', 'Too late.')))).toMatchObject({ failure: 'timeout' });
    expect([budget.heldBytes, upstream.requests.length]).toEqual([0, 0]);
  });

  it('are none as soon as nobody waits for it, and none when it has come', async () => {
    let respond!: (answer: ScriptedAnswer) => void;
    upstream.setScript(() => new Promise((resolve) => (respond = resolve)));
    const { budget, send } = openHolder();
    const controller = new AbortController();
    const sent = send(controller.signal);
    await upstream.waitForRequests(1);
    controller.abort(new BillingError('unavailable', 'The client closed the connection.'));
    const abandoned = (await sent) as Abandoned;
    expect(budget.heldBytes).toBe(0);
    respond(bodyOf(200_000));
    await abandoned.ended;
    expect(budget.heldBytes).toBe(0);
  });
});
