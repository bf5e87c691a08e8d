import { getOperationAST, parse, validate } from 'graphql';
import { toCursor } from '../../../support/invoice-cursor';
import { fieldOf, type FieldInfo } from '../../../../src/graphql/analysis/operation-model';
import { RequestedOperation } from '../../../../src/graphql/analysis/requested-operation';
import { selectContract, selectsNextPage, type ContractSelection, type LookAheadContext } from '../../../../src/graphql/analysis/selection';
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
