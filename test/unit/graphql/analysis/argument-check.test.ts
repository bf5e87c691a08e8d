import { getOperationAST, parse, type GraphQLError, type GraphQLResolveInfo } from 'graphql';
import { assertArgumentsBelow, assertRootArguments, isWholeRefused } from '../../../../src/graphql/analysis/argument-check';
import { RequestedOperation } from '../../../../src/graphql/analysis/requested-operation';
import type { LookAheadContext } from '../../../../src/graphql/analysis/selection';
import { toCustomerNodeId } from '../../../../src/billing/model/node-id';
import { parseCustomer } from '../../../../src/billing/model/customer';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

const schema = buildServedSchema();
const customer = 'customer(idType: "CPF", id: "1")';
const CUSTOMER_PATH = { prev: undefined, key: 'customer', typename: 'Query' };
const CONTRACT_PATH = { prev: CUSTOMER_PATH, key: 'contract', typename: 'Customer' };

interface Resolving {
  readonly info: GraphQLResolveInfo;
  readonly context: LookAheadContext;
}

/** What the resolver of the field at a path is called with. */
function resolving(source: string, path: GraphQLResolveInfo['path'], variables?: Record<string, unknown>): Resolving {
  const document = parse(source);
  const operation = getOperationAST(document)!;
  const requested = new RequestedOperation({ schema, document, operation, variables });
  const { nodes } = requested.model.fieldAt(path);
  const info = { fieldNodes: nodes, variableValues: requested.coerced ?? {}, path, operation } as unknown as GraphQLResolveInfo;
  return { info, context: { requested, pageLimits: { maxPageSize: 35 } } };
}

/** The path and message of what is thrown; null where nothing is. */
function refusal(check: () => void): string | null {
  try {
    check();
    return null;
  } catch (error) {
    const { path, message } = error as GraphQLError;
    return `${path?.join('.')}: ${message.slice(0, 12)}`;
  }
}

describe('The check of arguments below a field', () => {
  const below = (contract: string, type?: string): string | null => {
    const { info, context } = resolving(`{ ${customer} { contract(number: "1") { ${contract} } } }`, CONTRACT_PATH);
    return refusal(() => assertArgumentsBelow(info, context, type === undefined ? undefined : (schema.getType(type) as never)));
  };

  it.each([
    'dueDate invoices(first: 1) { nodes { number } }',
    'customer { id idType nodeId }',
    'customer { contract(number: "2") { invoices(first: 1) { nodes { number } } } }',
    'invoices(first: 1) { nodes { contract { number } } }',
  ])('passes %s', (contract) => {
    expect(below(contract)).toBeNull();
  });

  it.each([
    ['customer { contract(number: "x") { dueDate } }', 'customer.contract'],
    ['customer { contracts(numbers: ["2", "x"]) { dueDate } }', 'customer.contracts'],
    ['customer { invoices(first: 0) { nodes { number } } }', 'customer.invoices'],
    ['mine: customer { c: contract(number: "2") { i: invoices(first: 0) { nodes { number } } } }', 'mine.c.i'],
    ['invoices(first: 1) { nodes { contract { invoices(first: 36) { nodes { number } } } } }', 'invoices.nodes.contract.invoices'],
    ['invoice(number: "1") { contract { invoice(number: "") { number } } }', 'invoice.contract.invoice'],
    ['customer { contracts(numbers: []) { invoices(first: 1, last: 1) { nodes { number } } } }', 'customer.contracts.invoices'],
  ])('refuses %s, at its path', (contract, path) => {
    expect(below(contract)).toMatch(new RegExp(`^customer\\.contract\\.${path}: `));
  });

  it('leaves what the look-ahead itself reads to it, where nothing leads back to a contract or a customer', () => {
    expect(below('invoices(first: 0) { nodes { number } }')).toBeNull();
  });

  it('names no place in a list, and looks at the type that it is given', () => {
    const source = `query($r: [_Any!]!) { _entities(representations: $r) {
      ... on Contract { dueDate } ... on Invoice { contract { customer { contract(number: "x") { dueDate } } } } } }`;
    const list = { prev: undefined, key: '_entities', typename: 'Query' };
    const { info, context } = resolving(source, list, { r: [] });
    const item = { ...info, path: { prev: list, key: 3, typename: undefined } };
    const check = (name: string): string | null => refusal(() => assertArgumentsBelow(item, context, schema.getType(name) as never));
    expect([check('Contract'), check('Invoice')]).toEqual([null, expect.stringMatching(/^_entities\.3\.contract\.customer\.contract: /)]);
    // A union itself has no fields.
    expect(refusal(() => assertArgumentsBelow(item, context))).toBeNull();
  });

  it('throws what is not about an argument as it is', () => {
    const { info, context } = resolving(
      `{ ${customer} { contract(number: "1") { customer { contract(number: "2") { number } } } } }`,
      CONTRACT_PATH,
    );
    const broken = {
      ...info,
      get variableValues(): never {
        throw new RangeError('not about an argument');
      },
    };
    expect(() => assertArgumentsBelow(broken, context)).toThrow(RangeError);
  });
});

describe('The check of root arguments', () => {
  const nodeId = toCustomerNodeId(parseCustomer('CPF', '1'));
  const check = (source: string, key: string, variables?: Record<string, unknown>): string | null => {
    const { info, context } = resolving(source, { prev: undefined, key, typename: 'Query' }, variables);
    return refusal(() => assertRootArguments(info, context));
  };

  it.each([
    ['another customer', `{ a: ${customer} { id } b: customer(idType: "CPF", id: "x") { id } }`],
    ['a customer by an id that is none', `{ a: ${customer} { id } b: fetch__Customer(nodeId: "x") { id } }`],
    ['a customer in a fragment', `{ ...Root } fragment Root on Query { a: ${customer} { id } b: customer(idType: "CPF", id: "x") { id } }`],
  ])('refuses %s before the first root field is executed', (_name, source) => {
    expect(check(source, 'a')).toMatch(/^b: /);
    // The first one has looked for all.
    expect(check(source, 'b')).toBeNull();
  });

  it('passes good ones, contracts by an id, which cost themselves alone, and what is left out', () => {
    expect(check(`{ a: ${customer} { id } b: fetch__Customer(nodeId: "${nodeId}") { id } }`, 'a')).toBeNull();
    expect(check(`{ a: ${customer} { id } b: fetch__Contract(nodeId: "x") { number } }`, 'a')).toBeNull();
    const source = `query($no: Boolean!) { a: ${customer} { id } b: customer(idType: "CPF", id: "x") @include(if: $no) { id } }`;
    expect([check(source, 'a', { no: false }), check(source, 'a', { no: true })]).toEqual([null, expect.stringMatching(/^b: /)]);
  });

  it('leaves the only root field to its own resolver', () => {
    expect(check('{ a: customer(idType: "CPF", id: "x") { id } }', 'a')).toBeNull();
    expect(check('{ ...Root } fragment Root on Query { a: customer(idType: "CPF", id: "x") { id } }', 'a')).toMatch(/^a: /);
  });

  it('says of an operation whether a customer refuses the whole of it', () => {
    const isRefused = (source: string): boolean => {
      const { info, context } = resolving(source, { prev: undefined, key: 'a', typename: 'Query' });
      return isWholeRefused(info, context);
    };
    expect(isRefused(`{ a: fetch__Contract(nodeId: "x") { number } b: ${customer} { id } }`)).toBe(false);
    expect(isRefused('{ a: fetch__Contract(nodeId: "x") { number } b: customer(idType: "CPF", id: "x") { id } }')).toBe(true);
  });

  it('needs the operation in its context', () => {
    const { info, context } = resolving(`{ a: ${customer} { id } b: ${customer} { id } }`, {
      prev: undefined,
      key: 'a',
      typename: 'Query',
    });
    expect(() => isWholeRefused(info, { ...context, requested: null })).toThrow('put into its context');
    expect(() => assertRootArguments(info, { ...context, requested: null })).toThrow('put into its context');
  });
});
