// Mutation testing of the rooms where a mistake costs most. Not a part of CI: a room takes hours. A file takes minutes:
//   npm run test:mutation -- --mutate src/cache/entries/lifetime.ts
export default {
  testRunner: 'jest',
  // Stryker finds the runner beside itself: both come by npx, and not with the project.
  jest: { configFile: 'test/mutation/jest.config.cjs', enableFindRelatedTests: true },
  coverageAnalysis: 'perTest',
  mutate: [
    'src/cache/**/*.ts',
    '!src/cache/redis/**',
    'src/billing/**/*.ts',
    'src/upstream/http/**/*.ts',
    'src/upstream/bills/**/*.ts',
    'src/upstream/scan/**/*.ts',
    'src/graphql/analysis/**/*.ts',
    'src/graphql/limits/**/*.ts',
    'src/graphql/execution/**/*.ts',
    'src/http/pipeline/**/*.ts',
    'src/http/request/**/*.ts',
    'src/http/response/**/*.ts',
    'src/http/connection/**/*.ts',
  ],
  ignorePatterns: ['dist', 'docs', 'deploy', 'examples', 'test/e2e', 'test/bench'],
  // Texts are messages, nearly all of them: what matters of them is pinned where they are shown.
  mutator: { excludedMutations: ['StringLiteral'] },
  // The tests are compiled by swc, which reads no tsconfig. Where there is one, Stryker wants TypeScript to read it.
  tsconfigFile: 'none',
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { allowColor: false, reportTests: false },
  concurrency: 1,
  timeoutMS: 20_000,
  timeoutFactor: 3,
};
