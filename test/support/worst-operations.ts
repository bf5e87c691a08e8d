import { getIntrospectionQuery } from 'graphql';
import { aliases, customer, GREEDY_OPERATIONS } from './greedy-operations';

const invoice = 'number contractNumber billPeriod amount status';
const address = 'street neighborhood city state country zipCode';
const everything = `number dueDate billingAddresses { ${address} } invoices(first: 1000) { nodes { ${invoice} } }`;
const numbers = (count: number, of: (index: number) => string): string[] => Array.from({ length: count }, (_, index) => of(index));
const listed = (list: readonly string[], selection: string): object => ({
  query: `query($n: [ID!]!) ${customer(`contracts(numbers: $n) { ${selection} }`)}`,
  variables: { n: list },
});
const entities = (count: number, representation: (index: number) => object, selection: string): object => ({
  query: `query($r: [_Any!]!) { _entities(representations: $r) { __typename ${selection} } }`,
  variables: { r: Array.from({ length: count }, (_, index) => representation(index)) },
});
const id = { idType: 'RUC', id: '80012345' };
const pages = (count: number, first: number): string =>
  numbers(count, (index) => `p${index}: invoices(first: ${first + index}) { nodes { number } }`).join(' ');
const conditions = numbers(6, (index) => `c${index}`);

/** The operations that are allowed and take the most, where each list has 1,000 invoices. */
export const WORST_OPERATIONS: Readonly<Record<string, object>> = {
  ...GREEDY_OPERATIONS,
  'a page with all its members': { query: customer(`contract(number: "7") { ${everything} }`) },
  'a page by its edges': {
    query: customer(
      `contract(number: "7") { invoices(first: 1000) { edges { cursor node { ${invoice} } } pageInfo { hasNextPage endCursor } } }`,
    ),
  },
  'a page by edges and nodes': {
    query: customer('contract(number: "7") { invoices(first: 1000) { edges { cursor node { number } } nodes { number } } }'),
  },
  'a page that is larger than a call': {
    query: customer(`contract(number: "7") { invoices(first: 1000, after: "eyJvIjoxfQ") { nodes { ${invoice} } } }`),
  },
  'one page under 48 aliases': {
    query: customer(`contract(number: "7") { ${aliases(48, 'invoices(first: 1000) { nodes { number } }')} }`),
  },
  'overlapping pages': { query: customer(`contract(number: "7") { ${pages(45, 900)} }`) },
  'invoices with 90 leaves each': {
    query: customer(`contract(number: "7") { invoices(first: 1000) { nodes { ${aliases(90, 'number')} } } }`),
  },
  'invoices with long names': {
    query: customer(
      `contract(number: "7") { invoices(first: 1000) { nodes { ${numbers(60, (index) => `${'a'.repeat(110)}${index}: amount`).join(' ')} } } }`,
    ),
  },
  'the largest response there may be': listed(
    numbers(10, (index) => String(7000 + index)),
    `invoices(first: 1000) { nodes { ${aliases(88, 'number')} } }`,
  ),
  'edges with 90 leaves each': {
    query: customer(`contract(number: "7") { invoices(first: 1000) { edges { cursor node { ${aliases(89, 'number')} } } } }`),
  },
  'many contracts with a page that is too large': listed(
    numbers(45_000, () => '7'),
    'invoices(first: 5000) { nodes { number } }',
  ),
  'many contracts with a malformed cursor': listed(
    numbers(45_000, () => '7'),
    'invoices(first: 1, after: "?") { nodes { number } }',
  ),
  'many contracts with a malformed argument': listed(
    numbers(20_000, () => '7'),
    'invoice(number: "") { number }',
  ),
  'many contracts with a summary': listed(
    numbers(8000, () => '7'),
    'invoiceSummary { count }',
  ),
  'many contracts with a length': listed(
    numbers(15_000, () => '7'),
    'invoices(first: 1) { totalCount }',
  ),
  'many small pages': listed(
    numbers(5000, () => '7'),
    'invoices(first: 5) { nodes { number } }',
  ),
  'contracts of all invoices': listed(
    numbers(16, (index) => String(7000 + index)),
    'invoices(first: 1000) { nodes { number contract { number customer { id } } } }',
  ),
  'forty contracts': listed(
    numbers(40, (index) => String(7000 + index)),
    everything,
  ),
  'forty contracts under aliases': {
    query: customer(
      numbers(40, (index) => `c${index}: contract(number: "${index + 1}") { invoices(first: 1000) { nodes { number amount } } }`).join(' '),
    ),
  },
  'a contract 40 times with its page': listed(
    numbers(40, () => '7'),
    everything,
  ),
  'a contract 45,000 times': listed(
    numbers(45_000, () => '7'),
    'number',
  ),
  'a contract 20,000 times with its customer': listed(
    numbers(20_000, () => '7'),
    'number customer { idType id }',
  ),
  'a contract 20,000 times with its data': listed(
    numbers(20_000, () => '7'),
    'dueDate',
  ),
  'contracts with malformed numbers': listed(
    numbers(30_000, () => 'x'),
    'number',
  ),
  'customers as entities': entities(3500, () => ({ __typename: 'Customer', ...id }), '... on Customer { idType id }'),
  'contracts as entities': entities(
    2200,
    () => ({ __typename: 'Contract', number: '7', customer: id }),
    '... on Contract { number dueDate }',
  ),
  'entities of no type': entities(15_000, () => ({ a: 1 }), ''),
  'entities with malformed keys': entities(5000, () => ({ __typename: 'Customer', idType: '?', id: '' }), ''),
  'the contract of each invoice': {
    query: customer('contract(number: "7") { invoices(first: 1000) { nodes { contract { number customer { idType id } } } } }'),
  },
  'the same contract read below each invoice': {
    query: customer(
      'contract(number: "7") { invoices(first: 1000) { nodes { number contract { dueDate invoices(first: 10) { nodes { number } } } } } }',
    ),
  },
  'the same summary below each invoice': {
    query: customer(
      'contract(number: "7") { invoices(first: 1000) { nodes { contract { invoiceSummary(filter: { status: true }) { amount } } } } }',
    ),
  },
  'filters of many periods under aliases': {
    query: `query($f: InvoiceFilter) ${customer(`contract(number: "7") { ${numbers(80, (index) => `a${index}: invoices(first: ${index + 1}, filter: $f) { nodes { number } }`).join(' ')} }`)}`,
    variables: { f: { billPeriods: numbers(100, (index) => String(index).padEnd(50, '.')) } },
  },
  'a filter of many periods below each invoice': {
    query: `query($f: InvoiceFilter) ${customer('contract(number: "7") { invoices(first: 1000) { nodes { contract { invoices(first: 9, filter: $f) { nodes { number } } } } } }')}`,
    variables: { f: { billPeriods: numbers(100, (index) => String(index).padEnd(50, '.')) } },
  },
  'an invoice that is not there, often': {
    query: customer(
      `contract(number: "7") { ${numbers(90, (index) => `i${index}: invoice(number: "none${index}") { number }`).join(' ')} }`,
    ),
  },
  'fragments within fragments': {
    query: `${customer('contract(number: "7") { ...F0 }')} ${numbers(10, (index) => `fragment F${index} on Contract { ...F${index + 1} ...F${index + 1} number }`).join(' ')} fragment F10 on Contract { number }`,
  },
  'conditions that choose pages': {
    query: `query(${conditions.map((name) => `$${name}: Boolean!`).join(' ')}) ${customer(`contract(number: "7") { ${conditions.map((name, index) => `${name}: invoices(first: ${990 + index}) @include(if: $${name}) { nodes { ${invoice} } }`).join(' ')} }`)}`,
    variables: Object.fromEntries(conditions.map((name) => [name, true])),
  },
  introspection: { query: getIntrospectionQuery() },
  'many wrong values': {
    query: `query($n: [ID!]!) ${customer('contracts(numbers: $n) { number }')}`,
    variables: { n: numbers(50_000, () => '1').map(() => ({})) },
  },
};
