import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const USAGE = `Makes the files of a release of the version in package.json: the package, a CycloneDX SBOM and checksums.
Refuses a working tree with changes, a version without a section in CHANGELOG.md, and a version that is tagged elsewhere.

npm run release -- [--out release]   where the files go
`;

/** Makes a release of the project in the current folder, and gives what is wrong with it instead where something is. */
function release(out: string): string[] {
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string };
  const problems = findProblems(version, readFileSync('CHANGELOG.md', 'utf8'));
  if (problems.length > 0) return problems;
  mkdirSync(out, { recursive: true });
  // The pack builds first (prepack), so that the package holds what the tree says.
  run('npm', ['pack', '--silent', '--pack-destination', out]);
  const sbom = run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--omit', 'dev', '--package-lock-only']);
  // npm names the component after the folder.
  const document = JSON.parse(sbom) as { metadata: { component: { name: string } } };
  document.metadata.component.name = name;
  writeFileSync(join(out, `${name}-${version}.cdx.json`), `${JSON.stringify(document, null, 2)}\n`);
  const files = readdirSync(out)
    .filter((file) => file.startsWith(`${name}-${version}.`))
    .sort();
  const sums = files.map(
    (file) =>
      `${createHash('sha256')
        .update(readFileSync(join(out, file)))
        .digest('hex')}  ${file}\n`,
  );
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
  process.stdout.write(
    `${[...files, 'SHA256SUMS'].map((file) => join(out, file)).join('\n')}\nThen: git tag -a v${version} -m v${version}\n`,
  );
  return [];
}

function findProblems(version: string, changelog: string): string[] {
  const problems: string[] = [];
  const changes = run('git', ['status', '--porcelain']).trimEnd();
  if (changes !== '') problems.push(`The working tree has changes. Commit or stash them:\n${changes}`);
  const [tagged] = run('git', ['tag', '--list', `v${version}`]).split('\n');
  if (tagged !== '' && run('git', ['rev-list', '-n', '1', `v${version}`]) !== run('git', ['rev-parse', 'HEAD']))
    problems.push(`v${version} is the tag of another commit: set a new version in package.json.`);
  const section = /^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$/m.exec(changelog);
  if (section?.[1] !== version) problems.push(`CHANGELOG.md has no section "## ${version} (YYYY-MM-DD)" as its newest.`);
  if (/^## Unreleased$/m.exec(changelog.slice(0, section?.index)) && !/^## Unreleased\s+^## /m.test(changelog))
    problems.push('CHANGELOG.md has unreleased changes: move them into the section of the version.');
  return problems;
}

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 1024 * 1024 });
}

function main(args: readonly string[]): void {
  const [option, out = 'release', ...others] = args;
  if (others.length > 0 || (option !== undefined && option !== '--out')) {
    process.stdout.write(USAGE);
    process.exitCode = option === '--help' ? 0 : 1;
    return;
  }
  const problems = release(out);
  if (problems.length === 0) return;
  process.stderr.write(`There is no release:\n${problems.map((problem) => `- ${problem}`).join('\n')}\n`);
  process.exitCode = 1;
}

main(process.argv.slice(2));
