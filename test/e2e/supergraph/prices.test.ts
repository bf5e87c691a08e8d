import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { startGateway, type Gateway } from '../../support/gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream';
import { ROUTERS, startCrm, startRouter, type Service } from '../../support/supergraph';

const folder = join(__dirname, '../../operations');
const FRAGMENTS = readFileSync(join(folder, 'invoice-fields.graphql'), 'utf8');

describe("Hive Gateway's demand control", () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let crm: Service;
  let router: Service;

  beforeAll(async () => {
    upstream = await startScriptedUpstream((request) => ({ body: toBillsBody(toAskedBills(request.url), 5) }));
    gateway = await startGateway({ BILLING_API_URL: upstream.url, CACHE_TTL_SECONDS: '0' });
    crm = await startCrm();
    router = await startRouter(ROUTERS['Hive Gateway'], { billing: `${gateway.url}/graphql`, crm: crm.url }, '--costs');
  });
  afterAll(async () => {
    for (const each of [router, crm, gateway, upstream]) await each.close();
  });

  async function price(query: string, variables: object): Promise<{ readonly estimated: number; readonly calls: number }> {
    const before = upstream.requests.length;
    const response = await fetch(router.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer of-the-client' },
      body: JSON.stringify({ query, variables }),
    });
    const { errors, extensions } = (await response.json()) as { errors?: unknown; extensions: { cost: { estimated: number } } };
    expect(errors).toBeUndefined();
    return { estimated: extensions.cost.estimated, calls: upstream.requests.length - before };
  }

  const customer = { idType: 'CPF', id: '1' };

  it.each([
    ['contract-bills.graphql', { number: '700100' }],
    ['contract-invoices-page.graphql', { number: '700100', first: 2 }],
    ['find-invoice.graphql', { number: '700100', invoiceNumber: '700100-000002' }],
    ['customer-invoices.graphql', { first: 4 }],
  ])('prices %s at the calls that it makes', async (name, variables) => {
    const { estimated, calls } = await price(`${readFileSync(join(folder, name), 'utf8')}${FRAGMENTS}`, { ...customer, ...variables });
    expect(estimated).toBe(calls);
    expect(calls).toBe(1);
  });

  it('prices two contracts at two calls, and a list of contracts at the ten that are assumed', async () => {
    const two =
      'query ($idType: String!, $id: ID!) { customer(idType: $idType, id: $id) { a: contract(number: "700100") { dueDate } b: contract(number: "700101") { dueDate } } }';
    expect(await price(two, customer)).toEqual({ estimated: 2, calls: 2 });
    const overview = `${readFileSync(join(folder, 'contracts-overview.graphql'), 'utf8')}${FRAGMENTS}`;
    expect((await price(overview, { ...customer, numbers: ['700100', '700101', '700102'] })).estimated).toBe(10);
  });
});
