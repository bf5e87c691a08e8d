// What a request costs that ends otherwise than with all of its data, as a multiple of one that has it: a field that fails, a
// contract that is not known, no token, a token that is refused, an open circuit breaker. Run by hand: npm run bench:outcomes
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { toBills } from './bills.mjs';
import { describeMachine, readCommandLine, RUN_OPTIONS, runBenchmark, toTable } from './command-line.mjs';
import { GATEWAY } from './contestants.mjs';
import { chooseCores, startProcess } from './processes.mjs';
import { median } from './statistics.mjs';

const USAGE = `Usage: npm run bench:outcomes -- [options]

  --seconds 1         for each case and round
  --rounds 5          rounds, in turn; the median counts
  --connections 16    each with one request under way
  --variants 128      different contracts that are asked for in turn
  --json              prints everything as JSON`;

/** Contracts of which the billing API says something else than bills; of those below, each has bills. */
const UNKNOWN = 9_000_000;
const FORBIDDEN = 9_100_000;
const MALFORMED = 9_200_000;
const BROKEN = 9_300_000;

const FIELDS =
  'number dueDate billingAddresses { street neighborhood city state country zipCode } invoices(first: 12) { nodes { number contractNumber billPeriod amount status } }';
const ONE = `query One($a: ID!) { customer(idType: "RUC", id: "80012345") { a: contract(number: $a) { ${FIELDS} } } }`;
const TWO = `query Two($a: ID!, $b: ID!) { customer(idType: "RUC", id: "80012345") { a: contract(number: $a) { ${FIELDS} } b: contract(number: $b) { ${FIELDS} } } }`;
const GOOD = 7_000_000;

/** `base`: the case whose cost is 1. `most`: what this one may cost at most. `text`: what a response to it has in it. */
const CASES = [
  { name: 'one contract', query: ONE, at: [GOOD], text: '"nodes"' },
  { name: 'two contracts', query: TWO, at: [GOOD, GOOD + 1000], text: '"nodes"' },
  { name: 'two, one refused (403)', query: TWO, at: [GOOD, FORBIDDEN], text: 'FORBIDDEN', base: 'two contracts', most: 2 },
  { name: 'two, one not of the contract', query: TWO, at: [GOOD, MALFORMED], text: 'INVALID_RESPONSE', base: 'two contracts', most: 2 },
  { name: 'two, one not a number', query: TWO, at: [GOOD, 'x'], text: 'BAD_USER_INPUT', base: 'two contracts', most: 2 },
  { name: 'an unknown contract (404)', query: ONE, at: [UNKNOWN], text: '"a":null', base: 'one contract', most: 1 },
  { name: 'no token', query: ONE, at: [GOOD], token: null, status: 401, text: 'UNAUTHENTICATED', base: 'one contract', most: 1 },
  { name: 'a refused token', query: ONE, at: [GOOD], token: 'refused', text: 'UNAUTHENTICATED', base: 'one contract', most: 2 },
  { name: 'an open breaker', query: ONE, at: [BROKEN], text: 'retryAfterSeconds', base: 'one contract', most: 1, isBreaking: true },
];

if (process.argv[2] === 'upstream') serve();
else await runBenchmark(main);

function serve() {
  const server = createServer({ keepAliveTimeout: 60_000 }, ({ url, headers }, response) => {
    const [status, body] = answer(new URL(url, 'http://upstream').searchParams, headers.authorization);
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  });
  server.listen(0, '127.0.0.1', () => process.stdout.write(`{"url":"http://127.0.0.1:${server.address().port}"}\n`));
  process.on('disconnect', () => process.exit());
}

function answer(parameters, authorization) {
  const contract = Number(parameters.get('contractNumber'));
  if (authorization === 'Bearer refused') return [401, { error: { code: '401', message: 'no' } }];
  if (contract >= BROKEN) return [503, { error: { code: '503', message: 'no' } }];
  if (contract >= MALFORMED) return [200, { contractNo: String(contract), invoiceCollection: 5 }];
  if (contract >= FORBIDDEN) return [403, { error: { code: '403', message: 'no' } }];
  if (contract >= UNKNOWN) return [404, { error: { code: '404', message: 'no' } }];
  return [200, toBills(String(contract), Number(parameters.get('pageInit') ?? 0), Number(parameters.get('quantity') ?? 12))];
}

async function main() {
  const options = { ...RUN_OPTIONS, seconds: { type: 'string', default: '1' } };
  const { values } = readCommandLine(options, USAGE);
  const cores = chooseCores();
  const here = (file) => fileURLToPath(new URL(file, import.meta.url));
  const running = [];
  const start = (...args) => {
    const started = startProcess(...args);
    running.push(started);
    return started;
  };
  try {
    const upstream = start(here('outcomes.bench.mjs'), { args: ['upstream'], core: cores?.load });
    const env = { ...GATEWAY.env, BILLING_API_URL: await upstream.url(), BILLING_API_RETRIES: '0' };
    const load = start(here('load.mjs'), { core: cores?.load });
    const open = async () => {
      const gateway = start(GATEWAY.script(), { node: values.node, flags: ['--require', here('door.cjs')], env, core: cores?.contestant });
      return { gateway, load, url: new URL(await gateway.url()).origin };
    };
    // The circuit breaker goes by what all have been answered.
    const [healthy, broken] = [await open(), await open()];
    const prepared = CASES.map((each) => ({
      ...each,
      ends: each.isBreaking ? broken : healthy,
      requests: toRequests(each, values.variants),
      samples: [],
    }));
    // The broken one has been well for a while: its operations are known, and the token is.
    await rehearse({ ...prepared[0], ends: broken, requests: prepared[0].requests.slice(0, 4) });
    for (const each of prepared) await rehearse(each);
    for (let round = 0; round <= values.rounds; round++) for (const each of prepared) await sample(each, { ...values, isKept: round > 0 });
    report(prepared, cores, values.json);
  } finally {
    for (const each of running) await each.stop();
  }
}

function toRequests({ query, at, token }, variants) {
  return Array.from({ length: variants }, (_, variant) => {
    const [a, b] = at.map((first) => (typeof first === 'number' ? String(first + variant) : first));
    return { method: 'POST', path: '/graphql', body: JSON.stringify({ query, variables: { a, b } }), token };
  });
}

/** Asks for each variant until the operation is known; rejects where a response is not of the case. */
async function rehearse({ name, ends: { url }, requests, token = 'bench-token', status = 200, text }) {
  const headers = { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) };
  let last = '';
  for (let i = 0; i < 2; i++)
    for (const { path, body } of requests) {
      const response = await fetch(url + path, { method: 'POST', headers, body });
      last = `HTTP ${response.status}: ${await response.text()}`;
    }
  if (!last.startsWith(`HTTP ${status}:`) || !last.includes(text))
    throw new Error(`The case "${name}" is answered by ${last.slice(0, 300)}`);
}

async function sample(each, { seconds, connections, isKept }) {
  const { gateway, load, url } = each.ends;
  const before = await gateway.ask('usage');
  const result = await load.ask({ url, requests: each.requests, status: each.status ?? 200, lengths: null, connections, seconds });
  const after = await gateway.ask('usage');
  if (result.problems.length > 0) throw new Error(`The case "${each.name}" failed under load: ${result.problems[0]}`);
  // The first round warms up.
  if (isKept) each.samples.push((after.cpuUs - before.cpuUs) / result.requests);
}

function report(cases, cores, isJson) {
  const costs = new Map(cases.map(({ name, samples }) => [name, median(samples)]));
  const rows = cases.map(({ name, base, most }) => ({
    name,
    cpuUs: costs.get(name),
    ratio: base ? costs.get(name) / costs.get(base) : 1,
    most,
  }));
  if (isJson) {
    console.log(JSON.stringify({ node: process.version, rows }));
    return;
  }
  console.log(`Node ${process.version}; ${describeMachine(cores)}\n`);
  const header = ['a request for', 'CPU µs', 'as a multiple', 'at most'];
  console.log(
    toTable(
      header,
      rows.map(({ name, cpuUs, ratio, most }) => [name, cpuUs.toFixed(0), ratio.toFixed(2), most === undefined ? '–' : String(most)]),
    ),
  );
}
