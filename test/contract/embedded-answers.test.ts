import { createBillingApi, type BillingApi } from '../../src/billing-api/billing-api';
import { tokenPath } from '../../src/billing-api/tokens/token-endpoint';
import { toSampleData } from '../../src/billing-api/data/sample-data';
import { getBills } from '../support/bills-request';
import { readOpenApiDocument, toAnswerCheck } from '../support/openapi-document';
import { requestRaw, type RawAnswer } from '../support/raw-request';

const checkOf = toAnswerCheck(readOpenApiDocument());

/** What is wrong with an answer, by the document; empty where nothing is. */
function findFaults(answer: RawAnswer): unknown[] {
  const check = checkOf(answer.status);
  check(JSON.parse(answer.text));
  return check.errors ?? [];
}

describe('The embedded billing API keeps to the contract', () => {
  let api: BillingApi;
  let lenient: BillingApi;
  beforeAll(async () => {
    api = await createBillingApi();
    lenient = await createBillingApi({ contractNumberRequired: false });
  });
  afterAll(async () => {
    await api.close();
    await lenient.close();
  });

  const everyContract = toSampleData().customers.flatMap((customer) =>
    customer.contracts.map((contract) => ({ customer: `${customer.idType}/${customer.id}`, contractNo: contract.contractNo })),
  );

  it.each(everyContract)('in the bills of $customer, contract $contractNo', async ({ customer, contractNo }) => {
    const isForeign = customer.startsWith('CPF');
    const answer = await getBills(api, {
      customer,
      query: `contractNumber=${contractNo}`,
      token: api.issueToken({ clientId: isForeign ? 'portal-demo' : 'gateway-demo' }),
    });
    expect(answer.status).toBe(200);
    expect(findFaults(answer)).toEqual([]);
  });

  it('in all the bills of a customer', async () => {
    const answer = await getBills(lenient);
    expect(answer.status).toBe(200);
    expect(findFaults(answer)).toEqual([]);
  });

  it.each<[number, string, () => Promise<RawAnswer>]>([
    [400, 'a bad parameter', () => getBills(api)],
    [401, 'no token', () => requestRaw(api.port, { path: '/customers/RUC/80012345/bills' })],
    [401, 'a bad token', () => getBills(api, { token: 'bad' })],
    [403, 'a customer of another client', () => getBills(api, { customer: 'CPF/11144477735', query: 'contractNumber=550300' })],
    [404, 'an unknown customer', () => getBills(api, { customer: 'RUC/1', query: 'contractNumber=1' })],
    [404, 'an unknown contract', () => getBills(api, { query: 'contractNumber=1' })],
    [404, 'an unknown resource', () => requestRaw(api.port, { path: '/' })],
    [405, 'another method', () => requestRaw(api.port, { method: 'DELETE', path: '/customers/RUC/80012345/bills' })],
  ])('in the answer %i to %s', async (status, _case, ask) => {
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(findFaults(answer)).toEqual([]);
    expect(JSON.parse(answer.text)).toHaveProperty('error.code');
  });

  it('at the path of its token URL', () => {
    const { tokenUrl } = readOpenApiDocument().components.securitySchemes['application']!['flows'].clientCredentials as {
      tokenUrl: string;
    };
    const { pathname, search } = new URL(tokenUrl);
    expect(pathname).toBe(tokenPath);
    expect(api.tokenUrl).toBe(`${api.url}${pathname}${search}`);
  });

  it.each([
    ['an amount as text', 200, '{"invoiceCollection":[{"invoiceAmount":"1"}]}'],
    ['a fraction as an amount', 200, '{"invoiceCollection":[{"invoiceAmount":1.5}]}'],
    ['a member that the contract does not have', 200, '{"contractNumber":"1"}'],
    ['an error that is a text', 401, '{"error":"invalid_token"}'],
    ['an error in the place of bills', 200, '{"error":{}}'],
  ])('by a check that finds %s', (_case, status, text) => {
    expect(findFaults({ status, headers: {}, text, bytes: Buffer.from(text) })).not.toEqual([]);
  });
});
