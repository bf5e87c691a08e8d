import { startGateway, type Gateway } from '../support/gateway';
import { requestRaw, type RawAnswer } from '../support/raw-request';
import { good, withScript, type ScriptedGateway } from '../support/scripted-gateway';

const toQuery = (selection: string, contract = '7'): string =>
  `query Bills { customer(idType: "RUC", id: "80012345") { contract(number: "${contract}") { ${selection} } } }`;
const DUE_DATE = toQuery('dueDate');
const MANY = toQuery('invoices(first: 90) { nodes { number amount billPeriod } }');
const CACHED = { NODE_ENV: 'production', CACHE_TTL_SECONDS: '600' };
/** A header by which graphql-js executes a request, whatever is known of its operation. */
const BY_GRAPHQL_JS = { 'apollo-federation-include-trace': 'none' };
const METHODS = ['GET', 'QUERY'] as const;

interface Asked {
  readonly method?: 'GET' | 'QUERY' | 'POST';
  readonly query?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(gateway: Gateway, { method = 'GET', query = DUE_DATE, token = 'payer-token', headers = {} }: Asked = {}): Promise<RawAnswer> {
  const body = method === 'GET' ? '' : JSON.stringify({ query });
  return requestRaw(gateway.port, {
    method,
    path: method === 'GET' ? `/graphql?query=${encodeURIComponent(query)}` : '/graphql',
    headers: {
      ...(method !== 'GET' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      authorization: `Bearer ${token}`,
      'x-request-id': 'request-of-a-test',
      ...headers,
    },
    body,
  });
}

const pathsOf = (gateway: Gateway): unknown[] =>
  gateway.logLines
    .map((line) => JSON.parse(line) as { msg: string; path: string })
    .filter(({ msg }) => msg === 'operation')
    .map(({ path }) => path);

/** What does not depend on when a response was sent. */
function lasting({ headers }: RawAnswer): Record<string, unknown> {
  return { ...headers, date: undefined, 'cache-control': String(headers['cache-control']).replace(/\d+/, 'n') };
}

const with304 = (use: (ends: ScriptedGateway) => Promise<void>, environment = {}): Promise<void> =>
  withScript((request) => good(request, 100), use, { ...CACHED, ...environment });

describe('An entity tag', () => {
  it.each(METHODS)('is the same on each path, and so are the other headers: %s', async (method) => {
    await with304(async ({ gateway }) => {
      const answers: RawAnswer[] = [];
      for (const headers of [{}, {}, {}, {}, BY_GRAPHQL_JS]) answers.push(await ask(gateway, { method, headers }));
      expect(pathsOf(gateway)).toEqual(['reference', 'compiled', 'response-cache', 'response-cache', 'reference']);
      for (const answer of answers) {
        expect(answer.headers.etag).toMatch(/^W\/"[\w-]{22}"$/);
        expect([answer.status, answer.text, lasting(answer)]).toEqual([200, answers[0]!.text, lasting(answers[0]!)]);
      }
    });
  });

  it.each(METHODS)('that the client has is answered with 304 on each path, without a body: %s', async (method) => {
    await with304(async ({ gateway, upstream }) => {
      const first = await ask(gateway, { method });
      const known = { 'if-none-match': String(first.headers.etag) };
      for (const headers of [{}, {}, {}, BY_GRAPHQL_JS]) {
        const answer = await ask(gateway, { method, headers: { ...known, ...headers } });
        expect([answer.status, answer.text]).toEqual([304, '']);
        expect(lasting(answer)).toEqual({ ...lasting(first), 'content-type': undefined, 'content-length': undefined });
        expect(answer.headers.vary).toMatch(/^accept, authorization, origin, x-billing-/);
        expect(answer.headers['cache-control']).toMatch(/^private, max-age=\d+$/);
      }
      expect(pathsOf(gateway).slice(1)).toEqual(['compiled', 'response-cache', 'response-cache', 'reference']);
      expect(upstream.requests).toHaveLength(1);
      // The connection is in order, and so is what is cached.
      expect((await ask(gateway, { method, headers: { 'if-none-match': '"other"' } })).text).toContain('2025-07-15');
    });
  });

  it('is told from others as RFC 9110, section 13.1.2, has it', async () => {
    await with304(async ({ gateway }) => {
      const tag = String((await ask(gateway)).headers.etag);
      const strong = tag.slice(2);
      const same = [tag, strong, '*', ' * ', `"x", ${tag}`, `${tag},"y"`, `W/"x" , W/"y, z" ,\t${strong}`, `"",${tag},`];
      const others = [
        '',
        '"x"',
        'W/"x"',
        strong.slice(1, -1),
        `"${strong}"`,
        `"a, ${strong.slice(1)}`,
        `"*"`,
        tag.toLowerCase(),
        `${tag.slice(0, -1)}x"`,
      ];
      for (const known of same) expect([known, (await ask(gateway, { headers: { 'if-none-match': known } })).status]).toEqual([known, 304]);
      for (const known of others)
        expect([known, (await ask(gateway, { headers: { 'if-none-match': known } })).status]).toEqual([known, 200]);
    });
  });

  it('is given to no POST, and not looked at there', async () => {
    await with304(async ({ gateway }) => {
      const tag = String((await ask(gateway, { method: 'QUERY' })).headers.etag);
      for (let i = 0; i < 3; i++) {
        const answer = await ask(gateway, { method: 'POST', headers: { 'if-none-match': tag } });
        expect([answer.status, answer.headers.etag]).toEqual([200, undefined]);
      }
      // The entry that a POST has made has one for a QUERY with the same body.
      expect((await ask(gateway, { method: 'QUERY', headers: { 'if-none-match': tag } })).status).toBe(304);
      expect(pathsOf(gateway).at(-1)).toBe('response-cache');
    });
  });

  it.each([
    ['that may not be stored', {}, { CACHE_TTL_SECONDS: '0' }],
    ['of a bad request', { query: '{ nothing }' }, {}],
    ['with an error at a field', { query: toQuery('dueDate invoices(after: "x") { totalCount }') }, {}],
    ['without anything of a customer', { query: '{ __typename customer(idType: "A", id: "1") { id } }' }, {}],
    ['to a dry run', { headers: { 'x-billing-dry-run': '1' } }, {}],
  ] as const)('is not given to a response %s', async (_what, asked, environment) => {
    await with304(async ({ gateway }) => {
      for (let i = 0; i < 3; i++) {
        const answer = await ask(gateway, { ...asked, headers: { 'if-none-match': '*', ...('headers' in asked && asked.headers) } });
        expect([answer.headers.etag, answer.headers['cache-control'], answer.status === 304]).toEqual([undefined, 'no-store', false]);
      }
    }, environment);
  });

  it("is the caller's own: nobody else is told that nothing has changed", async () => {
    await with304(async ({ gateway }) => {
      const [own, other] = [await ask(gateway, { token: 'payer-token' }), await ask(gateway, { token: 'other-token' })];
      expect(own.text).toBe(other.text);
      expect(own.headers.etag).not.toBe(other.headers.etag);
      for (let i = 0; i < 3; i++)
        expect((await ask(gateway, { token: 'other-token', headers: { 'if-none-match': String(own.headers.etag) } })).status).toBe(200);
    });
  });

  it('depends on the media type and the forwarded headers, and not on the process', async () => {
    const forwarding = { BILLING_API_FORWARD_HEADERS: 'x-channel' };
    const tags = async (): Promise<unknown[]> => {
      const found: unknown[] = [];
      await with304(async ({ gateway }) => {
        for (const headers of [{}, { accept: 'application/graphql-response+json' }, { 'x-channel': 'web' }])
          found.push((await ask(gateway, { headers })).headers.etag);
      }, forwarding);
      return found;
    };
    const [here, elsewhere] = [await tags(), await tags()];
    expect(new Set(here).size).toBe(3);
    expect(elsewhere).toEqual(here);
  });

  it('is the same for all codings of a body, and a 304 varies as the response does', async () => {
    await with304(async ({ gateway }) => {
      const tags = new Set<unknown>();
      for (const coding of ['identity', 'br', 'gzip', 'br', 'gzip']) {
        const headers = { 'accept-encoding': coding };
        const response = await ask(gateway, { query: MANY, headers });
        expect(response.headers['content-encoding']).toBe(coding === 'identity' ? undefined : coding);
        tags.add(response.headers.etag);
        const answer = await ask(gateway, { query: MANY, headers: { ...headers, 'if-none-match': String(response.headers.etag) } });
        expect([answer.status, answer.text, answer.headers['content-encoding']]).toEqual([304, '', undefined]);
        expect([answer.headers.vary, answer.headers.etag]).toEqual([response.headers.vary, response.headers.etag]);
        expect(answer.headers.vary).toMatch(/^accept, authorization, origin, x-billing-.*, accept-encoding$/);
      }
      expect(tags.size).toBe(1);
    });
  });

  it.each(['no-cache', 'max-age=0', 'no-store'])('saves the body, not the call, of a request with Cache-Control: %s', async (directive) => {
    let dueDate = '2025-07-15';
    await withScript(
      (request) => good(request, 3, { dueDate }),
      async ({ gateway, upstream }) => {
        const first = await ask(gateway);
        for (let i = 0; i < 3; i++) await ask(gateway);
        const headers = { 'cache-control': directive, 'if-none-match': String(first.headers.etag) };
        expect((await ask(gateway, { headers })).status).toBe(304);
        expect(upstream.requests).toHaveLength(2);
        dueDate = '2025-08-15';
        const paid = await ask(gateway, { headers });
        expect([paid.status, paid.text.includes(dueDate)]).toEqual([200, true]);
        expect(upstream.requests).toHaveLength(3);
        // The old tag is nobody's any more.
        expect((await ask(gateway, { headers: { 'if-none-match': String(first.headers.etag) } })).status).toBe(200);
      },
      CACHED,
    );
  });

  it('is kept up to date with by a page of another origin, which may read it', async () => {
    const gateway = await startGateway({ CACHE_TTL_SECONDS: '600' });
    try {
      const headers = { origin: 'https://app.example', authorization: `Bearer ${gateway.app.billingApi!.issueToken()}` };
      const query = toQuery('dueDate', '700100');
      // Its cost is a part of a response outside production: the second one comes from the cache.
      await ask(gateway, { query, headers });
      const { headers: read } = await ask(gateway, { query, headers });
      expect(read['access-control-expose-headers']).toContain('etag');
      const answer = await ask(gateway, { query, headers: { ...headers, 'if-none-match': String(read.etag) } });
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([304, '*']);
    } finally {
      await gateway.close();
    }
  });
});
