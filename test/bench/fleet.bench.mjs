// What a fault of the shared cache costs the billing API, for a fleet of gateways that is simulated: no sockets, no
// waiting, and the same figures on every machine. Run by hand: npm run bench:fleet
import { readCommandLine } from './command-line.mjs';
import { DEFAULTS, measure, SCENARIOS } from './fleet-model.mjs';

const USAGE = `Usage: npm run bench:fleet -- [options]

${Object.entries(DEFAULTS)
  .map(([name, value]) => `  --${name} ${value}`)
  .join('\n')}
  --json              prints everything as JSON`;

const { values } = readCommandLine(
  {
    ...Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, { type: 'string', default: String(value) }])),
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false, short: 'h' },
  },
  USAGE,
);
const options = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, Number(values[name])]));
const results = SCENARIOS.map((scenario) => measure(scenario, options));

if (values.json) console.log(JSON.stringify(results));
else {
  console.log(
    `${options.processes} processes, ${options.requestsPerSecond} requests/s, ${options.callers} callers with ${options.contractsPerCaller} contracts each, a lifetime of ${options.ttlSeconds} s, calls of ${options.callSeconds} s\n`,
  );
  console.log('| fault | hits | calls/s as usual | most calls/s | extra calls | seconds above usual |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const { name, hitShare, callsPerSecond, mostPerSecond, extraCalls, highSeconds } of results)
    console.log(`| ${name} | ${(hitShare * 100).toFixed(0)} % | ${callsPerSecond} | ${mostPerSecond} | ${extraCalls} | ${highSeconds} |`);
}
