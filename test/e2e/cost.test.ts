import { toCursor } from '../support/invoice-cursor';
import { toAskedBills } from '../support/bills-body';
import type { GraphqlAnswer } from '../support/gateway';
import { byContract, errorsOf, good, withScript, type ScriptedGateway } from '../support/scripted-gateway';

const after = (count: number): string => `after: "${toCursor(count - 1)}"`;
const inCustomer = (body: string): string => `{ customer(idType: "RUC", id: "1") { ${body} } }`;
const inContract = (body: string): string => inCustomer(`contract(number: "1") { ${body} }`);
const nodes = '{ nodes { number } }';
const contractKey = '{ __typename: "Contract", number: "1", customer: { idType: "RUC", id: "1" } }';

/** Asks over contracts of 100 invoices and gives the answer with the windows that were asked for. */
async function ask(query: string, environment: Record<string, string> = {}): Promise<{ answer: GraphqlAnswer; windows: string[] }> {
  let result: { answer: GraphqlAnswer; windows: string[] } | undefined;
  await withScript(
    (request) => good(request, 100),
    async ({ gateway, upstream }) => {
      const answer = await gateway.query(query);
      const windows = upstream.requests.map(({ url }) => {
        const { contractNumber, pageInit, quantity } = toAskedBills(url);
        return `${contractNumber} ${pageInit}+${quantity}`;
      });
      expect(answer.extensions?.['billing'].calls).toBe(upstream.requests.length);
      result = { answer, windows };
    },
    environment,
  );
  return result!;
}

describe('What an operation costs', () => {
  it.each([
    [
      'a contract with its due date, addresses, a page and whether more follows',
      inContract('dueDate billingAddresses { city } invoices(first: 10) { nodes { number amount } pageInfo { hasNextPage } }'),
      ['1 0+11'],
    ],
    ['that a contract exists', inContract('number'), ['1 0+1']],
    ['what identifies a customer', inCustomer('idType id'), []],
    ['what identifies a contract', inContract('number customer { idType id }'), ['1 0+1']],
    ['what identifies a contract, beside a page', inContract(`number customer { idType id } invoices(first: 10) ${nodes}`), ['1 0+10']],
    ['a contract without its invoices', inContract('dueDate billingAddresses { street }'), ['1 0+1']],
    ['a page without the question whether more follows', inContract(`invoices(first: 10) ${nodes}`), ['1 0+10']],
    [
      'one contract under many aliases',
      inCustomer(
        'a: contract(number: "1") { dueDate } b: contract(number: "1") { billingAddresses { city } } c: contract(number: "1") { number }',
      ),
      ['1 0+1'],
    ],
    [
      'one contract with and without pages, near and far',
      inCustomer(
        `a: contract(number: "1") { dueDate } b: contract(number: "1") { invoices(first: 5, ${after(40)}) ${nodes} } c: contract(number: "1") { number }`,
      ),
      ['1 40+5'],
    ],
    [
      'one contract of one customer under two aliases',
      '{ a: customer(idType: "RUC", id: "1") { contract(number: "1") { dueDate } } b: customer(idType: "RUC", id: "1") { contract(number: "1") { dueDate } } }',
      ['1 0+1'],
    ],
    ['one contract many times in a list', inCustomer('contracts(numbers: ["1", "1", "1"]) { dueDate }'), ['1 0+1']],
    [
      'one contract as an entity, many times',
      `{ _entities(representations: [${contractKey}, ${contractKey}, ${contractKey}]) { ... on Contract { dueDate invoices(first: 3) ${nodes} } } }`,
      ['1 0+3'],
    ],
    [
      'one contract as an entity and under its customer',
      `{ _entities(representations: [${contractKey}]) { ... on Contract { dueDate } } customer(idType: "RUC", id: "1") { contract(number: "1") { dueDate } } }`,
      ['1 0+1'],
    ],
    ['pages that overlap', inContract(`a: invoices(first: 10) ${nodes} b: invoices(first: 10, ${after(5)}) ${nodes}`), ['1 0+15']],
    [
      'pages that touch',
      inContract(
        `a: invoices(first: 10) ${nodes} b: invoices(first: 10, ${after(10)}) ${nodes} c: invoices(first: 10, ${after(20)}) { pageInfo { hasNextPage } }`,
      ),
      ['1 0+31'],
    ],
    [
      'pages of aliased contracts that touch',
      inCustomer(
        `a: contract(number: "1") { invoices(first: 10) ${nodes} } b: contract(number: "1") { invoices(first: 10, ${after(10)}) ${nodes} }`,
      ),
      ['1 0+20'],
    ],
    [
      'pages that stand apart',
      inContract(`a: invoices(first: 5) ${nodes} b: invoices(first: 5, ${after(50)}) ${nodes}`),
      ['1 0+5', '1 50+5'],
    ],
    ['two contracts', inCustomer('contracts(numbers: ["1", "2"]) { dueDate }'), ['1 0+1', '2 0+1']],
    [
      'numbers that differ in leading zeros, which are two contracts until the billing API says otherwise',
      inCustomer('contracts(numbers: ["1", "01"]) { number }'),
      ['1 0+1', '01 0+1'],
    ],
    ['a customer alone', inCustomer('idType id'), []],
    ["the key of invoices' contract", inContract('invoices(first: 5) { nodes { contract { number customer { id } } } }'), ['1 0+5']],
    [
      "more of invoices' own contract",
      inContract('invoices(first: 5) { nodes { contract { dueDate billingAddresses { city } } } }'),
      ['1 0+5'],
    ],
    ["a contract's customer", inContract('customer { idType id contract(number: "1") { dueDate } }'), ['1 0+1']],
    [
      'an invoice by its number, with the contract and a page',
      inContract(`dueDate invoice(number: "1-000042") { amount } invoices(first: 10) ${nodes}`),
      ['1 0+1000'],
    ],
    [
      'many invoices by their numbers',
      inContract(
        'a: invoice(number: "1-000042") { amount } b: invoice(number: "1-000099") { amount } c: invoice(number: "none") { amount }',
      ),
      // One of them is in no place: the list's end has to be seen.
      ['1 0+1000', '1 100+1'],
    ],
    [
      'fields behind fragments',
      `query { ...Q } fragment Q on Query { customer(idType: "RUC", id: "1") { ...C } } fragment C on Customer { contract(number: "1") { ...D ... on Contract { invoices(first: 4) ${nodes} } } } fragment D on Contract { dueDate }`,
      ['1 0+4'],
    ],
    ['fields that are left out', inContract(`dueDate invoices(first: 50) @skip(if: true) ${nodes}`), ['1 0+1']],
  ])('%s', async (_what, query, expected) => {
    const { answer, windows } = await ask(query);
    expect(errorsOf(answer)).toEqual([]);
    expect(windows.sort()).toEqual([...expected].sort());
  });

  it('gives each field its own slice of the call that they share', async () => {
    const { answer } = await ask(
      inContract(
        `a: invoices(first: 3) ${nodes} b: invoices(first: 3, ${after(2)}) { nodes { number } pageInfo { hasNextPage hasPreviousPage } } c: invoices(first: 2, ${after(5)}) ${nodes}`,
      ),
    );
    const contract = answer.data.customer.contract as Record<string, { nodes: { number: string }[]; pageInfo?: unknown }>;
    const numbers = (alias: string) => contract[alias]?.nodes.map((node) => Number(node.number.slice(-3)));
    expect([numbers('a'), numbers('b'), numbers('c')]).toEqual([
      [0, 1, 2],
      [2, 3, 4],
      [5, 6],
    ]);
    expect(contract['b']?.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: true });
  });

  it('is split where a window is larger than one call may ask for', async () => {
    const { answer, windows } = await ask(inContract('invoices(first: 25) { nodes { number } pageInfo { hasNextPage } }'), {
      BILLING_API_MAX_QUANTITY: '10',
    });
    expect(windows.sort()).toEqual(['1 0+10', '1 10+10', '1 20+6']);
    expect(answer.data.customer.contract.invoices.nodes).toHaveLength(25);
    expect(answer.data.customer.contract.invoices.pageInfo.hasNextPage).toBe(true);
  });

  it('reports what was merged', async () => {
    const { answer } = await ask(
      inCustomer('a: contract(number: "1") { dueDate } b: contract(number: "1") { dueDate } c: contract(number: "2") { dueDate }'),
    );
    expect(answer.extensions).toEqual({ billing: { calls: 2, merged: 1, cached: 0, stale: 0 } });
  });

  it('is reported in production only to who asks for it', async () => {
    await withScript(
      good,
      async ({ gateway }) => {
        expect((await gateway.query(inContract('dueDate'))).extensions).toBeUndefined();
        expect((await gateway.query(inContract('dueDate'), undefined, { headers: { 'x-billing-trace': '1' } })).extensions).toMatchObject({
          billing: { calls: 1 },
        });
        expect(
          (await gateway.query(inContract('dueDate'), undefined, { headers: { 'x-billing-trace': 'yes' } })).extensions,
        ).toBeUndefined();
      },
      { NODE_ENV: 'production' },
    );
  });
});

describe('Identical calls under way', () => {
  /** Holds all answers back until `count` requests have had the time to come. */
  async function together(use: (ends: ScriptedGateway) => Promise<GraphqlAnswer>[], calls: number): Promise<GraphqlAnswer[]> {
    let answers: GraphqlAnswer[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await withScript(
      async (request) => held.then(() => good(request)),
      async (ends) => {
        const asked = use(ends);
        await ends.upstream.waitForRequests(calls);
        // Time for calls that should not be made.
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(ends.upstream.requests).toHaveLength(calls);
        release();
        answers = await Promise.all(asked);
        expect(ends.upstream.requests).toHaveLength(calls);
      },
    );
    return answers;
  }

  it('are one call for the same token', async () => {
    const answers = await together(({ gateway }) => Array.from({ length: 5 }, () => gateway.query(inContract('dueDate'))), 1);
    for (const { data } of answers) expect(data).toEqual({ customer: { contract: { dueDate: '2025-07-15' } } });
    expect(answers.map(({ extensions }) => (extensions!['billing'] as { calls: number }).calls).sort()).toEqual([0, 0, 0, 0, 1]);
  });

  it('are never shared by two tokens', async () => {
    await together(({ gateway }) => ['a', 'b', 'aa', 'A'].map((token) => gateway.query(inContract('dueDate'), undefined, { token })), 4);
  });
});

describe('The call budget', () => {
  it('refuses before the first call what is known to need more, and lets through what needs exactly so many', async () => {
    await withScript(
      good,
      async ({ gateway, upstream }) => {
        const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index + 1));
        const query = 'query($n: [ID!]!) { customer(idType: "RUC", id: "1") { contracts(numbers: $n) { dueDate } } }';
        expect(errorsOf(await gateway.query(query, { n: numbers(5) }))[0]?.code).toBe('UPSTREAM_BUDGET_EXCEEDED');
        expect(upstream.requests).toHaveLength(0);
        expect(errorsOf(await gateway.query(query, { n: numbers(4) }))).toEqual([]);
        expect(upstream.requests).toHaveLength(4);
      },
      { UPSTREAM_CALL_BUDGET: '4' },
    );
  });

  it('ends a search that needs more with an error at its field, and keeps the rest', async () => {
    await withScript(
      (request) => good(request, 100),
      async ({ gateway, upstream }) => {
        const result = await gateway.query(
          inContract('dueDate within: invoice(number: "1-000029") { amount } beyond: invoice(number: "1-000030") { amount }'),
        );
        expect(result.data).toEqual({ customer: { contract: { dueDate: '2025-07-15', within: { amount: 1029 }, beyond: null } } });
        expect(errorsOf(result)).toEqual([{ code: 'UPSTREAM_BUDGET_EXCEEDED', path: ['customer', 'contract', 'beyond'] }]);
        expect(upstream.requests).toHaveLength(3);
      },
      { UPSTREAM_CALL_BUDGET: '3', BILLING_API_MAX_QUANTITY: '10' },
    );
  });
});

describe('A slow contract', () => {
  it('delays no other: their calls are all under way before it is answered', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const script = byContract({});
    await withScript(
      async (request, index) =>
        toAskedBills(request.url).contractNumber === '1' ? held.then(() => good(request)) : script(request, index),
      async ({ gateway, upstream }) => {
        const asked = gateway.query(
          inCustomer(
            'slow: contract(number: "1") { dueDate } fast: contract(number: "2") { invoice(number: "none") { number } customer { contract(number: "3") { dueDate } } }',
          ),
        );
        // The fast contract's second step happens while the slow one is waited for.
        await upstream.waitForRequests(3);
        expect(upstream.requests.map(({ url }) => toAskedBills(url).contractNumber)).toEqual(['1', '2', '3']);
        release();
        expect((await asked).errors).toEqual([]);
      },
    );
  });
});
