// Where the gateway's CPU time goes under load: the largest costs by function and by module group, in microseconds a
// request. The profiler itself adds to them. Run by hand: npm run bench:profile -- W1
import { writeFileSync } from 'node:fs';
import { openArena } from './arena.mjs';
import { describeMachine, readCommandLine, runBenchmark, RUN_OPTIONS, toTable } from './command-line.mjs';
import { GATEWAY, REMEMBERED } from './contestants.mjs';
import { summarizeProfile } from './profile-summary.mjs';
import { parseWorkloadNames, WORKLOADS } from './workloads.mjs';

const USAGE = `Usage: npm run bench:profile -- W1 [options]

  --remembered        the same after it was answered before
  --top 10            how many functions
  --out FILE          writes the profile, for Chrome's DevTools or an editor: W1.cpuprofile
  --seconds 5         under the profiler, after as long to warm up
  --connections 16    requests under way at once
  --variants 128      different contracts, or sets of them, that are asked for in turn, at most
  --node PATH         the Node that the gateway runs on
  --json              prints everything as JSON`;

const { connections, variants, node, json, help } = RUN_OPTIONS;
const OWN_OPTIONS = {
  seconds: { type: 'string', default: '5' },
  remembered: { type: 'boolean', default: false },
  top: { type: 'string', default: '10' },
  out: { type: 'string' },
};
const { values, positionals } = readCommandLine({ connections, variants, node, json, help, ...OWN_OPTIONS }, USAGE);
await runBenchmark(async () => {
  const [name, ...more] = parseWorkloadNames(positionals.join(',') || 'W1');
  if (more.length > 0) throw new Error('One workload at a time can be profiled.');
  const arena = await openArena([values.remembered ? REMEMBERED : GATEWAY], values);
  try {
    await profile(arena, name);
  } finally {
    await arena.close();
  }
});

async function profile(arena, name) {
  const [entrant] = arena.entrants;
  const load = { seconds: values.seconds, connections: values.connections };
  const rehearsed = await arena.rehearse(entrant, WORKLOADS[name]);
  const plain = await arena.measure(entrant, rehearsed, load);
  await entrant.door.ask('profile');
  const profiled = await arena.measure(entrant, rehearsed, load);
  const recorded = await entrant.door.ask('endProfile');
  if (values.out) writeFileSync(values.out, JSON.stringify(recorded));
  const { busyUs, functions, groups } = summarizeProfile(recorded);
  const share = ({ name: what, us }) => ({ name: what, usPerRequest: us / profiled.requests, share: us / busyUs });
  const result = {
    workload: name,
    what: `${WORKLOADS[name].what}${values.remembered ? ', remembered' : ''}`,
    date: new Date().toISOString().slice(0, 10),
    node: plain.node,
    machine: describeMachine(arena.cores),
    requests: profiled.requests,
    cpuUsPerRequest: plain.cpuUs,
    cpuUsPerRequestProfiled: profiled.cpuUs,
    functions: functions.slice(0, Number(values.top)).map(share),
    groups: groups.map(share),
  };
  report(result);
}

function report(result) {
  if (values.json) {
    console.log(JSON.stringify(result, null, 2));
    return;
  }
  const rows = (list) => list.map(({ name, usPerRequest, share }) => [name, usPerRequest.toFixed(2), `${(share * 100).toFixed(1)} %`]);
  console.log(`${result.date}, Node ${result.node}, ${result.machine}`);
  console.log(
    `${result.workload} ${result.what}: ${result.cpuUsPerRequest.toFixed(1)} µs of CPU time a request, ${result.cpuUsPerRequestProfiled.toFixed(1)} µs under the profiler (${result.requests} requests)\n`,
  );
  console.log(toTable([`the ${result.functions.length} largest costs by function`, 'µs a request', 'share'], rows(result.functions)));
  // Below a percent there is a long tail of packages.
  console.log(`\n${toTable(['by module group', 'µs a request', 'share'], rows(result.groups.filter(({ share }) => share >= 0.01)))}`);
}
