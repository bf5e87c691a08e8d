import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ledgerSchema } from '../../src/billing-api/data/ledger-schema';
import { toInvoice } from '../../src/billing-api/data/sample-data';
import { CONTRACT_TABLE, type LeafTable } from '../../src/upstream/scan/wire-table';
import { openApiFile } from '../support/openapi-document';

interface Property {
  readonly type: string;
  readonly items?: { readonly $ref: string };
}
interface Schema {
  readonly properties: Readonly<Record<string, Property>>;
}

const { components } = parse(readFileSync(openApiFile, 'utf8')) as { components: { schemas: Record<string, Schema> } };

/** The types of the contract, as the table has them. */
const TYPES: Readonly<Record<string, string>> = { string: 'text', integer: 'integer', boolean: 'boolean' };

function leavesOf(schema: string): Record<string, string> {
  const properties = Object.entries(components.schemas[schema]?.properties ?? {});
  return Object.fromEntries(properties.filter(([, { type }]) => type !== 'array').map(([name, { type }]) => [name, TYPES[type] ?? type]));
}

function tableOf(table: LeafTable): Record<string, string> {
  return Object.fromEntries(Object.values(table).map(({ wire, type }) => [wire, type]));
}

describe('The table of wire records', () => {
  it.each([
    ['billsCollection', CONTRACT_TABLE.contract],
    ['address', CONTRACT_TABLE.address],
    ['invoice', CONTRACT_TABLE.invoice],
  ])('has the members of %s in the contract and no others, with their types', (schema, table) => {
    expect(tableOf(table)).toEqual(leavesOf(schema));
    expect(Object.keys(tableOf(table)).length).toBeGreaterThan(1);
  });

  it('has the lists of the contract and no others', () => {
    const lists = Object.entries(components.schemas['billsCollection']?.properties ?? {}).filter(([, { type }]) => type === 'array');
    expect(Object.fromEntries(lists.map(([name, { items }]) => [name, items?.$ref]))).toEqual({
      [CONTRACT_TABLE.lists.billingAddresses]: '#/components/schemas/address',
      [CONTRACT_TABLE.lists.invoices]: '#/components/schemas/invoice',
    });
  });
});

describe('The embedded billing API', () => {
  const contract = ledgerSchema.properties.customers.items.properties.contracts.items;
  const { billingAddress, invoiceCollection } = contract.properties;

  it.each([
    ['billsCollection', contract],
    ['address', billingAddress.items],
    ['invoice', invoiceCollection.items],
  ])('takes all members of %s in a data file, and no others', (schema, { properties }) => {
    expect(Object.keys(properties).sort()).toEqual(Object.keys(components.schemas[schema]?.properties ?? {}).sort());
  });

  it('makes up invoices with every member', () => {
    expect(Object.keys(toInvoice('700100', 0, 0)).sort()).toEqual(Object.keys(leavesOf('invoice')).sort());
  });
});
