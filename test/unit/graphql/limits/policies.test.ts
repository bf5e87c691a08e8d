import { getOperationAST, parse } from 'graphql';
import { RequestedOperation } from '../../../../src/graphql/analysis/requested-operation';
import { CallBudget } from '../../../../src/graphql/limits/call-budget';
import { createPolicies, findRefusal, queriesOnly } from '../../../../src/graphql/limits/policies';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

const schema = buildServedSchema();
const callBudget = new CallBudget({ paging: { mode: 'offset', maxQuantity: 10 }, pageLimits: { maxPageSize: 10 } });
const policies = createPolicies(callBudget, 2);

function refusalOf(source: string, variables: Record<string, unknown> = {}, hasToken = true, inPages = false) {
  const document = parse(source);
  const requested = new RequestedOperation({ schema, document, operation: getOperationAST(document)!, variables });
  return findRefusal(policies, requested, { hasToken, inPages });
}

const CONTRACTS = 'query($id: ID!, $n: [ID!]!) { customer(idType: "CPF", id: $id) { contracts(numbers: $n) { dueDate } } }';

describe('The policies that every operation is held to', () => {
  it.each([
    ['no more calls than are allowed', CONTRACTS, { id: '1', n: ['1', '2'] }, true],
    ['no more calls than are allowed, of contracts that are named twice', CONTRACTS, { id: '1', n: ['1', '1', '2'] }, true],
    ['no data, without a token', '{ __typename }', {}, false],
    [
      'no data under its conditions, without a token',
      'query($a: Boolean!) { customer(idType: "CPF", id: "1") @include(if: $a) { id } }',
      { a: false },
      false,
    ],
    ['variables that are not of their types, which the execution reports', CONTRACTS, { id: '1', n: null }, true],
    ['a number past 2^53 that it does not declare', CONTRACTS, { id: '1', n: [], other: 2 ** 60 }, true],
  ])('pass one that asks for %s', (_what, source, variables, hasToken) => {
    expect(refusalOf(source, variables, hasToken)).toBeNull();
  });

  it.each<[string, Record<string, unknown>, object]>([
    ['more calls than are allowed', { n: ['1', '2', '3'] }, { code: 'UPSTREAM_BUDGET_EXCEEDED', calls: 3, callBudget: 2 }],
    ['data, without a token', { n: ['1', '2', '3'], hasToken: false }, { code: 'UNAUTHENTICATED' }],
    ['a number past 2^53 as an id', { n: ['1', '2', '3'], id: 2 ** 60 }, { code: 'BAD_USER_INPUT' }],
  ])('refuse one that asks for %s', (_what, { hasToken, ...variables }, extensions) => {
    expect(refusalOf(CONTRACTS, { id: '1', ...variables }, hasToken !== false)?.extensions).toMatchObject(extensions);
  });

  it('leave the number of calls to the pages of an operation that is executed page by page, and nothing else', () => {
    const three = { id: '1', n: ['1', '2', '3'] };
    expect(refusalOf(CONTRACTS, three, true, true)).toBeNull();
    expect(refusalOf(CONTRACTS, three, false, true)?.extensions['code']).toBe('UNAUTHENTICATED');
    expect(refusalOf(CONTRACTS, { ...three, id: 2 ** 60 }, true, true)?.extensions['code']).toBe('BAD_USER_INPUT');
  });

  it.each(['mutation', 'subscription'])('refuse a %s before anything else is looked at, since the schema has none', (type) => {
    const operation = getOperationAST(parse(`${type} { anything }`))!;
    expect(queriesOnly(operation)).toMatchObject({
      message: `The schema has queries only, and no ${type}: the billing API is read, not written.`,
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400 } },
    });
    expect(refusalOf(`${type} { anything }`, {}, false)?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(queriesOnly(getOperationAST(parse('{ anything }'))!)).toBeNull();
  });

  it('give the first of several refusals', () => {
    const [first, second] = [refusalOf(CONTRACTS, { id: 2 ** 60, n: [] }), refusalOf('subscription { anything }')];
    const document = parse('{ __typename }');
    const requested = new RequestedOperation({ schema, document, operation: getOperationAST(document)!, variables: {} });
    const execution = { hasToken: true, inPages: false };
    expect(findRefusal([() => null, () => first, () => second], requested, execution)).toBe(first);
    expect(findRefusal([], requested, execution)).toBeNull();
  });
});
