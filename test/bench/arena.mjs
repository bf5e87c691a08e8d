// Where contestants meet: the billing API, the load, and each contestant, in processes of their own. An answer is
// checked, and its calls counted, before it is timed.
import { deepStrictEqual } from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { toBills, toContract } from './bills.mjs';
import { makeCertificate } from './certificate.mjs';
import { chooseCores, startProcess } from './processes.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const HEADERS = { 'content-type': 'application/json', authorization: 'Bearer bench-token' };

/**
 * Starts the contestants. `node` is the path of the Node that they run on, `variants` a bound on how many variants of a
 * workload are asked for; with `tls`, they reach the billing API over TLS. Rejects, with all stopped, where one does not start.
 */
export async function openArena(contestants, { node = process.execPath, variants = Infinity, tls = false } = {}) {
  const cores = chooseCores();
  const certificate = tls ? makeCertificate() : null;
  const running = [];
  const start = (script, options) => {
    const started = startProcess(script, options);
    running.push(started);
    return started;
  };
  const close = async () => {
    for (const each of running.splice(0)) await each.stop();
    certificate?.remove();
  };
  try {
    const upstream = start(here('upstream.mjs'), {
      core: cores?.load,
      env: certificate ? { TLS_CERT_FILE: certificate.cert, TLS_KEY_FILE: certificate.key } : {},
    });
    const load = start(here('load.mjs'), { core: cores?.load });
    const billingApiUrl = await upstream.url();
    const entrants = [];
    for (const contestant of contestants) {
      const door = start(contestant.script(), {
        node,
        flags: ['--require', here('door.cjs')],
        env: {
          ...contestant.env,
          BILLING_API_URL: billingApiUrl,
          ...(certificate ? { NODE_EXTRA_CA_CERTS: certificate.cert } : {}),
        },
        core: cores?.contestant,
      });
      entrants.push({ ...contestant, door, base: new URL(await door.url()).origin });
    }
    const countCalls = () => upstream.ask('calls');
    return {
      cores,
      entrants,
      rehearse: (entrant, workload) => rehearse(entrant, { ...workload, variants: Math.min(workload.variants, variants) }, countCalls),
      measure: (entrant, rehearsed, options) => measure({ entrant, load, countCalls }, rehearsed, options),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Asks for every variant of a workload, once, and holds the answers against what the billing API has. Resolves with
 * what the load needs. Rejects where an answer, or the number of calls, is not right.
 */
async function rehearse(entrant, workload, countCalls) {
  const variants = Array.from({ length: workload.variants }, (_, variant) => workload.parts(variant));
  const offsets = [...new Set(variants[0].map(({ offset }) => offset))].filter((offset) => offset > 0);
  const ask = (request) => askOnce(entrant, request);
  const cursors = await entrant.prepare?.(ask, offsets);
  const requests = variants.map((parts) => entrant.toRequest({ form: workload.form, parts }, cursors));
  // What was fetched is remembered at the first time, and an answer as a whole at the second.
  if (entrant.isRemembered) for (const request of [...requests, ...requests]) await ask(request);
  const before = await countCalls();
  const lengths = [];
  for (const [variant, request] of requests.entries()) {
    const text = await ask(request);
    const expected = variants[variant].map(({ contract, offset, limit }) => toContract(toBills(contract, offset, limit)));
    deepStrictEqual(
      entrant.toContracts(JSON.parse(text)),
      expected,
      `${entrant.name} does not answer what the billing API holds: ${workload.what}`,
    );
    lengths.push(Buffer.byteLength(text));
  }
  const calls = ((await countCalls()) - before) / requests.length;
  if (calls !== entrant.callsFor(workload))
    throw new Error(`${entrant.name} makes ${calls} calls a request instead of ${entrant.callsFor(workload)}: ${workload.what}`);
  return { requests, lengths, calls };
}

async function askOnce(entrant, { method, path, body }) {
  const response = await fetch(entrant.base + path, { method, body, headers: HEADERS });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${entrant.name} answers HTTP ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

/** Loads a contestant for so many seconds. Resolves with what a request cost; rejects where one was not answered right. */
async function measure({ entrant, load, countCalls }, { requests, lengths, calls: expectedCalls }, { seconds, connections }) {
  const callsBefore = await countCalls();
  const before = await entrant.door.ask('usage');
  const result = await load.ask({ url: entrant.base, requests, lengths, connections, seconds });
  const after = await entrant.door.ask('usage');
  if (result.problems.length > 0) throw new Error(`${entrant.name} failed under load: ${result.problems[0]}`);
  const calls = ((await countCalls()) - callsBefore) / result.requests;
  // Equal calls under way are one to the gateway, and an attempt that failed is repeated: then it is another workload.
  if (Math.abs(calls - expectedCalls) > 0.01 * expectedCalls) {
    throw new Error(
      `${entrant.name} made ${calls.toFixed(2)} calls a request under load instead of ${expectedCalls}: ask for more variants, or over fewer connections.`,
    );
  }
  return {
    cpuUs: (after.cpuUs - before.cpuUs) / result.requests,
    calls,
    requests: result.requests,
    requestsPerSecond: result.requests / result.seconds,
    rssMiB: after.rssMiB,
    node: after.node,
  };
}
