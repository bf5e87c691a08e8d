// The example supergraph in one command (npm run supergraph): the gateway with the embedded billing API, the CRM, and a
// router over both. Prints a query to paste. Options: --router apollo|hive, --port PORT of the router (0 is any free one).
const { spawn } = require('node:child_process');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { createApp } = require('../../../dist/app');
const { parseConfig } = require('../../../dist/config/config');
const { createLog } = require('../../../dist/telemetry/logs/log');
const { toPortProblem } = require('../../support/port-problem.cjs');
const { composeSupergraph } = require('../../../dist/tools/schema/schema-compose');
const { startApolloRouter } = require('./apollo-router.cjs');
const { startCrm } = require('./crm.cjs');

const QUERY =
  '{ account(code: "A-1") { customer { legalName } contracts { number lineCount dueDate invoices(first: 2) { nodes { number billPeriod amount } } } } }';

/** Hive Gateway is a process of its own: its packages cannot be required. */
function startHiveRouter(supergraphSdl, port) {
  const directory = mkdtempSync(join(tmpdir(), 'supergraph-'));
  const file = join(directory, 'supergraph.graphql');
  writeFileSync(file, supergraphSdl);
  const child = spawn(process.execPath, [join(__dirname, 'hive-router.mjs'), '--supergraph', file, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (line) => {
      rmSync(directory, { recursive: true });
      resolve({ url: /is at (\S+)/.exec(String(line))[1], close: () => Promise.resolve(child.kill()) });
    });
    child.once('exit', (code) => reject(new Error(`Hive Gateway ended with ${code}.`)));
  });
}

async function main() {
  const { values } = parseArgs({ options: { router: { type: 'string', default: 'apollo' }, port: { type: 'string', default: '4100' } } });
  const start = { apollo: startApolloRouter, hive: startHiveRouter }[values.router];
  if (!start) throw new Error('--router must be apollo or hive.');

  const config = parseConfig({ PORT: '0', DRAIN_DELAY_MS: '0' });
  const app = await createApp(config, createLog('warn'));
  const crm = await startCrm();
  const { supergraphSdl } = await composeSupergraph(undefined, { billing: `${app.url}/graphql`, crm: crm.url });
  const router = await start(supergraphSdl, Number(values.port));

  console.log(`The billing subgraph is at ${app.url}/graphql, with the embedded billing API behind it.`);
  console.log(`The CRM subgraph is at ${crm.url}`);
  console.log(`The router is at ${router.url}`);
  console.log('\nContracts that start in the CRM, with their bills; the token is good for an hour:\n');
  console.log(
    `curl -s ${router.url} -H 'Content-Type: application/json' -H 'Authorization: Bearer ${app.billingApi.issueToken()}' -d '${JSON.stringify({ query: QUERY })}'\n`,
  );

  const stop = async () => {
    for (const part of [router, crm, app]) await part.close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop());
}

function fail(error) {
  console.error(toPortProblem(error));
  process.exit(1);
}

// Apollo's standalone server does not reject where its port is in use: the error is nobody's.
process.once('uncaughtException', fail);
main().catch(fail);
