import { gzipSync } from 'node:zlib';
import { toBillsBody, toAskedBills } from '../support/bills-body';
import type { ScriptedAnswer } from '../support/scripted-upstream';
import { byContract, errorsOf, good, withScript } from '../support/scripted-gateway';

const TOKEN = 'eyJ0b2tlbiI6InNlY3JldCJ9.of-the-caller';
const QUERY =
  '{ customer(idType: "RUC", id: "80012345") { bad: contract(number: "1") { dueDate invoices { nodes { number } } } fine: contract(number: "2") { dueDate } } }';
/** Words of the inner world, which no client may read. */
const SECRET = 'inner-words-of-the-billing-api';
const errorBody = (message: unknown): ScriptedAnswer['body'] => ({
  error: { code: 'X', message, stack: `${SECRET}\n    at handler (/srv/app.js:1:2)` },
});

const unusable: [string, ScriptedAnswer][] = [
  ['HTML', { headers: { 'content-type': 'text/html' }, body: `<!DOCTYPE html><p>${SECRET}</p>` }],
  ['nothing', { body: '' }],
  ['half a document', { body: '{"contractNo":"1"' }],
  ['a list', { body: [] }],
  ['null', { body: 'null' }],
  ['an error under status 200', { body: errorBody(SECRET) }],
  ['another object', { body: { message: SECRET } }],
  ['a status of 202', { status: 202, body: { contractNo: '1' } }],
  ['a part', { status: 206, body: { contractNo: '1' } }],
  ['a 404 of a proxy', { status: 404, body: { message: SECRET } }],
  ["another contract's data", { body: { contractNo: '2', dueDate: SECRET } }],
  ["another contract's invoices", { body: { invoiceCollection: [{ invoiceContractNo: '2', invoiceNumber: SECRET }] } }],
  ['more bytes than are read', { body: { contractNo: '1', dueDate: SECRET.repeat(4000) } }],
  [
    'too many bytes without saying so',
    { headers: { 'transfer-encoding': 'chunked' }, body: { contractNo: '1', dueDate: SECRET.repeat(4000) } },
  ],
  ['a compressed body', { headers: { 'content-encoding': 'gzip' }, body: gzipSync('{"contractNo":"1"}') }],
  ['bytes that are not UTF-8', { body: Buffer.from('{"dueDate":"Asunción"}', 'latin1') }],
  ['deep nesting', { body: `{"contractNo":${'['.repeat(30_000)}` }],
];

const cases: [code: string, what: string, answer: ScriptedAnswer][] = [
  ['UNAUTHENTICATED', 'with 401', { status: 401, headers: { 'www-authenticate': `Bearer realm="${SECRET}"` }, body: errorBody(SECRET) }],
  ['FORBIDDEN', 'with 403', { status: 403, body: errorBody(SECRET) }],
  ['BAD_USER_INPUT', 'with 400', { status: 400, body: errorBody(5) }],
  ['BAD_USER_INPUT', 'with 400 and nothing', { status: 400, body: '' }],
  ['BAD_USER_INPUT', 'with 400 and HTML', { status: 400, body: `<p>${SECRET}</p>` }],
  ['RATE_LIMITED', 'with 429', { status: 429, body: errorBody(SECRET) }],
  ...[301, 302, 304, 307, 308, 402, 405, 406, 409, 410, 418, 422, 431, 451, 500, 501, 502, 503, 504, 599].map(
    (status): [string, string, ScriptedAnswer] => [
      'UPSTREAM_UNAVAILABLE',
      `with ${status}`,
      { status, headers: { location: 'http://127.0.0.1:1/elsewhere' }, body: status === 204 || status === 304 ? '' : errorBody(SECRET) },
    ],
  ),
  ['UPSTREAM_UNAVAILABLE', 'with a reset connection', { reset: true }],
  ['UPSTREAM_UNAVAILABLE', 'with bytes that are not HTTP', { rawBytes: `${SECRET}\r\n\r\n` }],
  ['UPSTREAM_UNAVAILABLE', 'with a body that is cut off', { body: { contractNo: '1', dueDate: 'x'.repeat(1000) }, truncateAtBytes: 500 }],
  ['UPSTREAM_TIMEOUT', 'with nothing, for too long', { hang: 'before-headers' }],
  ['UPSTREAM_TIMEOUT', 'with headers alone', { hang: 'after-headers' }],
  ['UPSTREAM_TIMEOUT', 'with half a body', { hang: 'in-body', body: { contractNo: '1' } }],
  ...unusable.map(([what, answer]): [string, string, ScriptedAnswer] => ['UPSTREAM_INVALID_RESPONSE', `with ${what}`, answer]),
];

describe('A failure of the billing API', () => {
  it.each(cases)(
    'is %s where it answers %s: null there, the data of its sibling, and nothing of what it said',
    async (code, _what, answer) => {
      await withScript(
        byContract({ 1: answer }),
        async ({ gateway, upstream }) => {
          const result = await gateway.query(QUERY, undefined, { token: TOKEN });
          expect(result.status).toBe(200);
          expect(errorsOf(result)).toEqual([{ code, path: ['customer', 'bad'] }]);
          // After a refused token the sibling may fail with the same error: it was asked for at the same time here.
          expect(result.data).toEqual({ customer: { bad: null, fine: { dueDate: '2025-07-15' } } });
          expect(upstream.requests).toHaveLength(2);
          expect(Object.keys(result.errors[0]!.extensions!)).toEqual(['code']);
          // A line of the log names the system's error, which is the operator's; a response does not.
          expect(result.text).not.toContain('ECONN');
          for (const text of [result.text, gateway.logLines.join('\n')]) {
            for (const secret of [
              TOKEN,
              SECRET,
              upstream.url,
              `:${upstream.port}`,
              '127.0.0.1',
              'node_modules',
              '    at ',
              'SocketError',
              'SyntaxError',
            ])
              expect(text).not.toContain(secret);
          }
          expect(gateway.logLines.join('\n')).not.toContain('80012345');
        },
        { BILLING_API_TIMEOUT_MS: '300', BILLING_API_MAX_BODY_BYTES: '65536' },
      );
    },
  );

  it('is UPSTREAM_UNAVAILABLE where nobody listens', async () => {
    await withScript(good, async ({ gateway, upstream }) => {
      await upstream.close();
      const result = await gateway.query(QUERY, undefined, { token: TOKEN });
      expect(errorsOf(result).map(({ code }) => code)).toEqual(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_UNAVAILABLE']);
      expect(result.text).not.toContain(String(upstream.port));
      expect(result.text).not.toContain('ECONNREFUSED');
    });
  });

  it('is UPSTREAM_TIMEOUT when the time of the whole operation is over, whatever one attempt may take', async () => {
    await withScript(
      byContract({ 1: { hang: 'before-headers' } }),
      async ({ gateway }) => {
        const result = await gateway.query(QUERY);
        expect(errorsOf(result)).toEqual([{ code: 'UPSTREAM_TIMEOUT', path: ['customer', 'bad'] }]);
        expect(result.data).toEqual({ customer: { bad: null, fine: { dueDate: '2025-07-15' } } });
      },
      { REQUEST_DEADLINE_MS: '200' },
    );
  });

  it('passes on what a 400 says, where it is text', async () => {
    for (const message of ['quantity must not be more than 50.', 'El número no es válido', '<b>"quoted"</b>']) {
      await withScript(byContract({ 1: { status: 400, body: errorBody(message) } }), async ({ gateway }) => {
        const result = await gateway.query(QUERY);
        expect(result.errors).toMatchObject([{ message, path: ['customer', 'bad'], extensions: { code: 'BAD_USER_INPUT' } }]);
      });
    }
  });

  it('never passes on a message of a 400 that tells the token or the address', async () => {
    await withScript(
      (request) => ({
        status: 400,
        body: errorBody(
          request.url.includes('contractNumber=1') ? `Bad token ${TOKEN}.` : `No route for http://${request.headers.host}${request.url}`,
        ),
      }),
      async ({ gateway, upstream }) => {
        const result = await gateway.query(QUERY, undefined, { token: TOKEN });
        expect(errorsOf(result).map(({ code }) => code)).toEqual(['BAD_USER_INPUT', 'BAD_USER_INPUT']);
        expect(result.text).not.toContain(TOKEN);
        expect(result.text).not.toContain(String(upstream.port));
      },
    );
  });

  it.each([
    ['7', 7],
    ['0', 0],
    [undefined, undefined],
    ['soon', undefined],
    ['-5', undefined],
  ])('says how long to wait where a 429 says Retry-After: %s', async (retryAfter, retryAfterSeconds) => {
    await withScript(
      byContract({ 1: { status: 429, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } } }),
      async ({ gateway }) => {
        const { errors } = await gateway.query(QUERY);
        expect(errors[0]?.extensions).toEqual({ code: 'RATE_LIMITED', ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) });
      },
    );
  });

  it('does not carry the token after a redirect', async () => {
    await withScript(good, async ({ upstream: other }) => {
      await withScript(
        byContract({ 1: { status: 307, headers: { location: `${other.url}/customers/RUC/1/bills` } } }),
        async ({ gateway }) => {
          await gateway.query(QUERY);
          expect(other.requests).toHaveLength(0);
        },
      );
    });
  });

  it('ends the remaining loads of an operation after a 401, without a further call', async () => {
    await withScript(
      () => ({ status: 401 }),
      async ({ gateway, upstream }) => {
        const result = await gateway.query(
          '{ customer(idType: "RUC", id: "1") { contract(number: "1") { invoice(number: "x") { number } } } c: customer(idType: "RUC", id: "1") { contract(number: "1") { dueDate } } }',
        );
        expect(errorsOf(result).map(({ code }) => code)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
        expect(upstream.requests).toHaveLength(1);
      },
    );
  });

  it('keeps every digit of amounts, and the leading zeros of an invoice number', async () => {
    const amounts = ['2147483648', '9007199254740992', '9007199254740993', '-9007199254740993', '1e20', '0', 'null'];
    const body = `{"contractNo":"1","invoiceCollection":[${amounts.map((amount) => `{"invoiceNumber":"0007","invoiceAmount":${amount}}`).join(',')}]}`;
    await withScript(
      () => ({ body }),
      async ({ gateway }) => {
        const { text } = await gateway.query(
          '{ customer(idType: "RUC", id: "1") { contract(number: "1") { invoices { nodes { number amount } } } } }',
        );
        expect([...text.matchAll(/"number":"0007","amount":([^}]*)/g)].map(([, amount]) => amount)).toEqual([
          '2147483648',
          '9007199254740992',
          '"9007199254740993"',
          '"-9007199254740993"',
          '"100000000000000000000"',
          '0',
          'null',
        ]);
      },
    );
  });

  it('keeps the path of the base address', async () => {
    await withScript(good, async ({ upstream }) => {
      await withScript(
        good,
        async ({ gateway }) => {
          await gateway.query(QUERY);
          expect(upstream.requests.map(({ url }) => url.split('?')[0])).toEqual([
            '/b2b/v2/customers/RUC/80012345/bills',
            '/b2b/v2/customers/RUC/80012345/bills',
          ]);
        },
        { BILLING_API_URL: `${upstream.url}/b2b/v2/` },
      );
    });
  });

  it('reads an answer whose fields nobody knows', async () => {
    await withScript(
      (request) => ({ body: { ...toBillsBody(toAskedBills(request.url)), later: [1.5, { deep: true }] } }),
      async ({ gateway }) => {
        expect(errorsOf(await gateway.query(QUERY))).toEqual([]);
      },
    );
  });
});
