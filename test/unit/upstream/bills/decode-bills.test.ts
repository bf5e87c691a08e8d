import fc from 'fast-check';
import type { BillingError } from '../../../../src/billing/model/billing-error';
import { decodeBills } from '../../../../src/upstream/bills/decode-bills';
import { toPlainBills } from '../../../support/plain-bills';
import { customer } from '../../../support/listed-source';

const request = (contractNumber: string | null = '1') => ({ customer, contractNumber, window: { offset: 0, limit: 10 } });
const decode = (body: unknown, contractNumber: string | null = '1') =>
  decodeBills(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), request(contractNumber));
const withAmount = (amount: string): string => `{"contractNo":"1","invoiceCollection":[{"invoiceNumber":"007","invoiceAmount":${amount}}]}`;

/** What an operator is told of the refusal, which must name places and never values. */
function refusalOf(body: unknown, contractNumber: string | null = '1'): string {
  try {
    decode(body, contractNumber);
  } catch (error) {
    expect((error as BillingError).failure).toBe('invalid-response');
    expect((error as BillingError).message).toBe('The billing API sent an answer that does not follow its contract.');
    return ((error as BillingError).cause as Error).message;
  }
  throw new Error('It was accepted.');
}

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
    'refuses %s as an amount, naming the place',
    (text) => {
      expect(refusalOf(withAmount(text))).toBe('/invoiceCollection/0/invoiceAmount must be a whole number');
    },
  );

  it('keeps text as it is: leading zeros, accents, empty text, dates', () => {
    const body = {
      contractNo: '001',
      dueDate: '15/07/2025',
      billingAddress: [{ street: 'Avda. López', city: '', zipCode: '001535' }],
      invoiceCollection: [{ invoiceNumber: '0007', billPeriod: '', invoiceContractNo: '1', invoiceStatus: false }],
    };
    expect(toPlainBills(decode(body))).toEqual({
      contractNumber: '001',
      dueDate: '15/07/2025',
      billingAddresses: [{ street: 'Avda. López', neighborhood: null, city: '', state: null, country: null, zipCode: '001535' }],
      invoices: [
        { number: '0007', contractNumber: '1', billPeriod: '', amount: null, status: false, origin: { customer, contractNumber: '1' } },
      ],
    });
  });

  it.each([{}, { contractNo: null, dueDate: null, billingAddress: null, invoiceCollection: null }])(
    'reads absent and null fields alike: %j',
    (body) => {
      expect(decode(body)).toEqual({ contractNumber: null, dueDate: null, billingAddresses: null, invoices: [] });
    },
  );

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
  ])('refuses %s and says where it is off', (body, detail) => {
    expect(refusalOf(body)).toBe(detail);
  });

  it.each([
    '',
    '<!DOCTYPE html><html></html>',
    '{"contractNo":"1"',
    '{"contractNo":"1"}}',
    '['.repeat(100_000),
    `{"a":${'['.repeat(100_000)}1234567890123456`,
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
    expect(
      decode({ invoiceCollection: Array.from({ length: 20_000 }, (_, index) => ({ invoiceNumber: String(index), invoiceAmount: index })) })
        .invoices,
    ).toHaveLength(20_000);
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
