import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const bench = join(__dirname, '../bench');

/** What the load saw. */
interface Load {
  readonly answered: number;
  readonly failed: number;
  readonly told: readonly string[];
}

/** Runs node with these words beside the benchmarks, and reads the JSON that it writes. */
async function runJson(...words: readonly string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, words, { cwd: bench, env: { PATH: process.env['PATH'] } });
  return JSON.parse(stdout);
}

describe('A rolling restart of two gateways behind nginx, with a shared Redis', () => {
  it('fails no request: each gateway stops, ends and starts again under load', async () => {
    const measured = await runJson(
      'rolling.bench.mjs',
      '--seconds',
      '0.1',
      '--rounds',
      '1',
      '--connections',
      '4',
      '--drain',
      '200',
      '--json',
    );
    const { one, two, rolling } = measured as { one: Load; two: Load; rolling: Load & { restartsMs: number[] } };
    expect([one, two, rolling].map(({ failed, told }) => [failed, told])).toEqual([
      [0, []],
      [0, []],
      [0, []],
    ]);
    expect(rolling.restartsMs).toHaveLength(2);
    // Four clients, each of whom the benchmark lets ask four times between one restart and the next.
    expect(rolling.answered).toBeGreaterThanOrEqual(32);
  }, 150_000);

  it('would be found to fail a request: the load counts what is not the answer to its question', async () => {
    const server = createServer((_request, response) => response.writeHead(502).end('bad gateway')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
    const lines = [
      "import { startProcess } from './processes.mjs';",
      "const load = startProcess('rolling-load.mjs');",
      'await load.url();',
      `await load.ask({ url: '${url}', clients: 1, contracts: 1, tokens: 1 });`,
      "while ((await load.ask('count')) < 3);",
      "console.log(JSON.stringify(await load.ask('stop')));",
      'await load.stop();',
    ];
    const { answered, failed, told } = (await runJson('--input-type=module', '--eval', lines.join('\n'))) as Load;
    await new Promise((resolve) => server.close(resolve));
    expect([answered, failed >= 3, told[0]]).toEqual([0, true, 'HTTP 502: bad gateway']);
  });
});
