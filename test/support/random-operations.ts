import fc from 'fast-check';

/** Parts of random operations over the sample data: every field of the schema can come, under aliases, in fragments, skipped or not. */
const alias = fc.constantFrom('', '', '', 'a: ', 'b: ');
const directive = fc.constantFrom(
  '',
  '',
  '',
  ' @include(if: true)',
  ' @skip(if: true)',
  ' @include(if: $yes)',
  ' @skip(if: $yes)',
  ' @skip(if: $no)',
);

function selection(fields: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.array(fields, { minLength: 1, maxLength: 4 }).map((parts) => `{ __typename ${parts.join(' ')} }`);
}

function leaf(...names: string[]): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...names), directive).map(([name, condition]) => `${name}${condition}`);
}

/** Two fields under one response key must be the same field: so aliases are the field's own. */
function field(name: string, call: fc.Arbitrary<string>, below: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(alias, fc.string({ unit: fc.constantFrom('x', 'y', 'z'), minLength: 1, maxLength: 6 }), call, directive, below)
    .map(
      ([prefix, unique, args, condition, set]) =>
        `${prefix === '' ? `${name}_${unique}_${hash(args + condition + set)}: ` : `${prefix.slice(0, -2)}${hash(args + condition + set)}${name}: `}${name}${args}${condition} ${set}`,
    );
}

function hash(text: string): string {
  let value = 0;
  for (const character of text) value = (value * 31 + character.charCodeAt(0)) >>> 0;
  return value.toString(36);
}

function fragment(type: string, set: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(`... on ${type} `, '... '), set).map(([start, below]) => `${start}${below}`);
}

const address = selection(leaf('street', 'neighborhood', 'city', 'state', 'country', 'zipCode'));
const keyOnly = fc.constantFrom('{ number }', '{ number customer { id } __typename }');
const invoiceLeaf = leaf('number', 'contractNumber', 'billPeriod', 'amount', 'status');
const invoice = selection(
  fc.oneof(
    { weight: 6, arbitrary: invoiceLeaf },
    { weight: 1, arbitrary: field('contract', fc.constant(''), keyOnly) },
    { weight: 1, arbitrary: fragment('Invoice', selection(invoiceLeaf)) },
  ),
);
const pageInfo = selection(leaf('hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor'));
const edges = selection(fc.oneof(leaf('cursor'), field('node', fc.constant(''), invoice)));
const connection = selection(
  fc.oneof(
    leaf('totalCount'),
    field('nodes', fc.constant(''), invoice),
    field('edges', fc.constant(''), edges),
    field('pageInfo', fc.constant(''), pageInfo),
  ),
);
const page = fc.constantFrom(
  '',
  '(first: 3)',
  '(first: $first)',
  '(first: 40)',
  '(first: 2, after: $after)',
  '(first: null)',
  '(last: 2)',
  '(last: 2, before: $after)',
  '(first: 3, filter: { status: true })',
  '(first: $first, after: $after, filter: { status: $yes, billPeriods: ["2025-05", "2025-04"] })',
  '(last: 1, filter: { billPeriods: "2025-05" })',
  '(first: 2, filter: null)',
);
const summary = selection(leaf('count', 'amount', 'withoutAmount', 'isComplete'));
const filter = fc.constantFrom('', '(filter: null)', '(filter: { status: $yes })', '(filter: { billPeriods: ["2025-05"] })');
const contract = selection(
  fc.oneof(
    { weight: 3, arbitrary: leaf('number', 'dueDate') },
    { weight: 2, arbitrary: field('billingAddresses', fc.constant(''), address) },
    { weight: 3, arbitrary: field('invoices', page, connection) },
    { weight: 1, arbitrary: field('invoice', fc.constantFrom('(number: "001100009000000")', '(number: "none")'), invoice) },
    { weight: 1, arbitrary: field('invoiceSummary', filter, summary) },
    { weight: 1, arbitrary: field('customer', fc.constant(''), fc.constant('{ idType id }')) },
    { weight: 1, arbitrary: fragment('Contract', selection(leaf('number', 'dueDate'))) },
  ),
);
const number = fc.constantFrom(
  '(number: "700100")',
  '(number: "700100")',
  '(number: $number)',
  '(number: "700102")',
  '(number: "700103")',
  '(number: "999999")',
  '(number: 700100)',
);
const customer = selection(
  fc.oneof(
    { weight: 2, arbitrary: leaf('idType', 'id') },
    { weight: 4, arbitrary: field('contract', number, contract) },
    {
      weight: 1,
      arbitrary: field(
        'contracts',
        fc.constantFrom('(numbers: ["700100", "999999", "700103"])', '(numbers: [$number, "700100"])', '(numbers: [])'),
        contract,
      ),
    },
  ),
);
const root = field('customer', fc.constantFrom('(idType: "RUC", id: "80012345")', '(idType: "RUC", id: $id)'), customer);

/** Variables that every random operation declares and uses. */
export const VARIABLES = { yes: true, no: false, first: 5, after: null, number: '700100', id: '80012345' };

/** A random operation that is valid, and succeeds. */
export const randomOperation: fc.Arbitrary<string> = fc
  .array(root, { minLength: 1, maxLength: 2 })
  .map(
    (fields) =>
      `query Random($yes: Boolean!, $no: Boolean = false, $first: Int, $after: String, $number: ID!, $id: ID!) { __typename ${fields.join(' ')} ...Used } fragment Used on Query { used: customer(idType: "RUC", id: $id) { id @include(if: $yes) idType @skip(if: $no) contract(number: $number) { n: number invoices(first: $first, after: $after) { __typename } } } }`,
  );
