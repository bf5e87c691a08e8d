import { join } from 'node:path';
import { startGateway, type Gateway } from '../../support/gateway';
import { good, withScript } from '../../support/scripted-gateway';
import type { RecordedRequest, ScriptedAnswer } from '../../support/scripted-upstream';
import { allInvoices } from './all-invoices';
import { ask } from './ask';
import { BillingClient } from './billing-client';
import { Bills } from './bills';
import { Tokens } from './tokens';

const CUSTOMER = { idType: 'RUC', id: '80012345' };
const ONE = { ...CUSTOMER, contract: '1', first: 2 };
const refuse = (): Promise<never> => Promise.reject(new Error('no new token'));

/** A billing API that takes one token and no other. */
function taking(token: string): (request: RecordedRequest) => ScriptedAnswer {
  return (request) => (request.headers.authorization === `Bearer ${token}` ? good(request) : { status: 401 });
}

describe('A typed client', () => {
  let gateway: Gateway;
  let client: BillingClient;
  beforeAll(async () => {
    gateway = await startGateway();
    client = new BillingClient({ url: `${gateway.url}/graphql`, tokens: new Tokens(gateway.app.billingApi!.issueToken(), refuse) });
  });
  afterAll(() => gateway.close());

  it('gets what the document asks for, with its types, in ten lines', async () => {
    const token = gateway.app.billingApi!.issueToken();
    const { data, errors } = await ask({ url: `${gateway.url}/graphql`, token }, Bills, { ...CUSTOMER, contract: '700100', first: 1 });
    const dueDate: string | null | undefined = data?.customer.contract?.dueDate;
    const amount: number | string | null | undefined = data?.customer.contract?.invoices?.nodes[0]?.amount;
    expect([dueDate, amount, errors]).toEqual(['2025-07-15', 922900, undefined]);
    // @ts-expect-error: a field that was not asked for
    expect(data?.customer.contract?.number).toBeUndefined();
    // @ts-expect-error: a variable that is missing
    expect((await ask({ url: `${gateway.url}/graphql`, token }, Bills, { ...CUSTOMER, contract: '700100' })).errors).toHaveLength(1);
  });

  it('reads all invoices, each once and a call a page', async () => {
    const before = gateway.upstreamCalls();
    const numbers: unknown[] = [];
    for await (const { number } of allInvoices(client, { ...CUSTOMER, contract: '700101', first: 500 })) numbers.push(number);
    expect([numbers.length, new Set(numbers).size, gateway.upstreamCalls() - before]).toEqual([5280, 5280, 11]);
  });

  it('asks for no further page than is consumed', async () => {
    const before = gateway.upstreamCalls();
    const numbers: unknown[] = [];
    for await (const { number } of allInvoices(client, { ...CUSTOMER, contract: '700101', first: 10 }))
      if (numbers.push(number) === 15) break;
    expect(gateway.upstreamCalls() - before).toBe(2);
  });

  it('adds amounts past 2^53 without losing a digit, as BigInt', async () => {
    let sum = 0n;
    for await (const { amount } of allInvoices(client, { ...CUSTOMER, contract: '700103', first: 100 })) sum += BigInt(amount ?? 0);
    expect(sum).toBe(123456789012354686104784276175n);
  });

  it('finds nothing in a contract that is not known, and throws what else goes wrong', async () => {
    const first = (contract: string) => allInvoices(client, { ...CUSTOMER, contract, first: 10 }).next();
    expect(await first('999999')).toEqual({ done: true, value: undefined });
    await expect(first('not-a-number')).rejects.toThrow('BAD_USER_INPUT');
  });
});

describe('A typed client whose billing API is not always well', () => {
  it('renews a refused token, once for all operations that it was refused for', async () => {
    await withScript(taking('new'), async ({ gateway }) => {
      let fetched = 0;
      const tokens = new Tokens('old', () => Promise.resolve(((fetched += 1), 'new')));
      const client = new BillingClient({ url: `${gateway.url}/graphql`, tokens });
      const answers = await Promise.all([
        client.query(Bills, ONE),
        client.query(Bills, { ...ONE, contract: '2' }),
        client.query(Bills, { ...ONE, contract: '3' }),
      ]);
      expect([fetched, ...answers.map(({ data, errors }) => [data?.customer.contract?.dueDate, errors])]).toEqual([
        1,
        ['2025-07-15', []],
        ['2025-07-15', []],
        ['2025-07-15', []],
      ]);
    });
  });

  it('shows the error where the new token is refused as well, and does not go on renewing', async () => {
    await withScript(taking('another'), async ({ gateway, upstream }) => {
      const client = new BillingClient({ url: `${gateway.url}/graphql`, tokens: new Tokens('old', () => Promise.resolve('new')) });
      const { data, errors } = await client.query(Bills, ONE);
      expect([data, errors.map(({ extensions, path }) => [extensions.code, path]), upstream.requests.length]).toEqual([
        { customer: { contract: null } },
        [['UNAUTHENTICATED', ['customer', 'contract']]],
        2,
      ]);
    });
  });

  it('waits for as long as it is told, and no longer than a user would', async () => {
    const script = (request: RecordedRequest, index: number): ScriptedAnswer =>
      index === 0 ? { status: 429, headers: { 'retry-after': '7' } } : good(request);
    for (const [maxWaitSeconds, waits] of [
      [10, [7]],
      [5, []],
    ] as const) {
      await withScript(script, async ({ gateway }) => {
        const waited: number[] = [];
        const client = new BillingClient({
          url: `${gateway.url}/graphql`,
          tokens: new Tokens('t', refuse),
          maxWaitSeconds,
          pause: (seconds) => Promise.resolve(void waited.push(seconds)),
        });
        const { errors } = await client.query(Bills, ONE);
        expect([waited, errors.map(({ extensions }) => extensions.code)]).toEqual([waits, waits.length > 0 ? [] : ['RATE_LIMITED']]);
      });
    }
  });

  it('names its documents by their hashes, and sends the text where a gateway does not know one', async () => {
    for (const TRUSTED_DOCUMENTS of [join(__dirname, 'gql/persisted-documents.json'), '']) {
      await withScript(
        good,
        async ({ gateway }) => {
          const client = new BillingClient({ url: `${gateway.url}/graphql`, tokens: new Tokens('t', refuse), byHash: true });
          const { data, errors } = await client.query(Bills, ONE);
          expect([data?.customer.contract?.dueDate, errors]).toEqual(['2025-07-15', []]);
        },
        { TRUSTED_DOCUMENTS },
      );
    }
  });

  it('ends the calls made for it when it is no longer wanted', async () => {
    await withScript(
      () => ({ hang: 'before-headers' }),
      async ({ gateway, upstream }) => {
        const client = new BillingClient({ url: `${gateway.url}/graphql`, tokens: new Tokens('t', refuse) });
        const left = new AbortController();
        const answer = client.query(Bills, ONE, left.signal);
        await upstream.waitForRequests(1);
        left.abort();
        await expect(answer).rejects.toThrow('aborted');
      },
    );
  });
});
