import { readFileSync, readdirSync } from 'node:fs';
import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

// What each room of src may import besides itself, and each inner room besides itself within its room.
// `tools` and the files directly in src know all rooms, and no room knows them.
const { rooms, innerRooms } = JSON.parse(readFileSync(new URL('test/support/rooms.json', import.meta.url), 'utf8'));

/** The files directly in a room compose its inner rooms, so an inner room does not import them. */
function filesIn(room) {
  return readdirSync(new URL(`src/${room}`, import.meta.url), { withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  );
}

/** All but the version, which has no imports. */
const OUTSIDE = ['tools', ...filesIn('').filter((name) => name !== 'version.ts')];

function toZone(target, forbidden, allowed) {
  return {
    target: `./src/${target}`,
    from: forbidden.map((each) => `./src/${each}`),
    message: `The room ${target} may import only: ${[target, ...allowed].join(', ')}.`,
  };
}

const zones = [
  ...Object.entries(rooms).map(([room, allowed]) =>
    toZone(room, [...Object.keys(rooms).filter((other) => other !== room && !allowed.includes(other)), ...OUTSIDE], allowed),
  ),
  ...Object.entries(innerRooms).flatMap(([room, inner]) =>
    Object.entries(inner).map(([name, allowed]) =>
      toZone(
        `${room}/${name}`,
        [...Object.keys(inner).filter((other) => other !== name && !allowed.includes(other)), ...filesIn(room)].map(
          (each) => `${room}/${each}`,
        ),
        allowed.map((each) => `${room}/${each}`),
      ),
    ),
  ),
].filter(({ from }) => from.length > 0);

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'coverage/',
      'node_modules/',
      'test/generated/',
      'test/e2e/client/gql/',
      'examples/react/src/gql/',
      'deploy/router/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    // Not `projectService`: it reads every file a second time for a file that begins with `#!`, such as main.ts.
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [importX.createNodeResolver({ extensions: ['.ts', '.js', '.json'] })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-default-export': 'error',
      'max-lines': ['error', { max: 300 }],
      'max-len': ['error', { code: 140, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreUrls: true }],
      'max-params': ['error', { max: 4 }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-extraneous-class': 'off',
      // A sixth of the time of all rules, for nothing: no enum is declared here, and the compiler keeps texts out of those of libraries.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts', 'src/tools/**'],
    plugins: { regexp },
    rules: {
      'no-console': 'error',
      // Text of clients and of the billing API must not be able to block the event loop. (The plugin stays at 3.1.1:
      // later releases bring a package that needs Node 22.)
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { ignoreSticky: true, report: 'potential' }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'One file reads the environment: main.ts hands it to parseConfig.' },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 600 }],
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['src/http/explorer/graphiql/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: {
        document: 'readonly',
        fetch: 'readonly',
        Cost: 'readonly',
        sessionStorage: 'readonly',
        location: 'readonly',
        history: 'readonly',
        MutationObserver: 'readonly',
        navigator: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        URLSearchParams: 'readonly',
        React: 'readonly',
        ReactDOM: 'readonly',
        GraphiQL: 'readonly',
      },
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        require: 'readonly',
        __dirname: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        setInterval: 'readonly',
        AbortController: 'readonly',
      },
    },
  },
);
