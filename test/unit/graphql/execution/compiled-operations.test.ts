import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { getOperationAST, parse } from 'graphql';
import { PreparedOperations } from '../../../../src/graphql/execution/compiled-operations';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

const MIB = 1024 * 1024;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];

/** A document whose plan is large under each of the 64 settings of its six conditions. */
function toQuery(): string {
  const leaves = Array.from({ length: 60 }, (_, index) => `number${index}: number`).join(' ');
  const pages = NAMES.map(
    (name, index) => `${name}: invoices(first: ${index + 1}) @include(if: $${name}) { nodes { ${leaves} ${name}: amount } }`,
  );
  const variables = NAMES.map((name) => `$${name}: Boolean!`).join(', ');
  return `query Conditions(${variables}) { customer(idType: "CPF", id: "1") { contract(number: "1") { number ${pages.join(' ')} } } }`;
}

function toHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** Compiles the document under all settings of its conditions; returns what the heap has grown by. */
function compileAll(operations: PreparedOperations): number {
  const query = toQuery();
  const document = parse(query);
  operations.learn(query, 'Conditions', document, getOperationAST(document)!);
  const before = toHeapBytes();
  for (let setting = 0; setting < 2 ** NAMES.length; setting++) {
    const variables = Object.fromEntries(NAMES.map((name, bit) => [name, (setting & (1 << bit)) !== 0]));
    const prepared = operations.find(query, 'Conditions')!;
    expect(prepared.variant(variables)?.plan.kind).toBe('object');
    // What was compiled is found again.
    expect(prepared.variant(variables)?.plan).toBe(prepared.variant(variables)?.plan);
  }
  return toHeapBytes() - before;
}

describe('The plans of a document with six conditions', () => {
  const schema = buildServedSchema();

  it('stay within the bound on what is kept, all 64 of them', () => {
    const operations = new PreparedOperations(schema, { maxOperations: 100, maxBytes: 6 * MIB });
    const grown = compileAll(operations);
    expect(operations.bytes).toBeLessThanOrEqual(6 * MIB);
    expect(grown).toBeLessThan(6 * MIB);
  });

  it('are counted at no less than what they take', () => {
    const operations = new PreparedOperations(schema, { maxOperations: 100, maxBytes: 500 * MIB });
    const grown = compileAll(operations);
    // Without a bound they take more than the test above allows.
    expect(grown).toBeGreaterThan(12 * MIB);
    expect(operations.bytes).toBeGreaterThan(grown);
  });
});
