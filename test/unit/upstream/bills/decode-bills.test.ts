import fc from 'fast-check';
import type { BillingError } from '../../../../src/billing/model/billing-error';
import { decodeBills, ResponseDecoder } from '../../../../src/upstream/bills/decode-bills';
import { toPlainBills } from '../../../support/plain-bills';
import { customer } from '../../../support/listed-source';

const request = (contractNumber: string | null = '1') => ({ customer, contractNumber, window: { offset: 0, limit: 10 } });
const decode = (body: unknown, contractNumber: string | null = '1') =>
  decodeBills(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), request(contractNumber));
const withAmount = (amount: string): string => `{"contractNo":"1","invoiceCollection":[{"invoiceNumber":"007","invoiceAmount":${amount}}]}`;

/** What an operator is told of the refusal, which must name places and never values. */
function refusalOf(body: unknown, contractNumber: string | null = '1', decoder = new ResponseDecoder()): string {
  try {
    decoder.decode(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), request(contractNumber));
  } catch (error) {
    expect((error as BillingError).failure).toBe('invalid-response');
    expect((error as BillingError).message).toBe('The billing API sent an answer that does not follow its contract.');
    return ((error as BillingError).cause as Error).message;
  }
  throw new Error('It was accepted.');
}

const STRICT = new ResponseDecoder({ strict: true });

describe('decodeBills', () => {
  it.each([
    ['2147483648', 2147483648],
    ['-2147483649', -2147483649],
    ['999999999999999', 999999999999999],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['1e20', 100000000000000000000n],
    ['1.5e3', 1500],
    ['1.0', 1],
    ['123456789012345678901234567890', 123456789012345678901234567890n],
    ['0', 0],
    ['null', null],
  ])('reads the amount %s with every digit', (text, amount) => {
    expect(decode(withAmount(text)).invoices[0]?.amount).toEqual(amount);
  });

  it('reads every whole amount exactly, in whatever company', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), { maxLength: 8 }), (amounts) => {
        const body = `{"invoiceCollection":[${amounts.map((amount) => `{"invoiceAmount":${amount}}`).join(',')}]}`;
        expect(decode(body).invoices.map(({ amount }) => BigInt(amount!))).toEqual(amounts);
      }),
    );
  });

  it.each(['1.5', '123456789012345.001', '0.1', '1e-1', '9007199254740993.5', '"5"', 'true', '[]', '{}', '1e999'])(
    'makes no amount of %s: strictly, the response is refused, otherwise that amount alone fails',
    (text) => {
      expect(refusalOf(withAmount(text), '1', STRICT)).toBe('/invoiceCollection/0/invoiceAmount must be a whole number');
      const [invoice] = decode(withAmount(text)).invoices;
      if (text === '"5"') expect(invoice?.amount).toBe(5);
      else expect(() => invoice?.amount).toThrow('does not follow its contract');
      expect(invoice?.number).toBe('007');
    },
  );

  it('keeps text as it is: leading zeros, accents, empty text, dates', () => {
    const body = {
      contractNo: '001',
      dueDate: '15/07/2025',
      billingAddress: [{ street: 'Avda. López', city: '', zipCode: '001535' }],
      invoiceCollection: [{ invoiceNumber: '0007', billPeriod: '', invoiceContractNo: '1', invoiceStatus: false }],
    };
    expect(toPlainBills(decode(body))).toMatchObject({
      contractNumber: '001',
      dueDate: '15/07/2025',
      billingAddresses: [{ street: 'Avda. López', neighborhood: null, city: '', state: null, country: null, zipCode: '001535' }],
      invoices: [
        { number: '0007', contractNumber: '1', billPeriod: '', amount: null, status: false, origin: { customer, contractNumber: '1' } },
      ],
    });
  });

  it.each([
    { dueDate: null },
    { invoiceCollection: [] },
    { contractNo: null, dueDate: null, billingAddress: null, invoiceCollection: null },
  ])('reads absent and null fields alike: %j', (body) => {
    expect(toPlainBills(decode(body))).toEqual({ contractNumber: null, dueDate: null, billingAddresses: null, invoices: [] });
  });

  it('lets fields through that the contract does not name', () => {
    expect(decode({ contractNo: '1', later: { nested: [1.5] }, invoiceCollection: [{ currency: 'PYG' }] }).invoices).toHaveLength(1);
  });

  it.each([
    ['null', '/ must be object'],
    ['[]', '/ must be object'],
    ['"text"', '/ must be object'],
    ['{"contractNo":1}', '/contractNo must be string,null'],
    ['{"dueDate":20250715}', '/dueDate must be string,null'],
    ['{"billingAddress":{}}', '/billingAddress must be array,null'],
    ['{"billingAddress":[null]}', '/billingAddress/0 must be object'],
    ['{"billingAddress":[{"zipCode":1535}]}', '/billingAddress/0/zipCode must be string,null'],
    ['{"invoiceCollection":{}}', '/invoiceCollection must be array,null'],
    ['{"invoiceCollection":["a"]}', '/invoiceCollection/0 must be object'],
    ['{"invoiceCollection":[{},{"invoiceStatus":"paid"}]}', '/invoiceCollection/1/invoiceStatus must be boolean,null'],
    ['{"invoiceCollection":[{"invoiceNumber":7}]}', '/invoiceCollection/0/invoiceNumber must be string,null'],
  ])('strictly refuses %s and says where it is off', (body, detail) => {
    expect(refusalOf(body, '1', STRICT)).toBe(detail);
  });

  it.each([
    ['', 'the body is not JSON: it is empty'],
    [' \r\n', 'the body is not JSON: it is empty'],
    ['<!DOCTYPE html><html></html>', 'the body is not JSON, but HTML or XML'],
    ['\n<?xml version="1.0"?><bills/>', 'the body is not JSON, but HTML or XML'],
    ['null', '/ must be object'],
  ])('tells what it refuses: %j', (body, refusal) => {
    expect(refusalOf(body)).toBe(refusal);
  });

  it.each([
    ")]}',\n{}",
    '{"contractNo":"1"',
    '{"contractNo":"1"}}',
    '[{"contractNo":"1"}',
    '['.repeat(100_000),
    `{"a":${'['.repeat(100_000)}1234567890123456`,
    '{"a":01}',
    '{"a":"\u0001"}',
    '{"a":"\\x"}',
  ])('refuses what is not JSON: %.30s', (body) => {
    expect(refusalOf(body)).toBe('the body is not JSON');
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => decodeBills(Buffer.from('{"dueDate":"Asunción"}', 'latin1'), request())).toThrow('does not follow its contract');
  });

  it('refuses the data of another contract, without telling which', () => {
    expect(refusalOf({ contractNo: '2' })).toBe('/contractNo is not the contract that was asked for');
    expect(refusalOf({ contractNo: '' })).toBe('/contractNo is not the contract that was asked for');
    expect(refusalOf({ invoiceCollection: [{ invoiceContractNo: '2' }, { invoiceContractNo: '3' }] })).toBe(
      '/invoiceCollection/*/invoiceContractNo is not the contract that was asked for',
    );
    expect(refusalOf({ contractNo: '90071992547409930' }, '90071992547409931')).toContain('/contractNo');
    // Zeros count for nothing where they lead, and only there.
    for (const [answered, asked] of [
      ['101', '11'],
      ['11', '101'],
      ['0110', '011'],
      ['1', '10'],
    ] as const)
      expect([answered, asked, refusalOf({ contractNo: answered }, asked)]).toEqual([
        answered,
        asked,
        expect.stringContaining('/contractNo'),
      ]);
  });

  it('takes the number that was asked for with other leading zeros, and invoices that name no contract', () => {
    expect(decode({ contractNo: '001' }, '1').contractNumber).toBe('001');
    expect(decode({ contractNo: '0' }, '000').contractNumber).toBe('0');
    expect(decode({ invoiceCollection: [{ invoiceContractNo: '001' }, {}] }, '01').invoices).toHaveLength(2);
  });

  it("takes whatever contracts there are where all the customer's invoices were asked for", () => {
    expect(
      decode({ invoiceCollection: [{ invoiceContractNo: '2' }, { invoiceContractNo: '3' }] }, null).invoices.map(
        (invoice) => invoice.contractNumber,
      ),
    ).toEqual(['2', '3']);
  });

  it('reads an answer of many thousand invoices', () => {
    const all = Array.from({ length: 20_000 }, (_, index) => ({ invoiceNumber: String(index), invoiceAmount: index }));
    const body = Buffer.from(JSON.stringify({ invoiceCollection: all }));
    const { invoices } = decodeBills(body, { ...request(), window: { offset: 0, limit: 20_000 } });
    expect([invoices.length, invoices[19_999]?.amount]).toEqual([20_000, 19_999]);
  });

  it.each([
    ['{"error":{"code":"404"}}', 'the body reports an error'],
    ['{"contractNo":"1","invoiceCollection":[{}],"errors":[{"message":"partial"}]}', 'the body reports an error'],
    ['{"contractNo":"1","Fault":"x"}', 'the body reports an error'],
    ['{"errorMessage":"Task timed out"}', 'the body reports an error'],
    ['{"contractNo":"1","success":false,"message":"no"}', 'the body reports an error'],
    ['{"contractNo":"1","ok":"false","invoiceCollection":[]}', 'the body reports an error'],
    ['{"contractNo":"1","status":"FAILED"}', 'the body reports an error'],
    ['{"contractNo":"1","status":"error","invoiceCollection":[]}', 'the body reports an error'],
    ['{"contractNo":"1","httpStatus":503}', 'the body reports an error'],
    ['{"contractNo":"1","error_code":"BSS-1","invoiceCollection":[]}', 'the body reports an error'],
    ['{"contractNo":"1","errorCode":77}', 'the body reports an error'],
    ['{"contractNo":"1","faultcode":"Server","faultstring":"x"}', 'the body reports an error'],
    ['{"contractNo":"1","hasErrors":true}', 'the body reports an error'],
    ['{"DueDate":"2025-07-15"}', "the body has none of the contract's members"],
    ['{"contractNo":null,"ContractNo":"1"}', "the body has none of the contract's members"],
    ['{"message":"OK"}', "the body has none of the contract's members"],
    ['{}', "the body has none of the contract's members"],
    [' {\n} ', "the body has none of the contract's members"],
    ['[{},{"contractNo":"1"}]', "the body has none of the contract's members"],
    ['{"contractNo":null,"data":{"contractNo":"1"}}', "the body has none of the contract's members"],
    ['[]', 'the body is a list in which the contract that was asked for is not there once'],
    ['[{"contractNo":"1"},{"contractNo":"01"}]', 'the body is a list in which the contract that was asked for is not there once'],
    ['[{"contractNo":"2"},{"contractNo":"3"}]', 'the body is a list in which the contract that was asked for is not there once'],
    ['[{"contractNo":"2"}]', '/contractNo is not the contract that was asked for'],
    ['[1]', 'an item of the body must be object'],
  ])('refuses %s, which is no answer to what was asked', (body, detail) => {
    expect(refusalOf(body)).toBe(detail);
  });

  it.each(['null', 'false', '0', '""', '[ ]', '{ }'])('takes %s for no error', (value) => {
    expect(decode(`{"contractNo":"1","error":${value},"errors":${value}}`).contractNumber).toBe('1');
  });

  const unusable = (read: () => unknown): boolean => {
    try {
      read();
      return false;
    } catch (error) {
      expect((error as BillingError).failure).toBe('invalid-response');
      return true;
    }
  };

  it.each<[string, boolean]>([
    ['{"contractNo":"1"}', false],
    ['{"contractNo":"1","plan":"gold","since":2020}', false],
    ['{"contractNo":"1","invoices":[]}', true],
    ['{"contractNo":"1","documents":[{"invoiceNumber":"1"}]}', true],
    ['{"contractNo":"1","page":{"invoiceCollection":[]}}', true],
    ['{"contractNo":"1","page":{}}', false],
    ['{"contractNo":"1","unpaidInvoiceCount":3}', true],
    ['{"contractNo":"1","unpaidInvoiceCount":0}', false],
    ['{"contractNo":"1","invoiceCollection":null,"links":[]}', false],
    ['{"contractNo":"1","invoiceCollection":null,"facturas":[{}]}', true],
    ['{"contractNo":"1","invoiceCollection":{}}', true],
    ['{"contractNo":"1","invoiceCollection":{"item":[{"invoiceNumber":"1"}]}}', true],
    ['{"contractNo":"1","invoiceCollection":"none"}', true],
    ['{"contractNo":"1","invoiceCollection":null,"items":[{"invoiceNumber":"1"}]}', true],
    ['{"contractNo":"1","items":[{"invoiceNumber":"1"}],"invoiceCollection":null}', true],
    ['{"contractNo":"1","invoiceCollection":null,"page":{"items":[{"invoiceNumber":"1"}]}}', true],
    ['{"contractNo":"1","invoiceCollection":null,"page":{"total":0}}', false],
    ['{"contractNo":"1","message":"no"}', true],
    ['{"contractNo":"1","invoiceCollection":null,"detail":"timed out"}', true],
    ['{"contractNo":"1","code":"BSS-1"}', true],
    ['{"contractNo":"1","code":12}', true],
    ['{"contractNo":"1","code":"0","message":"OK","success":true,"status":200}', false],
    ['{"contractNo":"1","errorCode":"0","errorMessage":null,"status":"ACTIVE"}', false],
    ['{"contractNo":"1","invoiceCollection":[],"message":"No invoices"}', false],
    ['{"contractNo":"1","dueDate":"2025-07-15","message":""}', false],
  ])('%s: that its invoices cannot be used is %s', (body, isUnusable) => {
    const { content: bills, failure } = new ResponseDecoder().decode(Buffer.from(body), request());
    expect([unusable(() => bills?.invoices), failure !== null]).toEqual([isUnusable, isUnusable]);
    expect(bills?.contractNumber).toBe('1');
  });

  it('takes no addresses under another name for none', () => {
    const bills = decode({ contractNo: '1', billingAddresses: [{ street: 'a' }], invoiceCollection: [] });
    expect(unusable(() => bills.billingAddresses)).toBe(true);
    expect(decode({ contractNo: '1', emailAddress: 'a@b', invoiceCollection: [] }).billingAddresses).toBeNull();
  });

  it('reads an item that has other members alone as one that cannot be used', () => {
    const [first, second] = decode({ invoiceCollection: [{ invoice: { invoiceNumber: '1' } }, {}] }).invoices;
    expect(unusable(() => first?.number)).toBe(true);
    expect(second?.number).toBeNull();
  });

  it.each(['InvoiceAmount', 'invoice_amount', 'INVOICE-AMOUNT', 'invoiceAmoun\\u0054'])(
    'takes an amount under the name %s neither for the amount nor for none',
    (name) => {
      const body = `{"contractNo":"1","invoiceCollection":[{"invoiceNumber":"7","${name}":5},{"invoiceAmount":6,"${name}":5},{"${name}":null,"invoiceNumber":"8"}]}`;
      const { content, retyped } = new ResponseDecoder().decode(Buffer.from(body), request());
      const [first, second, third] = content!.invoices;
      expect(unusable(() => first?.amount)).toBe(true);
      expect([first?.number, second?.amount, third?.amount, third?.number]).toEqual(['7', 6, null, '8']);
      expect([...retyped]).toEqual(['invoiceCollection[].invoiceAmount']);
      expect(refusalOf(body, '1', STRICT)).toBe('/invoiceCollection/0/invoiceAmount is there under another spelling of its name');
    },
  );

  it('takes no due date under another spelling for none, beside a null as well', () => {
    const bills = decode('{"contractNo":"1","dueDate":null,"due_date":"2025-07-15","billingAddress":[{"Zip-Code":"x","city":"y"}]}');
    expect(unusable(() => bills.dueDate)).toBe(true);
    expect(unusable(() => bills.billingAddresses?.[0]?.zipCode)).toBe(true);
    expect([bills.contractNumber, bills.billingAddresses?.[0]?.city, bills.invoices.length]).toEqual(['1', 'y', 0]);
  });

  it("reads all contracts of a list where all the customer's invoices were asked for", () => {
    const contract = (contractNo: string, numbers: string[]) => ({
      contractNo,
      invoiceCollection: numbers.map((invoiceNumber) => ({ invoiceNumber })),
    });
    const { invoices } = decode([contract('7', ['a', 'b']), contract('8', ['c'])], null);
    expect(invoices.map(({ number, origin }) => [number, origin.contractNumber])).toEqual([
      ['a', '7'],
      ['b', '7'],
      ['c', '8'],
    ]);
    // More than were asked for: the API pages within each contract, and what is cut off would be lost.
    const many = contract('7', ['1', '2', '3', '4', '5', '6']);
    expect(unusable(() => decode([many, { ...many, contractNo: '8' }], null).invoices)).toBe(true);
  });

  it('counts as drift what it has converted or refused, by path', () => {
    const retyped = (body: unknown): string[] => [...new ResponseDecoder().decode(Buffer.from(JSON.stringify(body)), request()).retyped];
    const address = { street: 1 };
    expect(
      retyped({
        contractNo: 1,
        dueDate: true,
        billingAddress: address,
        invoiceCollection: [{ invoiceAmount: '1', invoiceStatus: 'true' }, 'x'],
      }),
    ).toEqual([
      'contractNo',
      'dueDate',
      'billingAddress[].street',
      'billingAddress',
      'invoiceCollection[].invoiceAmount',
      'invoiceCollection[].invoiceStatus',
      'invoiceCollection[]',
    ]);
    expect(retyped({ contractNo: '1', dueDate: 'a\n', invoiceCollection: [{ invoiceAmount: 1e20 }] })).toEqual([]);
  });

  it('never fails otherwise than with its own error, whatever JSON comes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc
            .record({
              contractNo: fc.jsonValue(),
              billingAddress: fc.jsonValue(),
              invoiceCollection: fc.array(fc.record({ invoiceAmount: fc.jsonValue(), invoiceStatus: fc.jsonValue() })),
            })
            .map((body) => JSON.stringify(body)),
        ),
        (body) => {
          try {
            decode(body);
          } catch (error) {
            expect((error as BillingError).failure).toBe('invalid-response');
          }
        },
      ),
    );
  });
});
