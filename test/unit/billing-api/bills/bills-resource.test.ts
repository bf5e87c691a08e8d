import { createBillingApi, type BillingApi } from '../../../../src/billing-api/billing-api';
import { getBills, toInvoiceNumbers } from '../../../support/bills-request';
import { requestRaw } from '../../../support/raw-request';

describe('The bills resource', () => {
  let api: BillingApi;
  beforeAll(async () => {
    api = await createBillingApi();
  });
  afterAll(() => api.close());

  it('answers a contract with its number, addresses, due date and invoices, as JSON in UTF-8', async () => {
    const answer = await getBills(api, { query: 'contractNumber=700100&quantity=1' });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(answer.text)).toEqual({
      contractNo: '700100',
      billingAddress: [
        {
          street: 'Avda. Mariscal López 3794',
          neighborhood: 'Villa Morra',
          city: 'Asunción',
          state: 'Distrito Capital',
          country: 'Paraguay',
          zipCode: '001535',
        },
        { street: 'Acceso Sur km 14', neighborhood: '', city: 'Ñemby', state: 'Central', country: 'Paraguay', zipCode: '' },
      ],
      dueDate: '2025-07-15',
      invoiceCollection: [
        {
          invoiceContractNo: '700100',
          invoiceNumber: '001100009000000',
          billPeriod: '2025-06',
          invoiceAmount: 922900,
          invoiceStatus: false,
        },
      ],
    });
  });

  it('serves the contract that it names as its first example', async () => {
    expect(api.firstExample).toEqual({ idType: 'RUC', id: '80012345', contractNumber: '700100' });
    expect(toInvoiceNumbers(await getBills(api, { query: 'contractNumber=700100' }))).toHaveLength(36);
  });

  it('writes every digit of amounts past 2^31 and past 2^53', async () => {
    const { text } = await getBills(api, { query: 'contractNumber=700103' });
    const amounts = Array.from(text.matchAll(/"invoiceAmount":(-?\d+)/g), (match) => match[1]);
    expect(amounts).toEqual([
      '2147483647',
      '2147483648',
      '9007199254740991',
      '9007199254740993',
      '-9007199254740993',
      '123456789012345678901234567890',
      '0',
      '-1',
    ]);
  });

  it('leaves out the members that a contract does not have', async () => {
    const answer = await getBills(api, { customer: 'CI/4123456', query: 'contractNumber=410001' });
    expect(answer.text).toBe(
      '{"contractNo":"410001","invoiceCollection":[{"invoiceNumber":"000000000042","billPeriod":"2025-06"},{"invoiceContractNo":"410001","invoiceAmount":118000},{}]}',
    );
  });

  it('answers a contract without invoices with an empty list', async () => {
    const answer = await getBills(api, { query: 'contractNumber=700102' });
    expect(answer.status).toBe(200);
    expect(toInvoiceNumbers(answer)).toEqual([]);
  });

  it('takes leading zeros off identifiers, which the contract types as numbers', async () => {
    expect((await getBills(api, { customer: 'RUC/0080012345', query: 'contractNumber=000700100' })).status).toBe(200);
  });

  it('tells long contract numbers apart that a floating-point number would confuse', async () => {
    expect((await getBills(api, { customer: 'NIT/1023456021', query: 'contractNumber=90071992547409931' })).status).toBe(200);
    expect((await getBills(api, { customer: 'NIT/1023456021', query: 'contractNumber=90071992547409932' })).status).toBe(404);
  });

  it.each([
    ['an unknown customer', 'RUC/99', 404, 'There is no such customer.'],
    ['a known id under another type', 'NIT/80012345', 404, 'There is no such customer.'],
    ['a customer that the client may not read', 'CPF/11144477735', 403, 'The client may not read the bills of this customer.'],
    ['a contract of another customer', 'NIT/1023456021', 404, 'The customer has no such contract.'],
  ])('refuses %s', async (_case, customer, status, message) => {
    const answer = await getBills(api, { customer, query: 'contractNumber=700100' });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toEqual({ error: { code: status === 403 ? 'FORBIDDEN' : 'NOT_FOUND', message } });
  });

  it('lets each client read its own customers and the shared one', async () => {
    const token = api.issueToken({ clientId: 'portal-demo' });
    const ask = async (customer: string, contractNumber: string) =>
      (await getBills(api, { customer, query: `contractNumber=${contractNumber}`, token })).status;
    expect(await ask('CPF/11144477735', '550300')).toBe(200);
    expect(await ask('NIT/1023456021', '90071992547409931')).toBe(200);
    expect(await ask('RUC/80012345', '700100')).toBe(403);
  });

  it.each([
    ['contractNumber is missing', 'RUC/80012345', '', 'contractNumber is required.'],
    ['contractNumber is empty', 'RUC/80012345', 'contractNumber=', 'contractNumber must be an integer, written in digits.'],
    ['contractNumber is not an integer', 'RUC/80012345', 'contractNumber=7e5', 'contractNumber must be an integer, written in digits.'],
    ['contractNumber has other digits', 'RUC/80012345', 'contractNumber=%D9%A7', 'contractNumber must be an integer, written in digits.'],
    ['contractNumber is repeated', 'RUC/80012345', 'contractNumber=700100&contractNumber=700101', 'contractNumber must not be repeated.'],
    [
      'quantity is negative',
      'RUC/80012345',
      'contractNumber=700100&quantity=-1',
      'quantity must be an integer from 0 on, written in digits.',
    ],
    ['quantity is past the limit', 'RUC/80012345', 'contractNumber=700100&quantity=1001', 'quantity must not be more than 1000.'],
    [
      'pageInit is not an integer',
      'RUC/80012345',
      'contractNumber=700100&pageInit=1.5',
      'pageInit must be an integer from 0 on, written in digits.',
    ],
    [
      'pageInit is too large to count with',
      'RUC/80012345',
      'contractNumber=700100&pageInit=9007199254740993',
      'pageInit must be an integer from 0 on, written in digits.',
    ],
    ['the id is not a number', 'RUC/80012345-6', 'contractNumber=700100', 'id must be a number, written in digits.'],
    ['the id is a path of its own', 'RUC/..', 'contractNumber=700100', 'id must be a number, written in digits.'],
    ['the id hides a slash', 'RUC/1%2F2', 'contractNumber=700100', 'id must be a number, written in digits.'],
    ['the idType is empty', '/80012345', 'contractNumber=700100', 'idType must not be empty.'],
  ])('answers 400 and says why where %s', async (_case, customer, query, message) => {
    const answer = await getBills(api, { customer, query });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toEqual({ error: { code: 'BAD_REQUEST', message } });
  });

  it('answers 404 where an identifier is very long but well formed', async () => {
    expect((await getBills(api, { customer: `RUC/${'9'.repeat(300)}`, query: 'contractNumber=700100' })).status).toBe(404);
    expect((await getBills(api, { customer: `RUC/${'9'.repeat(5000)}`, query: 'contractNumber=700100' })).status).toBeGreaterThanOrEqual(
      400,
    );
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('answers %s with 405 and what is allowed', async (method) => {
    const answer = await requestRaw(api.port, {
      method,
      path: '/customers/RUC/80012345/bills',
      headers: { 'content-type': 'application/json', 'content-length': 1 },
      body: '{',
    });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
    expect(JSON.parse(answer.text).error.code).toBe('METHOD_NOT_ALLOWED');
  });

  it('sends no Cache-Control unless it is told to', async () => {
    expect((await getBills(api, { query: 'contractNumber=700100' })).headers['cache-control']).toBeUndefined();
    const other = await createBillingApi({ cacheControl: 'private, max-age=5' });
    const answer = await getBills(other, { query: 'contractNumber=700100' });
    const refused = await getBills(other, { query: 'contractNumber=1' });
    await other.close();
    expect(answer.headers['cache-control']).toBe('private, max-age=5');
    expect(refused.headers['cache-control']).toBeUndefined();
  });
});
