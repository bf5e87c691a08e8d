// node --expose-gc plan-heap.cjs MAX_BYTES [aliases]: compiles a document under the 64 settings of its six conditions in a process of its
// own, whose heap nothing else changes, and prints how many bytes the heap has grown by and how many were accounted for.
const { getOperationAST, parse } = require('graphql');
require('reflect-metadata');
const { PreparedOperations } = require('../../dist/graphql/execution/compiled-operations');
const { buildServedSchema } = require('../../dist/graphql/schema/subgraph');

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];

/** A document whose plan is large under each setting. */
function toQuery() {
  const leaves = Array.from({ length: 60 }, (_, index) => `number${index}: number`).join(' ');
  const pages = NAMES.map(
    (name, index) => `${name}: invoices(first: ${index + 1}) @include(if: $${name}) { nodes { ${leaves} ${name}: amount } }`,
  );
  const variables = NAMES.map((name) => `$${name}: Boolean!`).join(', ');
  return `query Conditions(${variables}) { customer(idType: "CPF", id: "1") { contract(number: "1") { number ${pages.join(' ')} } } }`;
}

/** A document whose plan is small, since its aliases have equal selections, and whose model is large. */
function toAliases() {
  const leaves = Array.from({ length: 40 }, (_, index) => `number${index}: number`).join(' ');
  const conditions = NAMES.map((name) => `${name}: number @include(if: $${name})`).join(' ');
  const aliases = Array.from({ length: 90 }, (_, index) => `alias${index}: contract(number: "1") { ...Selected }`).join(' ');
  const variables = NAMES.map((name) => `$${name}: Boolean!`).join(', ');
  return `query Conditions(${variables}) { customer(idType: "CPF", id: "1") { ${aliases} } } fragment Selected on Contract { ${leaves} ${conditions} }`;
}

function toHeapBytes() {
  global.gc();
  global.gc();
  return process.memoryUsage().heapUsed;
}

const operations = new PreparedOperations(buildServedSchema(), { maxOperations: 100, maxBytes: Number(process.argv[2]) });
const query = process.argv[3] === 'aliases' ? toAliases() : toQuery();
const document = parse(query);
operations.learn(query, 'Conditions', { document, operation: getOperationAST(document) });
const before = toHeapBytes();
let found = 0;
for (let setting = 0; setting < 2 ** NAMES.length; setting++) {
  const variables = Object.fromEntries(NAMES.map((name, bit) => [name, (setting & (1 << bit)) !== 0]));
  const prepared = operations.find(query, 'Conditions');
  const { plan } = prepared.variant(variables);
  if (plan.kind === 'object' && prepared.variant(variables).plan === plan) found++;
}
process.stdout.write(JSON.stringify({ grown: toHeapBytes() - before, accounted: operations.bytes, found }));
