import 'reflect-metadata';
import { getOperationAST, parse } from 'graphql';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PreparedOperations } from '../../../../src/graphql/execution/compiled-operations';
import type { FieldPlan, ObjectPlan } from '../../../../src/graphql/execution/plan';
import { toHeapBytes } from '../../../../src/graphql/limits/document-stores';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

const MIB = 1024 * 1024;

/** Compiles a document under all 64 settings of its conditions: how many bytes the heap has grown by, and the bytes accounted for. */
function compileAll(maxBytes: number, shape = ''): { readonly grown: number; readonly accounted: number; readonly found: number } {
  const script = join(__dirname, '../../../support/plan-heap.cjs');
  return JSON.parse(execFileSync(process.execPath, ['--expose-gc', script, String(maxBytes), shape], { encoding: 'utf8' })) as never;
}

describe('The plans of a document with six conditions', () => {
  it('stay within the bound on what is cached, all 64 of them', () => {
    const { grown, accounted, found } = compileAll(6 * MIB);
    // What was compiled is found again.
    expect(found).toBe(64);
    expect(accounted).toBeLessThanOrEqual(6 * MIB);
    expect(grown).toBeLessThan(6 * MIB);
  });

  it('are counted at no less than what they take', () => {
    const { grown, accounted } = compileAll(500 * MIB);
    // Without a bound they take more than the test above allows.
    expect(grown).toBeGreaterThan(6 * MIB);
    expect(accounted).toBeGreaterThan(grown);
  });

  it('are counted with their models, which are larger where equal selections share a plan', () => {
    const { grown, accounted } = compileAll(500 * MIB, 'aliases');
    expect(grown).toBeGreaterThan(9 * MIB);
    expect(accounted).toBeGreaterThan(grown);
  });
});

const schema = buildServedSchema();
const toOperation = (text: string) => {
  const document = parse(text);
  return { document, operation: getOperationAST(document)! };
};

describe('The operations that are known', () => {
  const text = '{ customer(idType: "CPF", id: "1") { id } }';

  it('are compiled once, from the document that came first', () => {
    const operations = new PreparedOperations(schema);
    const known = toOperation(text);
    operations.learn(text, undefined, known);
    operations.learn(text, undefined, toOperation(text));
    const prepared = operations.find(text, undefined)!;
    expect(prepared.document).toBe(known.document);
    expect(operations.find(text, undefined)).toBe(prepared);
    expect([operations.find(text, 'undefined'), operations.find(text, '')]).toEqual([undefined, undefined]);
    expect([operations.size, operations.planCount, operations.schema]).toEqual([1, 0, schema]);
    prepared.variant({});
    expect(operations.planCount).toBe(1);
    // What its caller alone executes takes no place.
    expect(operations.prepareOnce(known.document, known.operation).variant({})).not.toBeNull();
    expect([operations.size, operations.planCount]).toEqual([1, 1]);
  });

  it('are as many as may be, and take as many bytes: the least recently used go first', () => {
    const texts = Array.from({ length: 10 }, (_, index) => `{ a${index}: customer(idType: "CPF", id: "1") { id } }`);
    const learnAll = (bound: ConstructorParameters<typeof PreparedOperations>[1]): PreparedOperations => {
      const operations = new PreparedOperations(schema, bound);
      for (const each of texts) {
        operations.learn(each, undefined, toOperation(each));
        operations.find(texts[0]!, undefined)!.variant({});
      }
      return operations;
    };
    const isKnown = (operations: PreparedOperations): boolean[] => texts.map((each) => operations.find(each, undefined) !== undefined);
    const ends = texts.map((_, index) => index === 0 || index > 7);
    expect(isKnown(learnAll({ maxOperations: 3, maxBytes: 2 ** 20 }))).toEqual(ends);
    const bytesOfOne = 2 * texts[0]!.length + toHeapBytes(parse(texts[0]!));
    // Half of the bytes are for plans.
    const few = learnAll({ maxOperations: 10, maxBytes: 2 * 3 * bytesOfOne });
    expect(isKnown(few)).toEqual(ends);
    expect(few.bytes).toBeGreaterThan(3 * bytesOfOne);
    expect(isKnown(learnAll({ maxOperations: 10, maxBytes: 2 * 3 * bytesOfOne - 2 })).filter(Boolean)).toHaveLength(2);
    expect(isKnown(learnAll(undefined))).toEqual(texts.map(() => true));
  });
});

describe('Aliases of one contract', () => {
  const first = 'contract(number: "1")';
  it.each([
    ['with one selection', 'dueDate invoices(first: 3, after: "x") { nodes { number } }', true],
    ['that lead back to contracts', `customer { ${first} { dueDate } }`, false],
    ['that lead back to contracts by their invoices', 'invoices { nodes { contract { dueDate } } }', false],
    ["with a page from the list's end", 'invoices(last: 3) { nodes { number } }', false],
    ['with a page before a place', 'invoices(first: 2, before: "x") { nodes { number } }', false],
    ['with a page that is filtered', 'invoices(filter: { status: true }) { nodes { number } }', false],
    ['with such a page beside another', 'invoices { totalCount } late: invoices(last: 3) { totalCount }', false],
    ['with a summary', 'invoiceSummary(filter: { status: true }) { count }', true],
    [
      'with arguments in another order',
      'invoices(first: 3, after: "x") { totalCount }',
      true,
      'invoices(after: "x", first: 3) { totalCount }',
    ],
    ['with other arguments', 'invoices(first: 3) { totalCount }', false, 'invoices(first: 4) { totalCount }'],
    ['with another field', 'invoices { totalCount nodes { number } }', false, 'invoices { totalCount nodes { amount } }'],
    ['with another alias', 'invoices { totalCount }', false, 'all: invoices { totalCount }'],
  ])('are executed once where an alias would ask for nothing else: %s', (_, selection, isOnce, other = selection) => {
    const { document, operation } = toOperation(
      `{ customer(idType: "CPF", id: "1") { a: ${first} { ${selection} } b: ${first} { ${other} } c: contract(number: "2") { ${selection} } } }`,
    );
    const plan = new PreparedOperations(schema).prepareOnce(document, operation).variant({})!.plan.fields[0]!.value as ObjectPlan;
    expect(plan.fields.map(({ repeats }: FieldPlan) => repeats)).toEqual([false, isOnce, false]);
    expect(plan.liveFields).toHaveLength(isOnce ? 2 : 3);
  });

  it('are, but other fields are not', () => {
    const { document, operation } = toOperation(
      '{ a: customer(idType: "CPF", id: "1") { x: invoices { totalCount } y: invoices { totalCount } } b: customer(idType: "CPF", id: "1") { id } }',
    );
    const { plan } = new PreparedOperations(schema).prepareOnce(document, operation).variant({})!;
    expect([...plan.fields, ...(plan.fields[0]!.value as ObjectPlan).fields].some(({ repeats }) => repeats)).toBe(false);
  });
});
