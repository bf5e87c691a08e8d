import { getOperationAST, parse, validate, type GraphQLObjectType } from 'graphql';
import { toCursor } from '../../../support/invoice-cursor';
import { fieldOf, type FieldInfo } from '../../../../src/graphql/analysis/operation-model';
import { RequestedOperation } from '../../../../src/graphql/analysis/requested-operation';
import {
  countRequests,
  EMPTY_PAGE,
  isLong,
  otherPagesOf,
  pageOf,
  selectContract,
  selectOfContract,
  selectsNextPage,
  selectsPreviousPage,
  toFirstPage,
  type ContractSelection,
  type LookAheadContext,
} from '../../../../src/graphql/analysis/selection';
import { BILLS } from '../../../../src/billing/model/bills';
import type { AnyPageRequest, PageArguments, PageLimits } from '../../../../src/billing/model/window';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

const schema = buildServedSchema();
const limits = { maxPageSize: 1000 };

interface Resolving {
  readonly info: FieldInfo;
  readonly context: LookAheadContext;
}

/** What a resolver of the field `contract` is called with: the operation, which is validated first, and graphql-js's own list of nodes. */
function resolving(source: string, variables: Record<string, unknown> = {}): Resolving {
  const document = parse(source);
  expect(validate(schema, document)).toEqual([]);
  const requested = new RequestedOperation({ schema, document, operation: getOperationAST(document)!, variables });
  const path = { prev: { prev: undefined, key: 'customer', typename: 'Query' }, key: 'contract', typename: 'Customer' };
  const fieldNodes = [...requested.model.fieldAt(path).nodes];
  return { info: { fieldNodes, variableValues: requested.coerced!, path }, context: { requested, pageLimits: limits } };
}

const lookAhead = ({ info, context }: Resolving): ContractSelection => selectContract(info, context);

const inContract = (body: string): string => `customer(idType: "RUC", id: "1") { contract(number: "1") { ${body} } }`;
const select = (body: string): ContractSelection => lookAhead(resolving(`{ ${inContract(body)} }`));
const selectWith = (declarations: string, body: string, variables: Record<string, unknown>, rest = ''): ContractSelection =>
  lookAhead(resolving(`query(${declarations}) { ${inContract(body)} } ${rest}`, variables));

const page = (offset: number, first: number, probe = false) => ({ offset, first, probe });

describe('selectContract', () => {
  it('needs no bills where only the key is selected', () => {
    expect(select('__typename number customer { idType id }')).toEqual({ pages: [], scans: [], filtered: [], needsBills: false });
  });

  it.each(['dueDate', 'due: dueDate', 'billingAddresses { city }', '... { dueDate }', '... on Contract { dueDate }'])(
    'needs bills for %s',
    (body) => {
      expect(select(`number ${body}`)).toEqual({ pages: [], scans: [], filtered: [], needsBills: true });
    },
  );

  it('sees a page with its default size, and probes it only where hasNextPage is selected', () => {
    expect(select('invoices { nodes { number } pageInfo { endCursor } }').pages).toEqual([page(0, 20)]);
    expect(select('invoices { pageInfo { hasNextPage } }').pages).toEqual([page(0, 20, true)]);
    expect(select('list: invoices(first: 5) { info: pageInfo { more: hasNextPage } }').pages).toEqual([page(0, 5, true)]);
    expect(select('invoices { hasNextPage: pageInfo { endCursor } }').pages).toEqual([page(0, 20)]);
  });

  it('sees every page under its alias, and equal ones once', () => {
    expect(
      select(
        `a: invoices(first: 5) { nodes { number } } b: invoices(first: 5) { nodes { amount } } c: invoices(first: 5, after: "${toCursor(4)}") { nodes { number } }`,
      ).pages,
    ).toEqual([page(0, 5), page(5, 5)]);
  });

  it('takes what several selections of one field ask for together', () => {
    expect(
      select('invoices { nodes { number } } invoices { pageInfo { startCursor } } ... { invoices { pageInfo { hasNextPage } } }').pages,
    ).toEqual([page(0, 20, true)]);
  });

  it('looks through fragments, and fragments in fragments', () => {
    const rest = `
      fragment Outer on Contract { number ...Inner }
      fragment Inner on Contract { ... on Contract { list: invoices(first: 7) { ...Page } } }
      fragment Page on InvoiceConnection { ...Info nodes { number } }
      fragment Info on InvoiceConnection { pageInfo { ...More } }
      fragment More on PageInfo { hasNextPage }`;
    expect(lookAhead(resolving(`{ ${inContract('...Outer ...Outer')} } ${rest}`))).toEqual({
      pages: [page(0, 7, true)],
      scans: [],
      filtered: [],
      needsBills: true,
    });
  });

  it('reads arguments from variables, and their defaults where they are not given', () => {
    const body = 'invoices(first: $first, after: $after) { nodes { number } }';
    expect(selectWith('$first: Int, $after: String', body, { first: 3, after: toCursor(9) }).pages).toEqual([page(10, 3)]);
    expect(selectWith('$first: Int, $after: String', body, {}).pages).toEqual([page(0, 20)]);
    expect(selectWith('$first: Int, $after: String', body, { first: null, after: null }).pages).toEqual([page(0, 20)]);
    expect(selectWith('$first: Int = 4, $after: String', body, {}).pages).toEqual([page(0, 4)]);
    expect(selectWith('$first: Int = 4, $after: String', body, { first: null }).pages).toEqual([page(0, 20)]);
    expect(select('invoices(first: null, after: null) { nodes { number } }').pages).toEqual([page(0, 20)]);
  });

  it.each([
    ['@skip(if: true)', false],
    ['@skip(if: false)', true],
    ['@include(if: true)', true],
    ['@include(if: false)', false],
    ['@skip(if: false) @include(if: true)', true],
    ['@skip(if: true) @include(if: true)', false],
    ['@skip(if: false) @include(if: false)', false],
    ['@skip(if: $no)', true],
    ['@skip(if: $yes)', false],
    ['@include(if: $no)', false],
    ['@include(if: $yes)', true],
    ['@include(if: $byDefault)', true],
  ])('honours %s on fields, inline fragments and spreads', (directive, isThere) => {
    const declarations = '$yes: Boolean!, $no: Boolean!, $byDefault: Boolean! = true';
    const used = '... @include(if: $yes) { number } ... @include(if: $no) { number } ... @include(if: $byDefault) { number }';
    const rest = 'fragment Due on Contract { dueDate }';
    for (const body of [`dueDate ${directive}`, `... ${directive} { dueDate }`, `...Due ${directive}`]) {
      expect(selectWith(declarations, `${used} ${body} ...Due @skip(if: true)`, { yes: true, no: false }, rest).needsBills).toBe(isThere);
    }
    expect(
      selectWith(
        declarations,
        `${used} ...Due @skip(if: true) invoices { nodes { number } pageInfo ${directive} { hasNextPage } }`,
        { yes: true, no: false },
        rest,
      ).pages,
    ).toEqual([page(0, 20, isThere)]);
  });

  it('does not read the arguments of what is left out', () => {
    expect(select('dueDate invoices(first: 0) @skip(if: true) { nodes { number } }').pages).toEqual([]);
  });

  it('sees that an invoice is searched', () => {
    expect(select('invoice(number: "0007") { amount }')).toEqual({ pages: [], scans: [0], filtered: [], needsBills: true });
    expect(select('invoice(number: 7) { amount }').scans).toEqual([0]);
  });

  it.each([
    ['bad: invoices(first: 0) { nodes { number } }', '`first` must be a whole number from 1 to 1000.'],
    ['bad: invoices(first: -1) { nodes { number } }', '`first` must be a whole number from 1 to 1000.'],
    ['bad: invoices(first: 1001) { nodes { number } }', '`first` must be a whole number from 1 to 1000.'],
    ['bad: invoices(after: "x") { nodes { number } }', '`after` must be a cursor'],
    ['bad: invoice(number: "") { number }', "`number` must be an invoice's number"],
    ['... { ... on Contract { bad: invoices(first: 0) { nodes { number } } } }', '`first` must be'],
  ])('refuses %s at the path of that field', (body, message) => {
    let refusal: unknown;
    try {
      select(`dueDate ${body}`);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ message: expect.stringContaining(message), path: ['customer', 'contract', 'bad'] });
  });
});

describe('selectsNextPage', () => {
  it('is true only of hasNextPage of the pageInfo itself', () => {
    const select = (body: string): boolean => {
      const { info, context } = resolving(`{ ${inContract(`invoices { ${body} }`)} }`);
      return selectsNextPage(fieldOf(info, context).fields[0]!);
    };
    expect(select('pageInfo { hasNextPage }')).toBe(true);
    expect(select('pageInfo { hasPreviousPage endCursor }')).toBe(false);
    expect(select('nodes { number } edges { cursor }')).toBe(false);
    expect(select('nodes { contract { invoices { pageInfo { hasNextPage } } } }')).toBe(false);
  });
});

describe('looking ahead in a compiled operation', () => {
  it('is done once where no argument is a variable, for the same limits', () => {
    const { info, context } = resolving(
      `{ ${inContract('dueDate invoices(first: 30) { nodes { number } } invoice(number: "7") { amount }')} }`,
    );
    const selection = selectContract(info, context);
    expect(selection).toEqual({ pages: [page(0, 30)], scans: [0], filtered: [], needsBills: true });
    expect(selectContract(info, context)).toBe(selection);
    expect(() => selectContract(info, { ...context, pageLimits: { maxPageSize: 25 } })).toThrow('from 1 to 25');
    expect(selectContract(info, context)).toBe(selection);
  });

  it('is done each time where one is', () => {
    const { info, context } = resolving(`query($first: Int) { ${inContract('invoices(first: $first) { nodes { number } }')} }`, {
      first: 1,
    });
    expect(selectContract(info, context).pages).toEqual([page(0, 1)]);
    expect(selectContract({ ...info, variableValues: { first: 2 } }, context).pages).toEqual([page(0, 2)]);
  });

  it('finds what is wrong each time', () => {
    const { info, context } = resolving(`{ ${inContract('invoices(first: 0) { nodes { number } }')} }`);
    for (let i = 0; i < 2; i++) expect(() => selectContract(info, context)).toThrow('from 1 to 1000');
  });
});

describe('Pages that a filter, or the length of the list, makes', () => {
  /** Of a billing API that filters by the status alone. */
  const pushing: PageLimits = { maxPageSize: 1000, pushes: ({ billPeriods }) => billPeriods === null };
  const selectAt = (pageLimits: PageLimits, body: string): ContractSelection => {
    const { info, context } = resolving(`{ ${inContract(body)} }`);
    return selectContract(info, { ...context, pageLimits });
  };
  const paid = 'filter: { status: true }';
  const status = { status: true, billPeriods: null };

  it.each([
    ['a filtered page, from the list’s start', `invoices(${paid}) { nodes { number } }`, [0]],
    ['a filtered page, from its cursor', `invoices(${paid}, after: "${toCursor(41)}") { nodes { number } }`, [42]],
    ['a filtered page before a cursor, from there', `invoices(${paid}, last: 2, before: "${toCursor(41)}") { nodes { number } }`, [40]],
    ['nothing between two cursors', `invoices(${paid}, after: "${toCursor(4)}", before: "${toCursor(5)}") { nodes { number } }`, []],
    [
      'each place once',
      `a: invoices(${paid}) { nodes { number } } b: invoices(${paid}, first: 1, after: "${toCursor(9)}") { totalCount } c: invoiceSummary { count } d: invoice(number: 1) { number }`,
      [0, 10],
    ],
  ])('are read with the list where the API does not filter: %s', (_what, body, scans) => {
    expect(select(body)).toEqual({ pages: [], scans, filtered: [], needsBills: true });
  });

  it('are requests of their own where the API filters, equal ones once', () => {
    const cursor = toCursor(4);
    const { filtered, ...rest } = selectAt(
      pushing,
      `a: invoices(first: 5, ${paid}) { nodes { number } } b: invoices(first: 5, ${paid}) { nodes { amount } }
       c: invoices(first: 6, ${paid}) { nodes { number } } d: invoices(first: 5, filter: { status: false }) { nodes { number } }
       e: invoices(first: 5, filter: { billPeriods: ["x"] }, after: "${cursor}") { nodes { number } }`,
    );
    expect(rest).toEqual({ pages: [], scans: [5], needsBills: true });
    expect(filtered).toEqual([
      { filter: status, page: page(0, 5) },
      { filter: status, page: page(0, 6) },
      { filter: { status: false, billPeriods: null }, page: page(0, 5) },
    ]);
  });

  it('are asked for later where they are counted from the end, or are empty', () => {
    expect(select('invoices(last: 3) { nodes { number } }')).toEqual({ pages: [], scans: [], filtered: [], needsBills: true });
    expect(select(`invoices(first: 3, after: "${toCursor(4)}", before: "${toCursor(5)}") { totalCount }`).pages).toEqual([]);
    expect(select(`invoices(last: 3, before: "${toCursor(5)}") { totalCount }`).pages).toMatchObject([page(2, 3)]);
  });

  it('are counted as requests before equal ones are merged: one at least, and those that the API filters besides', () => {
    const [one, other] = [page(0, 5), page(9, 5)];
    const counted = (parts: Partial<ContractSelection>) =>
      countRequests({ pages: [], scans: [], filtered: [], needsBills: true, ...parts });
    expect(counted({})).toBe(1);
    expect(counted({ pages: [one] })).toBe(1);
    expect(counted({ pages: [one, other], scans: [0] })).toBe(3);
    expect(counted({ filtered: [{ filter: status, page: one }] })).toBe(2);
    expect(counted({ pages: [one], scans: [0], filtered: [{ filter: status, page: one }] })).toBe(3);
  });

  it('are looked for first where they may be: a whole page of the list that a filter reads, and the contract alone otherwise', () => {
    const parse = (args: string): AnyPageRequest => {
      const { info, context } = resolving(`{ ${inContract(`invoices(${args}) { nodes { number } }`)} }`);
      const [field] = fieldOf(info, context).fields;
      if (field?.costs?.reads !== 'page') throw new Error('no page');
      return field.costs.parse(field.arguments({}), limits, false);
    };
    expect(toFirstPage(parse('first: 3'), 10)).toEqual(page(0, 3));
    expect(toFirstPage(parse('last: 3'), 10)).toBe(EMPTY_PAGE);
    expect(toFirstPage(parse(`${paid}, after: "${toCursor(24)}"`), 10)).toEqual(page(20, 10));
    expect(toFirstPage(parse(`${paid}, after: "${toCursor(4)}", before: "${toCursor(5)}"`), 10)).toBe(EMPTY_PAGE);
    expect(EMPTY_PAGE).toEqual(page(0, 0));
  });

  it('do not come with the contract where the API filters them, or they are of the contract’s other lists', () => {
    const { info, context } = resolving(
      `{ ${inContract(`dueDate a: invoices(first: 3) { totalCount } b: invoices(first: 3, ${paid}) { totalCount } c: invoices(first: 4, ${paid}) { totalCount }`)} }`,
    );
    const { fields } = fieldOf(info, context);
    const of = (field: (typeof fields)[number], limit: PageLimits): AnyPageRequest | null =>
      field.costs?.reads === 'page' && field.key !== 'c' ? field.costs.parse(field.arguments({}), limit, false) : null;
    const others = (limit: PageLimits) => otherPagesOf(fields, (field) => of(field, limit), 10);
    expect(others(limits)).toEqual([]);
    expect(others(pushing)).toEqual([{ list: expect.objectContaining({ name: BILLS.name }), filter: status, page: page(0, 3) }]);
  });

  it('may take a second call where they reach the end of the first', () => {
    expect(isLong(page(0, 9), { maxQuantity: 10 })).toBe(false);
    expect(isLong(page(0, 10), { maxQuantity: 10 })).toBe(true);
    expect(isLong(page(8, 2), { maxQuantity: 10 })).toBe(true);
  });
});

describe('The page that a resolver is asked for', () => {
  const pageFor = (args: string, given: PageArguments, body = 'nodes { number }', variables = {}): AnyPageRequest => {
    const declared = Object.keys(variables).length > 0 ? 'query($last: Int)' : '';
    const { info, context } = resolving(`${declared} { ${inContract(`invoices${args} { ${body} }`)} }`, variables);
    const path = { prev: info.path, key: 'invoices', typename: 'Contract' };
    const fieldNodes = [...fieldOf(info, context).fields[0]!.nodes];
    return pageOf(given, { fieldNodes, variableValues: info.variableValues, path }, context);
  };

  it('is read from what TypeGraphQL has made of its arguments, and probed where another page is asked about', () => {
    expect(pageFor('', { first: 20 })).toEqual(page(0, 20));
    expect(pageFor(`(first: 3, after: "${toCursor(4)}")`, { first: 3, after: toCursor(4), last: null, before: null })).toEqual(page(5, 3));
    expect(pageFor('', { first: 20 }, 'pageInfo { hasNextPage }')).toEqual(page(0, 20, true));
  });

  it('is read as it was written where it has other arguments: the default of `first` does not count as given', () => {
    expect(pageFor('(last: 3)', { first: 20, last: 3 })).toEqual({ last: 3, from: 0 });
    expect(pageFor('(last: $last)', { first: 20, last: 4 }, undefined, { last: 4 })).toEqual({ last: 4, from: 0 });
    expect(pageFor(`(before: "${toCursor(3)}")`, { first: 20, before: toCursor(3) })).toEqual(page(0, 3));
    expect(pageFor('(filter: { status: false })', { first: 20, filter: { status: false } })).toMatchObject({
      filter: { status: false, billPeriods: null },
      size: 20,
    });
  });

  it('is that of a field that declares one', () => {
    const { info, context } = resolving(`{ ${inContract('dueDate')} }`);
    expect(() => pageOf({}, info, context)).toThrow('declares what it costs');
  });
});

describe('selectsPreviousPage', () => {
  it('is true only of hasPreviousPage of the pageInfo itself', () => {
    const select = (body: string): boolean => {
      const { info, context } = resolving(`{ ${inContract(`invoices { ${body} }`)} }`);
      return selectsPreviousPage(fieldOf(info, context).fields[0]!);
    };
    expect(select('pageInfo { hasPreviousPage }')).toBe(true);
    expect(select('pageInfo { hasNextPage startCursor }')).toBe(false);
    expect(select('nodes { number }')).toBe(false);
  });
});

describe('The contract among entities', () => {
  it('is looked at by the selections on its type', () => {
    const document = parse(
      'query($r: [_Any!]!) { _entities(representations: $r) { ... on Contract { dueDate invoices(first: 4) { totalCount } } ... on Invoice { number } } }',
    );
    const requested = new RequestedOperation({ schema, document, operation: getOperationAST(document)!, variables: { r: [] } });
    const [entities] = requested.model.rootFields;
    const path = { prev: undefined, key: '_entities', typename: 'Query' };
    expect(selectOfContract(entities!, { variableValues: {}, path }, limits)).toEqual({
      pages: [page(0, 4)],
      scans: [],
      filtered: [],
      needsBills: true,
    });
  });

  it('has its fields’ places in the list of entities in the paths of errors', () => {
    const document = parse(
      'query($r: [_Any!]!) { _entities(representations: $r) { ... on Contract { bad: invoices(first: 0) { totalCount } } } }',
    );
    const requested = new RequestedOperation({ schema, document, operation: getOperationAST(document)!, variables: { r: [] } });
    const [entities] = requested.model.rootFields;
    const path = { prev: { prev: undefined, key: '_entities', typename: 'Query' }, key: 2, typename: undefined };
    let refusal: unknown;
    try {
      selectOfContract(entities!, { variableValues: {}, path }, limits);
    } catch (error) {
      refusal = error;
    }
    const { nodes } = entities!.fieldsOf(schema.getType('Contract') as GraphQLObjectType)[0]!;
    expect(refusal).toMatchObject({ path: ['_entities', 2, 'bad'], nodes });
  });
});
