import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import packageJson from '../../../package.json';
import { repository } from '../../support/documents';
import { spawnCommand } from '../../support/gateway-process';
import { startLocalRegistry, type LocalRegistry } from '../../support/local-registry';

const run = promisify(execFile);

/**
 * Packs a copy of the project, so that no file appears in the project itself. The registry of the test makes archives of its
 * own, which have other checksums than those of the lock.
 */
async function packCopy(copy: string): Promise<string> {
  await mkdir(copy);
  for (const part of [
    'package.json',
    'package-lock.json',
    'dist',
    'schema',
    'docs',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    '.env.example',
  ])
    await cp(join(repository, part), join(copy, part), { recursive: true });
  // The build is made by the tests' own set-up.
  await run('node', ['dist/tools/release/shrinkwrap.js'], { cwd: copy });
  const shrinkwrap = await readFile(join(copy, 'npm-shrinkwrap.json'), 'utf8');
  await writeFile(join(copy, 'npm-shrinkwrap.json'), shrinkwrap.replaceAll(/^ *"integrity": .*\n/gm, '').replaceAll(/,(\s*\})/g, '$1'));
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json'], { cwd: copy });
  return join(copy, (JSON.parse(stdout) as [{ filename: string }])[0].filename);
}

describe('The package', () => {
  let folder: string;
  let registry: LocalRegistry;
  let env: Record<string, string | undefined>;
  const app = (): string => join(folder, 'app');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'package-'));
    await mkdir(app());
    await writeFile(join(app(), 'package.json'), '{ "private": true }');
    registry = await startLocalRegistry({ manifest: packageJson, archive: await packCopy(join(folder, 'copy')) });
    env = { PATH: process.env['PATH'], HOME: folder, npm_config_registry: registry.url, npm_config_update_notifier: 'false' };
    await run('npm', ['install', '--no-audit', '--no-fund', packageJson.name], { cwd: app(), env });
  }, 300_000);

  afterAll(async () => {
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('has what running needs, and neither sources nor tests', async () => {
    const { stdout } = await run('find', ['.', '-path', './node_modules', '-prune', '-o', '-type', 'f', '-print'], {
      cwd: join(app(), 'node_modules', packageJson.name),
    });
    const files = stdout.trim().split('\n');
    expect(files).toEqual(
      expect.arrayContaining(['./dist/main.js', './dist/graphiql/page.js', './README.md', './LICENSE', './CHANGELOG.md', './.env.example']),
    );
    expect(files.filter((file) => /^\.\/(src|test|deploy)\/|\.map$|\.ts$/.test(file))).toEqual([]);
  });

  it('runs: prints its version with npx, serves made-up bills in development, and stops on SIGTERM', async () => {
    const { stdout } = await run('npx', ['--no-install', packageJson.name, '--version'], { cwd: app(), env });
    expect(stdout.trim()).toBe(packageJson.version);
    const gateway = spawnCommand(join(app(), 'node_modules/.bin', packageJson.name), [], { cwd: app(), env: { ...env, PORT: '0' } });
    try {
      const [, url] = await gateway.waitFor(/"url":"(http:[^"]+)"/);
      const [, authorization] = await gateway.waitFor(/'Authorization: (Bearer [^']+)'/);
      const response = await fetch(url as string, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: authorization as string },
        body: JSON.stringify({ query: '{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { dueDate } } }' }),
      });
      expect(await response.json()).toMatchObject({ data: { customer: { contract: { dueDate: '2025-07-15' } } } });
      const [tokenCommand] = await gateway.waitFor(/^BILLING_API_TOKEN_URL=.*$/m);
      expect((await run('sh', ['-c', tokenCommand], { cwd: app(), env })).stdout).toMatch(/Authorization.*Bearer /);
      expect((await fetch(`${url as string}/explorer/page.js`)).status).toBe((await fetch(`${url as string}/explorer/react.js`)).status);
      gateway.child.kill('SIGTERM');
      expect(await gateway.exited).toBe(0);
    } finally {
      await gateway.kill();
    }
  });

  it('says in the metrics and the log which version runs', async () => {
    const gateway = spawnCommand('node', [join('node_modules', packageJson.name, packageJson.bin['billing-graphql-gateway'])], {
      cwd: app(),
      env: { ...env, PORT: '0' },
    });
    try {
      const [, url] = await gateway.waitFor(/"url":"(http:[^"]+)\/graphql"[^\n]*"version":"([^"]+)"/);
      expect(gateway.stdout()).toContain(`"version":"${packageJson.version}"`);
      expect(await (await fetch(`${url as string}/metrics`)).text()).toContain(
        `billing_gateway_build_info{version="${packageJson.version}",node="${process.versions.node}"} 1\n`,
      );
    } finally {
      await gateway.kill();
    }
  });
});
