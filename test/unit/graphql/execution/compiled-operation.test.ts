import { buildSchema, getOperationAST, parse, type GraphQLUnionType } from 'graphql';
import type { ResultMeter } from '../../../../src/graphql/context/result-meter';
import { CodeCache } from '../../../../src/graphql/execution/code-cache';
import { PreparedOperation, type CompiledPlan } from '../../../../src/graphql/execution/compiled-operation';
import type { ObjectPlan } from '../../../../src/graphql/execution/plan';
import { JsonBuffer } from '../../../../src/graphql/execution/writing/json-buffer';
import { toPlainWriter } from '../../../../src/graphql/execution/writing/plain-writer';
import { CallBudget } from '../../../../src/graphql/limits/call-budget';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

const schema = buildServedSchema();
const customer = 'customer(idType: "CPF", id: "1")';

function prepare(source: string) {
  const document = parse(source);
  const plans = new Map<string, CompiledPlan>();
  const prepared = new PreparedOperation<{ readonly results: ResultMeter }>(schema, document, getOperationAST(document)!, {
    isRepeatable: () => false,
    onRepeat: () => undefined,
    plans,
    code: new CodeCache(),
  });
  return { prepared, plans };
}

describe('A prepared operation', () => {
  it('has a plan for each setting of its conditions, and one for all that differs in other variables', () => {
    const source = `query($a: Boolean!, $b: Boolean!, $s: Boolean) { ${customer} {
      id @include(if: $a) idType @skip(if: $b) invoices(filter: { status: $s }) { nodes { number } } } }`;
    const { prepared, plans } = prepare(source);
    const planOf = (a: boolean, b: boolean, s?: boolean | null) => prepared.variant({ a, b, ...(s !== undefined && { s }) })!.plan;
    expect(planOf(true, true)).toBe(planOf(true, true, false));
    expect(planOf(true, true)).toBe(planOf(true, true, null));
    expect(new Set([planOf(true, true), planOf(true, false), planOf(false, true), planOf(false, false)]).size).toBe(4);
    expect(plans.size).toBe(4);
  });

  it('shares its plans with no other operation', () => {
    const plans = new Map<string, CompiledPlan>();
    const document = parse(`{ ${customer} { id } }`);
    const options = { isRepeatable: () => false, onRepeat: () => undefined, plans, code: new CodeCache() };
    const [one, other] = [0, 1].map(() => new PreparedOperation(schema, document, getOperationAST(document)!, options));
    expect(one!.variant({})!.plan).not.toBe(other!.variant({})!.plan);
    expect(plans.size).toBe(2);
  });

  it('has no plan where a condition is null, which the execution reports', () => {
    const { prepared, plans } = prepare(`query($a: Boolean = true) { ${customer} { id @include(if: $a) } }`);
    expect(prepared.variant({ a: null })).toBeNull();
    expect(plans.size).toBe(0);
    expect(prepared.variant({ a: true })).not.toBeNull();
  });

  it('has no plans with more than six conditions', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const { prepared, plans } = prepare(
      `query(${names.map((name) => `$${name}: Boolean!`).join(' ')}) { ${customer} { ${names.map((name) => `${name}: id @include(if: $${name})`).join(' ')} } }`,
    );
    expect(prepared.variant(Object.fromEntries(names.map((name) => [name, true])))).toBeNull();
    expect(plans.size).toBe(0);
    const six = names.slice(1);
    const fewer = prepare(
      `query(${six.map((name) => `$${name}: Boolean!`).join(' ')}) { ${customer} { ${six.map((name) => `${name}: id @include(if: $${name})`).join(' ')} } }`,
    );
    expect(fewer.prepared.variant(Object.fromEntries(six.map((name) => [name, true])))).not.toBeNull();
  });

  it('is compiled only where it may be, and asks no more once it is', () => {
    const { prepared, plans } = prepare(`{ ${customer} { id } }`);
    expect(prepared.variant({}, () => false)).toBeNull();
    expect(plans.size).toBe(0);
    const variant = prepared.variant({}, () => true);
    expect(variant).not.toBeNull();
    expect(prepared.variant({}, () => false)).toBe(variant);
  });

  it('remembers that the compiled execution does not cover it', () => {
    const { prepared, plans } = prepare('{ __schema { types { name } } }');
    expect(prepared.variant({})).toBeNull();
    expect(plans.size).toBe(1);
    expect(
      prepared.variant({}, () => {
        throw new Error('asked again');
      }),
    ).toBeNull();
    expect(prepared.modelUnder({})).toBeNull();
  });

  it.each([
    '{ float }',
    '{ kind }',
    '{ custom }',
    '{ named { name } }',
    '{ either { ... on A { name } } }',
    'mutation { name }',
    '{ __type(name: "A") { name } }',
  ])('does not cover types and operations that the gateway has not: %s', (source) => {
    const foreign = buildSchema(`
        type Query { float: Float kind: Kind custom: [Custom] named: Named either: Either name: String }
        type Mutation { name: String }
        enum Kind { ONE } scalar Custom interface Named { name: String } type A implements Named { name: String } union Either = A
      `);
    const document = parse(source);
    const options = { isRepeatable: () => false, onRepeat: () => undefined, plans: new Map<string, CompiledPlan>(), code: new CodeCache() };
    expect(new PreparedOperation(foreign, document, getOperationAST(document)!, options).variant({})).toBeNull();
  });

  it('gives requests the model that it was compiled of, under the same conditions', () => {
    const { prepared } = prepare(`query($a: Boolean!) { ${customer} { id @include(if: $a) } }`);
    const { model } = prepared.variant({ a: true })!;
    const keysUnder = (a: boolean): string[] => prepared.variant({ a })!.model.allFields.map(({ key }) => key);
    expect([keysUnder(true), keysUnder(false)]).toEqual([['customer', 'id'], ['customer']]);
    expect(prepared.request({ a: true }).model).toBe(model);
    expect(prepared.request({ a: false }).model).not.toBe(model);
    expect(prepared.request({ a: false }).model.allFields.map(({ key }) => key)).toEqual(['customer']);
    expect(prepared.modelUnder({})).toBeNull();
  });

  it('coerces texts by itself, and everything else as graphql-js does', () => {
    const { prepared } = prepare(`query($id: ID!, $idType: String) { customer(idType: $idType, id: $id) { id } }`);
    const coerce = (variables: Record<string, unknown>) => prepared.request(variables).coerced;
    expect(coerce({ id: '7', idType: 'CPF', other: 1 })).toEqual({ id: '7', idType: 'CPF' });
    expect(coerce({ id: '7' })).toEqual({ id: '7' });
    expect(coerce({ id: 7, idType: null })).toEqual({ id: '7', idType: null });
    expect([coerce({}), coerce({ id: null }), coerce({ id: true }), coerce({ id: '7', idType: 7 })]).toEqual([null, null, null, null]);
    // What every object inherits is no variable.
    expect(coerce(Object.create({ id: '7' }) as Record<string, unknown>)).toBeNull();
    const withDefault = prepare(`query($id: ID = "9", $n: Int) { customer(idType: "CPF", id: $id) { id } }`).prepared;
    expect(withDefault.request({ n: 3 }).coerced).toEqual({ id: '9', n: 3 });
    expect(withDefault.request({ n: '3' }).coerced).toBeNull();
    const coerceOne = (variable: string, variables: Record<string, unknown>) =>
      prepare(`query($v: ${variable}) { ${customer} { contracts(numbers: []) { dueDate } } }`).prepared.request(variables).coerced;
    expect(coerceOne('Int', { v: '3' })).toBeNull();
    expect(coerceOne('[ID!]', { v: '3' })).toEqual({ v: ['3'] });
    expect(coerceOne('ID = "9"', {})).toEqual({ v: '9' });
    expect(coerceOne('ID!', {})).toBeNull();
    expect(coerceOne('ID', {})).toEqual({});
    expect(coerceOne('String!', { v: '' })).toEqual({ v: '' });
  });

  it('is predicted once for a request', () => {
    const budget = new CallBudget({ paging: { mode: 'offset', maxQuantity: 10 }, pageLimits: { maxPageSize: 10 } });
    const { prepared } = prepare(`query($n: [ID!]!) { ${customer} { contracts(numbers: $n) { dueDate } } }`);
    const requested = prepared.request({ n: ['1', '2'] });
    expect(budget.predict(requested)).toEqual({ calls: 2, atLeast: false });
    expect(budget.predict(requested)).toBe(budget.predict(requested));
    expect([budget.refusal(requested, 2), budget.refusal(requested, 1)]).toEqual([
      null,
      expect.objectContaining({ extensions: expect.anything() }),
    ]);
    // More than its bound allows at first sight, and exactly as many as it may.
    expect(budget.refusal(prepared.request({ n: ['1', '1', '2'] }), 2)).toBeNull();
    expect(budget.predict(prepared.request({ n: 7 }))).toEqual({ calls: 1, atLeast: false });
    expect(budget.predict(prepared.request({}))).toBeNull();
  });
});

describe('Compiled code', () => {
  const leaves = 'invoices { nodes { number amount } }';
  const compile = (code: CodeCache, source: string, served = schema): CompiledPlan => {
    const document = parse(source);
    const plans = new Map<string, CompiledPlan>();
    const options = { isRepeatable: () => false, onRepeat: () => undefined, plans, code };
    new PreparedOperation(served, document, getOperationAST(document)!, options).variant({ id: '1' });
    return [...plans.values()][0]!;
  };

  it('is shared by operations that select the same fields under the same names, and accounted for once', () => {
    const code = new CodeCache();
    const first = compile(code, `query A($id: ID!) { customer(idType: "CPF", id: $id) { ${leaves} } }`);
    const { size } = code;
    expect(first.codeBytes).toBeGreaterThan(0);
    expect(code.bytes).toBe(first.codeBytes);
    const second = compile(code, `query B($id: ID!) { other: customer(idType: "RUC", id: $id) { idType ${leaves} } }`);
    expect(second.codeBytes).toBe(0);
    expect(code.size).toBe(size);
  });

  it.each([
    ['another alias', 'invoices { nodes { n: number amount } }'],
    ['another order', 'invoices { nodes { amount number } }'],
    ['another field under the same name', 'invoices { nodes { number: billPeriod amount } }'],
    ['a constant', 'invoices { nodes { number: __typename amount } }'],
  ])('is not shared with %s', (_, other) => {
    const code = new CodeCache();
    compile(code, `{ customer(idType: "CPF", id: "1") { ${leaves} } }`);
    expect(compile(code, `{ customer(idType: "CPF", id: "1") { ${other} } }`).codeBytes).toBeGreaterThan(0);
  });

  it('is not shared with another type, whose records may have another layout', () => {
    const code = new CodeCache();
    const { plan } = compile(code, `{ customer(idType: "CPF", id: "1") { id } }`).variant!;
    const { fields } = plan.fields[0]!.value as ObjectPlan;
    const [one, other] = ['Customer', 'Invoice'].map((name) => schema.getType(name) as ObjectPlan['type']) as [
      ObjectPlan['type'],
      ObjectPlan['type'],
    ];
    expect(toPlainWriter({ type: one, fields }, code)).toBe(toPlainWriter({ type: one, fields }, code));
    expect(toPlainWriter({ type: other, fields }, code)).not.toBe(toPlainWriter({ type: one, fields }, code));
  });

  it('is not shared where a list of a union has other fields', () => {
    const boxes = buildSchema(
      'type Query { box: Box! } type Box { items: [Item!]! } union Item = Pen | Cup type Pen { a: String b: String } type Cup { a: String }',
    );
    const item = boxes.getType('Item') as GraphQLUnionType;
    item.resolveType = () => 'Pen';
    const code = new CodeCache();
    const written = ['a', 'b', 'a: b'].map((selection) => {
      const { plan } = compile(code, `{ box { items { ... on Pen { ${selection} } } } }`, boxes).variant!;
      const out = new JsonBuffer();
      out.start(Infinity, Infinity);
      plan.writePlain!(out, { box: { items: [{ a: 'A', b: 'B' }] } });
      return JSON.parse(String(out.take())) as unknown;
    });
    expect(written).toEqual([{ a: 'A' }, { b: 'B' }, { a: 'B' }].map((each) => ({ box: { items: [each] } })));
  });

  it('is bounded', () => {
    const code = new CodeCache(100_000);
    for (let i = 0; i < 100; i++) compile(code, `{ customer(idType: "CPF", id: "1") { invoices { nodes { a${i}: number } } } }`);
    expect(code.bytes).toBeLessThanOrEqual(100_000);
    expect(code.size).toBeGreaterThan(5);
  });
});
