// How the cost grows with the size of what is asked for: CPU time of the whole process a request, for ever more invoices
// of one contract and ever more contracts, beside a bare proxy. Run by hand: npm run bench:slope
import { openArena } from './arena.mjs';
import { describeMachine, readCommandLine, runBenchmark, RUN_OPTIONS, toTable } from './command-line.mjs';
import { BARE_PROXY, toGateway } from './contestants.mjs';
import { fitLine, summarize } from './statistics.mjs';
import { toContractsWorkload, toInvoicesWorkload } from './workloads.mjs';

const USAGE = `Usage: npm run bench:slope -- [options]

  --seconds 2         of load for each size in a round
  --rounds 5
  --connections 4     requests under way at once: few, so that memory for large answers is not what is measured
  --variants 128      different contracts, or sets of them, that are asked for in turn, at most
  --node PATH         the Node that the gateway and the proxy run on
  --json              prints everything as JSON`;

const SERIES = [
  { unit: 'invoice', sizes: [10, 100, 1000, 10_000], toWorkload: toInvoicesWorkload },
  { unit: 'contract', sizes: [1, 10, 100], toWorkload: toContractsWorkload },
];
/** What one more item may cost at the large end, as a multiple of one more in the middle, for growth to be called linear. */
const LINEAR_UP_TO = 1.3;

const { values } = readCommandLine({ ...RUN_OPTIONS, connections: { type: 'string', default: '4' } }, USAGE);
const load = { seconds: values.seconds, connections: values.connections };

await runBenchmark(async () => {
  const gateway = toGateway('gateway', { CACHE_TTL_SECONDS: '0', MAX_PAGE_SIZE: '10000', BILLING_API_MAX_QUANTITY: '10000' });
  const arena = await openArena([gateway, BARE_PROXY], values);
  try {
    const series = [];
    for (const each of SERIES) series.push(await runSeries(arena, each));
    report(arena, series);
  } finally {
    await arena.close();
  }
});

/** Measures all sizes, in turn within each round. */
async function runSeries(arena, { unit, sizes, toWorkload }) {
  const runs = [];
  for (const size of sizes) {
    for (const entrant of arena.entrants) {
      process.stderr.write(`${size} ${unit}s, ${entrant.name}: checked`);
      const rehearsed = await arena.rehearse(entrant, toWorkload(size));
      await arena.measure(entrant, rehearsed, { ...load, seconds: 2 * values.seconds });
      process.stderr.write(', warm\n');
      runs.push({ size, entrant, rehearsed, rounds: [] });
    }
  }
  for (let round = 0; round < values.rounds; round++) {
    for (const { entrant, rehearsed, rounds } of runs) rounds.push(await arena.measure(entrant, rehearsed, load));
  }
  const contestants = arena.entrants.map((entrant) => {
    const points = runs
      .filter((run) => run.entrant === entrant)
      .map(({ size, rounds }) => ({
        size,
        cpuUs: summarize(rounds.map(({ cpuUs }) => cpuUs)),
        requests: rounds.reduce((sum, { requests }) => sum + requests, 0),
        node: rounds[0].node,
      }));
    return {
      contestant: entrant.name,
      points: points.map((point, index) => ({ ...point, oneMoreUs: index === 0 ? null : toStep(points[index - 1], point) })),
      ...judge(points),
    };
  });
  return { unit, contestants };
}

/** What one more item costs between two sizes. */
function toStep(smaller, larger) {
  return (larger.cpuUs.median - smaller.cpuUs.median) / (larger.size - smaller.size);
}

function judge(points) {
  const { slope, intercept } = fitLine(points.map(({ size, cpuUs }) => ({ x: size, y: cpuUs.median })));
  const [before, middle, end] = points.slice(-3);
  const growth = toStep(middle, end) / toStep(before, middle);
  // Where one more seems to cost nothing, what else the machine did was larger than what was measured.
  return {
    slopeUs: slope,
    interceptUs: intercept,
    growth: growth > 0 ? growth : null,
    isLinear: growth > 0 ? growth <= LINEAR_UP_TO : null,
  };
}

function report(arena, series) {
  const about = {
    date: new Date().toISOString().slice(0, 10),
    node: series[0].contestants[0].points[0].node,
    machine: describeMachine(arena.cores),
    seconds: values.seconds,
    rounds: values.rounds,
    connections: values.connections,
  };
  if (values.json) {
    console.log(JSON.stringify({ ...about, series }, null, 2));
    return;
  }
  console.log(`${about.date}, Node ${about.node}, ${about.machine}`);
  console.log(
    `CPU time of the whole process a request; medians of ${values.rounds} rounds of ${values.seconds} s, ${values.connections} connections`,
  );
  for (const { unit, contestants } of series) {
    const cells = contestants.flatMap(({ contestant, points }) =>
      points.map(({ size, cpuUs, oneMoreUs }) => [
        contestant,
        size.toLocaleString('en'),
        toText(cpuUs.median),
        `${toText(cpuUs.least)}–${toText(cpuUs.most)}`,
        toText(cpuUs.median / size),
        oneMoreUs === null ? '' : toText(oneMoreUs),
      ]),
    );
    console.log(
      `\n${toTable(['', `${unit}s`, 'µs a request', 'least–most', `µs ${unit === 'invoice' ? 'an' : 'a'} ${unit}`, `µs for one ${unit} more`], cells)}\n`,
    );
    for (const { contestant, slopeUs, interceptUs, growth, isLinear } of contestants) {
      const verdict =
        isLinear === null
          ? 'too noisy to tell whether that is linear: take more seconds, or a quiet machine'
          : `${isLinear ? 'linear' : 'NOT linear'}: one more costs ${growth.toFixed(2)} times as much at the large end as in the middle (up to ${LINEAR_UP_TO} is called linear)`;
      console.log(
        `${contestant}: ${toText(interceptUs)} µs + ${toText(slopeUs)} µs ${unit === 'invoice' ? 'an' : 'a'} ${unit}; ${verdict}`,
      );
    }
  }
}

function toText(us) {
  return Math.abs(us) >= 100 ? String(Math.round(us)) : us.toPrecision(3);
}
