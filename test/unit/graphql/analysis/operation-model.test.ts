import { getOperationAST, parse, type GraphQLObjectType } from 'graphql';
import { conditionValues } from '../../../../src/graphql/analysis/variables/coerce-variables';
import { fieldOf, OperationModel } from '../../../../src/graphql/analysis/operation-model';
import { RequestedOperation } from '../../../../src/graphql/analysis/requested-operation';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

const schema = buildServedSchema();

function toModel(source: string, variables: Record<string, unknown> = {}): OperationModel {
  const document = parse(source);
  const operation = getOperationAST(document)!;
  return OperationModel.of({ schema, document, operation }, conditionValues(operation, variables));
}

const ask = (source: string, variables?: Record<string, unknown>): boolean => toModel(source, variables).needsToken;

const data = 'customer(idType: "RUC", id: "1") { id }';

describe('The model of an operation', () => {
  const contracts = `customer(idType: "RUC", id: "1") {
    a: contract(number: "1") { ...Data invoices @include(if: $paged) { nodes { number } } }
    contracts(numbers: ["2"]) { ...Data dueDate @skip(if: true) @include(if: $never) }
  }`;
  const query = `query($paged: Boolean!, $full: Boolean = true, $never: Boolean!, $status: Boolean) { ${contracts} }
    fragment Data on Contract { number ... @include(if: $full) { dueDate invoiceSummary(filter: { status: $status }) { count } } }`;

  it('names the variables on which it depends what is selected, in whatever type of object', () => {
    expect(toModel(query).conditionNames).toEqual(['full', 'paged']);
    expect(toModel(`{ ${data} }`).conditionNames).toEqual([]);
    expect(
      toModel(
        'query($r: [_Any!]!, $b: Boolean!, $a: Boolean!) { _entities(representations: $r) { ... on Contract { dueDate @include(if: $b) } ... on Invoice @skip(if: $a) { number } } }',
      ).conditionNames,
    ).toEqual(['a', 'b']);
  });

  it('looks for those names only where there are variables that a condition could take', () => {
    const sizeAfter = (declarations: string): number => {
      const model = toModel(`query(${declarations}) { ${data} }`);
      expect(model.conditionNames).toEqual([]);
      return model.size;
    };
    expect(['$a: ID!', '$a: [ID!]!', '$a: [Boolean!]', '$a: ID!, $b: Boolean', '$b: Boolean! = true'].map(sizeAfter)).toEqual([
      0, 0, 0, 2, 2,
    ]);
  });

  it('has the fields that are selected under its conditions, each once for a response key', () => {
    const keysOf = (variables: Record<string, unknown>): string =>
      toModel(query, variables)
        .allFields.map(({ key }) => key)
        .join(' ');
    expect(keysOf({ paged: false, full: false })).toBe('customer a number contracts number');
    expect(keysOf({ paged: true, full: false })).toBe('customer a number invoices nodes number contracts number');
    expect(keysOf({ paged: false })).toBe('customer a number dueDate invoiceSummary count contracts number dueDate invoiceSummary count');
  });

  it('counts the fields that it has collected', () => {
    const model = toModel(query, { paged: true });
    expect(model.size).toBe(0);
    expect(model.rootFields).toHaveLength(1);
    expect(model.size).toBe(1);
    expect(model.allFields).toHaveLength(14);
    expect(model.size).toBe(14);
  });

  it('finds the field at a path of the response, in a list or not', () => {
    const model = toModel(query, { paged: true });
    const customer = { prev: undefined, key: 'customer', typename: 'Query' };
    const list = { prev: customer, key: 'contracts', typename: 'Customer' };
    const due = model.fieldAt({ prev: { prev: list, key: 3, typename: undefined }, key: 'dueDate', typename: 'Contract' });
    expect([due.key, due.parentType.name, model.allFields.includes(due)]).toEqual(['dueDate', 'Contract', true]);
    expect(() => model.fieldAt({ prev: customer, key: 'contract', typename: 'Customer' })).toThrow('no field "contract" of Customer');
    expect(() => model.fieldAt({ prev: customer, key: 'a', typename: undefined })).toThrow('no field "a"');
  });
});

describe('A field of a model', () => {
  const rootOf = (source: string, variables?: Record<string, unknown>) => toModel(source, variables).rootFields[0]!;
  const first = 'contract(number: "1")';
  const contractOf = (body: string) => rootOf(`{ customer(idType: "RUC", id: "1") { ${first} { ${body} } } }`).fields[0]!;

  it.each([
    ['dueDate billingAddresses { city } __typename', false],
    ['invoices { nodes { number } pageInfo { hasNextPage } totalCount }', false],
    ['invoice(number: "1") { amount }', false],
    ['invoiceSummary { count }', false],
    ['customer { id }', true],
    ['invoices { nodes { contract { number } } }', true],
    ['invoice(number: "1") { contract { number } }', true],
    ['... { customer { id } }', true],
  ])('leads back to a customer or a contract, or does not: %s', (body, leadsBack) => {
    const contract = contractOf(body);
    expect([contract.leadsBack, contract.leadsBack]).toEqual([leadsBack, leadsBack]);
  });

  it('leads to contracts from a customer, and to nothing from a leaf', () => {
    const leadsBack = (body: string): boolean => rootOf(`{ customer(idType: "RUC", id: "1") { ${body} } }`).leadsBack;
    expect([`${first} { number }`, 'contracts { number }', 'invoices { nodes { amount } }', 'id'].map(leadsBack)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(rootOf('{ __typename }').leadsBack).toBe(false);
  });

  it.each([
    ['invoices', false],
    ['invoices(first: 1, after: "x")', false],
    ['invoices(first: $n)', true],
    ['invoices(first: 1, after: $a)', true],
    ['invoices(filter: { status: $s })', true],
  ])('has arguments that variables take part in, or has none: %s', (field, takesVariables) => {
    const body = `customer(idType: "RUC", id: "1") { ${first} { ${field} { totalCount } } }`;
    const model = toModel(`query($n: Int, $a: String, $s: Boolean) { ${body} }`);
    expect(model.rootFields[0]!.fields[0]!.fields[0]!.takesVariables).toBe(takesVariables);
  });

  it('has the fields of each member of a union, and of one type those that are selected on it', () => {
    const entities = rootOf(
      'query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Contract { dueDate } ... on Invoice { amount number } } }',
    );
    const keysOn = (type: string) => entities.fieldsOf(schema.getType(type) as GraphQLObjectType).map(({ key }) => key);
    for (let again = 0; again < 2; again++) {
      expect(keysOn('Contract')).toEqual(['__typename', 'dueDate']);
      expect(keysOn('Invoice')).toEqual(['__typename', 'amount', 'number']);
    }
    const [contract, invoice] = ['Contract', 'Invoice'].map((type) => entities.fieldsOf(schema.getType(type) as GraphQLObjectType));
    expect(entities.fieldsOf(schema.getType('Contract') as GraphQLObjectType)).toBe(contract);
    expect(entities.fieldsBelow).toEqual(expect.arrayContaining([...contract!, ...invoice!]));
    expect([entities.fields, entities.objectType, entities.leadsBack]).toEqual([[], null, false]);
  });

  it('has its arguments under the variables, and none where the schema does not know it', () => {
    const customer = rootOf('query($id: ID!) { customer(idType: "RUC", id: $id) { id } }');
    expect(customer.arguments({ id: '1' })).toEqual({ idType: 'RUC', id: '1' });
    expect(customer.arguments({ id: '2' })).toEqual({ idType: 'RUC', id: '2' });
    const typename = rootOf('{ __typename }');
    expect([typename.definition, typename.costs, typename.objectType, typename.arguments({})]).toEqual([undefined, null, null, {}]);
    expect([typename.fields, typename.fieldsBelow]).toEqual([[], []]);
  });

  it('is there for queries alone, since the schema has nothing else', () => {
    const model = toModel('mutation { a }');
    expect([model.rootFields, model.needsToken, model.allFields]).toEqual([[], false, []]);
  });
});

describe('A requested operation', () => {
  const request = (source: string, variables?: Record<string, unknown>): RequestedOperation => {
    const document = parse(source);
    return new RequestedOperation({ schema, document, operation: getOperationAST(document)!, variables });
  };

  it('has one model of all that may be selected and of what is selected, where no condition takes part', () => {
    const requested = request(`query($id: ID!) { ${data.replace('"1"', '$id')} }`, { id: '1' });
    expect(requested.model).toBe(requested.whole);
    expect(requested.model).toBe(requested.model);
  });

  it('has another model under its conditions', () => {
    const requested = request(`query($no: Boolean!) { a: __typename @include(if: $no) ${data} }`, { no: false });
    expect(requested.whole.rootFields.map(({ key }) => key)).toEqual(['a', 'customer']);
    expect(requested.model.rootFields.map(({ key }) => key)).toEqual(['customer']);
    expect(requested.model).toBe(requested.model);
  });

  it('is found by resolvers that graphql-js calls, which have lists of nodes of their own', () => {
    const requested = request(`{ ${data} }`);
    const path = { prev: undefined, key: 'customer', typename: 'Query' };
    const info = { fieldNodes: [...requested.model.fieldAt(path).nodes], variableValues: {}, path };
    expect(fieldOf(info, { requested })).toBe(requested.model.fieldAt(path));
    expect(fieldOf(info, { requested: null })).toBe(requested.model.fieldAt(path));
    expect(() => fieldOf({ ...info, fieldNodes: [...info.fieldNodes] }, { requested: null })).toThrow('put into its context');
  });

  it('coerces its variables once, and says where they are not of their types', () => {
    const requested = request('query($r: [_Any!]!) { _entities(representations: $r) { __typename } }', { r: { a: 1 } });
    expect(requested.coerced).toEqual({ r: [{ a: 1 }] });
    expect(requested.coerced).toBe(requested.coerced);
    expect(request('query($r: [_Any!]!) { _entities(representations: $r) { __typename } }').coerced).toBeNull();
  });
});

describe('needsToken', () => {
  it.each([
    '{ __typename }',
    '{ __schema { types { name } } }',
    '{ __type(name: "Query") { name } }',
    '{ _service { sdl } }',
    '{ a: __typename ... { _service { sdl } } ...F } fragment F on Query { __typename }',
  ])('is false of %s', (source) => {
    expect(ask(source)).toBe(false);
  });

  it.each([
    `{ ${data} }`,
    '{ _entities(representations: []) { __typename } }',
    `{ __typename ${data} }`,
    `{ __schema: ${data} }`,
    `{ _service: ${data} }`,
    `{ ... { ${data} } }`,
    `{ ... on Query { ... { ${data} } } }`,
    `{ ...__schema } fragment __schema on Query { ${data} }`,
    `{ ...__type ...__typename } fragment __type on Query { __typename } fragment __typename on Query { ...Deep } fragment Deep on Query { ${data} }`,
    `{ ...A ...A @skip(if: true) } fragment A on Query { ${data} }`,
    `{ ...A @skip(if: true) ...A } fragment A on Query { ${data} }`,
  ])('is true of %s', (source) => {
    expect(ask(source)).toBe(true);
  });

  it.each([
    [`{ __typename ${data.replace('{', '@skip(if: true) {')} }`, {}, false],
    [`{ __typename ... @include(if: false) { ${data} } }`, {}, false],
    [`query($no: Boolean!) { __typename ...F @include(if: $no) } fragment F on Query { ${data} }`, { no: false }, false],
    [`query($no: Boolean!) { __typename ...F @include(if: $no) } fragment F on Query { ${data} }`, { no: true }, true],
    [`query($no: Boolean = true) { __typename ...F @skip(if: $no) } fragment F on Query { ${data} }`, { no: null }, true],
  ])('does not count what is left out of %s with %j', (source, variables, expected) => {
    expect(ask(source, variables)).toBe(expected);
  });

  it('ends with fragments that lead in a circle', () => {
    expect(ask('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }')).toBe(false);
  });
});
