import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { startGateway, type Gateway, type GraphqlAnswer } from '../support/gateway';
import { startScriptedUpstream, type ScriptedAnswer, type ScriptedUpstream } from '../support/scripted-upstream';
import { startSocketUpstream, writeForever, type SocketUpstream } from '../support/socket-upstream';

const QUERY =
  'query ($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { dueDate invoices { nodes { number amount } } } } }';

/** Nothing is kept, everything is logged, and an attempt has the time that a busy machine may need for an answer. */
const SETTINGS = { BILLING_API_TIMEOUT_MS: '10000', REQUEST_DEADLINE_MS: '20000', CACHE_TTL_SECONDS: '0', LOG_LEVEL: 'trace' };
/** For faults that only the clock ends. */
const SHORT = { ...SETTINGS, BILLING_API_TIMEOUT_MS: '400' };
const settingsFor = (code: string): typeof SETTINGS => (code === 'UPSTREAM_TIMEOUT' ? SHORT : SETTINGS);

const good = (request: { readonly url: string }): ScriptedAnswer => ({ body: toBillsBody(toAskedBills(request.url)) });
const json = (body: unknown): ScriptedAnswer => ({ body });

/** What no client and no log may see: the upstream's own words, its address, the token, the customer. */
const SECRET = 'words-of-the-upstream';

/** An answer that came at all came in time: a fault without end that nothing bounds runs into the test's own. */
async function ask(gateway: Gateway, number = '7'): Promise<GraphqlAnswer> {
  return gateway.query(QUERY, { number }, { token: 'the-secret-token' });
}

function codesOf(answer: GraphqlAnswer): unknown[] {
  return answer.errors.map((error) => error.extensions?.['code']);
}

function expectNothingTold(gateway: Gateway, seen: GraphqlAnswer, upstream: { readonly url: string }): void {
  const told = seen.text + gateway.logLines.join('\n');
  for (const secret of [SECRET, 'the-secret-token', '80012345', new URL(upstream.url).host]) expect(told).not.toContain(secret);
}

describe('A fault of the billing API', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeAll(() => {
    process.on('unhandledRejection', note);
    process.on('warning', note);
  });
  afterAll(() => {
    process.off('unhandledRejection', note);
    process.off('warning', note);
    expect(unhandled).toEqual([]);
  });

  describe('that passes', () => {
    it.each<[string, ScriptedAnswer]>([
      ['502', { status: 502 }],
      ['503', { status: 503 }],
      ['504', { status: 504 }],
      ['429', { status: 429, headers: { 'retry-after': '0' } }],
      ['524', { status: 524 }],
      ['a reset connection', { reset: true }],
      ['a connection closed without a word', { rawBytes: '' }],
      ['a body cut off', { body: `"${SECRET}"`, truncateAtBytes: 5 }],
      ['bytes that are not HTTP', { rawBytes: `${SECRET}\r\n\r\n` }],
      ['silence', { hang: 'before-headers' }],
      ['silence after the headers', { hang: 'after-headers' }],
      ['a body that stalls', { body: `"${SECRET}"`, hang: 'in-body' }],
    ])('is not seen by the client: %s, twice', async (_fault, fault) => {
      const upstream = await startScriptedUpstream((request, index) => (index < 2 ? fault : good(request)));
      const gateway = await startGateway({ ...SHORT, BILLING_API_URL: upstream.url });
      const seen = await ask(gateway);
      await gateway.close();
      await upstream.close();
      expect(seen.errors).toEqual([]);
      expect(seen.data.customer.contract.invoices.nodes).toHaveLength(3);
      expect(seen.extensions?.['billing']).toMatchObject({ calls: 1 });
      expect(upstream.requests).toHaveLength(3);
    });

    it('is not tried again where no retries are wished', async () => {
      const upstream = await startScriptedUpstream(() => ({ status: 503 }));
      const gateway = await startGateway({ ...SETTINGS, BILLING_API_URL: upstream.url, BILLING_API_RETRIES: '0' });
      expect(codesOf(await ask(gateway))).toEqual(['UPSTREAM_UNAVAILABLE']);
      await gateway.close();
      await upstream.close();
      expect(upstream.requests).toHaveLength(1);
    });
  });

  describe('that lasts', () => {
    const deepBody = `{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    it.each<[string, ScriptedAnswer, string, number]>([
      ['500', { status: 500, body: { error: { message: SECRET } } }, 'UPSTREAM_UNAVAILABLE', 1],
      ['501', { status: 501 }, 'UPSTREAM_UNAVAILABLE', 1],
      ['502', { status: 502, body: `<h1>${SECRET}</h1>` }, 'UPSTREAM_UNAVAILABLE', 3],
      ['503', { status: 503 }, 'UPSTREAM_UNAVAILABLE', 3],
      ['504', { status: 504 }, 'UPSTREAM_UNAVAILABLE', 3],
      ['429', { status: 429 }, 'RATE_LIMITED', 1],
      ['429 that says when', { status: 429, headers: { 'retry-after': '0' } }, 'RATE_LIMITED', 3],
      ['401', { status: 401, body: { error: { message: SECRET } } }, 'UNAUTHENTICATED', 1],
      ['403', { status: 403, body: { error: { message: SECRET } } }, 'FORBIDDEN', 1],
      ['400', { status: 400 }, 'BAD_USER_INPUT', 1],
      ['a redirect', { status: 302, headers: { location: `/${SECRET}` } }, 'UPSTREAM_UNAVAILABLE', 1],
      ['206', { status: 206, body: { contractNo: '7', dueDate: SECRET } }, 'UPSTREAM_INVALID_RESPONSE', 1],
      ['202', { status: 202, body: { contractNo: '7', dueDate: SECRET } }, 'UPSTREAM_INVALID_RESPONSE', 1],
      ['404 of a proxy', { status: 404, body: { message: SECRET } }, 'UPSTREAM_INVALID_RESPONSE', 1],
      ['404 with a page that is not read', { status: 404, body: SECRET.repeat(10_000) }, 'UPSTREAM_INVALID_RESPONSE', 1],
      ['a reset connection', { reset: true }, 'UPSTREAM_UNAVAILABLE', 3],
      ['a connection closed without a word', { rawBytes: '' }, 'UPSTREAM_UNAVAILABLE', 3],
      ['bytes that are not HTTP', { rawBytes: `${SECRET}\r\n\r\n` }, 'UPSTREAM_UNAVAILABLE', 3],
      ['a body cut off', { body: `"${SECRET}"`, truncateAtBytes: 5 }, 'UPSTREAM_UNAVAILABLE', 3],
      [
        'a body cut off in its last chunk',
        { headers: { 'transfer-encoding': 'chunked' }, body: `"${SECRET}"`, truncateAtBytes: 5 },
        'UPSTREAM_UNAVAILABLE',
        3,
      ],
      ['silence', { hang: 'before-headers' }, 'UPSTREAM_TIMEOUT', 3],
      ['silence after the headers', { hang: 'after-headers' }, 'UPSTREAM_TIMEOUT', 3],
      ['a body that stalls', { body: `"${SECRET}"`, hang: 'in-body' }, 'UPSTREAM_TIMEOUT', 3],
      ['less body than its length says', { headers: { 'content-length': 500 }, body: '{}', bodyDelayMs: 1 }, 'UPSTREAM_TIMEOUT', 3],
      ['HTML', json(`<html>${SECRET}</html>`), 'UPSTREAM_INVALID_RESPONSE', 1],
      ['an empty body', json(''), 'UPSTREAM_INVALID_RESPONSE', 1],
      ['JSON that breaks off', json(`{"contractNo":"${SECRET}`), 'UPSTREAM_INVALID_RESPONSE', 1],
      ['JSON with more behind it', json(`{} {"x":"${SECRET}"}`), 'UPSTREAM_INVALID_RESPONSE', 1],
      ['bytes that are not UTF-8', json(Buffer.from([0x22, 0xff, 0x22])), 'UPSTREAM_INVALID_RESPONSE', 1],
      ['a list', json([SECRET]), 'UPSTREAM_INVALID_RESPONSE', 1],
      ['null', json('null'), 'UPSTREAM_INVALID_RESPONSE', 1],
      ['another contract', json({ contractNo: '8', dueDate: SECRET }), 'UPSTREAM_INVALID_RESPONSE', 1],
      [
        'invoices of another contract',
        json({ invoiceCollection: [{ invoiceContractNo: '8', invoiceNumber: SECRET }] }),
        'UPSTREAM_INVALID_RESPONSE',
        1,
      ],
      ['nesting without end', json(deepBody), 'UPSTREAM_INVALID_RESPONSE', 1],
      [
        'nesting without end beside a long number',
        json(
          `{"contractNo":"7","invoiceCollection":[{"invoiceAmount":12345678901234567890}],"x":${'['.repeat(60_000)}${']'.repeat(60_000)}}`,
        ),
        'UPSTREAM_INVALID_RESPONSE',
        1,
      ],
      [
        'a compressed body that would be large',
        { headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(50_000_000)) },
        'UPSTREAM_INVALID_RESPONSE',
        1,
      ],
      ['a body over the limit', json(`"${'x'.repeat(2_000_000)}"`), 'UPSTREAM_INVALID_RESPONSE', 1],
      ['headers without end', { headers: { 'x-long': 'x'.repeat(100_000) } }, 'UPSTREAM_INVALID_RESPONSE', 1],
      [
        'a switch of protocols',
        { rawBytes: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n' },
        'UPSTREAM_UNAVAILABLE',
        3,
      ],
    ])('gives a clear code in time, and is over when it is over: %s', async (_fault, fault, code, attempts) => {
      const upstream = await startScriptedUpstream(() => fault);
      const gateway = await startGateway({ ...settingsFor(code), BILLING_API_URL: upstream.url, BILLING_API_MAX_BODY_BYTES: '1000000' });
      const seen = await ask(gateway);
      expect(codesOf(seen)).toEqual([code]);
      expect(seen.status).toBe(200);
      expect(seen.data).toEqual({ customer: { contract: null } });
      expect(upstream.requests).toHaveLength(attempts);
      expectNothingTold(gateway, seen, upstream);
      upstream.setScript(good);
      const recovered = await ask(gateway);
      await gateway.close();
      await upstream.close();
      expect(recovered.errors).toEqual([]);
      expect(upstream.requests).toHaveLength(attempts + 1);
    });

    it.each<[string, unknown, readonly (string | number)[]]>([
      ['a text where a list belongs', { contractNo: '7', invoiceCollection: SECRET }, ['invoices']],
      ['a list where a text belongs', { contractNo: '7', dueDate: [SECRET] }, ['dueDate']],
      [
        'a text where an amount belongs',
        { contractNo: '7', invoiceCollection: [{ invoiceNumber: '1', invoiceAmount: SECRET }] },
        ['invoices', 'nodes', 0, 'amount'],
      ],
      [
        'an amount with a fraction',
        '{"contractNo":"7","invoiceCollection":[{"invoiceNumber":"1","invoiceAmount":12345678901234567.5}]}',
        ['invoices', 'nodes', 0, 'amount'],
      ],
    ])('costs its place alone, and the contract under strict checks: %s', async (_fault, body, path) => {
      const upstream = await startScriptedUpstream(() => json(body));
      for (const [contractCheck, place] of [
        ['lenient', ['customer', 'contract', ...path]],
        ['strict', ['customer', 'contract']],
      ] as const) {
        const gateway = await startGateway({ ...SETTINGS, BILLING_API_URL: upstream.url, CONTRACT_CHECK: contractCheck });
        const seen = await ask(gateway);
        expect(codesOf(seen)).toEqual(['UPSTREAM_INVALID_RESPONSE']);
        expect(seen.errors[0]?.path).toEqual(place);
        expectNothingTold(gateway, seen, upstream);
        await gateway.close();
      }
      await upstream.close();
    });

    it('gives a clear code at once where nobody listens', async () => {
      const upstream = await startScriptedUpstream();
      await upstream.close();
      const gateway = await startGateway({
        ...SETTINGS,
        BILLING_API_URL: upstream.url,
        BILLING_API_TIMEOUT_MS: '60000',
        REQUEST_DEADLINE_MS: '60000',
      });
      const seen = await ask(gateway);
      await gateway.close();
      expect(codesOf(seen)).toEqual(['UPSTREAM_UNAVAILABLE']);
      expectNothingTold(gateway, seen, upstream);
    });
  });

  describe('that no HTTP server could make', () => {
    const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const piece = 'x'.repeat(16_384);
    const bills = JSON.stringify(toBillsBody({ idType: 'RUC', id: '80012345', contractNumber: '7', pageInit: 0, quantity: 3 }));
    const GOOD = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(bills)}\r\nConnection: close\r\n\r\n${bills}`;
    it.each<[string, (socket: Socket) => unknown, string, number]>([
      ['a body without end', (socket) => writeForever(socket, HEAD, () => `4000\r\n${piece}\r\n`), 'UPSTREAM_INVALID_RESPONSE', 1],
      [
        'a body without end, byte by byte',
        (socket) => writeForever(socket, HEAD, () => '1\r\nx\r\n'.repeat(1000)),
        'UPSTREAM_INVALID_RESPONSE',
        1,
      ],
      ['a body that comes a byte at a time', (socket) => drip(socket, HEAD, '1\r\nx\r\n'), 'UPSTREAM_TIMEOUT', 3],
      ['headers that come a byte at a time', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nX-Long: ', 'x'), 'UPSTREAM_TIMEOUT', 3],
      [
        'headers without end',
        (socket) => writeForever(socket, 'HTTP/1.1 200 OK\r\n', (index) => `X-${index}: ${'x'.repeat(500)}\r\n`),
        'UPSTREAM_INVALID_RESPONSE',
        1,
      ],
      [
        'interim answers without end',
        (socket) => writeForever(socket, '', () => 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20)),
        'UPSTREAM_UNAVAILABLE',
        3,
      ],
      ['100 Continue, and nothing after it', (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 'UPSTREAM_TIMEOUT', 3],
      ['chunks of no size', (socket) => socket.write(`${HEAD}zz\r\n`), 'UPSTREAM_UNAVAILABLE', 3],
      [
        'two lengths',
        (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'),
        'UPSTREAM_UNAVAILABLE',
        3,
      ],
    ])('gives a clear code in time, and is over when it is over: %s', async (_fault, fault, code, attempts) => {
      const upstream: SocketUpstream = await startSocketUpstream((socket, index) => (index < attempts ? fault(socket) : socket.end(GOOD)));
      const gateway = await startGateway({ ...settingsFor(code), BILLING_API_URL: upstream.url, BILLING_API_MAX_BODY_BYTES: '30000' });
      const seen = await ask(gateway);
      const attemptsSeen = upstream.requestCount();
      const recovered = await ask(gateway);
      await gateway.close();
      await upstream.close();
      expect(codesOf(seen)).toEqual([code]);
      expect(attemptsSeen).toBe(attempts);
      expect(recovered.errors).toEqual([]);
      expect(upstream.requestCount()).toBe(attempts + 1);
      expectNothingTold(gateway, seen, upstream);
    });

    it('never gives an answer that nobody asked for to the next who asks', async () => {
      const answerOf = (number: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${toBody(number).length}\r\n\r\n${toBody(number)}`;
      const toBody = (number: string): string => JSON.stringify({ contractNo: number, dueDate: `due ${number}` });
      // The first request is answered twice: the second answer is for the same contract as the next question.
      const upstream = await startSocketUpstream(
        (socket, index) => void socket.write(index === 0 ? answerOf('7') + answerOf('8').replaceAll('due', 'not') : answerOf('8')),
      );
      const gateway = await startGateway({ ...SETTINGS, BILLING_API_URL: upstream.url, BILLING_API_CONNECTIONS: '1' });
      const first = await ask(gateway, '7');
      const second = await ask(gateway, '8');
      await gateway.close();
      await upstream.close();
      expect(first.data.customer.contract.dueDate).toBe('due 7');
      expect(second.data.customer.contract.dueDate).toBe('due 8');
    });
  });
});

describe('A connection that the billing API closes while it is idle', () => {
  it('costs no client an answer', async () => {
    let upstream: ScriptedUpstream = await startScriptedUpstream((request) => ({ ...good(request), headers: { connection: 'close' } }));
    const gateway = await startGateway({ ...SETTINGS, BILLING_API_URL: upstream.url });
    const { port } = upstream;
    for (let i = 0; i < 3; i++) expect(codesOf(await ask(gateway))).toEqual([]);
    await upstream.close();
    expect(codesOf(await ask(gateway))).toEqual(['UPSTREAM_UNAVAILABLE']);
    upstream = await startScriptedUpstream(good, port);
    expect(codesOf(await ask(gateway))).toEqual([]);
    await gateway.close();
    await upstream.close();
  });
});

function drip(socket: Socket, head: string, piece: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write(piece), 10);
  socket.once('close', () => clearInterval(timer));
}
