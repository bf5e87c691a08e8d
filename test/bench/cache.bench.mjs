// CPU time of an answer out of memory, out of Redis, and from the billing API, measured at the billing source: what
// GraphQL and HTTP add on top is the same for all of them. The billing API and Redis run in processes of their own
// and are not counted. Run by hand: npm run bench:cache
import { fork, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { readCommandLine } from './command-line.mjs';

const ROUNDS = 5;
const AT_ONCE = 8;

/** A body with so many invoices, as the billing API writes it. */
const toBody = (contract, count) =>
  JSON.stringify({
    contractNo: contract,
    billingAddress: [
      { street: 'Av. España 1234', neighborhood: 'Villa Morra', city: 'Asunción', state: 'Central', country: 'PY', zipCode: '1849' },
    ],
    dueDate: '2025-07-15',
    invoiceCollection: Array.from({ length: count }, (_, i) => ({
      invoiceContractNo: contract,
      invoiceNumber: `001-001-${1234567 + i}`,
      billPeriod: '2025-06',
      invoiceAmount: 1250000 + i,
      invoiceStatus: i % 2 === 0,
    })),
  });
const toCount = (limit) => (limit === 21 ? 12 : 1000);

const { positionals } = readCommandLine(
  { help: { type: 'boolean', default: false, short: 'h' } },
  'Usage: npm run bench:cache. There are no options.',
);
if (positionals[0] === 'upstream') serve();
else await main();

function serve() {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url, 'http://upstream');
    const body = Buffer.from(toBody(searchParams.get('contractNumber'), toCount(Number(searchParams.get('quantity')))));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
}

async function main() {
  const require = createRequire(import.meta.url);
  const { BillingOperation } = require('../../dist/billing/ports/billing-operation');
  const { Caller } = require('../../dist/billing/model/caller');
  const { CallerCaches } = require('../../dist/billing/ports/caller-caches');
  const { createBillsCache } = require('../../dist/cache/bills-cache');
  const { decodeBills } = require('../../dist/upstream/bills/decode-bills');
  const { Attempts } = require('../../dist/upstream/resilience/attempts');
  const { createTransport } = require('../../dist/upstream/http/transport');
  const { UpstreamSource } = require('../../dist/upstream/upstream-source');
  const { createClient } = require('@redis/client');

  const upstream = fork(fileURLToPath(import.meta.url), ['upstream']);
  const port = await new Promise((resolve) => upstream.once('message', resolve));
  const redisPort = port === 65535 ? port - 1 : port + 1;
  const redis = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    redis.stdout.on('data', (chunk) => String(chunk).includes('Ready to accept') && resolve());
    redis.once('exit', () => reject(new Error('redis-server ended')));
  });
  const url = `redis://127.0.0.1:${redisPort}`;

  const transport = createTransport({
    baseUrl: new URL(`http://127.0.0.1:${port}`),
    connections: 16,
    sharing: 'shared',
    maxAgeMs: 300_000,
    proxy: null,
    tlsFiles: null,
    userAgent: 'bench',
    compression: 'none',
    headers: [],
    correlationHeader: null,
    maxBodyBytes: 1 << 24,
    timeoutMs: 5000,
  });
  const source = new UpstreamSource(new Attempts(transport, { connections: 16 }), { paging: { mode: 'offset', base: 0 }, retries: 0 });
  const outage = { began: (reason) => console.error(reason), ended: () => undefined };
  const open = (ttlSeconds, redisUrls = []) =>
    createBillsCache(source, {
      caches: new CallerCaches(),
      ttlSeconds,
      staleSeconds: 0,
      maxBytes: 1 << 27,
      redisUrls,
      redisTls: { cert: null, key: null, ca: null },
      redisWaitMs: 75,
      secret: 'a secret for the benchmark, 32 or more',
      scope: 'bench',
      decode: decodeBills,
      reads: outage,
      writes: outage,
      locks: outage,
    });
  const caller = Caller.parse(`Bearer ${'x'.repeat(800)}`);
  const { signal } = new AbortController();
  const ask = ({ source: asked }, limit, contractNumber) =>
    asked.read(
      { customer: { idType: 'RUC', id: '80012345' }, contractNumber, window: { offset: 0, limit } },
      new BillingOperation({ caller, signal, callBudget: 100 }),
    );

  const cases = [
    { what: 'upstream call, nothing kept', cache: await open(0), hit: false },
    { what: 'upstream call, kept in memory', cache: await open(30), hit: false },
    { what: 'upstream call, kept in Redis', cache: await open(30, [url]), hit: false },
    { what: 'memory hit', cache: await open(600), hit: true },
    { what: 'memory hit, a window of 3 out of the larger one', cache: await open(600), hit: true, cut: 3 },
    { what: 'Redis hit', cache: await open(600, [url]), hit: true },
  ];
  let contract = 1_000_000;
  const rows = [];
  for (const limit of [21, 1000]) {
    // A list of contracts of its own: one whose 12 invoices are all that there is would answer the window of 1,000.
    const operations = limit === 21 ? 4000 : 400;
    for (const { what, cache, hit, cut } of cases) {
      const contracts = Array.from({ length: AT_ONCE }, (_, i) => String(1001 + i + limit * 100));
      for (const number of hit ? contracts : [])
        while ((await ask(cache, limit, number)).received !== null) await new Promise((resolve) => setTimeout(resolve, 5));
      const askAll = () => Promise.all(contracts.map((number) => ask(cache, cut ?? limit, hit ? number : String(contract++))));
      for (let i = 0; i < operations; i += AT_ONCE) await askAll();
      const times = [];
      for (let round = 0; round < ROUNDS; round++) {
        const before = process.cpuUsage();
        for (let i = 0; i < operations; i += AT_ONCE) await askAll();
        const { user, system } = process.cpuUsage(before);
        times.push((user + system) / operations);
      }
      times.sort((a, b) => a - b);
      rows.push({
        invoices: toCount(limit),
        what,
        'CPU µs, median of 5': Number(times[2].toFixed(1)),
        least: Number(times[0].toFixed(1)),
        most: Number(times[4].toFixed(1)),
      });
    }
  }
  console.log(`Node ${process.version}; ${AT_ONCE} different questions at a time`);
  console.table(rows);

  const client = createClient({ url });
  await client.connect();
  const sizes = new Map();
  for (const name of await client.keys('*')) {
    const entry = name.replace(/\{.*\}/, '{…}');
    if (sizes.has(entry)) continue;
    const value = await client.strLen(name);
    // A seal of 29 bytes around a head of 17; the list of windows has no head.
    sizes.set(entry, {
      entry,
      'body, bytes': entry.endsWith('}') ? 0 : value - 46,
      'value, bytes': value,
      'in Redis, all told': await client.memoryUsage(name),
    });
  }
  console.table([...sizes.values()]);
  client.destroy();
  for (const { cache } of cases) await cache.close();
  await transport.close();
  upstream.kill();
  redis.kill();
}
