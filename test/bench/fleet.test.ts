import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Row {
  readonly name: string;
  readonly hitShare: number;
  readonly callsPerSecond: number;
  readonly mostPerSecond: number;
  readonly extraCalls: number;
  readonly highSeconds: number;
}

/** A smaller fleet than the one of the documentation, so that it is simulated in a moment. */
async function simulate(...options: string[]): Promise<Row[]> {
  const small = ['--requestsPerSecond', '400', '--callers', '2000', '--seconds', '180'];
  const { stdout } = await run(process.execPath, [join(__dirname, 'fleet.bench.mjs'), '--json', ...small, ...options], {
    env: { PATH: process.env['PATH'] },
  });
  return JSON.parse(stdout) as Row[];
}

describe('The simulation of a fleet', () => {
  it('gives the same figures each time, and tells the faults apart', async () => {
    const rows = await simulate();
    expect(await simulate()).toEqual(rows);
    const [none, kept, emptied, cluster, , alone] = rows as [Row, Row, Row, Row, Row, Row];
    expect([none.extraCalls, none.highSeconds]).toEqual([0, 0]);
    expect(kept.extraCalls).toBeGreaterThan(0);
    expect(emptied.extraCalls).toBeGreaterThan(kept.extraCalls);
    expect(cluster.extraCalls).toBeLessThan(kept.extraCalls / 2);
    expect(alone.hitShare).toBeLessThan(none.hitShare);
    // Without the cache a request costs a call at most: that is the bound of what a fault can cost.
    expect(Math.max(...rows.map(({ mostPerSecond }) => mostPerSecond))).toBeLessThan(600);
  }, 120_000);

  it('has nothing to gain where nothing is cached for long', async () => {
    const [none] = (await simulate('--ttlSeconds', '1')) as [Row];
    const [longer] = (await simulate('--ttlSeconds', '60')) as [Row];
    expect(none.hitShare).toBeLessThan(longer.hitShare);
  }, 120_000);
});
