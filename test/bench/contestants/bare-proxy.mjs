// What Node itself costs for the same work: node:http and undici's pool, bodies passed through as bytes. There is no
// GraphQL, nothing is checked, and only where windows of one contract overlap is a body parsed, to cut it.
//   GET  /customers/…                  one call
//   POST /batch   ["path", …]          each different path fetched once; the bodies as a JSON array
//   POST /windows {path, windows}      one call for all windows of one contract; a JSON array with each window's part
import { createServer } from 'node:http';
import { Pool } from 'undici';

const pool = new Pool(process.env.BILLING_API_URL, { connections: 64 });

async function get(path, authorization) {
  const { statusCode, body } = await pool.request({ path, method: 'GET', headers: { authorization } });
  return { status: statusCode, bytes: Buffer.from(await body.arrayBuffer()) };
}

async function batch(paths, authorization) {
  const calls = new Map();
  for (const path of paths) if (!calls.has(path)) calls.set(path, get(path, authorization));
  const pieces = [];
  for (const path of paths) pieces.push(Buffer.from(pieces.length === 0 ? '[' : ','), (await calls.get(path)).bytes);
  return { status: 200, bytes: Buffer.concat([...pieces, Buffer.from(']')]) };
}

async function windows({ path, windows: asked }, authorization) {
  const start = Math.min(...asked.map(({ offset }) => offset));
  const end = Math.max(...asked.map(({ offset, limit }) => offset + limit));
  const { bytes } = await get(`${path}&pageInit=${start}&quantity=${end - start}`, authorization);
  const bills = JSON.parse(bytes);
  const parts = asked.map(({ offset, limit }) => ({
    ...bills,
    invoiceCollection: bills.invoiceCollection.slice(offset - start, offset - start + limit),
  }));
  return { status: 200, bytes: Buffer.from(JSON.stringify(parts)) };
}

async function read(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces));
}

async function answer(request) {
  const authorization = request.headers.authorization ?? '';
  if (request.method === 'GET') return get(request.url, authorization);
  const body = await read(request);
  return request.url === '/batch' ? batch(body, authorization) : windows(body, authorization);
}

const server = createServer((request, response) => {
  void answer(request)
    .catch((error) => ({ status: 502, bytes: Buffer.from(String(error)) }))
    .then(({ status, bytes }) => {
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length });
      response.end(bytes);
    });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`{"url":"http://127.0.0.1:${server.address().port}"}\n`));
