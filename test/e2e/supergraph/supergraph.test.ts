import type { GraphQLFormattedError } from 'graphql';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { startGateway, toAnswer, type Gateway, type GraphqlAnswer } from '../../support/gateway';
import { startRecordingProxy, type RecordingProxy } from '../../support/recording-proxy';
import { startScriptedUpstream, type RecordedRequest, type ScriptedUpstream } from '../../support/scripted-upstream';
import { ROUTERS, startCrm, startRouter, type Service } from '../../support/supergraph';

// One JSON text: an amount past 2^53 cannot be written through a number.
const EXTREME =
  '{"contractNo":"700103","dueDate":"2025-07-05","invoiceCollection":[{"invoiceContractNo":"700103","invoiceNumber":"0007","invoiceAmount":9007199254740993}]}';
const BILLS = 'dueDate billingAddresses { city } invoices(first: 2) { nodes { number amount } pageInfo { hasNextPage endCursor } }';
const STARTED_IN_CRM = `{ account(code: "A-1") { customer { legalName } contracts { number lineCount ${BILLS} } } }`;

// Hive Gateway leaves the place in a list out of an error's path, though the subgraph's error has it.
const PLACES = { "Apollo's gateway": ['account', 'contracts', 1], 'Hive Gateway': ['account', 'contracts'] } as const;

describe.each(["Apollo's gateway", 'Hive Gateway'] as const)('A supergraph behind %s', (name) => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let billing: RecordingProxy;
  let crm: RecordingProxy;
  let services: Service[];
  let router: Service;

  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGateway({ BILLING_API_URL: upstream.url, CACHE_TTL_SECONDS: '0', BILLING_API_RETRIES: '0' });
    billing = await startRecordingProxy(`${gateway.url}/graphql`);
    const crmService = await startCrm();
    crm = await startRecordingProxy(crmService.url);
    router = await startRouter(ROUTERS[name], { billing: billing.url, crm: crm.url });
    services = [router, crmService, billing, crm, gateway, upstream];
  }, 60_000);
  beforeEach(() => {
    upstream.setScript((request) => {
      const asked = toAskedBills(request.url);
      return asked.contractNumber === '700103' ? { body: EXTREME } : { body: toBillsBody(asked, 5) };
    });
  });
  afterAll(async () => {
    for (const service of services) await service.close();
  });

  interface Asked {
    readonly answer: GraphqlAnswer;
    readonly calls: readonly RecordedRequest[];
  }

  async function ask(query: string, headers: Record<string, string> = { authorization: 'Bearer of-the-client' }): Promise<Asked> {
    const before = upstream.requests.length;
    const response = await fetch(router.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    return { answer: await toAnswer(response), calls: upstream.requests.slice(before) };
  }

  async function askDirectly(query: string): Promise<Asked> {
    const before = upstream.requests.length;
    const answer = await gateway.query(query);
    return { answer, calls: upstream.requests.slice(before) };
  }

  const urlsOf = (calls: readonly RecordedRequest[]): string[] => calls.map((call) => call.url).sort();
  const codesOf = (errors: readonly GraphQLFormattedError[]): unknown[] => errors.map((error) => error.extensions?.['code']);

  it('answers with fields of both subgraphs, at the calls of the query to the gateway alone', async () => {
    const { answer, calls } = await ask(
      `{ customer(idType: "RUC", id: "80012345") { legalName contract(number: "700100") { number lineCount ${BILLS} } } }`,
    );
    const direct = await askDirectly(`{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { number ${BILLS} } } }`);
    expect(answer.errors).toEqual([]);
    expect(answer.data.customer.legalName).toBe('Distribuidora del Este S.A.');
    expect(answer.data.customer.contract).toEqual({ ...direct.answer.data.customer.contract, lineCount: 12 });
    expect(urlsOf(calls)).toEqual(urlsOf(direct.calls));
    expect(calls).toHaveLength(1);
  });

  it('gives contracts that start in the CRM their bills, in one request and at the calls of the query to the gateway alone', async () => {
    const before = billing.requests.length;
    const { answer, calls } = await ask(STARTED_IN_CRM);
    const direct = await askDirectly(
      `{ customer(idType: "RUC", id: "80012345") { contracts(numbers: ["700100", "700101", "700102", "700103"]) { number ${BILLS} } } }`,
    );
    expect(answer.errors).toEqual([]);
    const lines = [12, 880, 1, 4];
    expect(answer.data.account.contracts).toEqual(
      (direct.answer.data.customer.contracts as object[]).map((contract, index) => ({ ...contract, lineCount: lines[index] })),
    );
    expect(answer.data.account.contracts[3].invoices.nodes).toEqual([{ number: '0007', amount: '9007199254740993' }]);
    expect(urlsOf(calls)).toEqual(urlsOf(direct.calls));
    expect(calls).toHaveLength(4);
    const requests = billing.requests.slice(before);
    expect(requests).toHaveLength(1);
    expect(requests[0]!.query).toContain('_entities');
  });

  it('asks the gateway nothing for what the key of a contract tells', async () => {
    const before = billing.requests.length;
    const { answer } = await ask('{ account(code: "A-1") { contracts { number lineCount customer { id } } } }');
    expect(answer.data.account.contracts[0]).toEqual({ number: '700100', lineCount: 12, customer: { id: '80012345' } });
    expect(billing.requests.length - before).toBe(0);
  });

  it('passes the token to the billing API, and to the CRM none', async () => {
    const before = crm.requests.length;
    const { calls } = await ask(STARTED_IN_CRM, { authorization: 'Bearer another-token', 'x-tenant': 'a' });
    expect(new Set(calls.map((call) => call.headers.authorization))).toEqual(new Set(['Bearer another-token']));
    expect(crm.requests.slice(before).map((request) => request.headers.authorization)).toEqual([undefined]);
    expect(calls.map((call) => call.headers['x-tenant'])).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('gets nothing of the bills without a token, and keeps what the CRM says', async () => {
    const { answer, calls } = await ask('{ account(code: "A-1") { contracts { number lineCount dueDate } } }', {});
    expect(answer.data.account.contracts[0]).toEqual({ number: '700100', lineCount: 12, dueDate: null });
    expect(codesOf(answer.errors)).toContain('UNAUTHENTICATED');
    expect(calls).toEqual([]);
  });

  it('keeps the other contracts where the billing API fails for one', async () => {
    upstream.setScript((request) =>
      toAskedBills(request.url).contractNumber === '700101' ? { status: 503 } : { body: toBillsBody(toAskedBills(request.url)) },
    );
    const { answer } = await ask('{ account(code: "A-1") { contracts { number lineCount dueDate } } }');
    expect(answer.data.account.contracts).toEqual([
      { number: '700100', lineCount: 12, dueDate: '2025-07-15' },
      { number: '700101', lineCount: 880, dueDate: null },
      { number: '700102', lineCount: 1, dueDate: '2025-07-15' },
      { number: '700103', lineCount: 4, dueDate: '2025-07-15' },
    ]);
    expect(codesOf(answer.errors)).toEqual(['UPSTREAM_UNAVAILABLE']);
    const place = PLACES[name];
    expect(answer.errors[0]!.path?.slice(0, place.length)).toEqual(place);
  });

  it('gives null and no error for a contract that the billing API does not know', async () => {
    upstream.setScript(() => ({ status: 404 }));
    const { answer } = await ask('{ account(code: "A-3") { contracts { number lineCount dueDate invoices { nodes { number } } } } }');
    expect(answer.errors).toEqual([]);
    expect(answer.data.account.contracts).toEqual([{ number: '700900', lineCount: 2, dueDate: null, invoices: null }]);
  });

  it('goes from an invoice back to what the CRM knows of its contract', async () => {
    const { answer, calls } = await ask(
      '{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { invoice(number: "700100-000003") { number contract { lineCount customer { legalName } } } } } }',
    );
    expect(answer.errors).toEqual([]);
    expect(answer.data.customer.contract.invoice).toEqual({
      number: '700100-000003',
      contract: { lineCount: 12, customer: { legalName: 'Distribuidora del Este S.A.' } },
    });
    expect(calls).toHaveLength(1);
  });

  it('hands the trace that a request belongs to on to the gateway', async () => {
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'vendor=value' };
    const before = billing.requests.length;
    await ask('{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { dueDate } } }', {
      authorization: 'Bearer of-the-client',
      ...trace,
    });
    const [request] = billing.requests.slice(before);
    expect(request!.headers['traceparent']).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/);
    expect(request!.headers['tracestate']).toBe(trace.tracestate);
  });
});
