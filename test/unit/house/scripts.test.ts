import { execFile } from 'node:child_process';
import { access, chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { spawnCommand } from '../../support/gateway-process';
import packageJson from '../../../package.json';
import checkStages from '../../support/check-stages.json';

const run = promisify(execFile);
const root = join(__dirname, '../../..');
const stages = checkStages.map(({ name }) => name);
const scripts: Readonly<Record<string, string>> = packageJson.scripts;

/** The commands of the README's first code block: to start, and to test. */
async function readmeCommands(): Promise<string[]> {
  const block = /```(?:sh|bash)\n([^]*?)```/.exec(await readFile(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
  return block
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

describe('The commands of the project', () => {
  it('are all there', () => {
    expect(Object.keys(scripts)).toEqual(
      expect.arrayContaining([
        'dev',
        'build',
        'start',
        'typecheck',
        'lint',
        'fix',
        'test',
        'schema:emit',
        'schema:check',
        'codegen',
        'codegen:check',
        'check',
      ]),
    );
  });

  it('are two in the README, of one line each, and CI runs the second of them and nothing else', async () => {
    const ci = await readFile(join(root, '.ci/run'), 'utf8');
    await access(join(root, '.ci/run'), constants.X_OK);
    const [start, test, ...others] = await readmeCommands();
    expect([start, test, others]).toEqual(['npm ci && npm run build && npm start', 'npm ci && npm test', []]);
    expect(ci.split('\n').filter((line) => line.includes('npm') && !line.startsWith('#'))).toEqual([test]);
  });

  it('check in one command all that can be checked', () => {
    expect(scripts['check']).toBe('node test/support/check.mjs');
    expect(stages).toEqual(
      expect.arrayContaining([
        ...['build', 'typecheck', 'lint', 'jest'],
        // What cost:check checks are the operations of a front end, which it is given.
        ...Object.keys(scripts).filter((each) => each.endsWith(':check') && each !== 'cost:check'),
      ]),
    );
    expect(stages.filter((stage) => !(stage in scripts))).toEqual([]);
    // Each after stages of the list that stand before it.
    for (const [index, { after = [] }] of checkStages.entries())
      expect(after.filter((name) => !stages.slice(0, index).includes(name))).toEqual([]);
    expect(scripts['test']).toContain('npm run check');
  });
});

describe('The set-up of the tests', () => {
  const installer = join(root, 'test/support/install-servers.sh');

  /** Runs the installer where only these commands are found; each writes down that it ran. */
  async function runInstaller(commands: Readonly<Record<string, string>>): Promise<{ code: number; output: string; ran: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'install-'));
    const bin = join(folder, 'bin');
    await mkdir(bin);
    for (const [name, body] of Object.entries(commands)) {
      await writeFile(join(bin, name), `#!/bin/bash\necho "${name} $*" >> ${folder}/ran\n${body}\n`);
      await chmod(join(bin, name), 0o755);
    }
    for (const name of ['bash', 'env']) await symlink((await run('sh', ['-c', `command -v ${name}`])).stdout.trim(), join(bin, name));
    // The system's own folders hold the real servers, so the copy looks nowhere but in this one.
    const text = (await readFile(installer, 'utf8')).replace('PATH="$PATH:/usr/sbin:/sbin"', `PATH="${bin}"`);
    const result = await run('/bin/bash', ['--norc', '-c', text], { env: { PATH: bin } }).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      (error: unknown) => {
        const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
        return { code, output: stdout + stderr };
      },
    );
    const ran = await readFile(join(folder, 'ran'), 'utf8').catch(() => '');
    await rm(folder, { recursive: true });
    return { ...result, ran };
  }

  const SERVERS = { openssl: '', 'redis-server': '', nginx: '', chromium: '', curl: '', promtool: '', tinyproxy: '' };

  it('does nothing where everything is there', async () => {
    expect(await runInstaller(SERVERS)).toEqual({ code: 0, output: '', ran: '' });
  });

  it('installs what is missing and no more, and fetches the lists of packages only where they are needed', async () => {
    const others = { openssl: '', 'redis-server': '', curl: '', promtool: '', tinyproxy: '' };
    const good = await runInstaller({ ...others, id: 'echo 0', 'apt-get': '' });
    expect([good.code, good.ran]).toEqual([0, 'id -u\napt-get install --yes --quiet --no-install-recommends chromium nginx\n']);
    const failing = await runInstaller({ ...others, id: 'echo 0', 'apt-get': 'exit 100' });
    expect(failing.code).not.toBe(0);
    expect(failing.ran).toContain('apt-get update --quiet\n');
  });

  it('says what is missing where it cannot install: without apt-get, or as a user who may not', async () => {
    const others = { openssl: '', 'redis-server': '', nginx: '', curl: '', promtool: '', tinyproxy: '' };
    const withoutApt = await runInstaller({ ...others, id: 'echo 0' });
    const withoutRights = await runInstaller({ ...others, id: 'echo 1000', sudo: 'exit 1', 'apt-get': '' });
    expect(withoutApt).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^The tests need these programs on the PATH: chromium\. .*no apt-get/),
    });
    expect(withoutRights).toMatchObject({ code: 1, output: expect.stringMatching(/chromium.*neither root nor may use sudo/) });
    expect(withoutRights.ran).not.toContain('apt-get');
  });
});

describe('The packages of the tests', () => {
  const installer = join(root, 'test/support/install-packages.cjs');

  it('are installed where they are missing or where their lock has changed, and left alone otherwise', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'packages-'));
    const lock = join(folder, 'package-lock.json');
    const installed = join(folder, 'node_modules/.installed-lock.json');
    const project = { dependencies: { a: 'file:a' } };
    const toLock = (name: string): string =>
      JSON.stringify({
        name,
        lockfileVersion: 3,
        packages: { '': project, a: { version: '1.0.0' }, 'node_modules/a': { resolved: 'a', link: true } },
      });
    // With the npm of a PATH, or with none.
    const install = (path = process.env['PATH']): Promise<unknown> =>
      run(process.execPath, ['-e', `require(${JSON.stringify(installer)})(${JSON.stringify(folder)})`], {
        env: { ...process.env, PATH: path },
      });
    await mkdir(join(folder, 'a'));
    await writeFile(join(folder, 'a/package.json'), JSON.stringify({ name: 'a', version: '1.0.0' }));
    await writeFile(join(folder, 'package.json'), JSON.stringify(project));
    await writeFile(lock, toLock('before'));
    await expect(install('/nowhere')).rejects.toThrow(/npm ENOENT/);
    await expect(readFile(installed)).rejects.toThrow('ENOENT');
    await expect(install()).resolves.toMatchObject({ stdout: expect.stringMatching(/^Installing the packages of the tests/) });
    await expect(install('/nowhere')).resolves.toEqual({ stdout: '', stderr: '' });
    await writeFile(lock, toLock('after'));
    await expect(install('/nowhere')).rejects.toThrow(/npm ENOENT/);
    await expect(install()).resolves.toMatchObject({ stdout: expect.stringMatching(/^Installing/) });
    expect(await readFile(installed, 'utf8')).toBe(toLock('after'));
    await rm(folder, { recursive: true });
  });
});

describe('The command dev', () => {
  it('runs the gateway, runs it again when a source file changes, and leaves nothing behind when it ends', async () => {
    const project = await mkdtemp(join(tmpdir(), 'dev-'));
    for (const part of ['src', 'dist', 'package.json', 'tsconfig.json'])
      await cp(join(root, part), join(project, part), { recursive: true });
    // The file that changes is compiled, and not the others, which the copy has compiled already.
    const build = JSON.parse(await readFile(join(root, 'tsconfig.build.json'), 'utf8')) as object;
    await writeFile(join(project, 'tsconfig.build.json'), JSON.stringify({ ...build, include: ['src/first-query.ts'] }));
    await symlink(join(root, 'node_modules'), join(project, 'node_modules'));
    // Without the build that the command begins with, which the copy has already.
    const [first, start] = scripts['dev']!.split(' && ');
    const dev = spawnCommand('sh', ['-c', `exec ${start!}`], { cwd: project, env: { PATH: process.env['PATH'], PORT: '0' } });
    // The compiler watches once it has compiled everything a first time.
    await dev.waitFor(/"msg":"ready"[^]*Watching for file changes|Watching for file changes[^]*"msg":"ready"/);
    const file = join(project, 'src/first-query.ts');
    const text = await readFile(file, 'utf8');
    const seen = dev.waitFor(/Another first query, saved/);
    // Saved again while it is not seen: Node.js does not notice a file that is written while the gateway is loading it.
    for (let times = 1, isSeen = false; !isSeen; times++) {
      await writeFile(file, text.replace('A first query,', `Another first query, saved ${times} times,`));
      isSeen = await Promise.race([seen.then(() => true), setTimeout(10_000, false, { ref: false })]);
    }
    dev.child.kill('SIGTERM');
    await dev.exited;
    await rm(project, { recursive: true });
    expect(first).toBe('npm run --silent build');
    const urls = [...dev.stdout().matchAll(/"url":"([^"]+)\/graphql"/g)].map((match) => match[1]!);
    expect(urls.length).toBeGreaterThanOrEqual(2);
    for (const url of urls) await expect(fetch(url)).rejects.toThrow('fetch failed');
  }, 180_000);
});
