import { createBillingApi, type BillingApi } from '../../src/billing-api/billing-api';
import { toCursor } from '../support/invoice-cursor';
import { until } from '../support/cache-fixtures';
import { startGateway, type Gateway } from '../support/gateway';

/** A header by which graphql-js executes a request, whatever is known of its operation. */
const BY_GRAPHQL_JS = { 'apollo-federation-include-trace': 'none' };

const customer = (selection: string): string => `{ customer(idType: "RUC", id: "80012345") { ${selection} } }`;
const contract = (selection: string): string => `contract(number: "700100") { ${selection} }`;

/** What asks for the length of a list in different ways, and knows different things of it beforehand. */
const SELECTIONS: readonly string[] = [
  'invoices { totalCount }',
  'invoices(first: 3) { totalCount }',
  'invoices(last: 2) { nodes { number } }',
  `invoices(last: 2, before: "${toCursor(5)}") { totalCount }`,
  'invoiceSummary { count }',
  'invoices(first: 2, filter: { status: true }) { totalCount }',
  `invoices(last: 2, before: "${toCursor(9)}", filter: { status: true }) { nodes { number } pageInfo { hasPreviousPage } }`,
  'a: invoices(first: 3) { totalCount nodes { number } } b: invoices(last: 3) { totalCount }',
];

describe('What an operation has cost', () => {
  let api: BillingApi;
  let gateway: Gateway;
  /** One for all requests: operations are compiled for tokens that the billing API has accepted. */
  let token: string;
  beforeAll(async () => {
    api = await createBillingApi();
    token = api.issueToken();
    gateway = await startGateway({ NODE_ENV: 'development', UPSTREAM_CALL_BUDGET: '100', BILLING_API_URL: api.url });
  });
  afterAll(async () => {
    await gateway.close();
    await api.close();
  });

  /** Operations that were answered by the compiled execution so far. */
  async function countCompiled(): Promise<number> {
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    return Number(/^billing_gateway_operation_duration_seconds_count\{outcome="ok",path="compiled"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  }

  async function expectSameCost(query: string): Promise<void> {
    const reference = await gateway.query(query, {}, { token, headers: BY_GRAPHQL_JS });
    const before = await countCompiled();
    const compiled = await gateway.query(query, {}, { token });
    await until(async () => (await countCompiled()) === before + 1);
    expect(reference.errors).toEqual([]);
    expect(reference.extensions?.['billing']).toMatchObject({ calls: expect.any(Number) as number, merged: expect.any(Number) as number });
    expect([query, compiled.extensions]).toEqual([query, reference.extensions]);
  }

  it.each(SELECTIONS)('is the same on all paths of the pipeline, with one contract under aliases: %s', async (selection) => {
    await expectSameCost(customer(['a', 'b', 'c'].map((alias) => `${alias}: ${contract(selection)}`).join(' ')));
    await expectSameCost(customer(`contracts(numbers: ["700100", "700100"]) { ${selection} } b: ${contract(selection)}`));
  });

  it.each(SELECTIONS)(
    'is the same on all paths of the pipeline, beside others that ask for the length: %s',
    async (selection) => {
      for (const other of SELECTIONS) {
        await expectSameCost(customer(`a: ${contract(selection)} b: ${contract(other)}`));
        await expectSameCost(customer(`a: contracts(numbers: ["700100"]) { ${selection} } b: ${contract(other)}`));
      }
    },
    120_000,
  );
});
