// Tests run TypeScript through swc, which emits the decorator metadata that TypeGraphQL reads;
// types are checked apart, by `npm run typecheck`.
/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/support/plain-globals.cjs',
  // Tests wait half of their time, for time limits and for processes of their own: four workers keep two cores busy.
  maxWorkers: 4,
  // A worker that has held 1 GB takes half a second to end, which is all that Jest waits before it speaks of leaks and kills it.
  workerGracefulExitTimeout: 10_000,
  testSequencer: '<rootDir>/test/support/longest-first.cjs',
  globalSetup: '<rootDir>/test/support/global-setup.cjs',
  setupFiles: ['<rootDir>/test/support/property-seed.cjs', '<rootDir>/test/support/stack-traces.cjs'],
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // The modules that are loaded only where they are used; TypeScript wants their emitted names.
  moduleNameMapper: {
    '^(\\./(?:billing-api/billing-api|data/data-file|redis/redis-store|redis-buckets|telemetry/tracing/otel-tracing))\\.js$': '$1',
  },
  testTimeout: 120_000,
  // Jest has no dynamic imports: OpenTelemetry's exporter, which loads `http` by one, is compiled as well.
  transformIgnorePatterns: ['/node_modules/(?!@opentelemetry/otlp-exporter-base/)'],
  transform: {
    '(\\.ts|/otlp-exporter-base/.+\\.js)$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          target: 'es2022',
        },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
};
