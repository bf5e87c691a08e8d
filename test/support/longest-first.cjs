const TestSequencer = require('@jest/test-sequencer').default;

/**
 * Test files that take longest, longest first. A file that begins when all others have ended keeps one core busy and the other
 * waiting. Jest knows how long files took on the machine before, which a new clone does not.
 */
const LONGEST = [
  'e2e/upstream-guards',
  'deploy/dockerfile',
  'e2e/redis-tls',
  'e2e/workers',
  'bench/benchmarks',
  'unit/cache/redis/evictions-in-outages',
  'e2e/browser/graphiql',
  'e2e/process',
  'e2e/execution-paths',
  'e2e/worst-operations',
  'e2e/upstream-faults',
  'unit/graphql/analysis/predict-calls.property',
  'e2e/package/package',
  'e2e/load-balancers/plain',
  'unit/cache/redis/connecting',
  'e2e/slow-readers',
  'e2e/greedy-requests',
  'unit/http/fuzz',
  'e2e/load-balancers/addresses',
  'e2e/early-responses',
  'e2e/readme/readme',
  'unit/tools/cost-check',
  'e2e/upstream-isolation',
  'e2e/supergraph/start',
  'e2e/export/memory',
  'e2e/traces-delivery',
  'e2e/load-balancers/tls',
  'e2e/crowds',
  'unit/cache/redis/waiting',
  'e2e/redis-cache',
  'e2e/overload',
].map((name) => `/test/${name}.test.ts`);

/** Starts the longest test files first, and the others in Jest's order. */
class LongestFirst extends TestSequencer {
  sort(tests) {
    const rankOf = ({ path }) => {
      const rank = LONGEST.findIndex((end) => path.endsWith(end));
      return rank === -1 ? LONGEST.length : rank;
    };
    return [...super.sort(tests)].sort((a, b) => rankOf(a) - rankOf(b));
  }
}
LongestFirst.LONGEST = LONGEST;

module.exports = LongestFirst;
