import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = __dirname;
/** Just long enough for some requests: what is measured means nothing, but everything is checked. */
const SHORT = ['--json', '--seconds', '0.02', '--connections', '1', '--variants', '2'];
/** The commands start five processes each, on a machine that runs other tests meanwhile. */
const TIMEOUT_MS = 150_000;

async function runBench(name: string, args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, [join(here, `${name}.bench.mjs`), ...args], { env: { PATH: process.env['PATH'] } });
  return JSON.parse(stdout);
}

/** Runs lines of a module beside the benchmarks, and resolves with what they write. */
async function runLines(...lines: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', lines.join('\n')], {
    cwd: here,
    env: { PATH: process.env['PATH'] },
  });
  return stdout.trim();
}

interface Row {
  readonly workload: string;
  readonly contestant: string;
  readonly cpuUs: { readonly median: number };
  readonly callsPerRequest: number;
  readonly requests: number;
  readonly rssMiB: number;
}

describe('Each benchmark', () => {
  it.each(readdirSync(here).filter((file) => file.endsWith('.bench.mjs')))('lists its options, and measures nothing: %s', async (file) => {
    const command = `npm run bench${file === 'workloads.bench.mjs' ? '' : `:${file.replace('.bench.mjs', '')}`}`;
    const env = { PATH: process.env['PATH'] };
    const { stdout } = await run(process.execPath, [join(here, file), '--help'], { env });
    expect(stdout).toMatch(new RegExp(`^Usage: ${command}[ .]`));
    await expect(run(process.execPath, [join(here, file), '--nothing'], { env })).rejects.toMatchObject({ code: 2, stdout: '' });
  });
});

describe('The benchmark of workloads', () => {
  it('asks over TLS as well', async () => {
    const { rows } = (await runBench('workloads', [...SHORT, '--rounds', '1', '--workloads', 'W5', '--tls'])) as { rows: Row[] };
    expect(rows.map(({ contestant, callsPerRequest }) => [contestant, callsPerRequest])).toEqual([
      ['gateway', 1],
      ['bare proxy', 1],
      ['textbook gateway', 3],
    ]);
  });

  it(
    'asks everyone for the same, checks the answers, and tells the calls that each makes',
    async () => {
      const { rows, ratios } = (await runBench('workloads', [...SHORT, '--rounds', '1'])) as { rows: Row[]; ratios: unknown[] };
      const calls = Object.fromEntries(rows.map((row) => [`${row.workload} ${row.contestant}`, row.callsPerRequest]));
      expect(calls).toEqual({
        'W1 gateway': 1,
        'W1 gateway, remembered': 0,
        'W1 bare proxy': 1,
        'W1 textbook gateway': 1,
        'W2 gateway': 1,
        'W2 gateway, remembered': 0,
        'W2 bare proxy': 1,
        'W2 textbook gateway': 1,
        'W3 gateway': 20,
        'W3 bare proxy': 20,
        'W3 textbook gateway': 20,
        'W4 gateway': 1,
        'W4 bare proxy': 1,
        'W4 textbook gateway': 1,
        'W5 gateway': 1,
        'W5 bare proxy': 1,
        'W5 textbook gateway': 3,
      });
      expect(rows.filter(({ cpuUs, requests, rssMiB }) => !(cpuUs.median > 0 && requests >= 1 && rssMiB > 20))).toEqual([]);
      expect(ratios).toHaveLength(7);
    },
    TIMEOUT_MS,
  );

  it(
    'does not time a contestant that answers something else, makes other calls, or fails under load',
    async () => {
      const written = await runLines(
        `import { openArena } from './arena.mjs';`,
        `import { BARE_PROXY } from './contestants.mjs';`,
        `import { WORKLOADS } from './workloads.mjs';`,
        `const wrong = { ...BARE_PROXY, toContracts: () => [] };`,
        `const wasteful = { ...BARE_PROXY, callsFor: () => 3 };`,
        `const arena = await openArena([BARE_PROXY, wrong, wasteful], { variants: 2 });`,
        `const [good, ...others] = arena.entrants;`,
        `const refused = (work) => work.then(() => 'accepted', (error) => error.message.split('\\n')[0]);`,
        `for (const entrant of others) console.log(await refused(arena.rehearse(entrant, WORKLOADS.W1)));`,
        `const rehearsed = await arena.rehearse(good, WORKLOADS.W1);`,
        `const longer = { ...rehearsed, lengths: rehearsed.lengths.map((length) => length + 1) };`,
        `for (const each of [longer, { ...rehearsed, calls: 2 }]) console.log(await refused(arena.measure(good, each, { seconds: 0.01, connections: 1 })));`,
        `await arena.close();`,
      );
      expect(written.split('\n')).toEqual([
        expect.stringMatching(/^bare proxy does not answer what the billing API holds: one contract, 12 invoices/),
        'bare proxy makes 1 calls a request instead of 3: one contract, 12 invoices',
        expect.stringMatching(/^bare proxy failed under load: HTTP 200 with \d+ bytes instead of 200 with \d+/),
        'bare proxy made 1.00 calls a request under load instead of 2: ask for more variants, or over fewer connections.',
      ]);
    },
    TIMEOUT_MS,
  );

  it(
    'refuses a workload that it does not know',
    async () => {
      await expect(runBench('workloads', ['--workloads', 'W1,W9'])).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringContaining('There is no workload W9: choose from W1, W2, W3, W4, W5'),
      });
    },
    TIMEOUT_MS,
  );
});

describe('The benchmark of growth', () => {
  it(
    'measures every size, and says what one more costs',
    async () => {
      const { series } = (await runBench('slope', [...SHORT, '--rounds', '1'])) as {
        series: { unit: string; contestants: { contestant: string; slopeUs: number; points: { size: number }[] }[] }[];
      };
      const sizes = series.flatMap(({ unit, contestants }) =>
        contestants.map(({ contestant, points }) => [unit, contestant, points.map(({ size }) => size)]),
      );
      expect(sizes).toEqual([
        ['invoice', 'gateway', [10, 100, 1000, 10_000]],
        ['invoice', 'bare proxy', [10, 100, 1000, 10_000]],
        ['contract', 'gateway', [1, 10, 100]],
        ['contract', 'bare proxy', [1, 10, 100]],
      ]);
      expect(series.flatMap(({ contestants }) => contestants).filter(({ slopeUs }) => !(slopeUs > 0))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it('fits a line through its points, the small ones counting as much as the large', async () => {
    const written = await runLines(
      `import { fitLine, median } from './statistics.mjs';`,
      `const { slope, intercept } = fitLine([10, 100, 1000].map((x) => ({ x, y: 50 + 3 * x })));`,
      `console.log(slope.toFixed(6), intercept.toFixed(6), median([9, 1, 4]), median([4, 1, 2, 9]));`,
    );
    expect(written).toBe('3.000000 50.000000 4 3');
  });
});

describe('The benchmark of outcomes', () => {
  it(
    'is answered in each case as the case says',
    async () => {
      // As many variants as open the circuit breaker.
      const { rows } = (await runBench('outcomes', [...SHORT, '--rounds', '1', '--variants', '16'])) as {
        rows: { name: string; cpuUs: number; ratio: number }[];
      };
      expect(rows).toHaveLength(9);
      expect(rows.filter(({ cpuUs, ratio }) => !(cpuUs > 0 && ratio > 0))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('The benchmark of functions', () => {
  it(
    'calls each of them',
    async () => {
      const { rows } = (await runBench('functions', ['--json', '--seconds', '0.01'])) as { rows: { name: string; medianUs: number }[] };
      expect(rows.length).toBeGreaterThan(15);
      expect(rows.filter(({ medianUs }) => !(medianUs > 0))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('The profile', () => {
  it(
    'names the largest costs, by function and by group',
    async () => {
      const { functions, groups } = (await runBench('profile', ['W1', ...SHORT, '--seconds', '1'])) as {
        functions: { usPerRequest: number }[];
        groups: { name: string; share: number }[];
      };
      expect(functions).toHaveLength(10);
      const names = groups.map(({ name }) => name);
      // Of Node's own groups, a busy machine's few samples may miss any.
      expect(names).toEqual(expect.arrayContaining(['src/http', 'src/upstream', expect.stringMatching(/^node:/)]));
      expect(groups.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
    },
    TIMEOUT_MS,
  );

  it('gives each sample to its function and to its group, what Node does by itself to who asked for it, and leaves idle time out', async () => {
    const written = await runLines(
      `import { summarizeProfile } from './profile-summary.mjs';`,
      `const dist = new URL('../../dist/', 'file://${here}/').href;`,
      `const node = (id, functionName, url, children = []) => ({ id, callFrame: { functionName, url, lineNumber: 4 }, children });`,
      `const nodes = [node(1, '(root)', '', [2, 4, 5, 6]), node(2, 'decode', dist + 'upstream/wire/decode.js', [3]), node(3, 'indexOf', ''), node(4, '(idle)', ''), node(5, '(garbage collector)', ''), node(6, 'dispatch', 'file:///x/node_modules/a/node_modules/undici/lib/pool.js')];`,
      `console.log(JSON.stringify(summarizeProfile({ nodes, samples: [2, 3, 4, 5, 6, 2], timeDeltas: [9, 1, 2, 4, 8, 16] })));`,
    );
    expect(JSON.parse(written)).toEqual({
      busyUs: 27,
      functions: [
        { name: 'dispatch undici/lib/pool.js:5', us: 16 },
        { name: 'garbage collection', us: 8 },
        { name: 'indexOf (native or compiled, for decode)', us: 2 },
        { name: 'decode upstream/wire/decode.js:5', us: 1 },
      ],
      groups: [
        { name: 'undici', us: 16 },
        { name: 'garbage collection', us: 8 },
        { name: 'src/upstream', us: 3 },
      ],
    });
  });
});
