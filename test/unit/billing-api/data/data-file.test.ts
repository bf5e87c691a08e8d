import { join } from 'node:path';
import { createBillingApi } from '../../../../src/billing-api/billing-api';
import { DataFileError, parseLedgerData } from '../../../../src/billing-api/data/data-file';
import { toSampleData } from '../../../../src/billing-api/data/sample-data';
import { getBills } from '../../../support/bills-request';

const exampleFile = join(__dirname, '../../../support/billing-data.json');
const client = '{"clientId":"a","clientSecret":"b","mayRead":"all"}';

function problemsOf(text: string): readonly string[] {
  try {
    parseLedgerData(text, 'bills.json');
  } catch (error) {
    if (error instanceof DataFileError) return error.problems;
    throw error;
  }
  return [];
}

function customers(contracts: string): string {
  return `{"clients":[${client}],"customers":[{"idType":"RUC","id":"1","contracts":${contracts}}]}`;
}

describe('A data file', () => {
  it('is served exactly as it is written, every digit included', async () => {
    const api = await createBillingApi({ dataFile: exampleFile });
    const answer = await getBills(api, { customer: 'RUC/1', query: 'contractNumber=12' });
    const foreign = await getBills(api, { customer: 'DUI/2', query: 'contractNumber=34' });
    await api.close();
    expect(api.firstExample).toEqual({ idType: 'RUC', id: '1', contractNumber: '12' });
    expect(answer.text).toBe(
      '{"contractNo":"12","billingAddress":[{"street":"Calle Última 7","city":"Encarnación","country":"Paraguay"}],"dueDate":"2025-07-15","invoiceCollection":[' +
        '{"invoiceContractNo":"12","invoiceNumber":"0001","billPeriod":"2025-06","invoiceAmount":9007199254740993,"invoiceStatus":false},' +
        '{"invoiceNumber":"0002","invoiceAmount":-123456789012345678901234567890}]}',
    );
    expect(foreign.status).toBe(403);
  });

  it('keeps the API from starting, with its name and every problem, where it is wrong', async () => {
    await expect(createBillingApi({ dataFile: join(__dirname, 'no-such-file.json') })).rejects.toThrow(
      /The data file .*no-such-file\.json cannot be used:\n {2}Error: ENOENT/,
    );
  });

  it.each([
    ['text that is not JSON', '{"clients": [', /^not JSON: /],
    ['something other than an object', '[]', /^\/ must be object$/],
    ['no clients', '{"clients":[],"customers":[]}', /^\/clients must NOT have fewer than 1 items$/],
    [
      'a client without a secret',
      '{"clients":[{"clientId":"a","mayRead":"all"}],"customers":[]}',
      /^\/clients\/0 must have required property 'clientSecret'$/,
    ],
    [
      'a right that is neither all nor a list',
      '{"clients":[{"clientId":"a","clientSecret":"b","mayRead":"some"}],"customers":[]}',
      /^\/clients\/0\/mayRead must be equal to constant$/,
    ],
    [
      'a misspelt member',
      customers('[{"contractNo":"1","invoices":[],"invoiceCollection":[]}]'),
      /^\/customers\/0\/contracts\/0 must not have the member "invoices"$/,
    ],
    [
      'a contract number that is not made of digits',
      customers('[{"contractNo":"1a","invoiceCollection":[]}]'),
      /^\/customers\/0\/contracts\/0\/contractNo must match pattern/,
    ],
    [
      'a fraction as an amount',
      customers('[{"contractNo":"1","invoiceCollection":[{"invoiceAmount":1.5}]}]'),
      /^\/customers\/0\/contracts\/0\/invoiceCollection\/0\/invoiceAmount must be a whole number, written in digits$/,
    ],
    [
      'an exponent in an amount',
      customers('[{"contractNo":"1","invoiceCollection":[{"invoiceAmount":1e3}]}]'),
      /invoiceAmount must be a whole number, written in digits$/,
    ],
    [
      'a text as an amount',
      customers('[{"contractNo":"1","invoiceCollection":[{"invoiceAmount":"1"}]}]'),
      /invoiceAmount must be a whole number, written in digits$/,
    ],
    [
      'null for a text',
      customers('[{"contractNo":"1","dueDate":null,"invoiceCollection":[]}]'),
      /^\/customers\/0\/contracts\/0\/dueDate must be string$/,
    ],
    [
      'the same contract twice',
      customers('[{"contractNo":"1","invoiceCollection":[]},{"contractNo":"01","invoiceCollection":[]}]'),
      /^\/customers\/0\/contracts\/1\/contractNo is used twice$/,
    ],
    ['the same client twice', `{"clients":[${client},${client}],"customers":[]}`, /^\/clients\/1\/clientId is used twice$/],
    [
      'the same customer twice',
      `{"clients":[${client}],"customers":[{"idType":"RUC","id":"1","contracts":[]},{"idType":"RUC","id":"01","contracts":[]}]}`,
      /^\/customers\/1 has the idType and id of another customer$/,
    ],
    [
      'a right to a customer that is not there',
      '{"clients":[{"clientId":"a","clientSecret":"b","mayRead":[{"idType":"RUC","id":"9"}]}],"customers":[]}',
      /^\/clients\/0\/mayRead\/0 is not a customer of this file$/,
    ],
  ])('is refused with the place of %s', (_case, text, problem) => {
    expect(problemsOf(text)[0]).toMatch(problem);
  });

  it('is told all its problems at once', () => {
    expect(problemsOf(customers('[{"contractNo":"x","dueDate":1,"invoiceCollection":[]}]'))).toHaveLength(2);
  });
});

describe('The sample data', () => {
  it('is the same on every start', () => {
    expect(toSampleData()).toEqual(toSampleData());
  });

  it('passes the checks of a data file', () => {
    const text = JSON.stringify(toSampleData(), (_key, value: unknown) => (typeof value === 'bigint' ? `bigint:${value}` : value)).replace(
      /"bigint:(-?\d+)"/g,
      '$1',
    );
    expect(parseLedgerData(text, 'sample')).toEqual(toSampleData());
  });

  it('has one contract with more than 5,000 invoices, one with none, and invoice numbers that are all different', () => {
    const contracts = toSampleData().customers.flatMap((customer) => customer.contracts);
    const counts = contracts.map((contract) => contract.invoiceCollection.length);
    expect(Math.max(...counts)).toBeGreaterThan(5000);
    expect(Math.min(...counts)).toBe(0);
    const numbers = contracts.flatMap((contract) => contract.invoiceCollection).flatMap((invoice) => invoice.invoiceNumber ?? []);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.every((number) => number.startsWith('0'))).toBe(true);
  });
});
