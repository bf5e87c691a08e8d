import { spawnGateway } from '../support/gateway-process';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { requestRaw, type RawRequest } from '../support/raw-request';
import { startRedis } from '../support/redis-server';
import { startScriptedUpstream, type Script } from '../support/scripted-upstream';

// Long enough to stand nowhere by chance.
const TOKEN = 'b1f0c4d2a98e47d6b35c0e7719fa2c64d8';
const CUSTOMER = '7318840296617';
const CONTRACT = '590172638409';
const INVOICE = 'INV-884411907755';
const STREET = 'Avenida de los Naranjos 441788301256';
const SECRET = 'a-cache-secret-that-nobody-may-read-0123456789';
const HIDDEN_PATH = 'hidden-prefix';

/** What no line may hold. The upstream's address is added when it is known. */
const TOLD: Readonly<Record<string, RegExp>> = {
  'the token': new RegExp(TOKEN),
  'a part of the token': new RegExp(TOKEN.slice(0, 20)),
  "the customer's id": new RegExp(CUSTOMER),
  'the contract number': new RegExp(CONTRACT),
  'the invoice number': /884411907755/,
  'the address': /Naranjos|441788301256/,
  'the secret of the cache': new RegExp(SECRET),
  'the path of the billing API': new RegExp(HIDDEN_PATH),
  'a stack': /"stack"|stacktrace|\n\s+at |\\n\s+at |node_modules/,
};

/** Which of these a text tells. */
const tellsOf = (text: string, told: Readonly<Record<string, RegExp>>): string[] =>
  Object.keys(told).filter((what) => (told[what] as RegExp).test(text));

/** By contract: what the billing API does. Its answers hold everything that must not be told. */
const FAULTS: Readonly<Record<string, Awaited<ReturnType<Script>>>> = {
  1: { status: 400, body: { error: { code: 'x', message: `${CUSTOMER} ${CONTRACT} Bearer ${TOKEN}` } } },
  2: { status: 401, body: { error: { message: TOKEN } } },
  3: { status: 403, body: { error: { message: CUSTOMER } } },
  4: { status: 404, body: { error: { message: CONTRACT } } },
  5: { status: 429, headers: { 'retry-after': '0' }, body: { error: { message: TOKEN } } },
  6: { status: 500, body: `<html>${STREET} ${TOKEN}</html>` },
  7: { status: 503, body: TOKEN },
  8: { reset: true },
  9: { hang: 'before-headers' },
  10: { body: `not JSON ${STREET}` },
  11: { body: { contractNo: CONTRACT, dueDate: { [CUSTOMER]: TOKEN } } },
  12: { body: { contractNo: CONTRACT, [`f${CUSTOMER}`]: STREET } },
  13: {
    body: {
      contractNo: '13',
      dueDate: '2025-07-15',
      [CUSTOMER]: STREET,
      [STREET]: CONTRACT,
      invoiceCollection: [{ invoiceNumber: 1, invoiceAmount: STREET }],
    },
  },
  14: { rawBytes: `HTTP/1.1 200 ${STREET}\r\nContent-Length: zz\r\n\r\n${TOKEN}` },
  15: { truncateAtBytes: 10, body: { contractNo: CONTRACT, dueDate: STREET } },
};

const script: Script = (request) => {
  const asked = toAskedBills(request.url);
  const body = {
    ...toBillsBody(asked),
    billingAddress: [{ street: STREET, city: 'x' }],
    invoiceCollection: [
      {
        invoiceContractNo: asked.contractNumber ?? '1',
        invoiceNumber: INVOICE,
        billPeriod: '2025-06',
        invoiceAmount: 7,
        invoiceStatus: true,
      },
    ],
  };
  return FAULTS[asked.contractNumber ?? ''] ?? { body };
};

const select = (number: string): string =>
  `contract(number: "${number}") { number dueDate billingAddresses { street } invoices(first: 2) { nodes { number amount } } invoice(number: "${INVOICE}") { amount } }`;
const query = (number: string, name = 'Bills'): string =>
  `query ${name} { customer(idType: "RUC", id: "${CUSTOMER}") { ${select(number)} } }`;
const json = { 'content-type': 'application/json' };
const bearer = { ...json, authorization: `Bearer ${TOKEN}` };
const post = (body: unknown, headers: Record<string, string> = bearer): RawRequest => ({
  method: 'POST',
  path: '/graphql',
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const get = (search: string, headers: Record<string, string> = bearer): RawRequest => ({ path: `/graphql?${search}`, headers });

/** The happy path, every failure, and bad input with a token or an identifier wherever one could stand. */
const REQUESTS: readonly RawRequest[] = [
  ...Array.from({ length: 4 }, () => post({ query: query(CONTRACT) })),
  post({
    query: 'query V($id: ID!, $n: ID!) { customer(idType: "RUC", id: $id) { contract(number: $n) { dueDate } } }',
    variables: { id: CUSTOMER, n: CONTRACT },
  }),
  post({
    query: 'query E($r: [_Any!]!) { _entities(representations: $r) { ... on Contract { dueDate } } }',
    variables: {
      r: [
        { __typename: 'Contract', number: CONTRACT, customer: { idType: 'RUC', id: CUSTOMER } },
        { __typename: TOKEN },
        { __typename: 'Contract', number: `${CONTRACT}/../${TOKEN}`, customer: { idType: 'RUC', id: CUSTOMER } },
      ],
    },
  }),
  ...Object.keys(FAULTS).map((number) => post({ query: query(number) })),
  post({ query: query(`${CONTRACT}/../../${TOKEN}`) }),
  post({ query: query(`${CONTRACT}\\n${TOKEN}`) }),
  post({ query: query(CONTRACT, `_${TOKEN}`) }),
  post({ query: query(CONTRACT, `Customer${CUSTOMER}`) }),
  post({ query: query(CONTRACT), operationName: TOKEN }),
  post({ query: `{ customer(idType: "RUC", id: "${CUSTOMER}" "${TOKEN}"` }),
  post({ query: `{ _${TOKEN} }` }),
  post({ query: query(CONTRACT), variables: { [TOKEN]: CUSTOMER } }),
  post(`{"query": ${TOKEN} ${CUSTOMER}`),
  post([{ query: query(CONTRACT) }]),
  post({ documentId: TOKEN }),
  post({ extensions: { persistedQuery: { version: 1, sha256Hash: TOKEN } } }),
  post(`query=${TOKEN}`, { 'content-type': `text/${TOKEN}` }),
  post({ query: query(CONTRACT) }, { ...json, authorization: `Basic ${TOKEN}` }),
  post({ query: query(CONTRACT) }, { ...json, authorization: TOKEN }),
  post({ query: query(CONTRACT) }, { ...bearer, 'x-request-id': TOKEN }),
  post({ query: query(CONTRACT) }, { ...bearer, 'x-request-id': `trace:${TOKEN}` }),
  post({ query: query(CONTRACT) }, { ...bearer, traceparent: `00-${TOKEN.slice(0, 32)}-b7ad6b7169203331-01`, tracestate: `v=${TOKEN}` }),
  post({ query: query(CONTRACT) }, { ...bearer, 'x-request-timeout-ms': TOKEN }),
  post({ query: query(CONTRACT) }, { ...bearer, 'x-apollo-operation-name': TOKEN, cookie: `token=${TOKEN}`, forwarded: `for=${CUSTOMER}` }),
  post({ query: query(CONTRACT) }, { ...bearer, 'apollo-federation-include-trace': 'ftv1' }),
  post({ query: query(CONTRACT) }, { ...bearer, accept: `text/${TOKEN}` }),
  get(`query=${encodeURIComponent(query(CONTRACT))}`),
  get(`query=${encodeURIComponent(query(CONTRACT))}&access_token=${TOKEN}`),
  get(`query=${TOKEN}&query=${CUSTOMER}`),
  get('', { accept: 'text/html' }),
  { path: `/customers/${CUSTOMER}?token=${TOKEN}`, headers: bearer },
  { path: `/${TOKEN}%ZZ`, headers: bearer },
  { path: '/metrics' },
  { path: '/healthz' },
];

describe('A full run of the gateway at LOG_LEVEL=trace', () => {
  it('writes down no token, customer, contract, invoice, address, upstream and stack', async () => {
    const redis = await startRedis();
    const upstream = await startScriptedUpstream(script);
    const gateway = spawnGateway({
      LOG_LEVEL: 'trace',
      EXPLORER: 'graphiql',
      BILLING_API_URL: `${upstream.url}/${HIDDEN_PATH}`,
      BILLING_API_TIMEOUT_MS: '300',
      BILLING_API_RETRIES: '1',
      REDIS_URL: redis.url,
      CACHE_SECRET: SECRET,
      CACHE_TTL_SECONDS: '60',
      CACHE_STALE_SECONDS: '60',
    });
    const told = { ...TOLD, 'the address of the billing API': new RegExp(`127\\.0\\.0\\.1:${upstream.port}|:${upstream.port}\\b`) };
    try {
      const url = await gateway.ready();
      const port = Number(new URL(url).port);
      const statuses = new Set<number>();
      for (const request of REQUESTS) statuses.add((await requestRaw(port, request)).status);
      expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 401, 404, 406, 415]));
      // Without Redis, and with a client that leaves.
      await redis.close();
      await requestRaw(port, post({ query: query(CONTRACT) }));
      const metrics = (await requestRaw(port, { path: '/metrics' })).text;
      gateway.child.kill('SIGTERM');
      expect(await gateway.exited).toBe(0);
      const output = gateway.stdout() + gateway.stderr();
      const lines = output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as { msg: string });
      // It is a full run: every request that is GraphQL's has its line, and attempts have theirs.
      expect(lines.filter(({ msg }) => msg === 'operation').length).toBeGreaterThanOrEqual(REQUESTS.length - 5);
      expect(lines.filter(({ msg }) => msg === 'attempt').length).toBeGreaterThan(Object.keys(FAULTS).length);
      expect(lines.some(({ msg }) => msg.includes('differ from its contract'))).toBe(true);
      expect(upstream.requests.every(({ url: path }) => path.startsWith(`/${HIDDEN_PATH}/`))).toBe(true);
      expect(tellsOf(output, told)).toEqual([]);
      expect(tellsOf(metrics, told)).toEqual([]);
      // The search finds each of them, were it there: in any place of any line.
      const planted: Readonly<Record<string, string>> = {
        'the token': TOKEN,
        'a part of the token': TOKEN.slice(0, 25),
        "the customer's id": CUSTOMER,
        'the contract number': CONTRACT,
        'the invoice number': INVOICE,
        'the address': STREET,
        'the secret of the cache': SECRET,
        'the path of the billing API': `/${HIDDEN_PATH}/customers`,
        'a stack': 'Error: x\\n    at f (a.js:1:1)',
        'the address of the billing API': `connect ECONNREFUSED ${new URL(upstream.url).host}`,
      };
      expect(Object.keys(planted).sort()).toEqual(Object.keys(told).sort());
      for (const [what, value] of Object.entries(planted))
        expect(tellsOf(`${output}{"level":30,"msg":"x","v":"${value}"}\n`, told)).toContain(what);
    } finally {
      await gateway.kill();
      await upstream.close();
      await redis.close();
    }
  }, 60_000);
});
