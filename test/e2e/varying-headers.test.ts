import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OutgoingHttpHeaders } from 'node:http';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import type { Gateway } from '../support/gateway';
import { requestRaw, type RawAnswer } from '../support/raw-request';
import { withScript } from '../support/scripted-gateway';

const SOURCES = join(__dirname, '../../src');
const ORIGIN = 'https://bills.example';
const SETTINGS = {
  NODE_ENV: 'production',
  CACHE_TTL_SECONDS: '600',
  CORS_ORIGINS: ORIGIN,
  BILLING_API_FORWARD_HEADERS: 'x-tenant',
  CALLS_PER_MINUTE: '1000',
};
const QUERY =
  '{ customer(idType: "RUC", id: "1") { contract(number: "7") { invoiceSummary { count } invoices(first: 90) { nodes { number amount } } } } }';

/** Valid values of every request header that the gateway reads. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  accept: ['application/graphql-response+json', 'application/jsonl', 'text/html'],
  'accept-encoding': ['gzip', 'br'],
  'access-control-request-private-network': ['true'],
  'apollo-federation-include-trace': ['ftv1'],
  'apollo-require-preflight': ['1'],
  'apollographql-client-name': ['web'],
  'apollographql-client-version': ['1.0.0'],
  authorization: ['Bearer another-token'],
  'cache-control': ['no-cache', 'max-age=0'],
  'content-length': ['0'],
  'content-type': ['application/json'],
  'if-none-match': ['*'],
  origin: [ORIGIN, 'https://other.example'],
  traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
  tracestate: ['vendor=1'],
  'x-apollo-operation-name': ['Bills'],
  'x-billing-dry-run': ['1'],
  'x-billing-trace': ['1', 'calls'],
  'x-request-id': ['request-of-a-test'],
  'x-request-timeout-ms': ['9000'],
  'x-tenant': ['north'],
};

/** What caches heed by themselves, or what belongs to a request's content, of which a GET has none. */
const NOT_VARIED: Readonly<Record<string, string>> = {
  'if-none-match': 'RFC 9110, section 13.1.2',
  'content-encoding': 'RFC 10008, section 2.7: part of the content, and of its key',
  'transfer-encoding': 'part of the message',
  host: 'RFC 9110, section 7.2: part of the target URI, and of its key',
  upgrade: 'RFC 9110, section 7.8: of the connection alone, so that caches do not pass it on',
  'access-control-request-headers': 'of preflights alone: responses to OPTIONS are not cached (RFC 9110, section 9.3.7)',
};

/** Files that read headers whose names are not written where they are read. */
const NAMED_ELSEWHERE = ['http/request/callers.ts', 'http/request/graphql-request.ts'];

function sourceFiles(): readonly { readonly name: string; readonly text: string }[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(http|graphql)\/.*\.ts$/.test(name))
    .map((name) => ({ name, text: readFileSync(join(SOURCES, name), 'utf8') }));
}

/** The request headers that the rooms of requests read, by their names in the source. */
function headersRead(): { readonly names: ReadonlySet<string>; readonly unnamedIn: ReadonlySet<string> } {
  const files = sourceFiles();
  const all = files.map(({ text }) => text).join('\n');
  const names = new Set<string>();
  const unnamedIn = new Set<string>();
  for (const { name, text } of files)
    for (const [, literal, constant] of text.matchAll(
      /(?:headerOf\([^()]*,\s*|request\.headers\[|headers\.get\()(?:'([\w-]+)'|(\w+))[)\]]/g,
    )) {
      const value = literal ?? new RegExp(`const ${constant} = '([\\w-]+)'`).exec(all)?.[1];
      if (value !== undefined) names.add(value);
      else if (!/function headerOf/.test(text)) unnamedIn.add(name);
    }
  for (const [, list] of all.matchAll(/const PREFLIGHTED_HEADERS[^=]*= \[([^\]]*)\]/g))
    for (const [, value] of (list as string).matchAll(/'([\w-]+)'/g)) names.add(value as string);
  return { names, unnamedIn };
}

function ask(gateway: Gateway, headers: OutgoingHttpHeaders = {}): Promise<RawAnswer> {
  return requestRaw(gateway.port, {
    path: `/graphql?query=${encodeURIComponent(QUERY)}`,
    headers: { authorization: 'Bearer a-token', ...headers },
  });
}

/** Response headers that tell about one exchange, and not about what is shown. */
const OF_ITS_TIME: ReadonlySet<string> = new Set(['date', 'x-request-id', 'cache-control', 'vary', 'ratelimit', 'connection']);

/** What of a response a cache's user would miss if it were another one's. */
function shown({ status, headers, text }: RawAnswer): unknown {
  return [status, Object.entries(headers).filter(([name]) => !OF_ITS_TIME.has(name)), text];
}

const isCacheable = ({ status, headers }: RawAnswer): boolean => status === 200 && /max-age=\d+/.test(headers['cache-control'] ?? '');
const varyOf = ({ headers }: RawAnswer): readonly string[] => (headers.vary ?? '').split(', ');

describe('A request header that the gateway reads', () => {
  it('is one that this test has values for', () => {
    const { names, unnamedIn } = headersRead();
    expect([...unnamedIn].sort()).toEqual(NAMED_ELSEWHERE);
    expect(names.size).toBeGreaterThan(15);
    expect([...names].filter((name) => !(name in VALUES) && !(name in NOT_VARIED))).toEqual([]);
  });

  it('is in `vary`, or does not change a response that may be cached', async () => {
    await withScript(
      ({ url }) => ({ body: toBillsBody(toAskedBills(url), 100) }),
      async ({ gateway }) => {
        for (let round = 0; round < 3; round++) await ask(gateway);
        const usual = await ask(gateway);
        expect(isCacheable(usual)).toBe(true);
        const changed = new Set<string>();
        for (const [name, values] of Object.entries(VALUES))
          for (const value of values) {
            const answer = await ask(gateway, { [name]: value });
            if (JSON.stringify(shown(answer)) === JSON.stringify(shown(usual))) continue;
            changed.add(name);
            if (name in NOT_VARIED) continue;
            expect([name, varyOf(usual)]).toEqual([name, expect.arrayContaining([name])]);
            if (isCacheable(answer)) expect([name, varyOf(answer)]).toEqual([name, expect.arrayContaining([name])]);
          }
        // Each of them shows: a header is not in `vary` for nothing.
        expect(varyOf(usual).filter((name) => !changed.has(name) && name !== 'authorization' && name !== 'x-tenant')).toEqual([]);
      },
      SETTINGS,
    );
  });
});

describe('A sum that the deadline of its request has cut', () => {
  it.each(['GET', 'QUERY'])('is stored by no cache, and by no other request taken for the whole one: %s', async (method) => {
    let open = (): void => undefined;
    const held = new Promise<void>((resolve) => (open = resolve));
    await withScript(
      async ({ url }) => {
        const asked = toAskedBills(url);
        if (asked.pageInit >= 10) await held;
        return { body: toBillsBody(asked, 25) };
      },
      async ({ gateway }) => {
        const query = '{ customer(idType: "RUC", id: "1") { contract(number: "7") { invoiceSummary { count isComplete } } } }';
        const body = JSON.stringify({ query });
        const send = (headers: OutgoingHttpHeaders): Promise<RawAnswer> =>
          requestRaw(gateway.port, {
            method,
            path: method === 'GET' ? `/graphql?query=${encodeURIComponent(query)}` : '/graphql',
            headers: {
              authorization: 'Bearer a-token',
              ...(method === 'QUERY' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
              ...headers,
            },
            ...(method === 'QUERY' && { body }),
          });
        const cut = await send({ 'x-request-timeout-ms': '1500' });
        expect(JSON.parse(cut.text)).toMatchObject({
          data: { customer: { contract: { invoiceSummary: { count: 10, isComplete: false } } } },
        });
        expect([cut.status, cut.headers['cache-control'], cut.headers.etag]).toEqual([200, 'no-store', undefined]);
        open();
        const whole = await send({});
        expect(whole.text).toContain('"count":25,"isComplete":true');
        expect(isCacheable(whole)).toBe(true);
      },
      { NODE_ENV: 'production', CACHE_TTL_SECONDS: '600', BILLING_API_MAX_QUANTITY: '10' },
    );
  });
});
