import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const root = join(__dirname, '../..');

/** The browser's files, by the names that the explorer serves them under. */
function toSources(): Readonly<Record<string, string>> {
  const graphiql = dirname(require.resolve('graphiql/package.json'));
  return {
    'react.js': join(dirname(require.resolve('react/package.json')), 'umd/react.production.min.js'),
    'react-dom.js': join(dirname(require.resolve('react-dom/package.json')), 'umd/react-dom.production.min.js'),
    'graphiql.js': join(graphiql, 'graphiql.min.js'),
    'graphiql.css': join(graphiql, 'graphiql.min.css'),
    'cost.js': join(root, 'src/http/explorer/graphiql/cost.js'),
    'page.js': join(root, 'src/http/explorer/graphiql/page.js'),
    'page.css': join(root, 'src/http/explorer/graphiql/page.css'),
  };
}

/** Puts GraphiQL beside the compiled gateway, so that it runs without the packages that it comes from. */
function main(): void {
  const folder = join(root, 'dist/graphiql');
  mkdirSync(folder, { recursive: true });
  for (const [name, source] of Object.entries(toSources())) {
    copyFileSync(source, join(folder, name));
    writeFileSync(join(folder, `${name}.gz`), gzipSync(readFileSync(source)));
  }
}

main();
