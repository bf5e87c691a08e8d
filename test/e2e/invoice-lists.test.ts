import { toSampleData } from '../../src/billing-api/data/sample-data';
import type { Invoice } from '../../src/billing-api/data/bills-collection';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { toCursor } from '../support/invoice-cursor';
import { startGateway, type Gateway, type GraphqlAnswer } from '../support/gateway';
import { countdown } from '../support/listed-source';
import { errorsOf, withScript } from '../support/scripted-gateway';
import type { Script } from '../support/scripted-upstream';

const invoicesOf = (number: string): readonly Invoice[] =>
  toSampleData()
    .customers.flatMap(({ contracts }) => contracts)
    .find(({ contractNo }) => contractNo === number)!.invoiceCollection;
const branches = invoicesOf('700101');
const sumOf = (invoices: readonly { invoiceAmount?: bigint }[]): bigint =>
  invoices.reduce((sum, { invoiceAmount }) => sum + (invoiceAmount ?? 0n), 0n);
const inContract = (number: string, body: string): string =>
  `{ customer(idType: "RUC", id: "80012345") { contract(number: "${number}") { ${body} } } }`;
const SUMMARY = '{ count amount withoutAmount isComplete }';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ REQUEST_DEADLINE_MS: '60000', BILLING_API_TIMEOUT_MS: '30000' });
});
afterAll(() => gateway.close());

/** Sends an operation twice, as graphql-js and as the compiled execution answer it, and returns what both say, and the calls of each. */
async function ask(query: string, variables?: Record<string, unknown>): Promise<GraphqlAnswer & { calls: number }> {
  const first = await gateway.query(query, variables);
  const second = await gateway.query(query, variables);
  expect(second.text).toBe(first.text);
  return { ...second, calls: second.extensions?.['billing'].calls as number };
}

async function predicted(query: string): Promise<unknown> {
  const { extensions } = await gateway.query(query, undefined, { headers: { 'x-billing-dry-run': '1' } });
  return extensions?.['billing'].prediction as unknown;
}

describe('invoiceSummary', () => {
  it('sums up a contract of thousands of invoices in few calls, the contract itself included', async () => {
    const { data, errors, calls } = await ask(
      inContract('700101', `dueDate invoiceSummary ${SUMMARY} invoices(first: 2) { nodes { number } }`),
    );
    expect(errors).toEqual([]);
    expect(data.customer.contract.invoiceSummary).toEqual({
      count: branches.length,
      amount: Number(sumOf(branches)),
      withoutAmount: 0,
      isComplete: true,
    });
    // Six pages of a thousand, read as 1 + 2 + 4.
    expect(calls).toBe(7);
  });

  it('keeps every digit, and counts what has no amount', async () => {
    const { data } = await ask(inContract('700103', `invoiceSummary ${SUMMARY}`));
    expect(data.customer.contract.invoiceSummary).toEqual({
      count: 8,
      amount: sumOf(invoicesOf('700103')).toString(),
      withoutAmount: 0,
      isComplete: true,
    });
    const bare = await ask(`{ customer(idType: "CI", id: "4123456") { contract(number: "410001") { invoiceSummary ${SUMMARY} } } }`);
    expect(bare.data.customer.contract.invoiceSummary).toEqual({ count: 3, amount: 118000, withoutAmount: 2, isComplete: true });
    const none = await ask(inContract('700102', `invoiceSummary ${SUMMARY}`));
    expect([none.data.customer.contract.invoiceSummary, none.calls]).toEqual([
      { count: 0, amount: 0, withoutAmount: 0, isComplete: true },
      1,
    ]);
  });

  it('is about what the filter means, and reads the list once for all filters', async () => {
    const { data, calls } = await gateway
      .query(
        `query ($filter: InvoiceFilter, $periods: [String!]) { customer(idType: "RUC", id: "80012345") { contract(number: "700100") {
          all: invoiceSummary { count }
          open: invoiceSummary(filter: $filter) ${SUMMARY}
          some: invoiceSummary(filter: { billPeriods: $periods, status: true }) { count }
          none: invoiceSummary(filter: { billPeriods: [] }) { count }
          any: invoiceSummary(filter: null) { count }
        } } }`,
        { filter: { status: false }, periods: ['2025-05', '2025-04', 'x'] },
      )
      .then((answer) => ({ ...answer, calls: answer.extensions?.['billing'].calls as number }));
    const open = invoicesOf('700100').filter(({ invoiceStatus }) => invoiceStatus === false);
    expect(data.customer.contract).toEqual({
      all: { count: 36 },
      open: { count: open.length, amount: Number(sumOf(open)), withoutAmount: 0, isComplete: true },
      some: { count: 2 },
      none: { count: 0 },
      any: { count: 36 },
    });
    // The last of them shows that the list ends with the first.
    expect(calls).toBe(2);
  });

  it('says that it is not complete where the call budget ends first, without an error', async () => {
    const small = await startGateway({ UPSTREAM_CALL_BUDGET: '3', REQUEST_DEADLINE_MS: '60000' });
    for (let i = 0; i < 2; i++) {
      const { data, errors } = await small.query(inContract('700101', `invoiceSummary ${SUMMARY}`));
      expect([errors, data.customer.contract.invoiceSummary]).toEqual([
        [],
        { count: 3000, amount: Number(sumOf(branches.slice(0, 3000))), withoutAmount: 0, isComplete: false },
      ]);
    }
    await small.close();
  });

  it('is predicted as at least one call, and takes another behind the last invoice where the list fits into one', async () => {
    const query = inContract('700100', `dueDate invoiceSummary ${SUMMARY}`);
    expect(await predicted(query)).toMatchObject({ calls: 1, atLeast: true });
    expect((await ask(query)).calls).toBe(2);
  });

  it('of a customer is refused where the billing API asks for a contract, and null where it knows no customer', async () => {
    const refused = await gateway.query(`{ customer(idType: "RUC", id: "80012345") { invoiceSummary ${SUMMARY} } }`);
    expect(errorsOf(refused)).toEqual([{ code: 'BAD_USER_INPUT', path: ['customer', 'invoiceSummary'] }]);
  });
});

describe('A summary of 5,000 invoices', () => {
  /**
   * Answers pages once all of their wave have come, and notes how many calls each of them had to wait for, one after the other.
   * A wave that is not asked for at once is not answered.
   */
  function inWaves(sizes: readonly number[], quantity: number, total: number) {
    const starts = sizes.map((_, wave) => sizes.slice(0, wave).reduce((sum, size) => sum + size, 0));
    const barriers = sizes.map((size) => countdown(size));
    const depths: number[] = [];
    let answered = 0;
    const script: Script = async ({ url }) => {
      const asked = toAskedBills(url);
      const wave = starts.findLastIndex((start) => asked.pageInit >= start * quantity);
      const depth = answered + 1;
      depths.push(depth);
      await barriers[wave]!();
      answered = Math.max(answered, depth);
      return { body: toBillsBody(asked, total) };
    };
    return { script, depths };
  }

  it.each([
    [1000, [1, 2, 4]],
    [500, [1, 2, 4, 8]],
    [100, [1, 2, 4, 8, 16, 16, 16]],
  ])('with %i a call takes a chain of calls as long as there are waves: %p', async (quantity, sizes) => {
    const { script, depths } = inWaves(sizes, quantity, 5000);
    await withScript(
      script,
      async ({ gateway: over }) => {
        const { data } = await over.query(inContract('7', `invoiceSummary ${SUMMARY}`));
        expect(data.customer.contract.invoiceSummary).toMatchObject({ count: 5000, isComplete: true });
        expect(depths).toEqual(sizes.flatMap((size, wave) => Array.from({ length: size }, () => wave + 1)));
      },
      { BILLING_API_MAX_QUANTITY: String(quantity), REQUEST_DEADLINE_MS: '60000', BILLING_API_TIMEOUT_MS: '60000' },
    );
  });

  it('is one call after the other for a gateway that would wait for each of them: this the test would notice', async () => {
    const { script, depths } = inWaves([1, 1, 1, 1, 1, 1], 1000, 5000);
    for (let page = 0; page < 6; page++)
      await script({ url: `/customers/RUC/1/bills?pageInit=${page * 1000}&quantity=1000` } as never, page);
    expect(depths).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('totalCount', () => {
  it('is the length of the list, found with few calls of one invoice each', async () => {
    const { data, calls } = await ask(inContract('700101', 'invoices(first: 20) { totalCount nodes { number } }'));
    expect(data.customer.contract.invoices).toMatchObject({ totalCount: branches.length, nodes: { length: 20 } });
    expect(calls).toBeLessThanOrEqual(1 + 2 * Math.log2(branches.length) + 2);
  });

  it('costs one call where the page ends the list', async () => {
    const query = inContract('700100', 'invoices(first: 50) { totalCount }');
    expect(await ask(query)).toMatchObject({ calls: 2, data: { customer: { contract: { invoices: { totalCount: 36 } } } } });
    expect(await predicted(query)).toMatchObject({ calls: 1, atLeast: true });
  });
});

describe('A page from the end, or before a cursor', () => {
  const page = (args: string): string =>
    inContract('700100', `invoices(${args}) { nodes { number } pageInfo { hasNextPage hasPreviousPage startCursor } }`);
  const numbers = (from: number, to: number): (string | undefined)[] =>
    invoicesOf('700100')
      .slice(from, to)
      .map(({ invoiceNumber }) => invoiceNumber);
  const found = ({ data }: GraphqlAnswer): unknown => {
    const { nodes, pageInfo } = data.customer.contract.invoices;
    return [(nodes as { number: string }[]).map((node) => node.number), pageInfo.hasPreviousPage, pageInfo.hasNextPage];
  };

  it('is what comes before the cursor, in one call', async () => {
    const answer = await ask(page(`last: 5, before: "${toCursor(20)}"`));
    expect([found(answer), answer.calls]).toEqual([[numbers(15, 20), true, true], 1]);
    expect(await predicted(page(`last: 5, before: "${toCursor(20)}"`))).toMatchObject({ calls: 1, atLeast: false });
    expect(found(await ask(page(`first: 5, before: "${toCursor(3)}"`)))).toEqual([numbers(0, 3), false, true]);
    expect(found(await ask(page(`last: 5, before: "${toCursor(0)}"`)))).toEqual([[], false, true]);
  });

  it('is the end of the list where there is no cursor', async () => {
    const answer = await ask(page('last: 3'));
    expect(found(answer)).toEqual([numbers(33, 36), true, false]);
    expect(await predicted(page('last: 3'))).toMatchObject({ calls: 1, atLeast: true });
    expect(found(await ask(page(`last: 30, after: "${toCursor(31)}"`)))).toEqual([numbers(32, 36), true, false]);
    expect(
      found(await ask(inContract('700102', 'invoices(last: 3) { nodes { number } pageInfo { hasNextPage hasPreviousPage } }'))),
    ).toEqual([[], false, false]);
  });

  it('is the end of the list, too, where the list has become shorter than the cursor', async () => {
    for (const before of [37, 38, 41, 500]) {
      expect([before, found(await ask(page(`last: 3, before: "${toCursor(before)}"`)))]).toEqual([before, [numbers(33, 36), true, false]]);
      expect(found(await ask(page(`last: 100, before: "${toCursor(before)}"`)))).toEqual([numbers(0, 36), false, false]);
      expect(found(await ask(page(`last: 3, before: "${toCursor(before)}", after: "${toCursor(34)}"`)))).toEqual([
        numbers(35, 36),
        true,
        false,
      ]);
    }
    const empty = inContract(
      '700102',
      `invoices(last: 3, before: "${toCursor(9)}") { nodes { number } pageInfo { hasNextPage hasPreviousPage } }`,
    );
    expect(found(await ask(empty))).toEqual([[], false, false]);
  });

  it('is refused with `first`, without a call', async () => {
    const before = gateway.upstreamCalls();
    const answer = await ask(page('first: 20, last: 3'));
    expect(errorsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', path: ['customer', 'contract', 'invoices'] }]);
    expect(errorsOf(await ask(page('last: 3, before: "x"')))).toMatchObject([{ code: 'BAD_USER_INPUT' }]);
    expect(gateway.upstreamCalls()).toBe(before);
  });

  it('may be asked for by variables, of which those that are null do not count', async () => {
    const query =
      'query ($first: Int, $last: Int, $before: String) { customer(idType: "RUC", id: "80012345") { contract(number: "700100") { invoices(first: $first, last: $last, before: $before) { nodes { number } pageInfo { hasNextPage hasPreviousPage } } } } }';
    expect(found(await ask(query, { last: 2, before: toCursor(4) }))).toEqual([numbers(2, 4), true, true]);
    expect(found(await ask(query, { first: null, last: 2 }))).toEqual([numbers(34, 36), true, false]);
    expect(found(await ask(query, { first: 2, last: null }))).toEqual([numbers(0, 2), false, true]);
  });
});
