import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { toShrinkwrap } from '../../../../src/tools/release/shrinkwrap';
import { repository } from '../../../support/documents';

const run = promisify(execFile);
const CHANGELOG = '# Changelog\n\n## Unreleased\n\n## 1.2.3 (2026-11-27)\n\n### Added\n\n- Tea.\n';

describe('The release command', () => {
  let folder: string;
  const git = (...args: string[]) => run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args], { cwd: folder });
  const release = (): Promise<{ code: number; output: string }> =>
    run('node', [join(repository, 'dist/tools/release.js'), '--out', 'release'], { cwd: folder }).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      (error: unknown) => ({ code: (error as { code: number }).code, output: (error as { stderr: string }).stderr }),
    );
  const commit = async (): Promise<void> => {
    await git('add', '-A');
    await git('commit', '-q', '--allow-empty', '-m', 'a commit');
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'release-'));
    await git('init', '-q');
    const root = { name: 'tea', version: '1.2.3', license: 'MIT' };
    await writeFile(join(folder, 'package.json'), JSON.stringify(root));
    await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ ...root, lockfileVersion: 3, packages: { '': root } }));
    await writeFile(join(folder, 'CHANGELOG.md'), CHANGELOG);
    await writeFile(join(folder, '.gitignore'), 'release/\n');
    await commit();
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes the package, a CycloneDX SBOM and checksums of both', async () => {
    expect(await release()).toMatchObject({ code: 0, output: expect.stringContaining('git tag -a v1.2.3') });
    expect((await readdir(join(folder, 'release'))).sort()).toEqual(['SHA256SUMS', 'tea-1.2.3.cdx.json', 'tea-1.2.3.tgz']);
    const sbom = JSON.parse(await readFile(join(folder, 'release/tea-1.2.3.cdx.json'), 'utf8')) as { metadata: { component: unknown } };
    expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'tea', version: '1.2.3' } } });
    await run('sha256sum', ['--check', 'SHA256SUMS'], { cwd: join(folder, 'release') });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['a working tree with changes', () => writeFile(join(folder, 'new.txt'), ''), 'The working tree has changes'],
    [
      'a version that the changelog does not have',
      () => writeFile(join(folder, 'CHANGELOG.md'), CHANGELOG.replace('1.2.3', '1.2.2')).then(commit),
      'CHANGELOG.md has no section "## 1.2.3 (YYYY-MM-DD)"',
    ],
    [
      'changes that belong to no version',
      () => writeFile(join(folder, 'CHANGELOG.md'), CHANGELOG.replace('Unreleased\n', 'Unreleased\n\n- Coffee.\n')).then(commit),
      'CHANGELOG.md has unreleased changes',
    ],
    ['a version that is the tag of another commit', () => git('tag', 'v1.2.3').then(commit), 'v1.2.3 is the tag of another commit'],
  ])('refuses %s', async (_what, spoil, problem) => {
    await spoil();
    expect(await release()).toMatchObject({ code: 1, output: expect.stringContaining(problem) });
  });
});

describe('The shrinkwrap', () => {
  it('has what production needs, and nothing for development', () => {
    expect(
      toShrinkwrap({
        lockfileVersion: 3,
        packages: { '': { dependencies: {}, devDependencies: {} }, 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { dev: true } },
      }),
    ).toEqual({ lockfileVersion: 3, packages: { '': { dependencies: {} }, 'node_modules/a': { version: '1.0.0' } } });
  });
});
