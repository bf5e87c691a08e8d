import fc from 'fast-check';
import { isContractNumber, parseContractNumber, parseCustomer, parseInvoiceNumber } from '../../../../src/billing/model/customer';

const badDigits = [
  '',
  ' ',
  ' 1',
  '1 ',
  '1\n',
  '+1',
  '-1',
  '1.0',
  '1e3',
  '0x1',
  '١٢٣',
  '１２３',
  '1/2',
  '..',
  '.',
  '1?x=1',
  '1#x',
  '%31',
  '1%2F2',
  '\u0000',
  '1'.repeat(21),
  'abc',
  1,
  null,
  undefined,
  {},
  ['1'],
];

describe('parseCustomer', () => {
  it.each(['RUC', 'CPF', 'c', 'local_client-number', 'A'.repeat(32)])('takes the identification type %s', (idType) => {
    expect(parseCustomer(idType, '0080012345')).toEqual({ idType, id: '0080012345' });
  });

  it.each([
    '',
    ' ',
    'RU C',
    'RUC ',
    'RUC\n',
    '1RUC',
    '_RUC',
    'RUC/1',
    '../RUC',
    '..',
    'RUC?x',
    'RUC#',
    'RUC%2F',
    'RÚC',
    'А',
    'RUC;v=1',
    'A'.repeat(33),
    5,
    null,
    undefined,
  ])('refuses the identification type %j by name', (idType) => {
    expect(() => parseCustomer(idType, '1')).toThrow(
      '`idType` must be a letter followed by at most 31 letters, digits, "_" or "-", such as "CPF".',
    );
  });

  it.each(badDigits)('refuses the identification %j by name', (id) => {
    expect(() => parseCustomer('RUC', id)).toThrow('`id` must be a number of 1 to 20 digits (0-9), written without spaces or signs.');
  });

  it('makes nothing that a path or a query could read another meaning into', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 24 }), fc.string({ unit: 'binary', maxLength: 24 }), (idType, id) => {
        let customer;
        try {
          customer = parseCustomer(idType, id);
        } catch {
          return;
        }
        expect(encodeURIComponent(customer.idType)).toBe(idType);
        expect(encodeURIComponent(customer.id)).toBe(id);
      }),
    );
  });
});

describe('parseContractNumber', () => {
  it.each(['1', '0', '007', '90071992547409931', '9'.repeat(20)])('keeps every digit of %s', (number) => {
    expect(parseContractNumber(number)).toBe(number);
    expect(isContractNumber(number)).toBe(true);
  });

  it.each(badDigits)('refuses %j, naming the argument that it is told', (number) => {
    expect(() => parseContractNumber(number)).toThrow(
      "`number` must be a contract's number: 1 to 20 digits (0-9), written without spaces or signs.",
    );
    expect(() => parseContractNumber(number, 'numbers')).toThrow('`numbers` must be');
  });
});

describe('parseInvoiceNumber', () => {
  it.each(['1', '007', '001-001-0000042', 'A/B..?', 'Fátima nº 1', '٣', 'x'.repeat(64)])('takes the text %s as it is', (number) => {
    expect(parseInvoiceNumber(number)).toBe(number);
  });

  it.each(['', 'x'.repeat(65), 'a\nb', '\u0000', '\u007f', 7, null, undefined])('refuses %j', (number) => {
    expect(() => parseInvoiceNumber(number)).toThrow(
      "`number` must be an invoice's number: 1 to 64 characters without control characters.",
    );
  });
});
