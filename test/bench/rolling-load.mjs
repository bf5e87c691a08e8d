// The load of the rolling restart, a process of its own: clients with kept-alive connections ask until they are told to
// stop, and every answer is read. Whatever is not the answer to the question counts as failed: a status, an error of
// GraphQL, a foreign contract, a connection that broke. Nothing is asked a second time.
import { Agent, request } from 'node:http';

const DOCUMENT =
  'query Rolling($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate invoices(first: 12) { nodes { number amount } } } } }';
/** So many failures are told in words; the others are only counted. */
const MAX_TOLD = 10;

let run = null;

function start({ url, clients, contracts, tokens }) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const state = { stopping: false, answered: 0, failed: 0, told: [], latenciesMs: [], startedMs: performance.now() };
  const fail = (why) => {
    state.failed++;
    if (state.told.length < MAX_TOLD) state.told.push(why);
  };
  const work = async (client) => {
    for (let turn = client; !state.stopping; turn++) {
      const number = String(100_000 + ((turn * 7) % contracts));
      const startedMs = performance.now();
      const problem = await ask(agent, url, { number, token: `token-${turn % tokens}` });
      state.latenciesMs.push(performance.now() - startedMs);
      if (problem === null) state.answered++;
      else fail(problem);
    }
  };
  state.done = Promise.all(Array.from({ length: clients }, (_, client) => work(client))).finally(() => agent.destroy());
  return state;
}

/** Asks once. Resolves with null, or with what was wrong. */
function ask(agent, url, { number, token }) {
  const body = JSON.stringify({ query: DOCUMENT, variables: { number } });
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), authorization: `Bearer ${token}` };
    const asked = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => (text += piece));
      response.on('error', (error) => resolve(`the answer broke off: ${error.message}`));
      response.on('end', () => resolve(judge(response.statusCode, text, number)));
    });
    asked.on('error', (error) => resolve(`the connection failed: ${error.message}`));
    asked.end(body);
  });
}

function judge(status, text, number) {
  if (status !== 200) return `HTTP ${status}: ${text.slice(0, 200)}`;
  const { data, errors } = JSON.parse(text);
  if (errors) return `GraphQL: ${JSON.stringify(errors).slice(0, 200)}`;
  const nodes = data?.customer?.contract?.invoices?.nodes ?? [];
  return nodes.length === 12 && nodes.every((node) => node.number.startsWith(`001-${number}-`))
    ? null
    : `another answer: ${text.slice(0, 200)}`;
}

async function stop({ done, ...state }, toStop) {
  toStop();
  await done;
  const sorted = state.latenciesMs.sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const { answered, failed, told } = state;
  return { answered, failed, told, seconds: (performance.now() - state.startedMs) / 1000, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

process.on('message', (order) => {
  if (order === 'count') process.send(run.answered + run.failed);
  else if (order === 'stop') void stop(run, () => (run.stopping = true)).then((result) => process.send(result));
  else {
    run = start(order);
    process.send('started');
  }
});
process.on('disconnect', () => process.exit());
process.stdout.write('{"url":"http://load"}\n');
