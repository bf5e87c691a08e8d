import { readFileSync, readdirSync } from 'node:fs';
import * as parser from '@typescript-eslint/parser';
import importX from 'eslint-plugin-import-x';
import regexp from 'eslint-plugin-regexp';

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

// Oxlint checks everything else, by `.oxlintrc.json`.
export default [
  {
    files: ['src/**/*.ts'],
    languageOptions: { parser },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [importX.createNodeResolver({ extensions: ['.ts', '.js', '.json'] })] },
    rules: { 'import-x/no-restricted-paths': ['error', { zones }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts', 'src/tools/**'],
    plugins: { regexp },
    rules: {
      // Text of clients and of the billing API must not be able to block the event loop. (The plugin stays at 3.1.1:
      // later releases bring a package that needs Node 22.)
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { ignoreSticky: true, report: 'potential' }],
    },
  },
];
