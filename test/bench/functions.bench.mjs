// What the functions on the hot path cost by themselves, out of the built gateway. Small ones are called many times in a
// row for each sample, so that the clock does not count. Run by hand: npm run bench:functions
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { parse } from 'graphql';
import { Bench } from 'tinybench';
import { toBills } from './bills.mjs';
import { describeMachine, readCommandLine, runBenchmark, toTable } from './command-line.mjs';
import { GATEWAY } from './contestants.mjs';

const USAGE = `Usage: npm run bench:functions -- [options]

  --seconds 0.5       for each function, after as long to warm up
  --only TEXT         only those whose name holds the text
  --json              prints everything as JSON`;

const require = createRequire(import.meta.url);
const { BILLS } = require('../../dist/billing/model/bills');
const { Billing } = require('../../dist/billing/billing');
const { BillingOperation } = require('../../dist/billing/ports/billing-operation');
const { Caller } = require('../../dist/billing/model/caller');
const { planPages } = require('../../dist/billing/paging/window-plan');
const { openEntry, sealEntry } = require('../../dist/cache/entries/entry');
const { EntryKey } = require('../../dist/cache/entries/entry-key');
const { RequestIdentity } = require('../../dist/billing/ports/request-identity');
const { createLocalKeyRing } = require('../../dist/cache/keys/local-key-ring');
const { createSharedKeyRing } = require('../../dist/cache/keys/shared-key-ring');
const { ResultMeter } = require('../../dist/graphql/context/result-meter');
const { PreparedOperations } = require('../../dist/graphql/execution/compiled-operations');
const { buildServedSchema } = require('../../dist/graphql/schema/subgraph');
const { ResponseCache } = require('../../dist/http/response/response-cache');
const { parseBody, toGraphqlRequest } = require('../../dist/http/request/graphql-request');
const { RequestBodies, toBodyBounds } = require('../../dist/http/pipeline/request-bodies');
const { RecentTexts } = require('../../dist/runtime/maps/recent-texts');
const { ShortLivedMap } = require('../../dist/runtime/maps/short-lived-map');
const { decodeBills } = require('../../dist/upstream/bills/decode-bills');

const PAGING = { mode: 'offset', maxQuantity: 1000 };
const CONTRACT = '700100';
const customer = { idType: 'RUC', id: '80012345' };
const UNLIMITED = { maxResults: Infinity, maxAnswerBytes: Infinity };
const caller = Caller.parse(`Bearer ${'x'.repeat(800)}`);
const { signal } = new AbortController();
const kept = { last: null };
const toRequest = (limit) => ({ customer, contractNumber: CONTRACT, window: { offset: 0, limit } });
const toBody = (count) => Buffer.from(JSON.stringify(toBills(CONTRACT, 0, count)));

const { values } = readCommandLine(
  {
    seconds: { type: 'string', default: '0.5' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false, short: 'h' },
  },
  USAGE,
);
await runBenchmark(async () => {
  const cases = (await toCases()).filter(({ name }) => name.includes(values.only));
  const timeMs = values.seconds * 1000;
  const bench = new Bench({ time: timeMs, warmupTime: timeMs, warmupIterations: 5, iterations: 10, throws: true });
  for (const { name, times, run } of cases) bench.add(name, toTask(run, times));
  await bench.run();
  report(bench.tasks.map(({ name, result }, index) => toRow(name, result, cases[index].times)));
});

/** Calls a function so many times. What it returned is kept, so that no compiler leaves the call out. */
function toTask(run, times) {
  return () => {
    for (let i = 0; i < times; i++) kept.last = run();
  };
}

async function toCases() {
  const cases = [];
  const add = (name, times, run) => cases.push({ name, times, run });
  for (const count of [12, 1000]) {
    const body = toBody(count);
    const what = `${count.toLocaleString('en')} invoices`;
    add(`decode a body, ${what}`, count === 12 ? 20 : 1, () => decodeBills(body, toRequest(count)));
    await addWriter(add, count, body);
    addSeals(add, body, what);
  }
  addPlans(add);
  addRequests(add);
  const shortLived = new ShortLivedMap();
  addTurnover(add, 'ShortLivedMap', { set: (key, call) => shortLived.set(key, call), end: (entry) => shortLived.delete(entry) });
  const map = new Map();
  addTurnover(add, 'Map', { set: (key, call) => map.set(key, call) && key, end: (key) => map.delete(key) });
  addFinding(add);
  return cases;
}

/** Calls come and go, 16 of them in flight at once, each with what a request reaches: what the collector makes of it counts too. */
function addTurnover(add, name, calls) {
  const inFlight = [];
  let count = 0;
  add(`begin and end a call in flight, ${name}`, 5000, () => {
    const key = `${'i'.repeat(43)} RUC:80012345/${++count % 5000}/0.12`;
    const call = { key, parts: Array.from({ length: 60 }, (_, index) => ({ index, of: key })) };
    if (inFlight.push(calls.set(key, call)) <= 16) return call;
    calls.end(inFlight.shift());
    return call;
  });
}

/** Finds a document of 1,000 characters by a string that is made anew each time, as a request has it. */
function addFinding(add) {
  const document = 'd'.repeat(1000);
  const body = JSON.stringify(document);
  const map = new Map([[document, {}]]);
  const recent = new RecentTexts();
  recent.set(document, {});
  add('find a document by its text, Map', 5000, () => map.get(JSON.parse(body)));
  add('find a document by its text, RecentTexts', 5000, () => recent.get(JSON.parse(body)));
}

function addPlans(add) {
  const page = { offset: 0, first: 12, probe: false };
  const pages = [0, 6, 12].map((offset) => ({ ...page, offset }));
  add('plan the calls for one page', 500, () => planPages([page], PAGING));
  add('plan the calls for three pages that overlap', 500, () => planPages(pages, PAGING));
}

function addSeals(add, body, what) {
  const shared = createSharedKeyRing({ secret: 'a secret for the benchmark, 32 or more', scope: 'bench' });
  const request = toRequest(12);
  for (const [store, ring] of [
    ['memory', createLocalKeyRing()],
    ['redis', shared],
  ]) {
    const nameIt = () => EntryKey.of(ring, RequestIdentity.of(caller, BILLS, request));
    const { keys, text } = nameIt();
    const entry = { body, freshUntilMs: 1, staleUntilMs: 1, generation: 0 };
    const sealed = sealEntry(keys, text, entry);
    if (!openEntry(keys, text, sealed)?.body.equals(body)) throw new Error('A sealed entry does not open.');
    if (what.startsWith('12')) add(`name an entry of the cache, ${store}`, 50, nameIt);
    add(`seal an entry, ${store}, ${what}`, 10, () => sealEntry(keys, text, entry));
    add(`open an entry, ${store}, ${what}`, 10, () => openEntry(keys, text, sealed));
  }
}

/** The workload's own operation, run over a source that answers at once, and the writing of its answer. */
async function addWriter(add, count, body) {
  const { prepared, variables, variant } = prepare(count);
  const answer = { content: decodeBills(body, toRequest(count)), received: null, freshUntilMs: 0, stale: false };
  const source = { read: () => Promise.resolve(answer) };
  const run = () => {
    const operation = new BillingOperation({ caller, signal, callBudget: 100 });
    return prepared.run(variant, variables, {
      requestId: '-',
      billing: new Billing(source, operation, PAGING),
      pageLimits: { maxPageSize: 1000 },
      results: new ResultMeter(UNLIMITED),
      traced: false,
    });
  };
  const { body: response } = await run();
  if (JSON.parse(response).data.customer.c0.invoices.nodes.length !== count) throw new Error('The written response is not the right one.');
  add(`run a compiled operation and write its response, ${count.toLocaleString('en')} invoices`, 1, run);
}

function prepare(count) {
  const { query, operationName, variables } = JSON.parse(toGraphqlBody(count));
  const operations = new PreparedOperations(buildServedSchema());
  const document = parse(query);
  operations.learn(query, operationName, { document, operation: document.definitions[0] });
  const prepared = operations.find(query, operationName);
  return {
    operations,
    query,
    operationName,
    prepared,
    raw: variables,
    variables: prepared.coerce(variables),
    variant: prepared.variant(variables),
  };
}

function toGraphqlBody(count) {
  return GATEWAY.toRequest({ form: 'aliases', parts: [{ contract: CONTRACT, offset: 0, limit: count }] }).body;
}

function addRequests(add) {
  const body = Buffer.from(toGraphqlBody(12));
  const { operations, query, operationName, prepared, raw } = prepare(12);
  // A request of node:http's, as far as it is used.
  const message = Object.assign(new EventEmitter(), { headers: { 'content-length': String(body.length) } });
  const bodies = new RequestBodies(toBodyBounds(262_144));
  add('read a request of one piece', 50, () => {
    let read = null;
    message.removeAllListeners();
    bodies.read(message, (all) => (read = all));
    message.emit('data', body);
    message.emit('end');
    return read;
  });
  add('parse a request', 20, () => toGraphqlRequest(parseBody(body)));
  add('find a prepared operation, coerce its variables', 200, () => [operations.find(query, operationName), prepared.coerce(raw)]);
  const answers = new ResponseCache(32 * 1024 * 1024);
  const key = () => answers.keyOf(caller, 'application/json', body);
  const completed = {
    status: 200,
    headers: [],
    mediaType: 'application/json',
    body: 'x'.repeat(2000),
    freshness: { freshUntilMs: Infinity, stale: false },
    outcome: 'ok',
    codes: [],
    operationName,
    operationType: 'query',
    cost: { calls: 0, merged: 0, cached: 1, stale: 0 },
  };
  answers.offer(key(), completed, 0);
  const find = () => answers.find(key(), performance.now());
  if (!find()) throw new Error('A cached response is not found.');
  add('find a cached response', 100, find);
}

function toRow(name, { latency }, times) {
  const toUs = (ms) => (ms * 1000) / times;
  return {
    name,
    medianUs: toUs(latency.p50),
    p99Us: toUs(latency.p99),
    leastUs: toUs(latency.min),
    errorPercent: latency.rme,
    samples: latency.samplesCount,
  };
}

function report(rows) {
  const about = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    machine: describeMachine(null),
    seconds: values.seconds,
  };
  if (values.json) {
    console.log(JSON.stringify({ ...about, rows }, null, 2));
    return;
  }
  console.log(`${about.date}, Node ${about.node}, ${about.machine}\n`);
  const toText = (us) => (us >= 100 ? String(Math.round(us)) : us.toPrecision(3));
  console.log(
    toTable(
      ['', 'µs a call, median', 'least', 'p99', 'samples'],
      rows.map(({ name, medianUs, leastUs, p99Us, samples }) => [name, toText(medianUs), toText(leastUs), toText(p99Us), String(samples)]),
    ),
  );
}
