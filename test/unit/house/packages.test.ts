import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { satisfies } from 'semver';
import packageJson from '../../../package.json';

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly engines?: Readonly<Record<string, string>>; readonly resolved?: string }>
  >;
}

const lock = JSON.parse(readFileSync(join(__dirname, '../../../package-lock.json'), 'utf8')) as Lock;

/** The packages of a lock that say they do not run on one of these versions of Node. */
function findUnfit({ packages }: Lock, nodeVersions: readonly string[]): string[] {
  return Object.entries(packages)
    .filter(([, { engines }]) => engines?.['node'] !== undefined && nodeVersions.some((version) => !satisfies(version, engines['node']!)))
    .map(([path, { version, engines }]) => `${path} ${version ?? ''} (${engines!['node']!})`);
}

describe('The packages that are installed', () => {
  it('all run on the oldest Node that we promise, and on 24', () => {
    expect(packageJson.engines.node).toBe('>=20.19.0');
    expect(findUnfit(lock, ['20.19.0', '24.0.0'])).toEqual([]);
  });

  it('would be found to hold one that does not', () => {
    expect(findUnfit({ packages: { 'node_modules/new': { version: '1.0.0', engines: { node: '>=22' } } } }, ['20.19.0'])).toEqual([
      'node_modules/new 1.0.0 (>=22)',
    ]);
  });

  it('are locked without an address: they come from the registry that whoever installs them has set', () => {
    expect(Object.entries(lock.packages).filter(([, { resolved }]) => resolved?.startsWith('http') === true)).toEqual([]);
  });
});
