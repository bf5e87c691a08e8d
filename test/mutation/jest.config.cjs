// The unit tests of the rooms that are mutated: those that start processes, gateways or browsers would run for each mutant.
const base = require('../../jest.config.cjs');

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  globalSetup: undefined,
  maxWorkers: 1,
  roots: ['<rootDir>/test/unit'],
  testMatch: ['cache', 'billing', 'upstream/http', 'graphql/analysis', 'graphql/limits', 'graphql/execution'].map(
    (room) => `**/test/unit/${room}/**/*.test.ts`,
  ),
  testPathIgnorePatterns: ['/node_modules/', '/test/unit/cache/redis/'],
};
