import { toCursor } from '../../../support/invoice-cursor';
import { startGateway, type Gateway } from '../../../support/gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../../../support/scripted-upstream';
import { toAskedBills, toBillsBody } from '../../../support/bills-body';

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(700_000 + index));

describe('The budget of upstream calls', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await startScriptedUpstream((request) => ({ body: toBillsBody(toAskedBills(request.url), 50) }));
    gateway = await startGateway({
      BILLING_API_URL: upstream.url,
      UPSTREAM_CALL_BUDGET: '5',
      BILLING_API_MAX_QUANTITY: '10',
      CACHE_TTL_SECONDS: '0',
      MAX_PAGE_SIZE: '100',
    });
  });
  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  async function callsOf(query: string, variables?: Record<string, unknown>) {
    const before = upstream.requests.length;
    const answer = await gateway.query(query, variables);
    return { answer, calls: upstream.requests.length - before, codes: answer.errors.map((error) => error.extensions?.['code']) };
  }

  it('refuses a list of too many contracts before the first call, with a 400, both numbers and a way out', async () => {
    const { answer, calls } = await callsOf(
      'query($n: [ID!]!) { customer(idType: "CPF", id: "1") { contracts(numbers: $n) { dueDate } } }',
      { n: numbers(6) },
    );
    expect(calls).toBe(0);
    expect(answer.status).toBe(400);
    expect(answer.data).toBeUndefined();
    expect(answer.errors).toHaveLength(1);
    expect(answer.errors[0]!.message).toMatch(/would make 6 calls to the billing API; 5 are allowed\. Ask for fewer contracts/);
    expect(answer.errors[0]!.extensions).toEqual({ code: 'UPSTREAM_BUDGET_EXCEEDED', calls: 6, callBudget: 5 });
  });

  it('lets exactly as many calls pass as are allowed', async () => {
    const { answer, calls } = await callsOf(
      'query($n: [ID!]!) { customer(idType: "CPF", id: "1") { contracts(numbers: $n) { dueDate } } }',
      { n: numbers(5) },
    );
    expect([answer.status, calls, answer.errors]).toEqual([200, 5, []]);
  });

  it.each([
    [
      'a number in a list again and again',
      `{ customer(idType: "CPF", id: "1") { contracts(numbers: [${'700001, '.repeat(40)}]) { dueDate } } }`,
      1,
    ],
    [
      'aliases of one contract',
      `{ customer(idType: "CPF", id: "1") { ${Array.from({ length: 30 }, (_, i) => `a${i}: contract(number: "7") { dueDate }`).join(' ')} } }`,
      1,
    ],
    [
      'aliases of one customer',
      `{ ${Array.from({ length: 30 }, (_, i) => `a${i}: customer(idType: "CPF", id: "1") { contract(number: "7") { dueDate } }`).join(' ')} }`,
      1,
    ],
    [
      'the same number of two customers',
      '{ a: customer(idType: "CPF", id: "1") { contract(number: "7") { dueDate } } b: customer(idType: "CPF", id: "2") { contract(number: "7") { dueDate } } }',
      2,
    ],
    [
      'pages that touch',
      `{ customer(idType: "CPF", id: "1") { contract(number: "7") { dueDate a: invoices(first: 4) { nodes { number } } b: invoices(first: 4, after: "${cursor(4)}") { nodes { number } } } } }`,
      1,
    ],
    [
      'a page longer than a call may be',
      '{ customer(idType: "CPF", id: "1") { contract(number: "7") { invoices(first: 45) { nodes { number } } } } }',
      5,
    ],
    ['a contract that is left out', '{ customer(idType: "CPF", id: "1") { contract(number: "7") @skip(if: true) { dueDate } } }', 0],
    [
      'arguments that are not of their form',
      '{ customer(idType: "CPF", id: "1") { contracts(numbers: ["7", "y"]) { dueDate } contract(number: "8") { invoices(first: 0) { nodes { number } } } } }',
      0,
    ],
    [
      "all of a customer's invoices, twice",
      '{ customer(idType: "CPF", id: "1") { a: invoices(first: 3) { nodes { number } } b: invoices(first: 3) { nodes { number } } } }',
      1,
    ],
    [
      "the contract's own customer, and back again",
      '{ customer(idType: "CPF", id: "1") { contract(number: "7") { dueDate customer { contract(number: "7") { dueDate } } } } }',
      1,
    ],
  ])('counts %s as what it costs', async (_name, query, expected) => {
    const { answer, calls } = await callsOf(query);
    expect(calls).toBe(expected);
    expect(answer.status).toBe(200);
  });

  it.each([
    [
      'pages that stand apart',
      `{ customer(idType: "CPF", id: "1") { contract(number: "7") { ${[0, 20, 40, 60, 80, 100].map((offset) => `p${offset}: invoices(first: 2${offset === 0 ? '' : `, after: "${cursor(offset)}"`}) { nodes { number } }`).join(' ')} } } }`,
      6,
    ],
    [
      'a page of six calls',
      '{ customer(idType: "CPF", id: "1") { contract(number: "7") { invoices(first: 60) { nodes { number } } } } }',
      6,
    ],
    [
      'contracts with a page of two calls each',
      '{ customer(idType: "CPF", id: "1") { contracts(numbers: [1, 2, 3]) { invoices(first: 20) { nodes { number } } } } }',
      6,
    ],
    [
      'contracts behind a contract',
      '{ customer(idType: "CPF", id: "1") { contract(number: "1") { customer { contracts(numbers: [2, 3, 4, 5, 6]) { dueDate } } } } }',
      6,
    ],
    [
      'contracts in a fragment that is spread in many places',
      `{ ${[1, 2, 3].map((id) => `c${id}: customer(idType: "CPF", id: "${id}") { ...Two }`).join(' ')} } fragment Two on Customer { contracts(numbers: [1, 2]) { dueDate } }`,
      6,
    ],
    [
      'aliased entities',
      `{ ${['a', 'b'].map((name, i) => `${name}: _entities(representations: [${[1, 2, 3].map((n) => `{ __typename: "Contract", number: "${i}${n}", customer: { idType: "CPF", id: "1" } }`).join(' ')}]) { ... on Contract { dueDate } }`).join(' ')} }`,
      6,
    ],
  ])('refuses %s', async (_name, query, expected) => {
    const { answer, calls, codes } = await callsOf(query);
    expect([calls, answer.status, codes]).toEqual([0, 400, ['UPSTREAM_BUDGET_EXCEEDED']]);
    expect(answer.errors[0]!.extensions?.['calls']).toBe(expected);
  });

  it('counts entity representations by their keys, and a search for an invoice as one call at least', async () => {
    const customer = { idType: 'CPF', id: '1' };
    const query =
      'query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Contract { dueDate } ... on Invoice { number contract { dueDate } } } }';
    const same = await callsOf(query, {
      r: [
        ...Array.from({ length: 20 }, () => ({ __typename: 'Contract', number: '7', customer })),
        ...Array.from({ length: 20 }, (_, i) => ({
          __typename: 'Invoice',
          number: `7-00000${i % 10}`,
          contract: { number: '7', customer },
        })),
        { __typename: 'Customer', ...customer },
        { __typename: 'Contract', number: 'not a number', customer },
      ],
    });
    expect([same.calls, same.answer.status]).toEqual([1, 200]);
    const many = await callsOf(query, {
      r: numbers(6).map((number) => ({ __typename: 'Invoice', number: 'x', contract: { number, customer } })),
    });
    expect([many.calls, many.codes]).toEqual([0, ['UPSTREAM_BUDGET_EXCEEDED']]);
    expect(many.answer.errors[0]!.message).toContain('at least 6 calls');
  });

  it('stops a search that cannot be foreseen when the budget is used up, and nothing else in the answer', async () => {
    upstream.setScript((request) => ({ body: toBillsBody(toAskedBills(request.url), 1000) }));
    const { answer, calls } = await callsOf(
      '{ customer(idType: "CPF", id: "1") { contract(number: "7") { dueDate invoice(number: "absent") { amount } } } }',
    );
    upstream.setScript((request) => ({ body: toBillsBody(toAskedBills(request.url), 50) }));
    expect(calls).toBe(5);
    expect(answer.status).toBe(200);
    expect(answer.data).toEqual({ customer: { contract: { dueDate: '2025-07-15', invoice: null } } });
    expect(answer.errors.map((error) => [error.extensions?.['code'], error.path])).toEqual([
      ['UPSTREAM_BUDGET_EXCEEDED', ['customer', 'contract', 'invoice']],
    ]);
  });

  it('stops contracts that only invoices name when the budget is used up', async () => {
    upstream.setScript((request) => {
      const asked = toAskedBills(request.url);
      const body = toBillsBody(asked, 10);
      if (asked.contractNumber !== null) return { body };
      return { body: { ...body, invoiceCollection: numbers(10).map((number) => ({ invoiceContractNo: number, invoiceNumber: number })) } };
    });
    const { answer, calls } = await callsOf(
      '{ customer(idType: "CPF", id: "1") { invoices(first: 10) { nodes { contract { dueDate } } } } }',
    );
    upstream.setScript((request) => ({ body: toBillsBody(toAskedBills(request.url), 50) }));
    expect(calls).toBe(5);
    const nodes = answer.data.customer.invoices.nodes as { contract: unknown }[];
    expect(nodes.filter((node) => node.contract !== null)).toHaveLength(4);
    expect(new Set(answer.errors.map((error) => error.extensions?.['code']))).toEqual(new Set(['UPSTREAM_BUDGET_EXCEEDED']));
  });

  it('says that a token is missing before it says anything about cost', async () => {
    const answer = await gateway.query(
      '{ customer(idType: "CPF", id: "1") { contracts(numbers: [1, 2, 3, 4, 5, 6]) { dueDate } } }',
      undefined,
      { token: null },
    );
    expect([answer.status, answer.errors[0]!.extensions?.['code']]).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('says that an argument is not of its form, and not that too much would be asked for, where nothing would be', async () => {
    const list = await callsOf('query($n: [ID!]!) { customer(idType: "CPF", id: "1") { contracts(numbers: $n) { dueDate } } }', {
      n: [...numbers(9), 'x'],
    });
    const customer = await callsOf(
      'query($n: [ID!]!) { customer(idType: "CPF", id: "1") { contracts(numbers: $n) { dueDate } } other: customer(idType: "CPF", id: "x") { id } }',
      { n: numbers(9) },
    );
    expect([list.calls, new Set(list.codes)]).toEqual([0, new Set(['BAD_USER_INPUT'])]);
    expect([customer.calls, customer.codes]).toEqual([0, ['BAD_USER_INPUT']]);
  });

  it('leaves variables that are not of their types to GraphQL', async () => {
    const { answer, codes } = await callsOf(
      'query($n: [ID!]!) { customer(idType: "CPF", id: "1") { contracts(numbers: $n) { dueDate } } }',
      { n: [[1], ...numbers(9)] },
    );
    expect([answer.status, codes]).toEqual([400, ['BAD_USER_INPUT']]);
  });
});

/** The cursor of the invoice before `offset`, as an answer would give it. */
function cursor(offset: number): string {
  return toCursor(offset - 1);
}
