import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnCommand } from '../../support/gateway-process';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

interface Stage {
  readonly command: string;
  readonly after?: readonly string[];
  readonly isStreamed?: boolean;
  readonly isBackground?: boolean;
}

/** Runs the check of a project that has these stages. */
async function runCheck(stages: Readonly<Record<string, Stage>>): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'check-'));
  folders.push(folder);
  const entries = Object.entries(stages);
  await copyFile(join(__dirname, '../../support/check.mjs'), join(folder, 'check.mjs'));
  await writeFile(join(folder, 'check-stages.json'), JSON.stringify(entries.map(([name, stage]) => ({ name, ...stage }))));
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ scripts: Object.fromEntries(entries.map(([name, { command }]) => [name, command])) }),
  );
  const check = spawnCommand(process.execPath, ['check.mjs'], { cwd: folder, env: { PATH: process.env['PATH'] } });
  return { code: await check.exited, stdout: check.stdout(), stderr: check.stderr() };
}

/** Makes a file, and waits for the one that another stage makes. */
const meet = (mine: string, other: string): string =>
  `echo begin-${mine} && touch ${mine} && while [ ! -e ${other} ]; do sleep 0.05; done && echo end-${mine}`;
const withoutTimes = (text: string): string => text.replace(/ *\d+\.\d s/g, '').trim();

describe('The check', () => {
  it('runs stages at the same time, those that need others after these, and writes what each says in one piece', async () => {
    const { code, stdout, stderr } = await runCheck({
      a: { command: `${meet('a', 'b')} && while [ ! -e c ]; do sleep 0.05; done` },
      b: { command: meet('b', 'a') },
      c: { command: 'echo seen-c; ls b; touch c', after: ['b'] },
      d: { command: 'echo seen-d; ls a b c', after: ['a', 'c'] },
    });
    expect([code, stderr]).toEqual([0, '']);
    const [written, durations] = withoutTimes(stdout).split('\n\nDurations:\n');
    const pieces = written!.split('\n\n');
    expect(pieces.toSorted()).toEqual(['== a\nbegin-a\nend-a', '== b\nbegin-b\nend-b', '== c\nseen-c\nb', '== d\nseen-d\na\nb\nc']);
    expect([pieces[0], pieces[3]]).toEqual([expect.stringMatching(/^== b/), expect.stringMatching(/^== d/)]);
    expect(durations).toBe('a\nb\nc\nd\nall');
  });

  it('writes what a streamed stage says as it goes', async () => {
    const { stdout } = await runCheck({
      a: { command: 'echo begin-a; touch a; while [ ! -e c ]; do sleep 0.05; done; echo end-a', isStreamed: true },
      b: { command: 'while [ ! -e a ]; do sleep 0.05; done; echo seen-b' },
      c: { command: 'touch c', after: ['b'] },
    });
    expect(stdout).toMatch(/^\n== a\nbegin-a\n\n== b\nseen-b\n[^]*end-a\n/);
  });

  it('gives stages in the background a lower priority than the others', async () => {
    const { stdout } = await runCheck({ a: { command: 'nice' }, b: { command: 'nice', isBackground: true } });
    const nicenessOf = (name: string): number => Number(new RegExp(`== ${name}\n(\\d+)\n`).exec(stdout)?.[1]);
    expect(nicenessOf('b')).toBe(Math.min(nicenessOf('a') + 10, 19));
  });

  it('lets stages in the background use one thread', async () => {
    const command = 'echo threads: $GOMAXPROCS';
    const { stdout } = await runCheck({ a: { command }, b: { command, isBackground: true } });
    expect(stdout).toMatch(/== a\nthreads:\n/);
    expect(stdout).toMatch(/== b\nthreads: 1\n/);
  });

  it('fails when a stage fails: names each that did, with what it wrote, and runs those alone that need none of them', async () => {
    const { code, stdout, stderr } = await runCheck({
      a: { command: 'echo bad-a >&2; exit 3' },
      b: { command: 'echo good-b' },
      c: { command: 'echo bad-c >&2; exit 1', after: ['b'] },
      d: { command: 'echo seen-d', after: ['b', 'a'] },
      e: { command: 'echo good-e', after: ['b'] },
      f: { command: 'echo seen-f', after: ['d'] },
    });
    expect(code).toBe(1);
    const [written, durations] = withoutTimes(stdout).split('\n\nDurations:\n');
    expect(written!.split('\n\n').toSorted()).toEqual(['== a failed\nbad-a', '== b\ngood-b', '== c failed\nbad-c', '== e\ngood-e']);
    expect(durations).toMatch(/^a\nb\nc\nd +not run\ne\nf +not run\nall$/);
    for (const name of ['a', 'c']) expect(stderr).toContain(`\nThe stage "${name}" failed. Run it alone with: npm run ${name}\n`);
    expect(stderr.match(/failed/g)).toHaveLength(2);
  });
});
