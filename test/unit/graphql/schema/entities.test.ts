import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { toCursor } from '../../../support/invoice-cursor';
import { printSubgraph } from '../../../../src/graphql/schema/subgraph';
import { toAskedBills, toBillsBody } from '../../../support/bills-body';
import { startGateway, type Gateway } from '../../../support/gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../../../support/scripted-upstream';

const customer = { idType: 'RUC', id: '80012345' };
const contract = (number: unknown) => ({ __typename: 'Contract', customer, number });
const invoice = (number: unknown, contractNumber: unknown = '700100') => ({
  __typename: 'Invoice',
  contract: { customer, number: contractNumber },
  number,
});

// `Invoice.number` may be null and `Contract.number` may not, so one of the two goes by an alias.
const ENTITIES =
  'query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Customer { idType id } ... on Contract { number dueDate } ... on Invoice { no: number billPeriod } } }';

type Item = Record<string, unknown> | null;

describe('The entities of a subgraph request', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGateway({ BILLING_API_URL: upstream.url, CACHE_TTL_SECONDS: '0', BILLING_API_RETRIES: '0' });
  });
  beforeEach(() => {
    upstream.setScript((request) => {
      const asked = toAskedBills(request.url);
      if (asked.contractNumber === '404') return { status: 404 };
      if (asked.contractNumber === '500') return { status: 500 };
      return { body: toBillsBody(asked, 30) };
    });
  });
  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  async function entities(representations: unknown, query = ENTITIES, others: Record<string, unknown> = {}) {
    const before = upstream.requests.length;
    const answer = await gateway.query(query, { r: representations, ...others });
    const requests = upstream.requests.slice(before);
    return {
      answer,
      items: answer.data?._entities as Item[],
      asked: requests.map((request) => toAskedBills(request.url)),
      errors: answer.errors.map((error) => [error.path, error.extensions?.['code']]),
    };
  }

  it('come in the order of their representations, of whatever types, and null where there is none', async () => {
    const { answer, items } = await entities([
      contract('700102'),
      { __typename: 'Customer', ...customer },
      contract('404'),
      invoice('700100-000007'),
      contract('700101'),
      invoice('no such'),
    ]);
    expect(answer.errors).toEqual([]);
    expect(items).toEqual([
      { __typename: 'Contract', number: '700102', dueDate: '2025-07-15' },
      { __typename: 'Customer', ...customer },
      null,
      { __typename: 'Invoice', no: '700100-000007', billPeriod: '2025-06' },
      { __typename: 'Contract', number: '700101', dueDate: '2025-07-15' },
      null,
    ]);
  });

  it('cost no call where they are customers', async () => {
    const { items, asked } = await entities([
      { __typename: 'Customer', ...customer },
      { __typename: 'Customer', idType: 'CPF', id: '1' },
    ]);
    expect([items.length, asked.length]).toEqual([2, 0]);
  });

  it('cost one call where one contract is asked for again and again', async () => {
    const { items, asked, answer } = await entities(Array.from({ length: 40 }, () => contract('700100')));
    expect([items.length, asked.length]).toEqual([40, 1]);
    expect(answer.extensions?.['billing']).toMatchObject({ calls: 1, merged: 39 });
  });

  it('share the windows that overlap, be it between contracts, invoices or several _entities fields', async () => {
    const { answer, asked } = await entities(
      [contract('700100'), invoice('700100-000029'), invoice('700100-000003')],
      `query($r: [_Any!]!) {
        a: _entities(representations: $r) { ... on Contract { dueDate invoices(first: 5, after: "${toCursor(1)}") { nodes { number } } } ... on Invoice { number } }
        b: _entities(representations: $r) { ... on Contract { invoices(first: 20) { pageInfo { hasNextPage } } } }
      }`,
    );
    expect(answer.errors).toEqual([]);
    expect(asked).toEqual([{ ...customer, contractNumber: '700100', pageInit: 0, quantity: 1000 }]);
    expect((answer.data.a as Item[]).map((item) => item?.['number'])).toEqual([undefined, '700100-000029', '700100-000003']);
    expect(answer.data.a[0].invoices.nodes[0]).toEqual({ number: '700100-000002' });
    expect(answer.data.b[0].invoices.pageInfo).toEqual({ hasNextPage: true });
  });

  it('fail alone: the others keep their data, and the error names the place in the list', async () => {
    const { items, errors } = await entities([
      contract('700100'),
      contract('500'),
      contract('700101'),
      contract('500'),
      { __typename: 'Customer', ...customer },
    ]);
    expect(items.map((item) => item !== null)).toEqual([true, false, true, false, true]);
    expect(errors).toEqual([
      [['_entities', 1], 'UPSTREAM_UNAVAILABLE'],
      [['_entities', 3], 'UPSTREAM_UNAVAILABLE'],
    ]);
  });

  it.each([
    ['no type', {}],
    ['a type that is no text', { __typename: 7, ...customer }],
    ['a type that nobody knows', { __typename: 'Nobody', id: '1' }],
    ['a type of ours that is no entity', { __typename: 'Address', street: 'x' }],
    ['a type of GraphQL itself', { __typename: '__Schema' }],
    ['a name that objects inherit', { __typename: 'constructor' }],
    ['text instead of an object', 'Contract'],
    ['a list instead of an object', [contract('700100')]],
    ['a customer without an id', { __typename: 'Customer', idType: 'RUC' }],
    ['a customer whose id is an object', { __typename: 'Customer', idType: 'RUC', id: {} }],
    ['a customer whose id leads elsewhere', { __typename: 'Customer', idType: 'RUC', id: '1/../2' }],
    ['a customer whose id type is a number', { __typename: 'Customer', idType: 1, id: '1' }],
    ['a contract without a customer', { __typename: 'Contract', number: '1' }],
    ['a contract whose customer is null', { __typename: 'Contract', customer: null, number: '1' }],
    ['a contract whose customer is text', { __typename: 'Contract', customer: 'RUC/1', number: '1' }],
    ['a contract without a number', { __typename: 'Contract', customer }],
    ['a contract with an empty number', contract('')],
    ['a contract with a negative number', contract(-1)],
    ['a contract with a fraction for a number', contract(1.5)],
    ['a contract whose number lost digits on the way', contract(9007199254740992)],
    ['a contract whose number is true', contract(true)],
    ['an invoice without a contract', { __typename: 'Invoice', number: '1' }],
    ['an invoice whose contract has no customer', { __typename: 'Invoice', contract: { number: '1' }, number: '1' }],
    ['an invoice whose number is null', invoice(null)],
    ['an invoice whose number is a list', invoice(['1'])],
  ])('are refused one by one without a call: %s', async (_name, malformed) => {
    const { items, errors, asked } = await entities([contract('700100'), malformed, contract('700101')]);
    expect(items.map((item) => item?.['number'])).toEqual(['700100', undefined, '700101']);
    expect(errors).toEqual([[['_entities', 1], 'BAD_USER_INPUT']]);
    expect(asked.map((one) => one.contractNumber)).toEqual(['700100', '700101']);
  });

  it('would all be lost by one unknown type in the reference implementation, which ours takes the place of', async () => {
    const reference = buildSubgraphSchema({ typeDefs: parse(printSubgraph()) });
    const { data } = await graphql({
      schema: reference,
      source: ENTITIES,
      variableValues: { r: [{ __typename: 'Customer', ...customer }, { __typename: 'Nobody' }] },
    });
    expect(data).toBeNull();
  });

  it('take an ID that another subgraph writes as a number, as far as it has all its digits', async () => {
    const { items, errors } = await entities([
      { __typename: 'Contract', customer: { idType: 'RUC', id: 80012345 }, number: 700100 },
      { __typename: 'Customer', idType: 'RUC', id: 9007199254740991 },
    ]);
    expect(errors).toEqual([]);
    expect(items).toMatchObject([{ number: '700100' }, { id: '9007199254740991' }]);
  });

  it('keep all digits and leading zeros of an ID that is text', async () => {
    const { asked, items } = await entities([contract('00000090071992547409')]);
    expect([asked[0]?.contractNumber, items[0]?.['number']]).toEqual(['00000090071992547409', '00000090071992547409']);
  });

  it('may be written into the document, and are refused there where a number is too long to be read exactly', async () => {
    const key = 'customer: { idType: "RUC", id: 80012345 }';
    const { items, errors, asked } = await entities(
      [],
      `query($r: [_Any!]! = []) { _entities(representations: [{ __typename: "Contract", ${key}, number: 700100 }, { __typename: "Contract", ${key}, number: 90071992547409931 }]) { ... on Contract { number } } skipped: _entities(representations: $r) @skip(if: true) { __typename } }`,
    );
    expect(items).toEqual([{ number: '700100' }, null]);
    expect(errors).toEqual([[['_entities', 1], 'BAD_USER_INPUT']]);
    expect(asked.map((one) => one.contractNumber)).toEqual(['700100']);
  });

  it('are none for an empty list, and leave what a router sends besides the key alone', async () => {
    expect((await entities([])).items).toEqual([]);
    const { items } = await entities([
      { ...contract('700100'), customer: { __typename: 'Customer', ...customer, legalName: 'x' }, lines: 3 },
    ]);
    expect(items).toEqual([{ __typename: 'Contract', number: '700100', dueDate: '2025-07-15' }]);
  });

  it.each([
    ['inline fragments on the entity', '... on Contract { dueDate invoices(first: 3) { nodes { number } } }'],
    ['an inline fragment on the union', '... on _Entity { ... on Contract { dueDate invoices(first: 3) { nodes { number } } } }'],
    ['an inline fragment on nothing', '... { ... on Contract { dueDate invoices(first: 3) { nodes { number } } } }'],
    ['a named fragment', '...Bills'],
    ['several fragments and aliases', '...Bills ... on Contract { again: dueDate three: invoices(first: 3) { nodes { number } } }'],
    ['variables', '... on Contract { dueDate invoices(first: $first) @include(if: $yes) { nodes { number } } }'],
    [
      'what is left out',
      '...Bills ... on Contract { invoice(number: "1") @skip(if: $yes) { number } far: invoices(first: 9, after: "${far}") @include(if: $no) { nodes { number } } }'.replace(
        '${far}',
        toCursor(500),
      ),
    ],
  ])('look ahead through %s, so that each contract is one call for what is selected', async (_name, selection) => {
    const uses = selection.includes('...Bills');
    const query = `query($r: [_Any!]!, $first: Int = 3, $yes: Boolean = true, $no: Boolean = false) { _entities(representations: $r) { __typename ${selection} } unused: __typename @include(if: $no) @skip(if: $yes) other: customer(idType: "RUC", id: "1") { contract(number: "5") { invoices(first: $first) { nodes { number } } } } } ${uses ? 'fragment Bills on Contract { dueDate invoices(first: 3) { nodes { number } } }' : ''}`;
    const { answer, asked } = await entities([contract('700100'), contract('700101')], query);
    expect(answer.errors).toEqual([]);
    expect(asked.map(({ contractNumber, pageInit, quantity }) => [contractNumber, pageInit, quantity]).sort()).toEqual([
      ['5', 0, 3],
      ['700100', 0, 3],
      ['700101', 0, 3],
    ]);
  });

  it('refuse a bad argument below them at its own path in each item, without a call', async () => {
    const { items, errors, asked } = await entities(
      [contract('700100'), { __typename: 'Customer', ...customer }, contract('700101')],
      'query($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { id } ... on Contract { dueDate page: invoices(first: 0) { nodes { number } } } } }',
    );
    expect(items).toEqual([null, { id: '80012345' }, null]);
    expect(errors).toEqual([
      [['_entities', 0, 'page'], 'BAD_USER_INPUT'],
      [['_entities', 2, 'page'], 'BAD_USER_INPUT'],
    ]);
    expect(asked).toEqual([]);
  });

  it('lead on to contracts of a customer, whose errors have the index of both lists', async () => {
    const { items, errors } = await entities(
      [
        { __typename: 'Customer', idType: 'CPF', id: '1' },
        { __typename: 'Customer', ...customer },
      ],
      'query($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { contracts(numbers: ["7", "500"]) { number } } } }',
    );
    expect(items).toEqual([{ contracts: [{ number: '7' }, null] }, { contracts: [{ number: '7' }, null] }]);
    expect(errors).toEqual([
      [['_entities', 0, 'contracts', 1], 'UPSTREAM_UNAVAILABLE'],
      [['_entities', 1, 'contracts', 1], 'UPSTREAM_UNAVAILABLE'],
    ]);
  });

  it.each([
    ['text', String],
    ['a number', Number],
  ])(
    'are refused together before the first call where they are more contracts than the budget allows, with IDs that are %s',
    async (_name, toId) => {
      const { answer, asked, errors } = await entities(Array.from({ length: 101 }, (_, index) => contract(toId(700_000 + index))));
      expect([answer.status, asked.length, errors]).toEqual([400, 0, [[undefined, 'UPSTREAM_BUDGET_EXCEEDED']]]);
    },
  );

  it('are refused without a token before anything is asked', async () => {
    const before = upstream.requests.length;
    const answer = await gateway.query(ENTITIES, { r: [contract('700100')] }, { token: null });
    expect([answer.status, answer.data, answer.errors[0]?.extensions?.['code'], upstream.requests.length - before]).toEqual([
      401,
      undefined,
      'UNAUTHENTICATED',
      0,
    ]);
  });

  it('are asked for with the token of the request and no other header of its', async () => {
    await gateway.query(ENTITIES, { r: [contract('700100')] }, { token: 'of-the-router', headers: { 'x-tenant': 'a', cookie: 'b=c' } });
    const { headers } = upstream.requests.at(-1)!;
    expect(headers.authorization).toBe('Bearer of-the-router');
    expect([headers['x-tenant'], headers.cookie]).toEqual([undefined, undefined]);
  });
});

describe("The contracts of a customer's list", () => {
  it('have their index in the path where an argument below them is refused', async () => {
    const gateway = await startGateway();
    const answer = await gateway.query(
      '{ customer(idType: "RUC", id: "80012345") { contracts(numbers: ["700100", "700101"]) { number invoices(first: 0) { nodes { number } } } } }',
    );
    await gateway.close();
    expect(answer.errors.map((error) => error.path)).toEqual([
      ['customer', 'contracts', 0, 'invoices'],
      ['customer', 'contracts', 1, 'invoices'],
    ]);
  });
});
