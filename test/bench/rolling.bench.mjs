// Two gateways behind nginx that share a Redis: throughput of one against two, and then a rolling restart of both under
// load, in which no request may fail. Run by hand: npm run bench:rolling. Ends with exit code 1 where a request failed.
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findFreePort, startBalancer, startRedis } from './balancer.mjs';
import { describeMachine, readCommandLine, runBenchmark, toTable } from './command-line.mjs';
import { startProcess } from './processes.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const USAGE = `Usage: npm run bench:rolling -- [options]

  --seconds 5         of load for each measurement
  --rounds 3          how many times both gateways are restarted
  --connections 32    requests under way at once
  --drain 1000        DRAIN_DELAY_MS of the gateways
  --json              prints everything as JSON`;
const CONTRACTS = 300;
const TOKENS = 5;
/** A tick of the clock that /proc counts CPU time by, in microseconds; it is 100 a second wherever Linux runs Node. */
const TICK_US = 10_000;

const { values: options } = readCommandLine(
  {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    drain: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false, short: 'h' },
  },
  USAGE,
);

await runBenchmark(async () => {
  const opened = [];
  const keep = (each) => {
    opened.push(each);
    return each;
  };
  try {
    const upstream = keep(startProcess(here('upstream.mjs')));
    const load = keep(startProcess(here('rolling-load.mjs')));
    await load.url();
    const redis = keep(await startRedis());
    const env = {
      BILLING_API_URL: await upstream.url(),
      REDIS_URL: redis.url,
      CACHE_SECRET: 'a secret for the benchmark, 32 or more',
      CACHE_TTL_SECONDS: '1',
      LOG_LEVEL: 'info',
      DRAIN_DELAY_MS: options.drain,
    };
    const gateways = [];
    for (let place = 0; place < 2; place++) gateways.push(keep(await openGateway(env)));
    const stage = { upstream, load, redis };
    const one = await measure('one', { ...stage, gateways: gateways.slice(0, 1) });
    const two = await measure('two', { ...stage, gateways });
    const rolling = await restart({ ...stage, gateways });
    report({ one, two, rolling });
    if ([one, two, rolling].some(({ failed }) => failed > 0)) process.exitCode = 1;
  } finally {
    for (const each of opened.reverse()) await each.stop();
  }
});

/** A gateway on a port of its own, which it keeps when it is started again. */
async function openGateway(env) {
  const port = await findFreePort();
  let running = null;
  const start = async () => {
    running = startProcess(here('../../dist/main.js'), { env: { ...env, PORT: String(port) } });
    await running.url();
    while ((await fetch(`http://127.0.0.1:${port}/readyz`)).status !== 200) await pause(10);
  };
  await start();
  return {
    port,
    get pid() {
      return running.pid;
    },
    /** As an orchestrator does it: SIGTERM, the end, the start, readiness. Resolves with how long it took, in ms. */
    restart: async () => {
      const startedMs = performance.now();
      const code = await running.terminate();
      if (code !== 0) throw new Error(`the gateway ended with exit code ${code} instead of 0`);
      await start();
      return performance.now() - startedMs;
    },
    stop: () => running.stop(),
  };
}

/** Runs the load on these gateways, and what is to happen meanwhile. */
async function underLoad({ load, upstream, gateways }, meanwhile) {
  const balancer = await startBalancer(gateways.map(({ port }) => port));
  try {
    const callsBefore = await upstream.ask('calls');
    await load.ask({ url: balancer.url, clients: options.connections, contracts: CONTRACTS, tokens: TOKENS });
    const more = await meanwhile(balancer);
    const result = await load.ask('stop');
    return { ...result, calls: (await upstream.ask('calls')) - callsBefore, ...more };
  } finally {
    await balancer.stop();
  }
}

async function measure(name, { redis, ...stage }) {
  return underLoad(stage, async (balancer) => {
    await pause(Math.min(1000, options.seconds * 200)); // to be warm
    const pids = { gateways: stage.gateways.map(({ pid }) => pid), nginx: [balancer.pid, ...childrenOf(balancer.pid)], redis: [redis.pid] };
    const cpu = () => Object.fromEntries(Object.entries(pids).map(([of, each]) => [of, each.reduce((sum, pid) => sum + cpuUs(pid), 0)]));
    const [cpuBefore, before, startedMs] = [cpu(), await stage.load.ask('count'), performance.now()];
    await pause(options.seconds * 1000);
    const [cpuAfter, after, seconds] = [cpu(), await stage.load.ask('count'), (performance.now() - startedMs) / 1000];
    const requests = Math.max(1, after - before);
    return {
      name,
      perSecond: requests / seconds,
      cpuUs: Object.fromEntries(Object.keys(pids).map((of) => [of, (cpuAfter[of] - cpuBefore[of]) / requests])),
    };
  });
}

async function restart(stage) {
  return underLoad(stage, async () => {
    const restartsMs = [];
    for (let round = 0; round < options.rounds; round++) {
      for (const gateway of stage.gateways) {
        const before = await stage.load.ask('count');
        restartsMs.push(await gateway.restart());
        // Some traffic for the new one, before the other goes.
        while ((await stage.load.ask('count')) < before + options.connections * 4) await pause(10);
      }
    }
    return { restartsMs };
  });
}

function childrenOf(pid) {
  return readdirSync('/proc')
    .filter((each) => /^\d+$/.test(each))
    .map(Number)
    .filter((each) => statOf(each)?.[1] === String(pid));
}

/** The fields of /proc/PID/stat from the state on (proc(5)): 0 is the state, 1 the parent, 11 and 12 the CPU time. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function cpuUs(pid) {
  const stat = statOf(pid);
  return stat ? (Number(stat[11]) + Number(stat[12])) * TICK_US : 0;
}

function report({ one, two, rolling }) {
  if (options.json) {
    console.log(JSON.stringify({ one, two, rolling }));
    return;
  }
  const row = (name, { perSecond, cpuUs: us, p50Ms, p99Ms, failed }) => [
    name,
    perSecond.toFixed(0),
    us.gateways.toFixed(0),
    us.nginx.toFixed(0),
    us.redis.toFixed(0),
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    String(failed),
  ];
  console.log(`${describeMachine(null)}\n`);
  console.log(
    toTable(
      ['gateways', 'requests/s', 'gateway µs CPU', 'nginx µs', 'Redis µs', 'p50 ms', 'p99 ms', 'failed'],
      [row('one', one), row('two', two)],
    ),
  );
  console.log(
    '\nGateways, nginx, Redis, billing API and load share the cores: where those are few, compare CPU time a request, and not requests a second.\n',
  );
  const { restartsMs, answered, failed, calls, seconds, p99Ms, maxMs, told } = rolling;
  console.log(
    `Rolling restart: ${restartsMs.length} restarts in ${seconds.toFixed(1)} s under load, ${answered} requests answered (p99 ${p99Ms.toFixed(1)} ms, longest ${maxMs.toFixed(0)} ms), ${calls} calls to the billing API, ${failed} requests failed.`,
  );
  for (const each of [...one.told, ...two.told, ...told]) console.log(`  ${each}`);
}
