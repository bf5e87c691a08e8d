import { getOperationAST, parse } from 'graphql';
import type { Paging } from '../../../../src/billing/paging/window-plan';
import { parseCustomer } from '../../../../src/billing/model/customer';
import { toContractNodeId } from '../../../../src/billing/model/node-id';
import { boundCalls, toMostCalls } from '../../../../src/graphql/analysis/call-bound';
import { predictCalls, type PredictionLimits } from '../../../../src/graphql/analysis/predict-calls';
import { RequestedOperation } from '../../../../src/graphql/analysis/requested-operation';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';
import { toCursor } from '../../../support/invoice-cursor';

const schema = buildServedSchema();
const pageLimits = { maxPageSize: 35 };
const byOffset: PredictionLimits = { paging: { mode: 'offset', maxQuantity: 10 }, pageLimits };
const byPage: PredictionLimits = { paging: { mode: 'page', maxQuantity: 10 }, pageLimits };
const pushing: PredictionLimits = { ...byOffset, pageLimits: { ...pageLimits, pushes: () => true } };
const listing = (mode: Paging['mode']): PredictionLimits => ({ paging: { mode, maxQuantity: 10, listsContracts: true }, pageLimits });

function request(source: string, variables?: Record<string, unknown>): RequestedOperation {
  const document = parse(source);
  return new RequestedOperation({ schema, document, operation: getOperationAST(document)!, variables });
}

/** Calls, and a `+` where there may be more. */
function predict(source: string, limits = byOffset, variables?: Record<string, unknown>): string {
  const requested = request(source, variables);
  const { calls, atLeast } = predictCalls(requested.model, requested.coerced!, limits);
  return `${calls}${atLeast ? '+' : ''}`;
}

const bound = (source: string, limits = byOffset) => boundCalls(request(source).whole, limits);

const ofCustomer = (body: string, id = '1'): string => `customer(idType: "CPF", id: "${id}") { ${body} }`;
const inCustomer = (body: string): string => `{ ${ofCustomer(body)} }`;
const inContract = (body: string): string => inCustomer(`contract(number: "1") { ${body} }`);
const page = (args: string, more = ''): string => `invoices(${args}) { nodes { number } ${more} }`;
const key = { customer: { idType: 'CPF', id: '1' } };
const CONTRACT_ID = toContractNodeId(parseCustomer('CPF', '1'), '1');
const ENTITIES =
  'query($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { contract(number: "1") { dueDate } } ... on Contract { dueDate } ... on Invoice { amount } } }';

describe('The prediction of calls', () => {
  it.each([
    ['nothing of a customer alone', inCustomer('id idType'), '0'],
    ['a contract', inContract('dueDate'), '1'],
    ['a contract whose key alone is selected', inContract('number'), '1'],
    ['a contract by its id', '{ fetch__Contract(nodeId: "x") { dueDate } }', '0'],
    ['a contract by an id', `{ fetch__Contract(nodeId: "${CONTRACT_ID}") { dueDate } }`, '1'],
    ['a contract whose number has several digits', inCustomer('contract(number: "12") { dueDate }'), '1'],
    [
      'no contracts that would lead to another one',
      inCustomer('contracts(numbers: []) { customer { contract(number: "3") { dueDate } } }'),
      '0',
    ],
    ['a page from the end of the list beside other fields', inContract(`number dueDate ${page('last: 4')}`), '1+'],
    [
      'the keys of what invoices lead to',
      inCustomer('invoices(first: 2) { nodes { contract { __typename number customer { nodeId id } } } }'),
      '1',
    ],
    ['keys of what invoices lead to, and more', inCustomer('invoices(first: 2) { nodes { contract { number dueDate } } }'), '1+'],
    [
      'a page of the contract of an invoice that stands apart',
      inContract(`invoice(number: "7") { amount contract { ${page(`first: 4, after: "${toCursor(90)}"`)} } }`),
      '2+',
    ],
    ['different contracts', inCustomer('contracts(numbers: [1, 2, 2, 3]) { dueDate }'), '3'],
    ['no contracts', inCustomer('contracts(numbers: []) { dueDate }'), '0'],
    ['contracts that are not named, of an API that does not list them', inCustomer('contracts { dueDate }'), '0'],
    [
      'two customers',
      `{ ${ofCustomer('contract(number: "1") { dueDate }')} b: ${ofCustomer('contract(number: "1") { dueDate }', '2')} }`,
      '2',
    ],
    ['a page with its contract', inContract(page('first: 10')), '1'],
    ['a page that is probed', inContract(page('first: 10', 'pageInfo { hasNextPage }')), '2'],
    ['pages that touch', inContract(`a: ${page('first: 4')} b: ${page(`first: 4, after: "${toCursor(3)}"`)}`), '1'],
    ['pages that stand apart', inContract(`a: ${page('first: 4')} b: ${page(`first: 4, after: "${toCursor(90)}"`)}`), '2'],
    ['a page from the end of the list', inContract(page('last: 4')), '1+'],
    ['a filtered page', inContract(page('first: 4, filter: { status: true }')), '1+'],
    ['an invoice', inContract('invoice(number: "7") { amount }'), '1+'],
    ['a summary', inContract('invoiceSummary { count }'), '1+'],
    ['the length of a list', inContract('invoices(first: 1) { totalCount }'), '1+'],
    ["the customer's invoices", inCustomer(page('first: 10')), '1'],
    ["the customer's invoices, from the end of the list", inCustomer(page('last: 10')), '1+'],
    ["the customer's invoices, filtered", inCustomer(page('first: 10, filter: { status: true }')), '1+'],
    ["the customer's summary", inCustomer('invoiceSummary { count }'), '1+'],
    ['the key of the contract of an invoice', inCustomer('invoices(first: 2) { nodes { contract { number customer { id } } } }'), '1'],
    ['more of the contract of an invoice', inCustomer('invoices(first: 2) { nodes { contract { dueDate } } }'), '1+'],
    [
      'contracts behind the contract of an invoice',
      inCustomer('invoices(first: 2) { nodes { contract { customer { contract(number: "2") { dueDate } } } } }'),
      '1+',
    ],
    ['an invoice of a contract that is read again', inContract('invoice(number: "7") { contract { dueDate } }'), '1+'],
    [
      'another contract of the customer of an invoice',
      inContract('invoice(number: "7") { contract { customer { contract(number: "2") { dueDate } } } }'),
      '2+',
    ],
    ["contracts of a contract's customer", inContract('customer { contracts(numbers: [2, 3]) { dueDate } }'), '3'],
    [
      "the customer's contracts, once for all contracts that lead to them",
      inCustomer('contracts(numbers: [1, 2]) { customer { contract(number: "3") { dueDate } } }'),
      '3',
    ],
    ['a contract whose argument below is not of its form', inContract(page('first: 0')), '0'],
    ['contracts of which one number is not of its form', inCustomer('contracts(numbers: ["1", "x"]) { dueDate }'), '0'],
    [
      'a contract whose number is not of its form',
      inCustomer('contract(number: "x") { dueDate } c: contract(number: "2") { dueDate }'),
      '1',
    ],
    ["a page of the customer's that is not of its form", inCustomer(`${page('first: 0')} contract(number: "2") { dueDate }`), '1'],
    [
      'nothing where a customer is not of its form',
      `{ ${ofCustomer('contract(number: "1") { dueDate }')} b: customer(idType: "CPF", id: "x") { id } }`,
      '0',
    ],
    ['a contract that leads to an argument that is not of its form', inContract(`customer { ${page('first: 0')} }`), '0'],
    [
      'an invoice that leads to an argument that is not of its form',
      inContract(`invoice(number: "7") { contract { ${page('first: 0')} } }`),
      '0',
    ],
  ])('of %s', (_name, source, expected) => {
    expect(predict(source)).toBe(expected);
  });

  it.each([
    [
      'named contracts',
      [
        { __typename: 'Contract', number: '1', ...key },
        { __typename: 'Contract', number: '2', ...key },
      ],
      '2',
    ],
    [
      'one contract twice',
      [
        { __typename: 'Contract', number: '1', ...key },
        { __typename: 'Contract', number: '1', ...key },
      ],
      '1',
    ],
    ['a customer, by what is selected of it', [{ __typename: 'Customer', idType: 'CPF', id: '1' }], '1'],
    ['an invoice, which is searched for', [{ __typename: 'Invoice', number: '7', contract: { number: '1', ...key } }], '1+'],
    ['what is not of its form', [{ __typename: 'Contract', number: 'x', ...key }, { __typename: 'Nothing' }], '0'],
  ])('of entities: %s', (_name, r, expected) => {
    expect(predict(ENTITIES, byOffset, { r })).toBe(expected);
  });

  it('of entities that lead to other contracts', () => {
    const invoice = { __typename: 'Invoice', number: '7', contract: { number: '1', ...key } };
    const query = (below: string): string => `query($r: [_Any!]!) { _entities(representations: $r) { ... on Invoice { ${below} } } }`;
    expect(predict(query('contract { customer { contract(number: "2") { dueDate } } }'), byOffset, { r: [invoice] })).toBe('2+');
    expect(predict(query(`contract { ${page('first: 0')} }`), byOffset, { r: [invoice] })).toBe('0');
  });

  it('stops, and says that there may be more, where it would go on for too long', () => {
    const malformed = (count: number) => Array.from({ length: count }, () => ({ __typename: 'Contract', number: 'x', ...key }));
    const good = { __typename: 'Contract', number: '1', ...key };
    expect(predict(ENTITIES, byOffset, { r: [...malformed(1000), good] })).toBe('1');
    expect(predict(ENTITIES, byOffset, { r: [...malformed(1001), good] })).toBe('0+');
    const lists = Array.from({ length: 50 }, (_, index) => `a${index}: contracts(numbers: $n) { dueDate }`).join(' ');
    const numbers = Array.from({ length: 5000 }, (_, index) => String(index));
    expect(predict(`query($n: [ID!]!) ${inCustomer(lists)}`, byOffset, { n: numbers })).toBe('5000+');
  });

  it('of pages by their number: a page between two windows takes both', () => {
    const straddling = inContract(page(`first: 10, after: "${toCursor(4)}"`));
    expect([predict(straddling), predict(straddling, byPage)]).toEqual(['1', '2']);
  });

  it('is exact for what the billing API filters', () => {
    const filtered = page('first: 4, filter: { status: true }', 'pageInfo { hasNextPage }');
    expect(predict(inContract(`dueDate ${filtered}`), pushing)).toBe('2');
    expect(predict(inCustomer(filtered), pushing)).toBe('1');
    expect(predict(inCustomer(`a: ${filtered} b: ${page('first: 4')}`), pushing)).toBe('2');
  });

  it.each([
    ['contracts', 'contracts { dueDate }', '1'],
    ['contracts with a page', `contracts { ${page('first: 4')} }`, '1'],
    ['contracts with pages', `contracts { a: ${page('first: 4')} b: ${page(`first: 4, after: "${toCursor(90)}"`)} }`, '2+'],
    ['contracts with pages that touch', `contracts { a: ${page('first: 4')} b: ${page(`first: 4, after: "${toCursor(3)}"`)} }`, '1+'],
    ['contracts with a page that may take more calls', `contracts { ${page('first: 10')} }`, '1+'],
    ['contracts that lead to another one', 'contracts { customer { contract(number: "1") { dueDate } } }', '2'],
    ['contracts with an argument that is not of its form', `contracts { ${page('first: 0')} }`, '0'],
    ["the customer's invoices", page('first: 4'), '1'],
    ["a long page of the customer's invoices", page('first: 10'), '1+'],
  ])('of an API that lists contracts: %s', (_name, body, expected) => {
    expect(predict(inCustomer(body), listing('offset'))).toBe(expected);
  });
});

describe('The bound on calls', () => {
  it.each([
    ['a contract', inContract('dueDate'), 1],
    ['a page with its contract', inContract(page('first: 9')), 1],
    ['a page that may be probed', inContract(page('first: 10')), 2],
    ['two pages, with which the contract comes', inContract(`dueDate a: ${page('first: 4')} b: ${page('first: 9')}`), 2],
    ['a page of the default size', inContract('invoices { nodes { number } }'), 3],
    ['a page of the largest size', `query($f: Int) ${inContract(page('first: $f'))}`, 4],
    ['more than the largest size', inContract(page('first: 1000')), 4],
    ['a page from the end of the list', inContract(page('last: 9')), 1],
    ['a filtered page', inContract(page('first: 4, filter: { status: true }')), 4],
    ['an invoice', inContract('invoice(number: "7") { amount }'), 1],
    ['a summary', inContract('invoiceSummary { count }'), 1],
    ['contracts by literals', inCustomer('contracts(numbers: [1, 2, 3]) { dueDate }'), 3],
    ['a contract instead of a list', inCustomer('contracts(numbers: 1) { dueDate }'), 1],
    ['contracts that are listed', inCustomer('contracts { dueDate }'), 1],
    ["contracts of a contract's customer", inContract('customer { contracts(numbers: [2, 3]) { dueDate } }'), 3],
    ['the contract of an invoice', inContract('invoices(first: 9) { nodes { contract { dueDate } } }'), 2],
    ['what is left out by a variable', `query($no: Boolean!) ${inContract('dueDate @include(if: $no)')}`, 1],
    ['a literal list of entities', '{ _entities(representations: [{}, {}]) { ... on Contract { dueDate } ... on Customer { id } } }', 2],
  ])('of %s', (_name, source, expected) => {
    expect(bound(source)).toEqual({ fixed: expected, perMember: new Map(), pages: 0 });
  });

  it('is one call more where pages have numbers, and where the billing API filters', () => {
    expect(bound(inContract(page('first: 9')), byPage)?.fixed).toBe(2);
    const filtered = inContract(page('first: 4, filter: { status: true }'));
    expect([bound(filtered)?.fixed, bound(filtered, pushing)?.fixed]).toEqual([4, 5]);
    expect(bound(inContract(`dueDate ${page('first: 4')}`), pushing)?.fixed).toBe(1);
    // The page, the item before it and the one after it.
    expect(bound(filtered, { ...byOffset, pageLimits: { maxPageSize: 39 } })?.fixed).toBe(5);
  });

  it('is a number for each member of a list that is a variable, summed up by variable', () => {
    const source = `query($n: [ID!]!, $m: [ID!] = [1, 2], $o: [ID!]) {
      ${ofCustomer(`a: contracts(numbers: $n) { dueDate } b: contracts(numbers: $n) { ${page('first: 10')} } contract(number: "1") { dueDate }`)}
      other: ${ofCustomer('a: contracts(numbers: $m) { dueDate } b: contracts(numbers: $o) { dueDate }')}
    }`;
    const found = bound(source)!;
    expect(found).toEqual({
      fixed: 1,
      perMember: new Map([
        ['n', 3],
        ['m', 1],
        ['o', 1],
      ]),
      pages: 0,
    });
    const { operation } = request(source);
    // 1, 3 for each of $n, 2 for the default of $m, and 1 for $o, without which there may be a call.
    const isWithin = (variables: Record<string, unknown> | undefined, budget: number): boolean =>
      toMostCalls(found, operation, variables) <= budget;
    expect([isWithin({ n: ['1', '2'] }, 10), isWithin({ n: ['1', '2'] }, 9)]).toEqual([true, false]);
    expect([isWithin({ n: '1', m: [], o: [] }, 4), isWithin({ n: '1', m: [], o: [] }, 3)]).toEqual([true, false]);
    expect([isWithin(undefined, 7), isWithin(undefined, 6)]).toEqual([true, false]);
    // One value stands for a list of one, whatever the default is.
    expect([isWithin({ n: [], m: '9', o: [] }, 2), isWithin({ n: [], m: '9', o: [] }, 1)]).toEqual([true, false]);
  });

  it('is multiplied by the literal lists above, and unknown below another variable list', () => {
    const below = 'contracts(numbers: $n) { dueDate }';
    const nested = (list: string): string =>
      `query($n: [ID!]!, $m: [ID!]!) ${inCustomer(`contracts(numbers: ${list}) { number customer { ${below} } }`)}`;
    expect(bound(nested('[7, 8]'))).toEqual({ fixed: 2, perMember: new Map([['n', 2]]), pages: 0 });
    expect(bound(nested('$m'))).toBeNull();
    expect(
      bound(`query($n: [ID!]!, $m: [ID!]!) { a: ${ofCustomer(below)} ${nested('$m').slice(nested('$m').indexOf('{') + 1)}`),
    ).toBeNull();
  });

  it('of entities is that of what is selected of any of their types, and a search', () => {
    expect(bound(ENTITIES)).toEqual({ fixed: 0, perMember: new Map([['r', 2]]), pages: 0 });
  });
});
