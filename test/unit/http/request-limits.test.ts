import { Callers } from '../../../src/http/request/callers';
import { CONNECTION_TIMEOUTS } from '../../../src/http/connection/connection-limits';
import { until } from '../../support/cache-fixtures';
import { startBareServer, type BareServer } from '../../support/bare-server';
import { startGateway, type Gateway } from '../../support/gateway';
import { openConnection, sendBytes } from '../../support/raw-bytes';
import { requestRaw, type RawRequest } from '../../support/raw-request';

const NO_PROTOTYPE_NAMES =
  'The JSON of a request must have no member called "__proto__", and none called "constructor" with a "prototype" in it.';

describe('The limits of a request', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ MAX_REQUEST_BYTES: '2000' });
  });
  afterAll(() => gateway.close());

  async function ask(request: Omit<RawRequest, 'path'> & { path?: string }) {
    const answer = await requestRaw(gateway.port, { path: '/graphql', ...request });
    const [error] = (JSON.parse(answer.text) as { errors?: { message: string; extensions: { code: string } }[] }).errors ?? [];
    return { status: answer.status, code: error?.extensions.code, message: error?.message, headers: answer.headers };
  }
  const json = { 'content-type': 'application/json' };

  it('refuse a body that is too large with a 413 that says the limit, whether its length is told or not', async () => {
    const body = JSON.stringify({ query: '{ __typename }', variables: { x: 'x'.repeat(2000) } });
    for (const headers of [{ 'content-length': String(body.length) }, { 'transfer-encoding': 'chunked' }]) {
      const answer = await ask({ method: 'POST', headers: { ...json, ...headers }, body });
      expect([answer.status, answer.code, answer.message]).toEqual([
        413,
        'BAD_REQUEST',
        'The request body is larger than the 2000 bytes that are allowed (MAX_REQUEST_BYTES). Split the operation, or send fewer variables at once.',
      ]);
    }
    const fits = await ask({ method: 'POST', headers: json, body: JSON.stringify({ query: '{ __typename }' }).padEnd(2000) });
    expect(fits.status).toBe(200);
  });

  it('leave no header out, however many there are', async () => {
    // More of them do not fit into the head of a request.
    const others = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`x${index.toString(36)}`, '']));
    const body = JSON.stringify({ query: '{ __typename }' });
    const refused = await ask({
      method: 'POST',
      headers: { ...json, host: 'gateway', ...others, 'content-length': body.length, 'x-billing-dry-run': 'perhaps' },
      body,
    });
    expect([refused.status, refused.message]).toEqual([400, 'The header "x-billing-dry-run" must be 1, or not be there.']);
  });

  it('refuse a request with more than one token, host or media type, instead of taking one of them', async () => {
    const body = JSON.stringify({ query: '{ customer(idType: "RUC", id: "80012345") { contract(number: "7") { number } } }' });
    const send = (...lines: readonly string[]): Promise<string> =>
      sendBytes(
        gateway.port,
        ['POST /graphql HTTP/1.1', 'Connection: close', `Content-Length: ${body.length}`, ...lines, '', body].join('\r\n'),
      );
    const json = 'Content-Type: application/json';
    const calls = gateway.upstreamCalls();
    const tokens = await send('Host: gateway', json, 'Authorization: Bearer one', 'Authorization: Bearer two');
    expect(tokens).toMatch(/^HTTP\/1\.1 401 [^]*UNAUTHENTICATED/);
    expect(await send('Host: gateway', 'Host: other', json)).toMatch(/^HTTP\/1\.1 400 [^]*more than one Host header/);
    expect(await send('Host: gateway', json, 'Content-Type: text/plain')).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(gateway.upstreamCalls()).toBe(calls);
  });

  it('refuse a request without a host, or with an unknown expectation, in JSON', async () => {
    const send = (...lines: readonly string[]): Promise<string> =>
      sendBytes(gateway.port, [...lines, 'Content-Type: application/json', 'Content-Length: 2', '', '{}'].join('\r\n'));
    expect(await send('POST /graphql HTTP/1.1')).toMatch(/^HTTP\/1\.1 400 [^]*connection: close[^]*has no Host header[^]*BAD_REQUEST/);
    // HTTP/1.0 has neither.
    expect(await send('POST /graphql HTTP/1.0')).toMatch(/^HTTP\/1\.1 400 [^]*POST body missing/);
    const unexpected = await send('POST /graphql HTTP/1.1', 'Host: gateway', 'Expect: 200-ok');
    expect(unexpected).toMatch(
      /^HTTP\/1\.1 417 [^]*connection: close[^]*only value of the header \\"Expect\\" is 100-continue[^]*BAD_REQUEST/,
    );
  });

  it.each(['variables={"__proto__":1}', 'variables={"constructor":{"prototype":{}}}', 'extensions={"__proto__":1}'])(
    'say what is wrong with a URL whose JSON sets a prototype, and ask no token of who has sent one: %s',
    async (parameter) => {
      const query = encodeURIComponent('{ customer(idType: "RUC", id: "80012345") { id } }');
      const path = `/graphql?query=${query}&${encodeURI(parameter)}`;
      const answer = await ask({ method: 'GET', path, headers: { ...json, authorization: 'Bearer good' } });
      expect([answer.status, answer.code, answer.message]).toEqual([400, 'BAD_REQUEST', NO_PROTOTYPE_NAMES]);
    },
  );

  it('answer a CONNECT, and survive a client that resets it', async () => {
    const head = 'CONNECT billing.example:443 HTTP/1.1\r\nHost: billing.example:443\r\n\r\n';
    expect(await sendBytes(gateway.port, head)).toMatch(
      /^HTTP\/1\.1 405 [^]*connection: close[^]*allow: GET, POST, QUERY\r\n[^]*BAD_REQUEST/,
    );
    // Behind a request that has not been answered yet, it would pass for the response to that.
    const body = '{"query":"{ __typename }"}';
    const first = `POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    expect(await sendBytes(gateway.port, `${first}${head}`)).not.toContain('405');
    for (let i = 0; i < 20; i++) {
      const { socket, closed } = openConnection(gateway.port);
      socket.write(head, () => socket.resetAndDestroy());
      await closed;
    }
    expect((await ask({ method: 'POST', headers: json, body })).status).toBe(200);
  });

  it('answer 100 pipelined requests in their order, and close a connection with more', async () => {
    const body = JSON.stringify({ query: '{ __typename }' });
    const requests = (count: number): string =>
      Array.from(
        { length: count },
        (_, index) =>
          `POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nX-Request-Id: r${index}\r\n` +
          `Content-Length: ${body.length}\r\n\r\n${body}`,
      ).join('');
    const { socket, received, closed } = openConnection(gateway.port);
    const ids = (): string[] => Array.from(received().matchAll(/x-request-id: (r\d+)\r/g), ([, id]) => id as string);
    for (let round = 1; round <= 3; round++) {
      socket.write(requests(100));
      await until(() => ids().length === round * 100);
    }
    expect(ids().slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, index) => `r${index}`));
    socket.write(requests(101));
    await closed;
    expect(ids()).toHaveLength(300);
  });

  it('leave a request id out that holds a part of the token', async () => {
    const token = 'abcdefghijklmnopqrstuvwxyz0123456789';
    const idOf = async (id: string): Promise<unknown> => {
      const headers = { ...json, authorization: `Bearer ${token}`, 'x-request-id': id };
      return (await ask({ method: 'POST', headers, body: '{"query":"{ __typename }"}' })).headers['x-request-id'];
    };
    expect(await idOf('order-abcdefghijklmno')).toBe('order-abcdefghijklmno');
    expect(await idOf('order-abcdefghijklmnop')).not.toContain('abcdefgh');
  });

  it('refuse several operations in one request, and say what to do instead', async () => {
    for (const body of ['[]', '[{"query":"{ __typename }"},{"query":"{ __typename }"}]']) {
      const answer = await ask({ method: 'POST', headers: json, body });
      expect([answer.status, answer.code]).toEqual([400, 'BAD_REQUEST']);
      expect(answer.message).toMatch(/^A request holds one operation: send several operations as several requests/);
    }
  });

  it.each([
    ['not JSON', '{"query": ', json, 400, 'The request body is not JSON.'],
    ['empty', '', json, 400, 'The request body is empty; it must be a JSON object with a "query".'],
    ['JSON that sets a prototype', '{"__proto__": {"x": 1}}', json, 400, NO_PROTOTYPE_NAMES],
    [
      'not compressed as it says',
      '{"query": "{ __typename }"}',
      { ...json, 'content-encoding': 'gzip' },
      400,
      'The request body is not compressed as its header "Content-Encoding" says, or is incomplete.',
    ],
    ['a number', '7', json, 400, 'The request body must be a JSON object with a "query".'],
    ['null', 'null', json, 400, 'The request body must be a JSON object with a "query".'],
    [
      'encoded twice',
      '"{}"',
      json,
      400,
      'The request body must be a JSON object with a "query". It is a text: encode the object once, not twice.',
    ],
    [
      'XML',
      '<a/>',
      { 'content-type': 'application/xml' },
      415,
      'The request body must be JSON: send the header "Content-Type: application/json".',
    ],
    [
      'without a query',
      '{"operationName": "x"}',
      json,
      400,
      'GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.',
    ],
  ])('refuse a body that is %s', async (_name, body, headers, ...expected) => {
    const answer = await ask({ method: 'POST', headers: { ...headers, 'content-length': String(body.length) }, body });
    expect([answer.status, answer.code, answer.message]).toEqual([expected[0], 'BAD_REQUEST', expected[1]]);
  });

  it('refuse what a page of another site could send without asking first', async () => {
    const query = `/graphql?query=${encodeURIComponent('{ __typename }')}`;
    const form = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{"query":"{ __typename }"}' };
    for (const request of [{ path: query }, form]) {
      const answer = await ask(request);
      expect([answer.status, answer.code]).toEqual([400, 'BAD_REQUEST']);
      expect(answer.message).toContain('Cross-Site Request Forgery');
    }
    // What `fetch` sends without a content type: a token shows that no other site has sent it.
    const text = await ask({ ...form, headers: { ...form.headers, authorization: 'Bearer a-token' } });
    expect([text.status, text.message]).toEqual([415, expect.stringContaining('send the header "Content-Type: application/json"')]);
    expect((await ask({ path: query, headers: { 'apollo-require-preflight': '1' } })).status).toBe(200);
    expect((await ask({ path: query, headers: { 'x-apollo-operation-name': 'x' } })).status).toBe(200);
  });

  it('refuse a head that is too large with a 431, and bytes that are not HTTP with a 400, in the shape of GraphQL', async () => {
    const large = await sendBytes(gateway.port, `GET /graphql HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(large).toMatch(
      /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n[^]*\r\n\r\n\{"errors":\[\{"message":"[^"]+16384 bytes[^"]+","extensions":\{"code":"BAD_REQUEST"\}\}\]\}$/,
    );
    const garbage = await sendBytes(gateway.port, 'hello\r\n\r\n');
    expect(garbage).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*\{"errors":\[/);
  });

  it('refuse an address that cannot be read', async () => {
    const answer = await ask({ path: '/graphql/%E0%A4%A' });
    expect([answer.status, answer.code, answer.message]).toEqual([400, 'BAD_REQUEST', 'The address of the request cannot be read.']);
  });

  it('refuse a body that is not UTF-8, and take one with the replacement character in it', async () => {
    const send = async (character: Buffer): Promise<string> => {
      const body = Buffer.concat([Buffer.from('{"query":"{ __typename } #'), character, Buffer.from('"}')]);
      const head = `POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
      return sendBytes(gateway.port, Buffer.concat([Buffer.from(head), body]));
    };
    expect(await send(Buffer.from([0xff, 0xfe]))).toMatch(/^HTTP\/1\.1 400 [^]*The request body is not encoded in UTF-8\./);
    expect(await send(Buffer.from('\ufffd'))).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each(['FOO', 'get', 'X-MY-METHOD'])('answer the unknown method %s with 405 and the right ones', async (method) => {
    const answer = await sendBytes(gateway.port, `${method} /graphql HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(answer).toMatch(
      /^HTTP\/1\.1 405 Method Not Allowed\r\nconnection: close\r\nallow: GET, POST, QUERY\r\naccept-query: application\/json\r\n[^]*"BAD_REQUEST"/,
    );
  });

  it.each([
    ['two lengths', 'Content-Length: 24\r\nContent-Length: 24\r\n'],
    ['a list of lengths', 'Content-Length: 24, 24\r\n'],
    ['a length and chunks', 'Content-Length: 24\r\nTransfer-Encoding: chunked\r\n'],
    ['two transfer codings', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
    ['a space before the colon', 'Transfer-Encoding : chunked\r\n'],
    ['a folded header', 'X-A: b\r\n c\r\nContent-Length: 24\r\n'],
    ['a transfer coding that is not known', 'Transfer-Encoding: xchunked\r\n', 501],
    // Node takes the chunks apart, and the gateway would read coded bytes as plain ones.
    ['a transfer coding below the chunks', 'Transfer-Encoding: gzip, chunked\r\n', 501],
    ['a transfer coding in a line of its own', 'Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n', 501],
    ['a transfer coding that no longer exists', 'Transfer-Encoding: identity, chunked\r\n', 501],
  ])('refuse a body that a proxy may delimit in another way: %s', async (_name, headers, status = 400) => {
    const smuggled = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
    const bytes = `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n18\r\n{"query":"{__typename}"}\r\n0\r\n\r\n${smuggled}`;
    const answer = await sendBytes(gateway.port, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} `));
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  it('keep a connection usable after a refusal whose body was not read', async () => {
    const large = 'x'.repeat(100_000);
    const head = (type: string, length: number): string =>
      `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n`;
    const good = '{"query":"{ __typename }"}';
    const answer = await sendBytes(
      gateway.port,
      `${head('application/json', large.length)}\r\n${large}${head('application/xml', large.length)}\r\n${large}${head('application/json', good.length)}Connection: close\r\n\r\n${good}`,
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', expect.stringMatching(/41[35]$/), 'HTTP/1.1 200']);
  });

  it('answer a wrong method with 405 and the right ones', async () => {
    const answer = await ask({ method: 'PUT', headers: json, body: '{"query":"{ __typename }"}' });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, POST, QUERY']);
  });
});

describe('In production', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ NODE_ENV: 'production', BILLING_API_URL: 'http://127.0.0.1:9/' });
  });
  afterAll(() => gateway.close());

  it.each([
    '{ __schema { types { name } } }',
    '{ x: __type(name: "Query") { name } }',
    '{ ...__typename } fragment __typename on Query { __schema { __typename } }',
  ])('introspection is refused: %s', async (query) => {
    const answer = await gateway.query(query, {}, { token: null });
    expect([answer.status, answer.errors[0]!.extensions?.['code']]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
    expect(answer.errors[0]!.message).toMatch(/introspection is not allowed/);
  });

  it.each([
    '{ custome { id } }',
    '{ customer(idType: "CPF", i: "1") { id } }',
    '{ customer(idType: "CPF", id: "1") { contrac { id } } }',
    'query($x: Custome) { __typename }',
    '{ ... on Quer { __typename } }',
    '{ __typename @skp }',
  ])('nothing that exists is suggested to %s', async (query) => {
    const answer = await gateway.query(query, {}, { token: null });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toMatch(/did you mean|"customer"|"Customer"|"contract"|"skip"/i);
  });
});

describe('Outside production', () => {
  it('introspection answers, and what was meant is suggested', async () => {
    const gateway = await startGateway();
    const introspection = await gateway.query('{ __type(name: "Contract") { name } }', {}, { token: null });
    const mistyped = await gateway.query('{ custome { id } }', {}, { token: null });
    await gateway.close();
    expect(introspection.data).toEqual({ __type: { name: 'Contract' } });
    expect(mistyped.errors[0]!.message).toContain('Did you mean "customer"?');
  });
});

describe('A connection', () => {
  let server: BareServer;
  beforeAll(async () => {
    server = await startBareServer({ timeouts: { headersMs: 100, requestMs: 300, keepAliveMs: 100, checkMs: 20 } });
  });
  afterAll(() => server.close());

  it('is closed with a 408 where the headers drip in, however often a byte comes', async () => {
    const { socket, received, closed } = openConnection(server.port);
    socket.write('POST /graphql HTTP/1.1\r\nHost: x\r\n');
    const drip = setInterval(() => socket.write('X-A: b\r\n'), 20);
    await closed;
    clearInterval(drip);
    expect(received()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[^]*The request was not received in time\./);
  });

  it('is closed with a 408 where the body drips in', async () => {
    const { socket, received, closed } = openConnection(server.port);
    socket.write('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{');
    const drip = setInterval(() => socket.write(' '), 20);
    await closed;
    clearInterval(drip);
    expect(received()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  it('that says nothing is closed, and leaves others alone', async () => {
    const silent = openConnection(server.port);
    const answer = await requestRaw(server.port, {
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ __typename }"}',
    });
    expect(answer.status).toBe(200);
    await silent.closed;
    expect(silent.received()).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  it('has as long as is usual, and not the minutes that Node gives by itself', () => {
    expect(CONNECTION_TIMEOUTS).toMatchObject({ headersMs: 10_000, requestMs: 30_000, keepAliveMs: 72_000 });
  });
});

describe('The callers that are remembered', () => {
  it('are bounded by their number, the oldest going first', () => {
    const callers = new Callers({ maxCallers: 3, maxCharacters: 1000 });
    const first = callers.of('Bearer a');
    for (const token of ['b', 'c']) callers.of(`Bearer ${token}`);
    expect(callers.of('Bearer a')).toBe(first);
    callers.of('Bearer d');
    expect(callers.size).toBe(3);
    expect(callers.of('Bearer a')).not.toBe(first);
  });

  it('are bounded by the length of their tokens, whatever these are', () => {
    const callers = new Callers({ maxCallers: 1000, maxCharacters: 5000 });
    for (let i = 0; i < 100; i++) callers.of(`Bearer ${String(i).padEnd(900, 'x')}`);
    expect([callers.size, callers.characters]).toEqual([5, 5 * 907]);
    expect(callers.of(`Bearer ${'y'.repeat(6000)}`)?.token).toHaveLength(6000);
    expect([callers.size, callers.characters]).toEqual([0, 0]);
  });
});
