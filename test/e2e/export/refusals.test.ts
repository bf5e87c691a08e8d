import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toCursor } from '../../support/invoice-cursor';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { CSV, exportAll, JSONL, toCsvRecords, toJsonLines } from '../../support/export-client';
import type { Gateway, Json } from '../../support/gateway';
import { sendBytes } from '../../support/raw-bytes';
import { good, withScript } from '../../support/scripted-gateway';

const inCustomer = (body: string): string => `query Export { customer(idType: "RUC", id: "1") { ${body} } }`;
const inContract = (body: string): string => inCustomer(`contract(number: "7") { ${body} }`);
const NODES = 'nodes { number }';

const toBody = (text: string): Json => JSON.parse(text);
const codeOf = (text: string): unknown => toBody(text).errors[0].extensions.code;

describe('An export is refused before any call, with what to do,', () => {
  it.each([
    ['of an operation without a connection', inContract('number'), 'needs an operation that selects a connection'],
    ['of introspection', '{ __typename }', 'needs an operation that selects a connection'],
    ['of two connections', inContract(`a: invoices { ${NODES} } b: invoices(first: 5) { ${NODES} }`), 'several connections (a, b)'],
    ['with fields beside the connection', inContract(`dueDate invoices { ${NODES} }`), 'beside it (dueDate)'],
    ['with a total', inContract(`invoices { totalCount ${NODES} }`), 'no place for `totalCount`'],
    ['without rows', inContract('invoices { pageInfo { hasNextPage } }'), 'select what is to stand there once'],
    ['with two kinds of rows', inContract(`invoices { ${NODES} edges { node { amount } } }`), 'select what is to stand there once'],
    ['from the end', inContract(`invoices(last: 5) { ${NODES} }`), 'Leave `last` out'],
    ['of a list of contracts', inCustomer(`contracts(numbers: ["1", "2"]) { invoices { ${NODES} } }`), 'one by one'],
    ['with a list, as CSV', inContract('invoices { nodes { contract { billingAddresses { city } } } }'), 'no place for the list', CSV],
    ['with two columns of a name, as CSV', inContract('invoices { nodes { cursor: number } }'), 'another alias', CSV],
  ])('%s', (_what, query, message, accept = JSONL) =>
    withScript(good, async ({ gateway, upstream }) => {
      const { status, headers, text } = await exportAll(gateway, accept, query);
      expect([status, headers['content-type'], codeOf(text)]).toEqual([400, 'application/json; charset=utf-8', 'BAD_REQUEST']);
      expect(text).toContain(message);
      expect(upstream.requests).toHaveLength(0);
    }),
  );

  it('as CSV over HTTP/1.0, where one that was cut off would look whole', () =>
    withScript(good, async ({ gateway, upstream }) => {
      const body = JSON.stringify({ query: inContract(`invoices { ${NODES} }`) });
      const ask = (accept: string): Promise<string> =>
        sendBytes(
          gateway.port,
          `POST /graphql HTTP/1.0\r\nAccept: ${accept}\r\nAuthorization: Bearer a-token\r\n` +
            `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      expect(await ask(CSV)).toMatch(/^HTTP\/1.1 400 [^]*BAD_REQUEST/);
      expect(await ask(CSV)).toContain('proxy_http_version 1.1;');
      expect(upstream.requests).toHaveLength(0);
      expect(await ask(JSONL)).toMatch(/^HTTP\/1.1 200 [^]*"complete":true/);
    }));

  it.each([
    ['a cursor that is none', inContract(`invoices(after: "x") { ${NODES} }`), 400, 'BAD_USER_INPUT'],
    ['too large a page', inContract(`invoices(first: 1001) { ${NODES} }`), 400, 'BAD_USER_INPUT'],
    ['a customer that is none', `{ customer(idType: "RUC", id: "x") { invoices { ${NODES} } } }`, 400, 'BAD_USER_INPUT'],
    ['a field that is not there', inContract('invoices { nodes { nothing } }'), 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['no GraphQL', '{', 400, 'GRAPHQL_PARSE_FAILED'],
  ])('as the operation itself is, with %s', (_what, query, expected, code) =>
    withScript(good, async ({ gateway, upstream }) => {
      // What comes again takes another way through the gateway.
      for (let time = 0; time < 2; time++) {
        const { status, text } = await exportAll(gateway, JSONL, query);
        expect([status, codeOf(text), toBody(text).data]).toEqual([expected, code, undefined]);
      }
      expect(upstream.requests).toHaveLength(0);
    }),
  );

  it('without a token', () =>
    withScript(good, async ({ gateway, upstream }) => {
      const { status, headers, text } = await exportAll(gateway, CSV, inContract(`invoices { ${NODES} }`), {
        headers: { authorization: '' },
      });
      expect([status, headers['www-authenticate'], codeOf(text)]).toEqual([401, 'Bearer', 'UNAUTHENTICATED']);
      expect(upstream.requests).toHaveLength(0);
    }));
});

describe('An export that fails before its first row is a response with a status', () => {
  it.each([
    [401, 'UNAUTHENTICATED', { status: 401 }],
    [403, 'FORBIDDEN', { status: 403 }],
    [429, 'RATE_LIMITED', { status: 429, headers: { 'retry-after': '30' } }],
    [502, 'UPSTREAM_INVALID_RESPONSE', { body: '<html>' }],
    [503, 'UPSTREAM_UNAVAILABLE', { status: 500 }],
    [504, 'UPSTREAM_TIMEOUT', { hang: 'before-headers' }],
  ] as const)('of %d: %s', (expected, code, answer) =>
    withScript(
      () => answer,
      async ({ gateway }) => {
        const { status, headers, text } = await exportAll(gateway, CSV, inContract(`invoices { ${NODES} }`));
        expect([status, codeOf(text)]).toEqual([expected, code]);
        expect(headers['www-authenticate']).toBe(expected === 401 ? 'Bearer error="invalid_token"' : undefined);
        expect(headers['retry-after']).toBe(expected === 429 ? '30' : undefined);
        const record = gateway.logLines.map((line): Json => JSON.parse(line)).find(({ msg }) => msg === 'operation');
        expect(record).toMatchObject({ operation: 'Export', path: 'export', outcome: 'failed', codes: [code], calls: 1 });
      },
      { BILLING_API_TIMEOUT_MS: '1000' },
    ),
  );
});

describe('An export', () => {
  const EXPORT = inContract(`invoices { ${NODES} }`);

  it('can be asked for by GET, and only by the name of its media type', () =>
    withScript(
      (request) => good(request),
      async ({ gateway }) => {
        const ask = async (accept: string): Promise<[number, string | null]> => {
          const url = `${gateway.url}/graphql?query=${encodeURIComponent(EXPORT)}`;
          const response = await fetch(url, { headers: { accept, authorization: 'Bearer t', 'apollo-require-preflight': '1' } });
          await response.text();
          return [response.status, response.headers.get('content-type')];
        };
        const json = 'application/json; charset=utf-8';
        for (const accept of ['*/*', 'application/*', 'application/json, text/csv;q=0.5', '*/*, text/csv;q=0.1'])
          expect([accept, ...(await ask(accept))]).toEqual([accept, 200, json]);
        for (const accept of ['text/csv', 'TEXT/CSV', 'text/csv; charset=utf-8', 'text/csv, application/json;q=0.5'])
          expect([accept, ...(await ask(accept))]).toEqual([accept, 200, 'text/csv; charset=utf-8; header=present']);
        expect(await ask('application/jsonl, text/csv')).toEqual([200, 'application/jsonl; charset=utf-8']);
      },
    ));

  it('is none of what is kept as a whole response, and never answers with one', () =>
    withScript(
      (request) => good(request),
      async ({ gateway }) => {
        for (let time = 0; time < 5; time++) {
          expect((await gateway.query(EXPORT)).data).toMatchObject({ customer: { contract: { invoices: { nodes: [{}, {}, {}] } } } });
          expect(toCsvRecords((await exportAll(gateway, CSV, EXPORT)).text)).toHaveLength(4);
          expect(toJsonLines((await exportAll(gateway, JSONL, EXPORT)).text)).toHaveLength(4);
        }
      },
      { NODE_ENV: 'production', CACHE_TTL_SECONDS: '60' },
    ));

  it('runs trusted documents alone, where there are some, by their ids too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trusted-'));
    try {
      const path = join(folder, 'manifest.json');
      const id = createHash('sha256').update(EXPORT).digest('hex');
      const operations = [{ id, name: 'Export', type: 'query', body: EXPORT }];
      await writeFile(path, JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations }));
      await withScript(
        (request) => good(request),
        async ({ gateway }) => {
          const byId = await fetch(`${gateway.url}/graphql`, {
            method: 'POST',
            headers: { accept: JSONL, 'content-type': 'application/json', authorization: 'Bearer t' },
            body: JSON.stringify({ documentId: id }),
          });
          expect([byId.status, toJsonLines(await byId.text()).length]).toEqual([200, 4]);
          expect((await exportAll(gateway, CSV, EXPORT)).status).toBe(200);
          const other = await exportAll(gateway, CSV, EXPORT.replace('"7"', '"8"'));
          expect([other.status, codeOf(other.text)]).toEqual([400, 'BAD_REQUEST']);
        },
        { TRUSTED_DOCUMENTS: path },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('reads with the same connection again after it has ended', () =>
    withScript(
      (request) => good(request),
      async ({ gateway }) => {
        const warnings: string[] = [];
        const note = ({ message }: Error): number => warnings.push(message);
        process.on('warning', note);
        for (let time = 0; time < 20; time++) {
          const response = await fetch(`${gateway.url}/graphql`, {
            method: 'POST',
            headers: { accept: JSONL, 'content-type': 'application/json', authorization: 'Bearer t' },
            body: JSON.stringify({ query: EXPORT }),
          });
          expect(toJsonLines(await response.text())).toHaveLength(4);
        }
        process.off('warning', note);
        expect(warnings).toEqual([]);
      },
    ));

  it('leaves a line in the audit trail, and one record in the log and the metrics', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'audit-'));
    const path = join(folder, 'audit.log');
    try {
      await withScript(
        ({ url }) => ({ body: toBillsBody(toAskedBills(url), 25) }),
        async ({ gateway }: { gateway: Gateway }) => {
          const { text } = await exportAll(gateway, JSONL, EXPORT, { headers: { 'x-request-id': 'export-1' } });
          expect(toJsonLines(text).at(-1)).toMatchObject({ rows: 25, endCursor: toCursor(24) });
          const records = gateway.logLines.map((line): Json => JSON.parse(line)).filter(({ msg }) => msg === 'operation');
          expect(records).toEqual([
            expect.objectContaining({ requestId: 'export-1', operation: 'Export', path: 'export', outcome: 'ok', calls: 3 }),
          ]);
          const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
          expect(metrics).toMatch(/_count\{[^}]*path="export"[^}]*\} 1/);
        },
        { BILLING_API_MAX_QUANTITY: '10', AUDIT_LOG: path, AUDIT_SECRET: 'a secret of the audit trail, long enough' },
      );
      const reads = (await readFile(path, 'utf8')).split('\n').filter((line) => line.includes('"requestId":"export-1"'));
      // Where the trail is written between two pages, their reads stand in two lines.
      expect(reads.length).toBeGreaterThan(0);
      for (const line of reads) expect(line).toContain('"outcome":"ok","cached":false');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
