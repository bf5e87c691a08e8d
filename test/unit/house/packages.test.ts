import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { satisfies } from 'semver';
import packageJson from '../../../package.json';

interface Package {
  readonly version?: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A package-lock.json: its packages by the folder that they are installed in. */
interface Lock {
  readonly packages: Readonly<Record<string, Package>>;
}

const root = join(__dirname, '../../..');

function readLock(file: string): Lock {
  return JSON.parse(readFileSync(join(root, file), 'utf8')) as Lock;
}

/** The packages of a lock that say they do not run on one of these versions of Node. */
function findUnfit({ packages }: Lock, nodeVersions: readonly string[]): string[] {
  return Object.entries(packages)
    .filter(([, { engines }]) => engines?.['node'] !== undefined && nodeVersions.some((version) => !satisfies(version, engines['node']!)))
    .map(([path, { version, engines }]) => `${path} ${version ?? ''} (${engines!['node']!})`);
}

/** The folders of a lock where one of these packages is installed as a copy, and not as a link to another folder. */
function findCopies({ packages }: Lock, names: readonly string[]): string[] {
  return Object.entries(packages)
    .filter(([path, { resolved }]) => resolved?.startsWith('../') !== true && names.some((name) => path.endsWith(`/${name}`)))
    .map(([path]) => path)
    .filter((path) => path.startsWith('node_modules/'));
}

describe.each(['package-lock.json', 'test/package-lock.json'])('The packages of %s', (file) => {
  it('all run on the oldest Node that we promise, on 24 and on 26', () => {
    expect(packageJson.engines.node).toBe('>=20.19.0');
    expect(findUnfit(readLock(file), ['20.19.0', '24.0.0', '26.0.0'])).toEqual([]);
  });

  it('are locked without an address: they come from the registry that whoever installs them has set', () => {
    expect(Object.entries(readLock(file).packages).filter(([, { resolved }]) => resolved?.startsWith('http') === true)).toEqual([]);
  });
});

describe('A package that does not run on a Node that we promise', () => {
  it('is found', () => {
    expect(findUnfit({ packages: { 'node_modules/new': { version: '1.0.0', engines: { node: '>=22' } } } }, ['20.19.0'])).toEqual([
      'node_modules/new 1.0.0 (>=22)',
    ]);
  });
});

describe('The packages that only the tests use', () => {
  const lock = readLock('test/package-lock.json');
  // Objects of two copies of these do not know one another.
  const shared = ['graphql', 'react', 'react-dom'];

  it('have no copy of a package that must be there once', () => {
    expect(findCopies(lock, shared)).toEqual([]);
    const nested = 'node_modules/a/node_modules/graphql';
    expect(findCopies({ packages: { [nested]: {}, 'node_modules/graphql': { resolved: '../node_modules/graphql' } } }, shared)).toEqual([
      nested,
    ]);
  });

  it('all find the graphql of the top level', () => {
    const folders = Object.entries(lock.packages)
      .filter(
        ([path, { dependencies, peerDependencies }]) => path !== '' && { ...dependencies, ...peerDependencies }['graphql'] !== undefined,
      )
      .map(([path]) => join(root, 'test', path));
    expect(folders.map((folder) => folder.slice(folder.indexOf('node_modules/')))).toEqual(
      expect.arrayContaining(['@apollo/client', '@apollo/gateway', '@wundergraph/composition'].map((name) => `node_modules/${name}`)),
    );
    // By Node itself: Jest resolves modules in a way of its own.
    const resolve = `JSON.stringify(${JSON.stringify(folders)}.map((folder) => require.resolve('graphql', { paths: [folder] })))`;
    const found = JSON.parse(execFileSync(process.execPath, ['-p', resolve], { encoding: 'utf8', cwd: root })) as string[];
    expect(new Set(found)).toEqual(new Set([join(root, 'node_modules/graphql/index.js')]));
  });
});
