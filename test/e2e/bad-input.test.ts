import { toCursor } from '../support/invoice-cursor';
import { withScript, errorsOf, good, type ScriptedGateway } from '../support/scripted-gateway';
import { startGateway, type Gateway } from '../support/gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

const forms: Record<string, string> = {
  idType: '`idType` must be a letter followed by at most 31 letters, digits, "_" or "-", such as "CPF".',
  id: '`id` must be a number of 1 to 20 digits (0-9), written without spaces or signs.',
  number: "`number` must be a contract's number: 1 to 20 digits (0-9), written without spaces or signs.",
  numbers: "`numbers` must be a contract's number: 1 to 20 digits (0-9), written without spaces or signs.",
  invoice: "`number` must be an invoice's number: 1 to 64 characters without control characters.",
  first: '`first` must be a whole number from 1 to 1000.',
  after: '`after` must be a cursor taken from `endCursor` or `edges.cursor` of an earlier page.',
};

const badNumbers = [
  '',
  ' ',
  '1 2',
  ' 1',
  '1/2',
  '../1',
  '..',
  '1?contractNumber=2',
  '1#',
  '1&x',
  '%31',
  '١٢٣',
  '１２',
  '-1',
  '+1',
  '1.0',
  '1e3',
  '1\u0000',
  'abc',
  '1'.repeat(21),
  '1'.repeat(5000),
];
const badTypes = ['', ' ', 'RU C', 'RUC/..', '..', '../customers', 'RUC?x=1', 'RUC#', 'RUC%2f', '1RUC', 'RÚC', 'R'.repeat(33)];
const badInvoices = ['', '\u0000', 'a\nb', 'x'.repeat(65)];
const badSizes = [0, -1, -2147483648, 1001, 2147483647];
const badCursors = [
  '',
  'x',
  'MTA=',
  `${toCursor(3)}x`,
  toCursor(3).slice(1),
  toCursor(3).toLowerCase(),
  Buffer.from('v1:3:zzzz').toString('base64url'),
  Buffer.from('v1:-1:0').toString('base64url'),
  '٣',
  'A'.repeat(4000),
];

interface Case {
  /** The argument, as the table of forms above has it. */
  readonly argument: string;
  readonly type: string;
  readonly values: readonly unknown[];
  /** The operation's body with the argument's value at `VALUE`. */
  readonly body: string;
  readonly path: readonly (string | number)[];
  /** The rest of the answer where the value is refused. */
  readonly data: unknown;
}

const customer = (body: string): string => `customer(idType: "RUC", id: "1") { ${body} }`;
const contract = (body: string): string =>
  customer(`contract(number: "1") { dueDate billingAddresses { city } fine: invoices(first: 2) { nodes { number } } ${body} }`);

const cases: Record<string, Case> = {
  "a customer's type": {
    argument: 'idType',
    type: 'String!',
    values: badTypes,
    body: 'customer(idType: VALUE, id: "1") { contract(number: "1") { dueDate } }',
    path: ['customer'],
    data: null,
  },
  "a customer's id": {
    argument: 'id',
    type: 'ID!',
    values: badNumbers,
    body: 'customer(idType: "RUC", id: VALUE) { contract(number: "1") { dueDate } }',
    path: ['customer'],
    data: null,
  },
  'a customer beside a good one': {
    argument: 'id',
    type: 'ID!',
    values: ['1/2'],
    body: `fine: ${customer('contract(number: "1") { dueDate }')} customer(idType: "RUC", id: VALUE) { id }`,
    path: ['customer'],
    data: null,
  },
  'a customer beside entities': {
    argument: 'id',
    type: 'ID!',
    values: ['1/2'],
    body: '_entities(representations: [{ __typename: "Contract", number: "1", customer: { idType: "RUC", id: "1" } }]) { __typename } customer(idType: "RUC", id: VALUE) { id }',
    path: ['customer'],
    data: null,
  },
  "a contract's number": {
    argument: 'number',
    type: 'ID!',
    values: badNumbers,
    body: customer('id contract(number: VALUE) { dueDate }'),
    path: ['customer', 'contract'],
    data: { customer: { id: '1', contract: null } },
  },
  'the only number of a list': {
    argument: 'numbers',
    type: 'ID!',
    values: badNumbers,
    body: customer('id contracts(numbers: [VALUE]) { dueDate }'),
    path: ['customer', 'contracts', 0],
    data: { customer: { id: '1', contracts: [null] } },
  },
  'the first size of a page': {
    argument: 'first',
    type: 'Int',
    values: badSizes,
    body: contract('invoices(first: VALUE) { nodes { number } }'),
    path: ['customer', 'contract', 'invoices'],
    data: { customer: { contract: null } },
  },
  "a page's cursor": {
    argument: 'after',
    type: 'String',
    values: badCursors,
    body: contract('invoices(after: VALUE) { nodes { number } }'),
    path: ['customer', 'contract', 'invoices'],
    data: { customer: { contract: null } },
  },
  'a page in a list of contracts': {
    argument: 'first',
    type: 'Int',
    values: badSizes,
    body: customer('contracts(numbers: ["1"]) { dueDate invoices(first: VALUE) { nodes { number } } }'),
    path: ['customer', 'contracts', 0, 'invoices'],
    data: { customer: { contracts: [null] } },
  },
  "all of a customer's invoices": {
    argument: 'first',
    type: 'Int',
    values: badSizes,
    body: customer('id invoices(first: VALUE) { nodes { number } }'),
    path: ['customer', 'invoices'],
    data: { customer: { id: '1', invoices: null } },
  },
  "a cursor among all of a customer's invoices": {
    argument: 'after',
    type: 'String',
    values: badCursors,
    body: customer('id invoices(after: VALUE) { nodes { number } }'),
    path: ['customer', 'invoices'],
    data: { customer: { id: '1', invoices: null } },
  },
  "an invoice's number": {
    argument: 'invoice',
    type: 'ID!',
    values: badInvoices,
    body: contract('invoice(number: VALUE) { amount }'),
    path: ['customer', 'contract', 'invoice'],
    data: { customer: { contract: null } },
  },
  'a page of an entity': {
    argument: 'first',
    type: 'Int',
    values: badSizes,
    body: '_entities(representations: [{ __typename: "Contract", number: "1", customer: { idType: "RUC", id: "1" } }]) { ... on Contract { dueDate invoices(first: VALUE) { nodes { number } } } }',
    path: ['_entities', 0, 'invoices'],
    data: { _entities: [null] },
  },
  "a contract of a contract's customer": {
    argument: 'number',
    type: 'ID!',
    values: ['1/2'],
    body: contract('customer { contract(number: VALUE) { dueDate } }'),
    path: ['customer', 'contract', 'customer', 'contract'],
    data: { customer: { contract: null } },
  },
  "a page below a contract's invoices": {
    argument: 'first',
    type: 'Int',
    values: [0],
    body: contract('invoices { nodes { contract { invoices(first: VALUE) { nodes { number } } } } }'),
    path: ['customer', 'contract', 'invoices', 'nodes', 'contract', 'invoices'],
    data: { customer: { contract: null } },
  },
  "a page below all of a customer's invoices": {
    argument: 'first',
    type: 'Int',
    values: [0],
    body: customer('id invoices { edges { node { contract { invoices(first: VALUE) { nodes { number } } } } } }'),
    path: ['customer', 'invoices', 'edges', 'node', 'contract', 'invoices'],
    data: { customer: { id: '1', invoices: null } },
  },
  "a page of an invoice entity's contract": {
    argument: 'first',
    type: 'Int',
    values: [0],
    body: '_entities(representations: [{ __typename: "Invoice", number: "x", contract: { number: "1", customer: { idType: "RUC", id: "1" } } }]) { ... on Invoice { contract { invoices(first: VALUE) { nodes { number } } } } }',
    path: ['_entities', 0, 'contract', 'invoices'],
    data: { _entities: [null] },
  },
};

describe('An argument that is not of its form', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream(good);
    gateway = await startGateway({ BILLING_API_URL: upstream.url });
  });
  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  it.each(Object.entries(cases))(
    'is BAD_USER_INPUT that names it and its form, without an upstream call, by variable and by literal: %s',
    async (_what, { argument, type, values, body, path, data }) => {
      for (const value of values) {
        const asked = [
          await gateway.query(`query($value: ${type}) { ${body.replace('VALUE', '$value')} }`, { value }),
          await gateway.query(`query($value: ${type} = ${JSON.stringify(value)}) { ${body.replace('VALUE', '$value')} }`),
          await gateway.query(`{ ${body.replace('VALUE', JSON.stringify(value))} }`),
          await gateway.query(`{ ...F } fragment F on Query { ... { ${body.replace('VALUE', JSON.stringify(value))} } }`),
        ];
        for (const answer of asked) {
          expect(answer.status).toBe(200);
          expect(answer.errors).toMatchObject([{ message: forms[argument], path, extensions: { code: 'BAD_USER_INPUT' } }]);
          expect(answer.data).toEqual(data);
        }
      }
      expect(upstream.requests).toHaveLength(0);
    },
  );

  it('fails a whole list of contracts where one of its numbers is not of its form', async () => {
    const result = await gateway.query('{ customer(idType: "RUC", id: "1") { id contracts(numbers: ["1", "../2"]) { dueDate } } }');
    expect(result.data).toEqual({ customer: { id: '1', contracts: [null, null] } });
    expect(result.errors).toMatchObject(
      [0, 1].map((index) => ({
        message: forms['numbers'],
        path: ['customer', 'contracts', index],
        extensions: { code: 'BAD_USER_INPUT' },
      })),
    );
    expect(upstream.requests).toHaveLength(0);
  });

  it('leaves its siblings their data', async () => {
    await withScript(good, async ({ gateway: other, upstream: asked }: ScriptedGateway) => {
      const result = await other.query(
        '{ customer(idType: "RUC", id: "1") { fine: contract(number: "1") { dueDate } bad: contract(number: "x") { dueDate } } }',
      );
      expect(result.data).toEqual({ customer: { fine: { dueDate: '2025-07-15' }, bad: null } });
      expect(errorsOf(result)).toEqual([{ code: 'BAD_USER_INPUT', path: ['customer', 'bad'] }]);
      expect(asked.requests).toHaveLength(1);
    });
  });

  it.each([
    [
      'a number past 2^53 for an ID',
      'query($value: ID!) { customer(idType: "RUC", id: $value) { contract(number: "1") { dueDate } } }',
      '90071992547409931',
      'Variable "$value" must not be a number past 2^53',
    ],
    [
      'a number past 2^31 for a page',
      'query($value: Int) { customer(idType: "RUC", id: "1") { contract(number: "1") { invoices(first: $value) { nodes { number } } } } }',
      '2147483648',
      'Variable "$value" got invalid value 2147483648',
    ],
    [
      'a fraction for a page',
      'query($value: Int) { customer(idType: "RUC", id: "1") { contract(number: "1") { invoices(first: $value) { nodes { number } } } } }',
      '1.5',
      'Variable "$value" got invalid value 1.5',
    ],
    [
      'null for an ID',
      'query($value: ID!) { customer(idType: "RUC", id: $value) { id } }',
      'null',
      'Variable "$value" of non-null type "ID!" must not be null.',
    ],
    [
      'a list for an ID',
      'query($value: ID!) { customer(idType: "RUC", id: $value) { id } }',
      '["1"]',
      'Variable "$value" got invalid value ["1"]',
    ],
  ])('refuses %s as a variable with 400, before anything is executed', async (_what, query, value, message) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer t' },
      // As text: the number must come as it is written here.
      body: `{"query":${JSON.stringify(query)},"variables":{"value":${value}}}`,
    });
    expect(response.status).toBe(400);
    const body = (await response.json()) as { errors: unknown[] };
    expect(body).not.toHaveProperty('data');
    expect(body.errors).toMatchObject([{ message: expect.stringContaining(message), extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(upstream.requests).toHaveLength(0);
  });

  it('refuses a number past 2^53 for an ID also where the same operation was answered before', async () => {
    await withScript(good, async ({ gateway: other, upstream: asked }) => {
      const query = 'query($id: ID!) { customer(idType: "RUC", id: $id) { contract(number: "1") { dueDate } } }';
      for (let i = 0; i < 3; i++) expect(errorsOf(await other.query(query, { id: '1' }))).toEqual([]);
      const answer = await other.query(query, { id: 2 ** 60 });
      expect([answer.status, answer.data]).toEqual([400, undefined]);
      expect(errorsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', path: undefined }]);
      expect(asked.requests).toHaveLength(3);
    });
  });

  it('takes an ID that is written as a number in the document with all its digits', async () => {
    await withScript(good, async ({ gateway: other, upstream: asked }) => {
      await other.query('{ customer(idType: "RUC", id: 90071992547409931) { contract(number: 90071992547409933) { dueDate } } }');
      expect(asked.requests[0]?.url).toMatch(/^\/customers\/RUC\/90071992547409931\/bills\?.*contractNumber=90071992547409933$/);
    });
  });

  it('refuses a null that reaches an argument which may not be null', async () => {
    const result = await gateway.query(
      'query($number: ID = "1") { customer(idType: "RUC", id: "1") { contract(number: $number) { dueDate } } }',
      { number: null },
    );
    expect(result.data).toEqual({ customer: { contract: null } });
    expect(errorsOf(result)).toEqual([{ code: 'BAD_USER_INPUT', path: ['customer', 'contract'] }]);
    expect(upstream.requests).toHaveLength(0);
  });
});
