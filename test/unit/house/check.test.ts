import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnCommand } from '../../support/gateway-process';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** Runs the check of a project that has these stages, each with its command. */
async function runCheck(groups: Readonly<Record<string, string>>[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'check-'));
  folders.push(folder);
  await copyFile(join(__dirname, '../../support/check.mjs'), join(folder, 'check.mjs'));
  await writeFile(join(folder, 'check-stages.json'), JSON.stringify(groups.map((group) => Object.keys(group))));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ scripts: Object.assign({}, ...groups) }));
  const check = spawnCommand(process.execPath, ['check.mjs'], { cwd: folder, env: { PATH: process.env['PATH'] } });
  return { code: await check.exited, stdout: check.stdout(), stderr: check.stderr() };
}

/** Makes a file, and waits for the one that another stage makes. */
const meet = (mine: string, other: string): string =>
  `echo begin-${mine} && touch ${mine} && while [ ! -e ${other} ]; do sleep 0.05; done && echo end-${mine}`;
const withoutTimes = (text: string): string => text.replace(/ *\d+\.\d s/g, '').trim();

describe('The check', () => {
  it('runs the stages of a group at the same time, writes what each says in one piece, and then runs the next group', async () => {
    const { code, stdout, stderr } = await runCheck([{ a: meet('a', 'b'), b: meet('b', 'a') }, { c: 'echo seen-c; ls a b' }]);
    expect([code, stderr]).toEqual([0, '']);
    expect(withoutTimes(stdout)).toBe('== a\nbegin-a\nend-a\n\n== b\nbegin-b\nend-b\n\n== c\nseen-c\na\nb\n\nDurations:\na\nb\nc\nall');
  });

  it('fails when a stage fails: names each that did, with what it wrote, and runs no later group', async () => {
    const { code, stdout, stderr } = await runCheck([
      { a: 'echo bad-a >&2; exit 3', b: 'echo good-b', c: 'echo bad-c >&2; exit 1' },
      { d: 'touch d; echo seen-d' },
    ]);
    expect(code).toBe(1);
    expect(withoutTimes(stdout)).toBe('== a\n\n== b\ngood-b\n\n== c\nbad-c\n\nDurations:\na\nb\nc\nall');
    expect(stderr).toBe(
      'bad-a\n\nThe stage "a" failed. Run it alone with: npm run a\n\nThe stage "c" failed. Run it alone with: npm run c\n',
    );
  });
});
