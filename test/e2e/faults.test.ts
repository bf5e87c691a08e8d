import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAULT_CONTRACTS } from '../../src/billing-api/bills/fault-contracts';
import { createBillingApi } from '../../src/billing-api/billing-api';
import { toCursor } from '../support/invoice-cursor';
import { startGateway, type Gateway, type GraphqlAnswer } from '../support/gateway';

const SETTINGS = { BILLING_API_TIMEOUT_MS: '400', REQUEST_DEADLINE_MS: '20000', BILLING_API_RETRIES: '1' };
const QUERY =
  'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { number invoices(first: 5) { nodes { number } pageInfo { hasNextPage } } } } }';

async function ask(number: string, settings: Readonly<Record<string, string>> = SETTINGS): Promise<GraphqlAnswer> {
  const gateway = await startGateway(settings);
  try {
    return await gateway.query(QUERY, { number });
  } finally {
    await gateway.close();
  }
}

const codes: Readonly<Record<string, string>> = {
  990400: 'BAD_USER_INPUT',
  990401: 'UNAUTHENTICATED',
  990403: 'FORBIDDEN',
  990405: 'UPSTREAM_INVALID_RESPONSE',
  990429: 'RATE_LIMITED',
  990500: 'UPSTREAM_UNAVAILABLE',
  990503: 'UPSTREAM_UNAVAILABLE',
  990504: 'UPSTREAM_TIMEOUT',
  990520: 'UPSTREAM_UNAVAILABLE',
  990200: 'UPSTREAM_INVALID_RESPONSE',
  990201: 'UPSTREAM_INVALID_RESPONSE',
  990203: 'UPSTREAM_INVALID_RESPONSE',
};
const withoutError = ['990404', '990002', '990999'];

describe('A contract number of the embedded billing API that stands for a fault', () => {
  it.each(Object.entries(codes))('%s gives null and %s', async (number, code) => {
    const { status, data, errors } = await ask(number);
    expect(status).toBe(200);
    expect(data).toEqual({ customer: { contract: null } });
    expect(errors.map(({ path, extensions }) => [path, extensions?.['code']])).toEqual([[['customer', 'contract'], code]]);
    expect(FAULT_CONTRACTS.find(({ contractNo }) => contractNo === number)?.clientGets).toContain(`\`${code}\``);
    if (code === 'RATE_LIMITED') expect(errors[0]?.extensions?.['retryAfterSeconds']).toBe(30);
  });

  it('990404 gives null and no error', async () => {
    expect(await ask('990404')).toMatchObject({ status: 200, data: { customer: { contract: null } }, errors: [] });
  });

  it('990002 gives its invoices, but not before a time-out of less than two seconds', async () => {
    const patient = await ask('990002', {});
    expect(patient.errors).toEqual([]);
    expect(patient.data.customer.contract.invoices.nodes).toHaveLength(3);
    expect((await ask('990002')).errors[0]?.extensions?.['code']).toBe('UPSTREAM_TIMEOUT');
  });

  it('costs its own field alone, and is the same with leading zeros', async () => {
    const gateway = await startGateway(SETTINGS);
    const { data, errors } = await gateway.query(
      '{ customer(idType: "RUC", id: "80012345") { contracts(numbers: ["700100", "990503", "00990403"]) { dueDate } } }',
    );
    await gateway.close();
    expect(data.customer.contracts).toEqual([{ dueDate: '2025-07-15' }, null, null]);
    expect(errors.map(({ extensions }) => extensions?.['code']).sort()).toEqual(['FORBIDDEN', 'UPSTREAM_UNAVAILABLE']);
  });

  it('is a fault of customers that the token may read, and of nobody else', async () => {
    const gateway = await startGateway(SETTINGS);
    const { errors } = await gateway.query('{ customer(idType: "CPF", id: "11144477735") { contract(number: "990500") { dueDate } } }');
    await gateway.close();
    expect(errors[0]?.extensions?.['code']).toBe('FORBIDDEN');
  });
});

describe('The contract with thousands of pages', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    // A hundred calls for 1000 invoices each, on a machine that may be busy.
    gateway = await startGateway({ REQUEST_DEADLINE_MS: '120000', BILLING_API_TIMEOUT_MS: '30000' });
  });
  afterAll(() => gateway.close());

  it.each([
    ['first', null, 20, true],
    ['middle', 99_999, 20, true],
    ['last', 199_979, 20, false],
    ['one after the last', 199_999, 0, false],
  ])('has its %s page', async (_which, after, count, hasNextPage) => {
    const { data, errors } = await gateway.query(
      'query ($after: String) { customer(idType: "RUC", id: "80012345") { contract(number: "990999") { invoices(first: 20, after: $after) { nodes { number billPeriod } pageInfo { hasNextPage } } } } }',
      { after: after === null ? null : toCursor(after) },
    );
    expect(errors).toEqual([]);
    const { nodes, pageInfo } = data.customer.contract.invoices as { nodes: { number: string }[]; pageInfo: object };
    expect([nodes.length, pageInfo]).toEqual([count, { hasNextPage }]);
    expect(new Set(nodes.map(({ number }) => number)).size).toBe(count);
  });

  it('ends a search for a number that it does not have with UPSTREAM_BUDGET_EXCEEDED', async () => {
    const { errors } = await gateway.query(
      '{ customer(idType: "RUC", id: "80012345") { contract(number: "990999") { invoice(number: "0") { amount } } } }',
    );
    expect(errors.map(({ extensions }) => extensions?.['code'])).toEqual(['UPSTREAM_BUDGET_EXCEEDED']);
    expect(gateway.upstreamCalls()).toBeGreaterThan(95);
  });
});

describe('The list of faults', () => {
  it('is what docs/faults.md says', () => {
    const rows = readFileSync(join(__dirname, '../../docs/faults.md'), 'utf8')
      .split('\n')
      .filter((line) => /^\| `\d/.test(line));
    expect(rows).toEqual(FAULT_CONTRACTS.map(({ contractNo, does, clientGets }) => `| \`${contractNo}\` | ${does} | ${clientGets} |`));
    expect(FAULT_CONTRACTS.map(({ contractNo }) => contractNo).sort()).toEqual([...Object.keys(codes), ...withoutError].sort());
  });

  it('is shown below the example of each explorer, unless a billing API of the operator answers', async () => {
    for (const explorer of ['sandbox', 'graphiql']) {
      const gateway = await startGateway({ EXPLORER: explorer });
      const page = await fetch(`${gateway.url}/graphql`, { headers: { accept: 'text/html' } }).then((answer) => answer.text());
      await gateway.close();
      for (const { contractNo } of FAULT_CONTRACTS) expect(page).toContain(`#   ${contractNo}  `);
    }
    const gateway = await startGateway({ EXPLORER: 'graphiql', BILLING_API_URL: 'http://127.0.0.1:1' });
    const page = await fetch(`${gateway.url}/graphql`, { headers: { accept: 'text/html' } }).then((answer) => answer.text());
    await gateway.close();
    expect(page).not.toContain('Faults on demand');
  });

  it("is empty where the API serves data of its owner's", async () => {
    const api = await createBillingApi({ data: { clients: [{ clientId: 'a', clientSecret: 'b', mayRead: 'all' }], customers: [] } });
    await api.close();
    expect(api.faults).toEqual([]);
  });
});

describe('The embedded billing API', () => {
  it('stops although a call that it never answers is under way', async () => {
    const api = await createBillingApi();
    const asked = fetch(`${api.url}/customers/RUC/80012345/bills?contractNumber=990504`, {
      headers: { authorization: `Bearer ${api.issueToken()}` },
    });
    while (api.requestCount() === 0) await new Promise(setImmediate);
    await api.close();
    expect((await asked).status).toBe(503);
  });
});
