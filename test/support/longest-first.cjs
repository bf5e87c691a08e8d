const TestSequencer = require('@jest/test-sequencer').default;

/**
 * Test files that take longest, longest first. A file that begins when all others have ended keeps one core busy and the other
 * waiting. Jest knows how long files took on the machine before, which a new clone does not.
 */
const LONGEST = [
  'deploy/dockerfile',
  'unit/http/fuzz',
  'e2e/workers',
  'e2e/execution-paths',
  'e2e/worst-operations',
  'e2e/load-balancers/tls',
  'e2e/upstream-guards',
  'e2e/silent-page-limit',
  'bench/benchmarks',
  'e2e/package/package',
  'unit/tools/cost-check',
  'e2e/process',
  'e2e/browser/graphiql',
  'unit/graphql/analysis/predict-calls.property',
  'e2e/cost-of-paths',
  'e2e/slow-readers',
  'e2e/load-balancers/plain',
  'e2e/readme/readme',
  'e2e/greedy-requests',
  'e2e/supergraph/start',
  'e2e/upstream-faults',
  'e2e/traces-delivery',
  'e2e/export/memory',
  'e2e/early-responses',
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
