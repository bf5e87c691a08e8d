import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTRACT_DIALECT, parseDialect } from '../../../../src/upstream/bills/dialect';

describe('A dialect file', () => {
  it('without anything in it is the contract', () => {
    const { table, ...others } = parseDialect('{}');
    const { table: contract, ...expected } = CONTRACT_DIALECT;
    expect(others).toEqual(expected);
    expect(table).toEqual(contract);
  });

  it('names parameters, members and values of the status', () => {
    const dialect = parseDialect(readFileSync(join(__dirname, '../../../support/vendor-dialect.yaml'), 'utf8'));
    expect(dialect).toMatchObject({
      paging: { mode: 'page', base: 1 },
      request: { parameters: { pageInit: 'offset', quantity: 'limit', contractNumber: null }, extraParameters: { status: 'PC|CA' } },
      errorMessage: ['response', 'error', 'message'],
      table: { lists: { invoices: 'invoicesCollection', billingAddresses: 'billingAddress' } },
    });
    expect(dialect.table.invoice).toMatchObject({ contractNumber: { wire: 'contract', type: 'text' }, number: { wire: 'invoiceNumber' } });
    expect(dialect.table.invoice['status']?.values?.get('PC')).toBe(false);
  });

  it('says how the API filters, also by a parameter that every other request has', () => {
    const filters = { status: { parameter: 'status', true: 'PC', false: 'CA' }, billPeriods: { parameter: 'periods', separator: ',' } };
    const content = 'filters: { status: { parameter: status, true: PC, false: CA }, billPeriods: { parameter: periods, separator: "," } }';
    expect(parseDialect(`${content}\nextraParameters: { status: PC|CA }`).request.filters).toEqual(filters);
    expect(parseDialect('{}').request).not.toHaveProperty('filters');
  });

  it.each([
    ['{"pagging":{}}', 'the file must NOT have additional properties: pagging'],
    ['paging: { mode: pages, base: 1 }', 'paging.mode must be equal to one of the allowed values: offset,page'],
    ['paging: { mode: page }', "paging must have required property 'base'"],
    ['members: { invoice: { amont: total } }', 'members.invoice must NOT have additional properties: amont'],
    ['members: { invoice: { number: billPeriod } }', 'members.invoice: two of the names are the same'],
    ['members: { invoice: { number: no } }', 'members.invoice.number must match pattern'],
    ['parameters: { pageInit: quantity }', 'parameters: two of the names are the same'],
    ['parameters: { quantity: "a&b" }', 'parameters.quantity must match pattern'],
    ['filters: { status: { parameter: status, true: PC } }', "filters.status must have required property 'false'"],
    ['filters: { status: { parameter: status, true: 1, false: 0 } }', 'filters.status.true must be string'],
    ['filters: { amounts: { parameter: amount } }', 'filters must NOT have additional properties: amounts'],
    ['filters: { billPeriods: { parameter: quantity } }', 'filters: two of the names are the same'],
    ['filters: { status: { parameter: f, true: a, false: b }, billPeriods: { parameter: f } }', 'filters: two of the names are the same'],
    ['statusValues: { CA: yes please }', 'statusValues.CA must be boolean'],
    ['- a list', 'the file must be object'],
    ['', 'the file must be object'],
  ])('is refused with the key that is wrong: %s', (content, problem) => {
    expect(() => parseDialect(content)).toThrow(problem);
  });
});
