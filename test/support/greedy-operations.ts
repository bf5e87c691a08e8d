/** Selects from the test customer. */
export const customer = (selection: string): string => `{ customer(idType: "RUC", id: "80012345") { ${selection} } }`;
const nested = (levels: number): string =>
  levels === 0 ? 'number' : `contract { invoices(first: 1000) { nodes { number ${nested(levels - 1)} } } }`;
const representation = { __typename: 'Contract', number: '7', customer: { idType: 'RUC', id: '80012345' } };
/** One selection under many aliases. */
export const aliases = (count: number, selection: string): string =>
  Array.from({ length: count }, (_, i) => `a${i}: ${selection}`).join(' ');

/** Requests of a few bytes that would return far more objects than `MAX_RESULTS` allows, where each list has 1,000 invoices. */
export const GREEDY_OPERATIONS: Readonly<Record<string, object>> = {
  'lists within lists': { query: customer(`contract(number: "7") { invoices(first: 1000) { nodes { ${nested(1)} } } }`) },
  'one contract many times in a list': {
    query: `query($n: [ID!]!) ${customer('contracts(numbers: $n) { invoices(first: 1000) { nodes { number } } }')}`,
    variables: { n: Array.from({ length: 5000 }, () => '1') },
  },
  'one entity many times': {
    query: 'query($r: [_Any!]!) { _entities(representations: $r) { ... on Contract { invoices(first: 1000) { nodes { number } } } } }',
    variables: { r: Array.from({ length: 400 }, () => representation) },
  },
  'one list under many aliases': {
    query: customer(`contract(number: "7") { ${aliases(60, 'invoices(first: 1000) { nodes { number } }')} }`),
  },
  'one list of a page under many aliases': {
    query: customer(`contract(number: "7") { invoices(first: 1000) { ${aliases(60, 'nodes { number }')} } }`),
  },
};
