import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

// The rooms of src and what each may import besides itself. `app`, `main` and `tools` know all rooms.
const rooms = {
  billing: [],
  'billing-api': [],
  upstream: ['billing', 'telemetry'],
  cache: ['billing', 'telemetry'],
  telemetry: ['billing'],
  graphql: ['billing', 'telemetry'],
  http: ['graphql', 'billing', 'telemetry'],
};
const all = Object.keys(rooms);
const zones = all.map((room) => ({
  target: `./src/${room}`,
  from: [...all.filter((other) => other !== room && !rooms[room].includes(other)), 'tools', 'app.ts', 'main.ts', 'config.ts', 'setting-reader.ts', 'tracing-settings.ts', 'settings.ts', 'first-query.ts'].map((other) => `./src/${other}`),
  message: `The room ${room} may import only: ${[room, ...rooms[room]].join(', ')}.`,
}));

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/', 'test/generated/', 'test/e2e/client/gql/', 'src/upstream/wire.generated.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [importX.createNodeResolver({ extensions: ['.ts', '.js', '.json'] })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-default-export': 'error',
      'max-lines': ['error', { max: 300 }],
      'max-params': ['error', { max: 4 }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-extraneous-class': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts', 'src/tools/**'],
    rules: { 'no-console': 'error', 'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'One file reads the environment: main.ts hands it to parseConfig.' }] },
  },
  { files: ['test/**/*.ts'], rules: { 'max-lines': ['error', { max: 600 }], '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-member-access': 'off', '@typescript-eslint/no-non-null-assertion': 'off' } },
  { files: ['src/http/graphiql/*.js'], languageOptions: { sourceType: 'script', globals: { document: 'readonly', fetch: 'readonly', Cost: 'readonly', sessionStorage: 'readonly', React: 'readonly', ReactDOM: 'readonly', GraphiQL: 'readonly' } } },
  { files: ['**/*.mjs', '**/*.cjs'], extends: [tseslint.configs.disableTypeChecked], languageOptions: { globals: { process: 'readonly', console: 'readonly', module: 'writable', require: 'readonly', __dirname: 'readonly', URL: 'readonly', Buffer: 'readonly', setTimeout: 'readonly', fetch: 'readonly', performance: 'readonly', AbortController: 'readonly' } } },
);
