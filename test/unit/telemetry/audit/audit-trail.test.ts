import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Caller } from '../../../../src/billing/model/caller';
import type { BillsRead } from '../../../../src/billing/ports/read-audit';
import { deriveAuditKeys } from '../../../../src/telemetry/audit/audit-keys';
import { AuditTrail } from '../../../../src/telemetry/audit/audit-trail';
import { verifyTrail, type TrailReport } from '../../../../src/telemetry/audit/verify-trail';

const SECRET = 'a secret of the audit trail, long enough';
const CALLER = Caller.parse('Bearer some-token')!;
const READ: BillsRead = { customer: { idType: 'RUC', id: '80012345' }, contractNumber: '700100', outcome: 'ok', cached: false };

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'));
  path = join(folder, 'audit.log');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Told {
  written: number;
  failed: string[];
  lost: number;
  changed: number;
}

async function openTrail(): Promise<{ trail: AuditTrail; told: Told }> {
  const told: Told = { written: 0, failed: [], lost: 0, changed: 0 };
  const trail = await AuditTrail.open({
    path,
    secret: SECRET,
    observer: {
      written: (lines) => (told.written += lines),
      failed: (reason) => told.failed.push(reason),
      lost: (reads) => (told.lost += reads),
      changed: () => told.changed++,
    },
  });
  return { trail, told };
}

/** A trail with a line for each of so many requests, in batches of one to three. */
async function writeTrail(requests: number): Promise<{ head: string }> {
  const { trail } = await openTrail();
  for (let i = 0; i < requests; i++) {
    trail.bills(CALLER, `r-${i}`, READ);
    if (i % 3 === 0) await trail.flush();
  }
  await trail.close();
  return { head: trail.head };
}

async function* linesOf(text: string): AsyncGenerator<{ text: Buffer; isEnded: boolean }> {
  const parts = text.split('\n');
  const rest = parts.pop() ?? '';
  for (const part of parts) yield await Promise.resolve({ text: Buffer.from(part), isEnded: true });
  if (rest !== '') yield { text: Buffer.from(rest), isEnded: false };
}

const verify = (texts: readonly string[], head: string | null = null, secret = SECRET): Promise<TrailReport> =>
  verifyTrail(
    texts.map((text) => linesOf(text)),
    deriveAuditKeys(secret).seal,
    head,
  );

const read = async (): Promise<string> => readFile(path, 'utf8');
const parsed = async (): Promise<Record<string, unknown>[]> =>
  (await read())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('An audit trail', () => {
  it('has a line for each request and customer, with keyed hashes and no name', async () => {
    const { trail } = await openTrail();
    trail.bills(CALLER, 'r-1', READ);
    trail.bills(CALLER, 'r-1', { ...READ, contractNumber: '700101' });
    trail.bills(CALLER, 'r-1', { ...READ, contractNumber: null });
    trail.bills(CALLER, 'r-1', { ...READ, outcome: 'forbidden' });
    trail.bills(CALLER, 'r-2', { ...READ, cached: true });
    await trail.close();
    const keys = deriveAuditKeys(SECRET);
    const names = { caller: keys.hashOf('caller', CALLER.tokenId), customer: keys.hashOf('customer', 'RUC/80012345') };
    const contract = (number: string): string => keys.hashOf('contract', `RUC/80012345/${number}`);
    expect(await parsed()).toEqual([
      expect.objectContaining({ event: 'opened' }),
      expect.objectContaining({
        requestId: 'r-1',
        ...names,
        contracts: [contract('700100'), contract('700101'), '*'],
        outcome: 'ok',
        cached: false,
      }),
      expect.objectContaining({ requestId: 'r-1', ...names, contracts: [contract('700100')], outcome: 'forbidden' }),
      expect.objectContaining({ requestId: 'r-2', ...names, contracts: [contract('700100')], outcome: 'ok', cached: true }),
    ]);
    expect(await read()).not.toMatch(/some-token|80012345|70010/);
    expect(deriveAuditKeys(`${SECRET}!`).hashOf('customer', 'RUC/80012345')).not.toBe(names.customer);
  });

  it('passes the check as it was written, and over a restart', async () => {
    await writeTrail(4);
    const { head } = await writeTrail(3);
    const report = await verify([await read()], head);
    expect(report).toEqual({ lines: 9, problems: [], notes: [], follows: null, head });
  });

  it('is found out whatever line is removed, changed, moved or repeated, but for whole writes that are cut off at the end', async () => {
    const { head } = await writeTrail(10);
    const lines = (await read()).trimEnd().split('\n');
    const at = fc.nat({ max: lines.length - 1 });
    const change = fc.oneof(
      fc.record({ kind: fc.constant('remove' as const), at, other: at }),
      fc.record({ kind: fc.constant('move' as const), at, other: at }),
      fc.record({ kind: fc.constant('repeat' as const), at, other: at }),
      fc.record({ kind: fc.constant('change' as const), at, other: fc.nat({ max: 60 }) }),
    );
    await fc.assert(
      fc.asyncProperty(change, async ({ kind, at: index, other }) => {
        const changed = [...lines];
        const [line = ''] = changed.splice(index, 1);
        if (kind === 'move') changed.splice(other, 0, line);
        if (kind === 'repeat') changed.splice(Math.min(other, index), 0, line, line);
        if (kind === 'change')
          changed.splice(index, 0, line.slice(0, other) + String.fromCharCode(line.charCodeAt(other) ^ 1) + line.slice(other + 1));
        if (changed.join('\n') === lines.join('\n')) return;
        const isCutOff = kind === 'remove' && index === lines.length - 1;
        const { problems } = await verify([`${changed.join('\n')}\n`], isCutOff ? head : null);
        expect(problems).not.toEqual([]);
      }),
    );
  });

  it('is found out where its end was cut off in the midst of a write, and with the head that was kept wherever', async () => {
    const { head } = await writeTrail(10);
    const lines = (await read()).split('\n');
    for (let kept = 1; kept < lines.length - 1; kept++) {
      const text = `${lines.slice(0, kept).join('\n')}\n`;
      const isWhole = (lines[kept - 1] as string).includes('"seal"');
      expect([kept, (await verify([text])).problems.length]).toEqual([kept, isWhole ? 0 : 1]);
      expect((await verify([text], head)).problems.length).toBeGreaterThan(0);
    }
  });

  it('cannot be written anew without the secret', async () => {
    await writeTrail(3);
    const { problems } = await verify([await read()], null, `${SECRET}!`);
    // Once, and not for each line: most often the secret is another one.
    expect(problems).toEqual([{ file: 0, line: expect.any(Number), what: expect.stringContaining('none was made with this secret') }]);
  });

  it('is continued after a line that the machine cut off', async () => {
    await writeTrail(3);
    await appendFile(path, '{"time":"2025-');
    await writeTrail(2);
    const { problems, notes, lines } = await verify([await read()]);
    expect([problems, notes.map(({ line }) => line), lines]).toEqual([[], [5], 8]);
  });

  it('goes on in a new file when its own is renamed, and the chain with it', async () => {
    const { trail } = await openTrail();
    trail.bills(CALLER, 'r-1', READ);
    await trail.flush();
    await rename(path, `${path}.1`);
    trail.bills(CALLER, 'r-2', READ);
    await trail.close();
    const [old, young] = [await readFile(`${path}.1`, 'utf8'), await read()];
    expect([old, young].map((text) => [text.includes('r-1'), text.includes('r-2')])).toEqual([
      [true, false],
      [false, true],
    ]);
    expect((await verify([old, young])).problems).toEqual([]);
    expect(await verify([young])).toMatchObject({ problems: [], follows: (await verify([old])).head });
    expect((await verify([young, old])).problems).not.toEqual([]);
    // The first line of each file says so: removed lines at a beginning are missed.
    expect((await verify([young.slice(young.indexOf('\n') + 1)])).problems).not.toEqual([]);
  });

  it('tells of a change by somebody else while it is written', async () => {
    const { trail, told } = await openTrail();
    trail.bills(CALLER, 'r-1', READ);
    await trail.flush();
    await writeFile(path, (await read()).replace(/.*r-1.*\n/, ''));
    trail.bills(CALLER, 'r-2', READ);
    await trail.close();
    expect(told.changed).toBe(1);
    expect((await verify([await read()])).problems).not.toEqual([]);
  });

  it('keeps its lines while the file cannot be written, says so, and writes them afterwards', async () => {
    const { trail, told } = await openTrail();
    await rename(path, `${path}.1`);
    await rename(folder, `${folder}-away`);
    trail.bills(CALLER, 'r-1', READ);
    await trail.flush();
    expect([...new Set(told.failed)]).toEqual(['ENOENT']);
    await rename(`${folder}-away`, folder);
    trail.bills(CALLER, 'r-2', READ);
    await trail.close();
    expect(await read()).toMatch(/r-1[^]*r-2/);
    expect((await verify([await readFile(`${path}.1`, 'utf8'), await read()])).problems).toEqual([]);
    expect(told.lost).toBe(0);
  });

  it('bounds what waits, and writes how many reads are in no line', async () => {
    const { trail, told } = await openTrail();
    // All in one turn of the event loop: nothing can be written meanwhile but the first batch.
    for (let i = 0; i < 150_000; i++) trail.bills(CALLER, undefined, READ);
    expect(told.lost).toBeGreaterThan(40_000);
    while ((await read()).match(/"event":"lost"/) === null) await trail.flush();
    await trail.close();
    const lost = (await parsed()).filter(({ event }) => event === 'lost').map(({ reads }) => reads);
    expect(lost).toEqual([told.lost]);
    expect((await verify([await read()])).problems).toEqual([]);
  });

  it('is continued by the next process where its file was renamed and nothing was read since', async () => {
    const { trail } = await openTrail();
    trail.bills(CALLER, 'r-1', READ);
    await trail.flush();
    await rename(path, `${path}.1`);
    await trail.close();
    await writeTrail(2);
    expect((await verify([await readFile(`${path}.1`, 'utf8'), await read()])).problems).toEqual([]);
  });

  it('follows a renamed file, and tells of a change, though nothing is read', async () => {
    const { trail, told } = await openTrail();
    await rename(path, `${path}.1`);
    while ((await readFile(path, 'utf8').catch(() => '')) === '') await new Promise((resolve) => setTimeout(resolve, 20));
    await appendFile(path, 'x');
    while (told.changed === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await trail.close();
  });

  it('says so where a trail was begun anew', async () => {
    await writeTrail(2);
    await rename(path, `${path}.1`);
    await writeTrail(2);
    expect((await verify([await readFile(`${path}.1`, 'utf8'), await read()])).problems).toEqual([
      { file: 1, line: 1, what: expect.stringContaining('begins a new trail') },
    ]);
    expect((await verify([await readFile(`${path}.1`, 'utf8'), ''])).problems).toEqual([
      { file: 1, line: 0, what: expect.stringContaining('the file is empty') },
    ]);
  });

  it('is refused where its file cannot be opened, or its path names no file', async () => {
    await chmod(folder, 0o700);
    path = join(folder, 'nowhere', 'audit.log');
    await expect(openTrail()).rejects.toThrow('ENOENT');
    // Writes to it would succeed, and nothing would be kept.
    path = '/dev/null';
    await expect(openTrail()).rejects.toThrow('it is no regular file');
  });
});

describe('An audit trail on a full disk', () => {
  /** Writes reads in a process that may make no file larger than 4 KiB, and then runs `script`, which prints JSON. */
  const runFull = (script: string): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const setup = `
        const { AuditTrail } = require(${JSON.stringify(join(__dirname, '../../../../dist/telemetry/audit/audit-trail.js'))});
        const { Caller } = require(${JSON.stringify(join(__dirname, '../../../../dist/billing/model/caller.js'))});
        const { renameSync } = require('node:fs');
        const path = ${JSON.stringify(path)};
        const failed = new Set();
        const observer = { written: () => {}, failed: (reason) => failed.add(reason), lost: () => {}, changed: () => {} };
        (async () => {
          const trail = await AuditTrail.open({ path, secret: ${JSON.stringify(SECRET)}, observer });
          for (let i = 0; i < 20; i++) trail.bills(Caller.parse('Bearer some-token'), 'r-' + i, ${JSON.stringify(READ)});
          await trail.flush();
          ${script}
        })();`;
      // In units of 512 bytes, in every POSIX shell.
      execFile('sh', ['-c', 'ulimit -f 8; exec "$0" -e "$1"', process.execPath, setup], (error, stdout, stderr) =>
        error ? reject(new Error(stderr)) : resolve(JSON.parse(stdout) as Record<string, unknown>),
      );
    });

  it('goes on in a new file when the full one is renamed: a line that was cut off is whole there, and none is lost', async () => {
    const told = await runFull(`
      renameSync(path, path + '.1');
      await trail.flush();
      const { unwritten } = await trail.close();
      console.log(JSON.stringify({ failed: [...failed], unwritten, head: trail.head }));`);
    expect(told).toMatchObject({ failed: ['EFBIG'], unwritten: 0 });
    const [old, young] = [await readFile(`${path}.1`, 'utf8'), await read()];
    expect(old).toHaveLength(4096);
    const report = await verify([old, young]);
    expect(report).toMatchObject({ problems: [], head: told['head'] });
    expect(await verify([young])).toMatchObject({ problems: [], notes: [] });
    const whole = old.slice(0, old.lastIndexOf('\n') + 1) + young;
    expect(whole.match(/"r-[0-9]+"/g)).toEqual(Array.from({ length: 20 }, (_, i) => `"r-${i}"`));
  });

  it('says at its end how many lines are lost, and which hash the file ends with', async () => {
    const told = await runFull(`
      const { unwritten } = await trail.close();
      console.log(JSON.stringify({ unwritten, head: trail.head }));`);
    const text = await read();
    expect(told['unwritten']).toBe(20 - text.split('\n').filter((line) => /"r-.*\}$/.test(line)).length);
    expect(await verify([text])).toMatchObject({ head: told['head'] });
    await writeTrail(1);
    expect((await verify([await read()], told['head'] as string)).problems).toEqual([]);
  });
});

describe('npm run audit:verify', () => {
  const run = (args: readonly string[], secret: string | undefined = SECRET): Promise<{ code: number; output: string }> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [join(__dirname, '../../../../dist/tools/audit-verify.js'), ...args],
        { env: { ...process.env, AUDIT_SECRET: secret } },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
      );
    });

  it('says whether the trail is whole, and what its head is', async () => {
    const { head } = await writeTrail(5);
    const good = await run([path]);
    expect(good).toEqual({ code: 0, output: `6 lines; the last one has the hash ${head}\nNo line was removed, changed or moved.\n` });
    await writeFile(path, (await read()).replace('r-2', 'r-9'));
    const bad = await run([path]);
    expect([bad.code, bad.output]).toEqual([1, expect.stringContaining(`PROBLEM ${path}:`)]);
  });

  it('says what it needs', async () => {
    expect((await run([])).code).toBe(2);
    expect((await run([path], '')).output).toContain('AUDIT_SECRET is missing');
    expect(await run([path])).toEqual({ code: 2, output: expect.stringContaining(`${path} cannot be read (ENOENT).`) });
    expect((await run(['--head', 'x', path])).code).toBe(2);
    expect((await run(['--help'])).code).toBe(0);
  });
});
