import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { RecurringBodies } from '../../src/http/request/json/recurring-bodies';
import { RecurringQueries } from '../../src/http/request/recurring-queries';
import { startGateway, type Gateway } from '../support/gateway';
import { requestRaw } from '../support/raw-request';
import { good, withScript } from '../support/scripted-gateway';

type Line = Readonly<Record<string, unknown>>;

const customer = (selection: string): string => `{ customer(idType: "RUC", id: "80012345") { ${selection} } }`;
const operationsOf = (gateway: Gateway): Line[] =>
  gateway.logLines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === 'operation');
const pathsOf = (gateway: Gateway): unknown[] => operationsOf(gateway).map(({ path }) => path);

describe('A client that has gone', () => {
  it('is not executed for once more, and has its line in the log', async () => {
    let hangs = false;
    await withScript(
      (request) => (hangs ? { hang: 'before-headers' } : good(request)),
      async ({ gateway, upstream }) => {
        const query = `query Bills ${customer('contract(number: "7") { dueDate }')}`;
        await gateway.query(query, {}, { token: 'a' });
        hangs = true;
        const leave = new AbortController();
        const answer = gateway.query(query, {}, { token: 'a', signal: leave.signal });
        await upstream.waitForRequests(2);
        leave.abort();
        await expect(answer).rejects.toThrow();
        while (operationsOf(gateway).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        expect(operationsOf(gateway)[1]).toMatchObject({ level: 30, operation: 'Bills', outcome: 'aborted', path: 'compiled', calls: 1 });
      },
    );
  });
});

describe('A body that recurs', () => {
  it('is refused as it is the first time where its client accepts no media type of GraphQL', async () => {
    await withScript(
      good,
      async ({ gateway }) => {
        const body = JSON.stringify({ query: `query Bills ${customer('contract(number: "7") { dueDate }')}`, variables: {} });
        const ask = async (accept: string): Promise<[number, unknown]> => {
          const headers = { 'content-type': 'application/json', authorization: 'Bearer a', accept };
          const response = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body });
          return [response.status, await response.json()];
        };
        const first = await ask('image/png');
        expect(first).toMatchObject([406, { errors: [{ message: expect.stringContaining('none of the media types') as string }] }]);
        // Without a cache all of them get to where bodies are remembered.
        for (let i = 0; i < 20; i++) await ask('*/*');
        expect(await ask('image/png')).toEqual(first);
      },
      { CACHE_TTL_SECONDS: '0' },
    );
  });
});

describe('What nobody with an accepted token has run', () => {
  it('is not compiled, whatever its token, and gives the metrics no name', async () => {
    await withScript(
      (request) => (request.headers.authorization === 'Bearer accepted' ? good(request) : { status: 401 }),
      async ({ gateway }) => {
        const queries = [
          'query Junk { __typename }',
          `query Junk ${customer('id')}`,
          `query Junk ${customer('contract(number: "7") { dueDate }')}`,
        ];
        for (const token of [null, 'made-up'])
          for (const query of queries) for (let i = 0; i < 3; i++) await gateway.query(query, {}, { token });
        expect(new Set(pathsOf(gateway))).toEqual(new Set(['reference']));
        expect(await (await fetch(`${gateway.url}/metrics`)).text()).not.toContain('Junk');
        await gateway.query(queries[2]!, {}, { token: 'accepted' });
        await gateway.query(queries[2]!, {}, { token: 'accepted' });
        expect(pathsOf(gateway).slice(-2)).toEqual(['reference', 'compiled']);
        expect(await (await fetch(`${gateway.url}/metrics`)).text()).toContain('operations_total{operation="Junk",outcome="ok"} 2');
      },
    );
  });

  it('takes no place among the bodies and documents of known operations that are remembered', async () => {
    await withScript(
      (request) => (request.headers.authorization === 'Bearer accepted' ? good(request) : { status: 401 }),
      async ({ gateway }) => {
        const query = `query Bills ${customer('contract(number: "7") { dueDate }')}`;
        const noted = [jest.spyOn(RecurringBodies.prototype, 'note'), jest.spyOn(RecurringQueries.prototype, 'note')];
        const ask = async (token: string | null): Promise<void> => {
          await gateway.query(query, {}, { token });
          const headers = { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) };
          await (await fetch(`${gateway.url}/graphql?query=${encodeURIComponent(query)}`, { headers })).text();
        };
        await ask('accepted');
        noted.forEach((note) => note.mockClear());
        for (const token of [null, 'made-up', 'accepted']) {
          await ask(token);
          expect(noted.map((note) => note.mock.calls.length)).toEqual(token === 'accepted' ? [1, 1] : [0, 0]);
        }
        noted.forEach((note) => note.mockRestore());
      },
    );
  });

  it('is compiled under no further condition for a token that is made up', async () => {
    await withScript(
      (request) => (request.headers.authorization === 'Bearer accepted' ? good(request) : { status: 401 }),
      async ({ gateway }) => {
        const query = `query Q($a: Boolean!) ${customer('contract(number: "7") { number dueDate @include(if: $a) }')}`;
        for (let i = 0; i < 2; i++) await gateway.query(query, { a: true }, { token: 'accepted' });
        for (const a of [true, false]) await gateway.query(query, { a }, { token: 'made-up' });
        await gateway.query(query, { a: false }, { token: 'accepted' });
        expect(pathsOf(gateway)).toEqual(['reference', 'compiled', 'compiled', 'reference', 'compiled']);
      },
    );
  });
});

describe('The client that a request comes from', () => {
  const query = `query Bills ${customer('contract(number: "7") { dueDate }')}`;
  const library = { clientLibrary: { name: '@apollo/client', version: '4.3.8' } };
  const headers = { 'apollographql-client-name': 'web app', 'apollographql-client-version': '1.2' };
  const token = 'secret-token-of-a-caller';

  async function ask(gateway: Gateway, extensions: unknown, more: Record<string, string>): Promise<void> {
    const sent = { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...more };
    await requestRaw(gateway.port, { method: 'POST', path: '/graphql', headers: sent, body: JSON.stringify({ query, extensions }) });
  }

  it('is in the log and in the metrics, whatever path answered', async () => {
    await withScript(
      good,
      async ({ gateway }) => {
        for (let i = 0; i < 4; i++) await ask(gateway, library, {});
        for (let i = 0; i < 2; i++) await ask(gateway, library, headers);
        await ask(gateway, undefined, {});
        expect(operationsOf(gateway).map(({ path, client, clientVersion }) => [path, client, clientVersion])).toEqual([
          ['reference', '@apollo/client', '4.3.8'],
          ['compiled', '@apollo/client', '4.3.8'],
          ['response-cache', '@apollo/client', '4.3.8'],
          ['response-cache', '@apollo/client', '4.3.8'],
          ['response-cache', 'web app', '1.2'],
          ['response-cache', 'web app', '1.2'],
          ['compiled', undefined, undefined],
        ]);
        const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
        expect(metrics).toContain('billing_gateway_client_operations_total{client="@apollo/client",version="4.3.8"} 4');
        expect(metrics).toContain('billing_gateway_client_operations_total{client="web app",version="1.2"} 2');
      },
      { NODE_ENV: 'production', CACHE_TTL_SECONDS: '60' },
    );
  });

  it('is not the one that the headers of an earlier request named, whose response is cached', async () => {
    await withScript(
      good,
      async ({ gateway }) => {
        for (const each of [headers, headers, {}, headers]) await ask(gateway, undefined, each);
        expect(operationsOf(gateway).map(({ path, client }) => [path, client])).toEqual([
          ['reference', 'web app'],
          ['compiled', 'web app'],
          ['response-cache', undefined],
          ['response-cache', 'web app'],
        ]);
      },
      { NODE_ENV: 'production', CACHE_TTL_SECONDS: '60' },
    );
  });

  it('is not told where it could hold anything else than a name', async () => {
    await withScript(good, async ({ gateway }) => {
      const names = ['', 'x'.repeat(65), 'a"b', 'a\\b', 'ünï', '80012345', token, `web-${token.slice(2, 20)}`, token.toUpperCase()];
      for (const name of names) {
        await ask(gateway, { clientLibrary: { name, version: name } }, {});
        if (name !== 'ünï') await ask(gateway, undefined, { 'apollographql-client-name': name, 'apollographql-client-version': name });
      }
      for (const clientLibrary of [7, null, 'x', [], {}, { name: 7 }, { name: {} }]) await ask(gateway, { clientLibrary }, {});
      expect(operationsOf(gateway).length).toBeGreaterThan(20);
      expect(operationsOf(gateway).filter((line) => 'client' in line || 'clientVersion' in line)).toEqual([]);
      await ask(gateway, undefined, { 'apollographql-client-name': 'web', 'apollographql-client-version': token });
      expect(operationsOf(gateway).at(-1)).toMatchObject({ client: 'web' });
      expect(gateway.logLines.join('\n')).not.toMatch(new RegExp(token, 'i'));
    });
  });
});

describe('A response', () => {
  it('says what the time was spent with, where the cost is asked for', async () => {
    await withScript(
      good,
      async ({ gateway }) => {
        const query = customer('a: contract(number: "7") { dueDate } b: contract(number: "8") { dueDate }');
        const timings: (string | null)[] = [];
        for (const headers of [{ 'x-billing-trace': '1' }, { 'x-billing-trace': 'calls' }, {}] as Record<string, string>[])
          timings.push((await gateway.query(query, {}, { token: 'a', headers })).headers.get('server-timing'));
        const shape = /^total;dur=[0-9.]+, upstream;desc="2 calls";dur=[0-9.]+, queue;dur=[0-9.]+, cache;desc="0 hits";dur=0$/;
        expect(timings).toEqual([expect.stringMatching(shape), expect.stringMatching(shape), null]);
      },
      { NODE_ENV: 'production', CACHE_TTL_SECONDS: '0' },
    );
  });
});

describe('A request without a token', () => {
  it('for an operation that is known is refused without Apollo Server', async () => {
    await withScript(good, async ({ gateway }) => {
      const query = `query Bills ${customer('contract(number: "7") { dueDate }')}`;
      for (const token of ['a', null, null]) await gateway.query(query, {}, { token });
      expect(operationsOf(gateway).map(({ operation, outcome, path, codes }) => [operation, outcome, path, codes])).toEqual([
        ['Bills', 'ok', 'reference', undefined],
        ['Bills', 'refused', 'compiled', ['UNAUTHENTICATED']],
        ['Bills', 'refused', 'compiled', ['UNAUTHENTICATED']],
      ]);
    });
  });
});

describe('With trusted documents', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipeline-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const TRUSTED = 'query Trusted($id: ID!) { customer(idType: "CPF", id: $id) { trusted: id } }';
  const OTHER = '{ customer(idType: "CPF", id: "1") { untrusted: id } }';
  let gateway: Gateway;

  beforeAll(async () => {
    const path = join(folder, 'manifest.json');
    writeFileSync(path, JSON.stringify({ a1: TRUSTED }));
    gateway = await startGateway({ TRUSTED_DOCUMENTS: path });
  });
  afterAll(() => gateway.close());

  it('a second question mark in the address hides no document', async () => {
    const search = `query=${encodeURIComponent('{customer(idType:"A",id:"1"){id}}')}`;
    for (const path of [`/graphql?${search}`, `/graphql?a=1?&${search}`, `/graphql?a=1?b&${search}`, `/graphql??${search}&${search}`]) {
      const answer = await requestRaw(gateway.port, { path, headers: { authorization: 'Bearer t' } });
      expect([answer.status, (JSON.parse(answer.text) as { data?: unknown }).data]).toEqual([400, undefined]);
    }
  });

  it('whatever runs is in the manifest, by whatever address and body it is asked for', async () => {
    const text = fc.constantFrom(TRUSTED, OTHER, `${TRUSTED} `, '{ __typename }', '');
    const persisted = text.map((query) => JSON.stringify({ persistedQuery: { version: 1, sha256Hash: sha256(query) } }));
    const glue = fc.constantFrom('&', '&', '&', '&&', '?&', '?', '&a=1?&', '&query&', '%26', '#', '&amp;');
    const parameter = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.constantFrom('query', 'qu%65ry', 'query[]', 'Query'), text) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('documentId'), fc.constantFrom('a1', 'sha256:a1', 'b2')) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('extensions'), persisted) },
      { weight: 2, arbitrary: fc.constant(['variables', '{"id":"1"}'] as const) },
    );
    const search = fc
      .array(fc.tuple(parameter, glue), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.map(([[name, value], between]) => `${name}=${encodeURIComponent(value)}${between}`).join(''));
    const body = fc.record(
      {
        query: text,
        documentId: fc.constantFrom('a1', 'b2', null),
        extensions: persisted.map((json) => JSON.parse(json) as unknown),
        variables: fc.constant({ id: '1' }),
      },
      { requiredKeys: ['variables'] },
    );
    let ran = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('GET', 'POST', 'QUERY'), search, body, async (method, asked, sent) => {
        const answer = await requestRaw(gateway.port, {
          method,
          path: `/graphql?${asked}`,
          headers: { authorization: 'Bearer t', ...(method === 'GET' ? {} : { 'content-type': 'application/json' }) },
          body: method === 'GET' ? '' : JSON.stringify(sent),
        });
        const { data } = JSON.parse(answer.text) as { data?: unknown };
        if (data === undefined) return;
        ran++;
        expect(data).toEqual({ customer: { trusted: '1' } });
      }),
      { numRuns: 300 },
    );
    expect(ran).toBeGreaterThan(10);
  });
});
