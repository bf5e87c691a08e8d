import { join } from 'node:path';
import fc from 'fast-check';
import { getOperationAST, parse } from 'graphql';
import { toCursor } from '../../../support/invoice-cursor';
import { boundCalls, toMostCalls } from '../../../../src/graphql/analysis/call-bound';
import { OperationModel } from '../../../../src/graphql/analysis/operation-model';
import { predictCalls } from '../../../../src/graphql/analysis/predict-calls';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';
import { toAskedBills, toBillsBody } from '../../../support/bills-body';
import { startGateway, type Gateway } from '../../../support/gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../../../support/scripted-upstream';

const schema = buildServedSchema();
const MAX_QUANTITY = 10;
const MAX_PAGE_SIZE = 35;

/** Response keys that differ, so that equal fields with other arguments do not clash. */
function joined(fields: readonly string[]): string {
  return fields.map((field, index) => `f${index}: ${field}`).join(' ');
}

const offset = fc.constantFrom(0, 0, 3, 10, 25);
const page = fc
  .tuple(fc.integer({ min: 1, max: MAX_PAGE_SIZE }), offset, fc.boolean())
  .map(
    ([first, at, probe]) =>
      `invoices(first: ${first}${at === 0 ? '' : `, after: "${toCursor(at - 1)}"`}) { nodes { number } ${probe ? 'pageInfo { hasNextPage }' : ''} }`,
  );

const filteredPage = fc
  .tuple(fc.integer({ min: 1, max: MAX_PAGE_SIZE }), offset, fc.constantFrom('status: true', 'status: false', 'billPeriods: ["2025-06"]'))
  .map(
    ([first, at, filter]) =>
      `invoices(first: ${first}${at === 0 ? '' : `, after: "${toCursor(at - 1)}"`}, filter: { ${filter} }) { nodes { number } pageInfo { hasNextPage } }`,
  );
const contractField = fc.oneof(fc.constant('dueDate'), page, page, filteredPage);
const contractBody = fc.array(contractField, { minLength: 1, maxLength: 4 }).map(joined);
const number = fc.constantFrom('1', '2', '3');
const contract = fc.tuple(number, contractBody).map(([n, body]) => `contract(number: "${n}") { ${body} }`);
const contracts = fc
  .tuple(fc.array(number, { minLength: 1, maxLength: 5 }), contractBody)
  .map(([list, body]) => `contracts(numbers: [${list.join(', ')}]) { ${body} }`);
const customerBody = fc.array(fc.oneof(contract, contracts, page), { minLength: 1, maxLength: 3 }).map(joined);
const customer = fc.tuple(fc.constantFrom('1', '2'), customerBody).map(([id, body]) => `customer(idType: "CPF", id: "${id}") { ${body} }`);
const entities = fc
  .tuple(fc.array(fc.tuple(fc.constantFrom('1', '2'), number), { minLength: 1, maxLength: 5 }), contractBody)
  .map(
    ([keys, body]) =>
      `_entities(representations: [${keys.map(([id, n]) => `{ __typename: "Contract", number: "${n}", customer: { idType: "CPF", id: "${id}" } }`).join(' ')}]) { ... on Contract { ${body} } }`,
  );
const flat = fc.array(fc.oneof(customer, entities), { minLength: 1, maxLength: 3 }).map((fields) => `{ ${joined(fields)} }`);
const nested = fc
  .tuple(contractBody, customerBody)
  .map(([outer, inner]) => `{ customer(idType: "CPF", id: "1") { contract(number: "1") { ${outer} customer { ${inner} } } } }`);

function toModel(text: string): OperationModel {
  const document = parse(text);
  return OperationModel.of({ schema, document, operation: getOperationAST(document)! }, {});
}

describe.each([
  ['by offset', 'offset', {}],
  ['by page', 'page', {}],
  ['by offset and an API that filters', 'offset', { BILLING_API_DIALECT: join(__dirname, '../../../support/filters-dialect.yaml') }],
] as const)('The prediction of upstream calls, with paging %s', (_name, mode, environment) => {
  const isFiltering = 'BILLING_API_DIALECT' in environment;
  const pageLimits = { maxPageSize: MAX_PAGE_SIZE, ...(isFiltering && { pushes: () => true }) };
  const limits = { paging: { mode, maxQuantity: MAX_QUANTITY }, pageLimits };
  let upstream: ScriptedUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await startScriptedUpstream((request) => {
      const asked = toAskedBills(request.url);
      // All of them have a status of true.
      const total = isFiltering && new URL(request.url, 'http://upstream').searchParams.get('status') === 'CA' ? 0 : 1000;
      return { body: toBillsBody({ ...asked, pageInit: mode === 'page' ? asked.pageInit * asked.quantity : asked.pageInit }, total) };
    });
    gateway = await startGateway({
      BILLING_API_URL: upstream.url,
      BILLING_API_PAGING: mode,
      BILLING_API_MAX_QUANTITY: String(MAX_QUANTITY),
      MAX_PAGE_SIZE: String(MAX_PAGE_SIZE),
      UPSTREAM_CALL_BUDGET: '100000',
      CACHE_TTL_SECONDS: '0',
      MAX_DEPTH: '1000',
      ...environment,
    });
  });
  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  let operations = 0;

  /** The calls with the operation's own token: one that was made ahead for another operation may come after its response. */
  async function callsOf(query: string): Promise<number> {
    const token = `token-${++operations}`;
    const answer = await gateway.query(query, undefined, { token });
    expect(answer.errors).toEqual([]);
    return upstream.requests.filter(({ headers }) => headers.authorization === `Bearer ${token}`).length;
  }

  it('is the number of calls that are made, and at most that many more as it says it cannot know', async () => {
    await fc.assert(
      fc.asyncProperty(flat, async (query) => {
        const predicted = predictCalls(toModel(query), {}, limits);
        const calls = await callsOf(query);
        if (predicted.atLeast) expect(calls).toBeGreaterThanOrEqual(predicted.calls);
        else expect(calls).toBe(predicted.calls);
      }),
      { numRuns: 60 },
    );
  });

  it('is exact for a filter exactly where the billing API filters', async () => {
    for (const filter of ['status: true', 'status: false', 'billPeriods: ["2025-06"]', 'status: true, billPeriods: ["2025-06"]'])
      for (const first of [1, 9, 10, 35]) {
        const page = `invoices(first: ${first}, filter: { ${filter} }) { nodes { number } pageInfo { hasNextPage } }`;
        const query = `{ customer(idType: "CPF", id: "1") { ${page} contracts(numbers: [1, 2]) { dueDate a: ${page} b: ${page} } } }`;
        const predicted = predictCalls(toModel(query), {}, limits);
        expect(predicted.atLeast).toBe(!isFiltering);
        if (isFiltering) expect([query, await callsOf(query)]).toEqual([query, predicted.calls]);
      }
  });

  it('never says more than is made where one contract leads to others', async () => {
    await fc.assert(
      fc.asyncProperty(nested, async (query) => {
        expect(await callsOf(query)).toBeGreaterThanOrEqual(predictCalls(toModel(query), {}, limits).calls);
      }),
      { numRuns: 30 },
    );
  });

  it('is never more than the bound by which ordinary operations pass', () => {
    fc.assert(
      fc.property(fc.oneof(flat, nested), (query) => {
        const model = toModel(query);
        const bound = boundCalls(model, limits);
        expect(bound).not.toBeNull();
        expect(toMostCalls(bound!, model.operation, {})).toBeGreaterThanOrEqual(predictCalls(model, {}, limits).calls);
      }),
      { numRuns: 300 },
    );
  });
});
