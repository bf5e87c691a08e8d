// The billing API of the benchmarks, a process of its own: bodies are made once and kept as bytes, so that it costs
// little on the core that it shares with the load. Its parent may ask how many calls it has answered.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { toBills } from './bills.mjs';

const bodies = new Map();
let calls = 0;

const { TLS_CERT_FILE, TLS_KEY_FILE } = process.env;
const isTls = TLS_CERT_FILE !== undefined && TLS_KEY_FILE !== undefined;

function answer(request, response) {
  calls++;
  if (!request.headers.authorization?.startsWith('Bearer ')) {
    refuse(response, 401, 'no bearer token');
    return;
  }
  let body = bodies.get(request.url);
  if (!body) {
    const { pathname, searchParams } = new URL(request.url, 'http://upstream');
    const contract = searchParams.get('contractNumber');
    if (!/^\/customers\/[^/]+\/[^/]+\/bills$/.test(pathname)) return void refuse(response, 404, 'no such resource');
    if (contract === null) return void refuse(response, 400, 'contractNumber is missing');
    body = Buffer.from(
      JSON.stringify(toBills(contract, Number(searchParams.get('pageInit') ?? 0), Number(searchParams.get('quantity') ?? 12))),
    );
    bodies.set(request.url, body);
  }
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

function refuse(response, status, message) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { code: String(status), message } }));
}

process.on('message', () => process.send(calls));
process.on('disconnect', () => process.exit());
const options = { keepAliveTimeout: 60_000 };
const server = isTls
  ? createTlsServer({ ...options, cert: readFileSync(TLS_CERT_FILE), key: readFileSync(TLS_KEY_FILE) }, answer)
  : createServer(options, answer);
server.listen(0, '127.0.0.1', () => process.stdout.write(`{"url":"http${isTls ? 's' : ''}://127.0.0.1:${server.address().port}"}\n`));
