// CPU time of an entity fetch of 100 contracts against the direct query for the same 100, in one run. The gateway is a
// process of its own and alone counted; client and billing API are in this one. Run by hand: npm run bench:entities
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer, Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { readCommandLine } from './command-line.mjs';

const CONTRACTS = 100;
const ROUNDS = 9;
const REQUESTS = 60;
const WARM_UP = 60;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const { positionals } = readCommandLine(
  { help: { type: 'boolean', default: false, short: 'h' } },
  'Usage: npm run bench:entities. There are no options.',
);
if (positionals[0] === 'gateway') await serve();
else await main();

/** The gateway's process: tells its address, and its CPU time whenever it is asked. */
async function serve() {
  const require = createRequire(import.meta.url);
  const { createApp } = require('../../dist/app');
  const { parseConfig } = require('../../dist/config/config');
  const { createLog } = require('../../dist/telemetry/logs/log');
  const app = await createApp(
    parseConfig({ ...process.env, NODE_ENV: 'production', HOST: '127.0.0.1', PORT: '0', DRAIN_DELAY_MS: '0' }),
    createLog('silent'),
  );
  process.on('message', () => process.send(process.cpuUsage()));
  process.on('disconnect', () => process.exit(0));
  process.send(app.url);
}

function toBody(contract, count) {
  return JSON.stringify({
    contractNo: contract,
    billingAddress: [{ street: 'Av. España 1234', city: 'Asunción', country: 'PY' }],
    dueDate: '2025-07-15',
    invoiceCollection: Array.from({ length: count }, (_, i) => ({
      invoiceContractNo: contract,
      invoiceNumber: `001-${1234567 + i}`,
      billPeriod: '2025-06',
      invoiceAmount: 1250000 + i,
      invoiceStatus: true,
    })),
  });
}

async function startUpstream() {
  const server = createServer((incoming, response) => {
    const { searchParams } = new URL(incoming.url, 'http://upstream');
    const body = Buffer.from(toBody(searchParams.get('contractNumber'), Number(searchParams.get('quantity'))));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function startGatewayProcess(billingApiUrl, cacheTtlSeconds) {
  const child = fork(fileURLToPath(import.meta.url), ['gateway'], {
    env: { ...process.env, BILLING_API_URL: billingApiUrl, CACHE_TTL_SECONDS: String(cacheTtlSeconds) },
  });
  const told = () => new Promise((resolve) => child.once('message', resolve));
  const url = await told();
  return {
    url,
    cpuMs: async () => {
      child.send('cpu');
      const { user, system } = await told();
      return (user + system) / 1000;
    },
    stop: () => child.kill('SIGKILL'),
  };
}

function post(url, body) {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/graphql`,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), authorization: 'Bearer bench-token' },
      },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function toQuestions(selection) {
  const customer = { idType: 'RUC', id: '80012345' };
  const numbers = Array.from({ length: CONTRACTS }, (_, index) => String(700_000 + index));
  return {
    direct: JSON.stringify({
      query: `query($numbers: [ID!]!) { customer(idType: "RUC", id: "80012345") { contracts(numbers: $numbers) { ${selection} } } }`,
      variables: { numbers },
    }),
    entities: JSON.stringify({
      query: `query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Contract { ${selection} } } }`,
      variables: { representations: numbers.map((number) => ({ __typename: 'Contract', customer, number })) },
    }),
  };
}

async function measure(name, selection, cacheTtlSeconds, billingApiUrl) {
  const gateway = await startGatewayProcess(billingApiUrl, cacheTtlSeconds);
  const questions = toQuestions(selection);
  const [direct, entities] = [
    JSON.parse(await post(gateway.url, questions.direct)),
    JSON.parse(await post(gateway.url, questions.entities)),
  ];
  if (
    JSON.stringify(direct.data.customer.contracts) !== JSON.stringify(entities.data._entities) ||
    entities.data._entities.length !== CONTRACTS
  )
    throw new Error('The two do not answer the same.');
  for (const question of Object.values(questions)) for (let i = 0; i < WARM_UP; i++) await post(gateway.url, question);
  const cpu = { direct: [], entities: [] };
  for (let round = 0; round < ROUNDS; round++) {
    // In turn, so that what else the machine does meets both.
    for (const [kind, question] of Object.entries(questions)) {
      const before = await gateway.cpuMs();
      for (let i = 0; i < REQUESTS; i++) await post(gateway.url, question);
      cpu[kind].push(((await gateway.cpuMs()) - before) / REQUESTS);
    }
  }
  gateway.stop();
  const ratios = cpu.entities.map((value, round) => value / cpu.direct[round]);
  console.log(
    `${name.padEnd(46)} direct ${median(cpu.direct).toFixed(2)} ms   _entities ${median(cpu.entities).toFixed(2)} ms   ratio ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
  );
}

async function main() {
  const upstream = await startUpstream();
  const url = `http://127.0.0.1:${upstream.address().port}`;
  console.log(
    `${CONTRACTS} contracts, CPU time of the gateway a request; medians of ${ROUNDS} rounds of ${REQUESTS} requests, Node ${process.version}`,
  );
  await measure('due date, 100 calls', 'number dueDate', 0, url);
  await measure('due date and 10 invoices, 100 calls', 'number dueDate invoices(first: 10) { nodes { number billPeriod amount } }', 0, url);
  await measure(
    'due date and 10 invoices, all remembered',
    'number dueDate invoices(first: 10) { nodes { number billPeriod amount } }',
    600,
    url,
  );
  upstream.close();
  agent.destroy();
}
