// The unit tests of the rooms that are mutated: those that start processes, gateways or browsers would run for each mutant.
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const base = require('../../jest.config.cjs');

const units = join(__dirname, '../unit');
const startsServers = (file) => /support\/(gateway|bare-server|plan-heap)/.test(readFileSync(join(units, file), 'utf8'));
const slow = readdirSync(units, { recursive: true }).filter((file) => file.endsWith('.test.ts') && startsServers(file));

/** @type {import('jest').Config} */
module.exports = {
  ...base,
  rootDir: '../..',
  globalSetup: undefined,
  // Stryker loads it by itself, and knows no <rootDir>.
  testEnvironment: base.testEnvironment.replace('<rootDir>', join(__dirname, '../..')),
  maxWorkers: 1,
  // With the sources and what the tests share, so that the tests that reach a file through others are found.
  roots: ['<rootDir>/src', '<rootDir>/test/unit', '<rootDir>/test/support'],
  testMatch: [
    'cache',
    'billing',
    'upstream/http',
    'upstream/bills',
    'upstream/scan',
    'graphql/analysis',
    'graphql/limits',
    'graphql/execution',
    'http/pipeline',
    'http/request',
    'http/response',
    'http/connection',
  ].map((room) => `**/test/unit/${room}/**/*.test.ts`),
  testPathIgnorePatterns: ['/node_modules/', '/test/unit/cache/redis/', ...slow.map((file) => `/test/unit/${file}$`)],
};
