// What a request costs in CPU time of the whole process, beside a bare proxy and a textbook gateway, round by round in
// turn so that what else the machine does meets all alike. Run by hand: npm run bench
import { openArena } from './arena.mjs';
import { describeMachine, readCommandLine, runBenchmark, RUN_OPTIONS, toTable } from './command-line.mjs';
import { BARE_PROXY, GATEWAY, REMEMBERED, TEXTBOOK_GATEWAY } from './contestants.mjs';
import { median, summarize } from './statistics.mjs';
import { parseWorkloadNames, WORKLOADS } from './workloads.mjs';

const USAGE = `Usage: npm run bench -- [options]

  --workloads W1,W3   ${Object.entries(WORKLOADS)
    .map(([name, { what }]) => `${name} ${what}`)
    .join('\n                      ')}
  --seconds 2         of load for each contestant in a round
  --rounds 5
  --connections 16    requests under way at once
  --variants 128      different contracts, or sets of them, that are asked for in turn, at most
  --node PATH         the Node that the contestants run on
  --tls               the billing API is reached over TLS
  --json              prints everything as JSON`;
/** Those of which the remembered answer is measured as well. */
const REMEMBERED_WORKLOADS = ['W1', 'W2'];

const { values } = readCommandLine(
  { ...RUN_OPTIONS, tls: { type: 'boolean', default: false }, workloads: { type: 'string', default: Object.keys(WORKLOADS).join(',') } },
  USAGE,
);
await runBenchmark(async () => {
  const names = parseWorkloadNames(values.workloads);
  const isRemembered = names.some((name) => REMEMBERED_WORKLOADS.includes(name));
  const arena = await openArena([GATEWAY, ...(isRemembered ? [REMEMBERED] : []), BARE_PROXY, TEXTBOOK_GATEWAY], values);
  try {
    const measured = [];
    for (const name of names) measured.push(...(await runWorkload(arena, name)));
    report(arena, measured);
  } finally {
    await arena.close();
  }
});

/** Measures all contestants in one workload. Resolves with a row for each. */
async function runWorkload(arena, name) {
  const workload = WORKLOADS[name];
  const entrants = arena.entrants.filter((entrant) => !entrant.isRemembered || REMEMBERED_WORKLOADS.includes(name));
  const runs = [];
  for (const entrant of entrants) {
    process.stderr.write(`${name} ${entrant.name}: checked`);
    const rehearsed = await arena.rehearse(entrant, workload);
    await arena.measure(entrant, rehearsed, { seconds: 2 * values.seconds, connections: values.connections });
    process.stderr.write(', warm\n');
    runs.push({ entrant, rehearsed, rounds: [] });
  }
  for (let round = 0; round < values.rounds; round++) {
    for (const { entrant, rehearsed, rounds } of runs)
      rounds.push(await arena.measure(entrant, rehearsed, { seconds: values.seconds, connections: values.connections }));
  }
  return runs.map(({ entrant, rounds }) => toRow(name, entrant.name, rounds));
}

function toRow(workload, contestant, rounds) {
  return {
    workload,
    contestant,
    cpuUs: summarize(rounds.map(({ cpuUs }) => cpuUs)),
    cpuUsByRound: rounds.map(({ cpuUs }) => cpuUs),
    callsPerRequest: median(rounds.map(({ calls }) => calls)),
    requests: rounds.reduce((sum, { requests }) => sum + requests, 0),
    requestsPerSecond: median(rounds.map(({ requestsPerSecond }) => requestsPerSecond)),
    rssMiB: Math.max(...rounds.map(({ rssMiB }) => rssMiB)),
    node: rounds[0].node,
  };
}

/** How many times as much as `other` a contestant costs, taken round by round. */
function toRatio(row, other) {
  return summarize(row.cpuUsByRound.map((cpuUs, round) => cpuUs / other.cpuUsByRound[round]));
}

function report(arena, rows) {
  const find = (workload, contestant) => rows.find((row) => row.workload === workload && row.contestant === contestant);
  const ours = rows.filter(({ contestant }) => contestant === GATEWAY.name || contestant === REMEMBERED.name);
  const ratios = ours.map((row) => ({
    workload: row.workload,
    contestant: row.contestant,
    toBareProxy: toRatio(row, find(row.workload, BARE_PROXY.name)),
    toTextbookGateway: toRatio(row, find(row.workload, TEXTBOOK_GATEWAY.name)),
  }));
  const about = {
    date: new Date().toISOString().slice(0, 10),
    node: rows[0].node,
    machine: describeMachine(arena.cores),
    seconds: values.seconds,
    rounds: values.rounds,
    connections: values.connections,
  };
  if (values.json) {
    console.log(JSON.stringify({ ...about, rows, ratios }, null, 2));
    return;
  }
  const cell = (row) => `${toMicroseconds(row.cpuUs.median)} · ${toCalls(row.callsPerRequest)} · ${Math.round(row.requestsPerSecond)}/s`;
  const ratioCell = ({ median: middle, least, most }) => `${toShort(middle)} (${toShort(least)}–${toShort(most)})`;
  const lines = ours.map((row, index) => [
    `${row.workload} ${WORKLOADS[row.workload].what}${row.contestant === REMEMBERED.name ? ', remembered' : ''}`,
    cell(row),
    cell(find(row.workload, BARE_PROXY.name)),
    cell(find(row.workload, TEXTBOOK_GATEWAY.name)),
    ratioCell(ratios[index].toBareProxy),
    ratioCell(ratios[index].toTextbookGateway),
  ]);
  const memory = (name) => `${Math.round(Math.max(...rows.filter(({ contestant }) => contestant === name).map(({ rssMiB }) => rssMiB)))}`;
  lines.push(['resident memory at most, MiB', memory(GATEWAY.name), memory(BARE_PROXY.name), memory(TEXTBOOK_GATEWAY.name), '', '']);
  if (rows.some(({ contestant }) => contestant === REMEMBERED.name))
    lines.push(['the same, remembered', memory(REMEMBERED.name), '', '', '', '']);
  console.log(`${about.date}, Node ${about.node}, ${about.machine}`);
  console.log(
    `CPU time of the whole process a request · calls to the billing API a request · requests a second; medians of ${values.rounds} rounds of ${values.seconds} s, ${values.connections} connections`,
  );
  console.log(`Ratios round by round: median (least–most); below 1 the gateway needs less\n`);
  console.log(toTable(['', 'gateway', 'bare proxy', 'textbook gateway', '÷ bare proxy', '÷ textbook'], lines));
}

function toMicroseconds(value) {
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} µs`;
}

function toCalls(calls) {
  const rounded = Number(calls.toFixed(2));
  return `${rounded} call${rounded === 1 ? '' : 's'}`;
}

function toShort(ratio) {
  return ratio.toPrecision(2);
}
