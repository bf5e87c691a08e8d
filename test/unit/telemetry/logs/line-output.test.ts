import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const MODULE = path.resolve(__dirname, '../../../../dist/telemetry/logs/line-output.js');

/** A process that writes lines, with its standard output in our hands. */
function run(code: string): ChildProcess {
  const setup = `const out = require(${JSON.stringify(MODULE)}).createLineOutput(1); process.on('exit', () => out.flushSync());`;
  return spawn(process.execPath, ['-e', `${setup}\n${code}`], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function readAll(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(child, 'close');
  return text;
}

describe('The output of lines', () => {
  it('has each line once, however much waits when the process ends', async () => {
    const text = await readAll(run("for (let i = 0; i < 50_000; i++) out.write('line ' + i + ' é\\n'); process.exit(0);"));
    // The last batch may overtake the one that is being written.
    expect(text.split('\n').sort()).toEqual(['', ...Array.from({ length: 50_000 }, (_, i) => `line ${i} é`)].sort());
  });

  it('has each line once and in order where batches are written meanwhile', async () => {
    const text = await readAll(
      run(
        "let i = 0; const more = () => { for (let n = 0; n < 500; n++) out.write('line ' + i++ + '\\n'); if (i < 50_000) setImmediate(more); }; more();",
      ),
    );
    expect(text).toBe(Array.from({ length: 50_000 }, (_, i) => `line ${i}\n`).join(''));
  });

  it('gives a line out soon though nothing else is written', async () => {
    const child = run("out.write('alone\\n'); process.stdin.resume();");
    const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
    expect(String(chunk)).toBe('alone\n');
    child.stdin?.end();
    await once(child, 'close');
  });

  it('lets the process end where nobody reads any more', async () => {
    const child = run(
      "out.write('first\\n'); process.stdin.on('data', () => { for (let i = 0; i < 100_000; i++) out.write('lost\\n'); process.exit(7); });",
    );
    await once(child.stdout!, 'data');
    child.stdout?.destroy();
    child.stdin?.write('go');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(7);
  });

  it('lets the process end where the reader has stopped reading', async () => {
    const child = run(
      "out.write('first\\n'); process.stdin.on('data', () => { for (let i = 0; i < 100_000; i++) out.write('waits\\n'.repeat(10)); process.exit(7); });",
    );
    await once(child.stdout!, 'data');
    child.stdout?.pause();
    child.stdin?.write('go');
    const ended = once(child, 'exit');
    // A pipe that blocks holds a write up until somebody reads; ours must not hold up for ever once it is read again.
    setTimeout(() => child.stdout?.resume(), 500);
    expect((await ended)[0]).toBe(7);
  });
});
