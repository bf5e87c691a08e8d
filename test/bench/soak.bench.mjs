// Minutes of traffic while 5 % of the billing API's answers are faults of every kind. Every call has a way to succeed: no
// question meets more than two faults in a row, and there are three attempts. So not one request may fail, memory has to
// stay flat, and the event loop free. Gateway and billing API run in processes of their own; memory is read after a
// collection. Run by hand: npm run bench:soak -- --minutes 2
import { fork } from 'node:child_process';
import { Agent, createServer, request } from 'node:http';
import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { readCommandLine } from './command-line.mjs';

const FAULT_SHARE = 0.05;
const WORKERS = 24;
const TOKENS = 40;
const CONTRACTS = 3000;
const SAMPLE_MS = 5000;

const USAGE = `Usage: npm run bench:soak -- [options]

  --minutes 2         of traffic`;

const { values, positionals } = readCommandLine(
  { minutes: { type: 'string', default: '2' }, help: { type: 'boolean', default: false, short: 'h' } },
  USAGE,
);

/** The billing API, with faults. */
function serveUpstream() {
  const inARow = new Map();
  const faults = [
    (_message, response) => response.writeHead(502).end('<h1>Bad Gateway</h1>'),
    (_message, response) => response.writeHead(503, { 'retry-after': '0' }).end(),
    (_message, response) => response.writeHead(504).end(),
    (_message, response) => response.writeHead(429, { 'retry-after': '0' }).end('{}'),
    (message) => message.socket.resetAndDestroy(),
    (message) => message.socket.end('garbage\r\n\r\n'),
    () => undefined,
    (message, response) => {
      response.writeHead(200, { 'content-length': 5000 });
      response.write('{"contractNo":', () => message.socket.destroy());
    },
  ];
  const counts = { requests: 0, faults: 0 };
  const server = createServer((message, response) => {
    const { searchParams } = new URL(message.url, 'http://upstream');
    const key = message.headers.authorization + message.url;
    const row = inARow.get(key) ?? 0;
    counts.requests++;
    if (row < 2 && Math.random() < FAULT_SHARE) {
      counts.faults++;
      inARow.set(key, row + 1);
      faults[Math.floor(Math.random() * faults.length)](message, response);
      return;
    }
    inARow.delete(key);
    const contract = searchParams.get('contractNumber');
    const count = Math.min(Number(searchParams.get('quantity')), 40);
    const invoices = Array.from({ length: count }, (_, i) => ({
      invoiceContractNo: contract,
      invoiceNumber: `001-${i}`,
      billPeriod: '2025-06',
      invoiceAmount: 1250000 + i,
      invoiceStatus: true,
    }));
    const body = JSON.stringify({
      contractNo: contract,
      dueDate: '2025-07-15',
      billingAddress: [{ city: 'Asunción' }],
      invoiceCollection: invoices,
    });
    setTimeout(
      () => response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body),
      5 + Math.random() * 10,
    );
  });
  server.keepAliveTimeout = 1000;
  process.on('message', () => process.send(counts));
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
}

/** The gateway, which tells its memory and its event loop's delay when it is asked. */
async function serveGateway(port) {
  const require = createRequire(import.meta.url);
  const { createApp } = require('../../dist/app');
  const { parseConfig } = require('../../dist/config/config');
  const { createLog } = require('../../dist/telemetry/logs/log');
  const unhandled = [];
  process.on('unhandledRejection', (reason) => unhandled.push(String(reason)));
  process.on('warning', (warning) => unhandled.push(String(warning)));
  const config = parseConfig({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    DRAIN_DELAY_MS: '0',
    BILLING_API_URL: `http://127.0.0.1:${port}`,
    BILLING_API_TIMEOUT_MS: '2000',
    CACHE_TTL_SECONDS: '1',
    CACHE_MAX_BYTES: String(8 * 1024 * 1024),
  });
  const app = await createApp(config, createLog('silent'));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  process.on('message', (message) => {
    if (message === 'stop') {
      void app.close().then(() => process.exit(0));
      return;
    }
    const loop = { p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
    delay.reset();
    // The collection is not the traffic's: it must not count as its delay.
    delay.disable();
    globalThis.gc();
    const { heapUsed, rss, external } = process.memoryUsage();
    setTimeout(() => delay.enable(), 0);
    process.send({ loop, heapMb: heapUsed / 2 ** 20, rssMb: rss / 2 ** 20, externalMb: external / 2 ** 20, unhandled });
  });
  process.send(app.url);
}

async function main(durationMs) {
  const self = fileURLToPath(import.meta.url);
  const upstream = fork(self, ['upstream']);
  const upstreamPort = await once(upstream);
  const gateway = fork(self, ['gateway', String(upstreamPort)], { execArgv: ['--expose-gc'] });
  const url = new URL(await once(gateway));
  const agent = new Agent({ keepAlive: true, maxSockets: WORKERS });
  const counts = { operations: 0, calls: 0 };
  const failures = new Map();
  const latencies = [];
  const endMs = performance.now() + durationMs;
  const work = async () => {
    while (performance.now() < endMs) {
      const startedMs = performance.now();
      const { status, text, calls } = await ask(agent, url, counts.operations++);
      latencies.push(performance.now() - startedMs);
      counts.calls += calls;
      if (status !== 200 || text.includes('"errors"')) {
        const reason = `${status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ''}`;
        failures.set(reason, (failures.get(reason) ?? 0) + 1);
      }
    }
  };
  const samples = [];
  const sampling = (async () => {
    while (performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(SAMPLE_MS, durationMs / 12)));
      gateway.send('sample');
      samples.push(await once(gateway));
    }
  })();
  await Promise.all([sampling, ...Array.from({ length: WORKERS }, work)]);
  upstream.send('counts');
  const faults = await once(upstream);
  gateway.send('stop');
  await new Promise((resolve) => gateway.once('exit', resolve));
  upstream.kill();
  agent.destroy();
  report({ counts, failures, latencies, samples, faults, durationMs });
}

const DOCUMENTS = [
  {
    query:
      'query One($a: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $a) { dueDate invoices(first: 20) { nodes { number amount } pageInfo { hasNextPage } } } } }',
    variables: (n) => ({ a: String(n) }),
  },
  {
    query:
      'query Many($a: [ID!]!) { customer(idType: "RUC", id: "80012345") { contracts(numbers: $a) { number dueDate billingAddresses { city } } } }',
    variables: (n) => ({ a: Array.from({ length: 8 }, (_, i) => String(n + i)) }),
  },
];

function ask(agent, url, index) {
  const { query, variables } = DOCUMENTS[index % 4 === 0 ? 1 : 0];
  const body = JSON.stringify({ query, variables: variables(1 + Math.floor(Math.random() * CONTRACTS)) });
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    authorization: `Bearer token-${index % TOKENS}`,
    'x-billing-trace': '1',
  };
  return new Promise((resolve) => {
    const fail = (error) => resolve({ status: 0, text: `"code":"${error.code}"`, calls: 0 });
    const sent = request({ agent, host: url.hostname, port: url.port, path: '/graphql', method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode, text, calls: Number(/"calls":(\d+)/.exec(text)?.[1] ?? 0) }));
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

function once(child) {
  return new Promise((resolve) => child.once('message', resolve));
}

function report({ counts, failures, latencies, samples, faults, durationMs }) {
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.floor((latencies.length - 1) * share)].toFixed(0);
  const unhandled = samples.at(-1).unhandled;
  // A warm process: what is compiled and remembered is there after a quarter of the time.
  const warm = samples.slice(Math.floor(samples.length / 4));
  const mean = (list, field) => list.reduce((sum, sample) => sum + sample[field], 0) / list.length;
  const third = Math.max(1, Math.floor(warm.length / 3));
  const [heapBefore, heapAfter] = [mean(warm.slice(0, third), 'heapMb'), mean(warm.slice(-third), 'heapMb')];
  const [rssBefore, rssAfter] = [mean(warm.slice(0, third), 'rssMb'), mean(warm.slice(-third), 'rssMb')];
  const loop = { p99: Math.max(...warm.map((sample) => sample.loop.p99)), max: Math.max(...warm.map((sample) => sample.loop.max)) };
  console.log(
    `${counts.operations} operations in ${durationMs / 1000} s (${Math.round((counts.operations / durationMs) * 1000)} a second), ${counts.calls} calls, ${faults.requests} attempts, ${faults.faults} of them faults (${((100 * faults.faults) / faults.requests).toFixed(1)} %)`,
  );
  console.log(`failed operations: ${[...failures.values()].reduce((a, b) => a + b, 0)} ${JSON.stringify(Object.fromEntries(failures))}`);
  console.log(`latency of an operation: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`);
  console.log(
    `heap after collection: ${heapBefore.toFixed(1)} MB early, ${heapAfter.toFixed(1)} MB late; resident: ${rssBefore.toFixed(0)} MB early, ${rssAfter.toFixed(0)} MB late`,
  );
  console.log(`event loop delay: p99 ${loop.p99.toFixed(1)} ms at worst, longest ${loop.max.toFixed(1)} ms`);
  console.log(`unhandled rejections and warnings: ${unhandled.length} ${unhandled.join('; ')}`);
  const isGood = failures.size === 0 && heapAfter < heapBefore * 1.15 + 2 && loop.p99 < 100 && unhandled.length === 0;
  console.log(isGood ? 'good' : 'NOT GOOD');
  process.exitCode = isGood ? 0 : 1;
}

// A child must not outlive the bench, however that ends.
if (positionals.length > 0) process.on('disconnect', () => process.exit(1));
if (positionals[0] === 'upstream') serveUpstream();
else if (positionals[0] === 'gateway') await serveGateway(positionals[1]);
else await main(Number(values.minutes) * 60_000);
