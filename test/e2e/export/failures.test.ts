import type { ScriptedAnswer } from '../../support/scripted-upstream';
import { toCursor } from '../../support/invoice-cursor';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { until } from '../../support/cache-fixtures';
import { CSV, exportAll, JSONL, openExport, toCsvRecords, toJsonLines } from '../../support/export-client';
import type { Json } from '../../support/gateway';
import { openConnection } from '../../support/raw-bytes';
import { withScript, type ScriptedGateway } from '../../support/scripted-gateway';

const QUERY = 'query Export { customer(idType: "RUC", id: "1") { contract(number: "7") { invoices { nodes { number amount } } } } }';

/** Runs a test over a list of 95 invoices, of which the billing API answers the third page so. */
function withThirdPage(
  answer: ScriptedAnswer,
  use: (ends: ScriptedGateway) => Promise<void>,
  environment: Record<string, string> = {},
): Promise<void> {
  return withScript(
    ({ url }) => {
      const asked = toAskedBills(url);
      return asked.pageInit === 20 ? answer : { body: toBillsBody(asked, 95) };
    },
    use,
    { BILLING_API_MAX_QUANTITY: '10', ...environment },
  );
}

/** The log's lines about operations. */
function toRecords({ gateway }: ScriptedGateway): Json[] {
  return gateway.logLines.map((line): Json => JSON.parse(line)).filter(({ msg }) => msg === 'operation');
}

describe('An export whose third page fails', () => {
  it.each([
    ['UNAUTHENTICATED', { status: 401, body: { error: {} } }],
    ['FORBIDDEN', { status: 403, body: { error: {} } }],
    ['RATE_LIMITED', { status: 429, headers: { 'retry-after': '30' } }],
    ['UPSTREAM_UNAVAILABLE', { status: 503 }],
    ['UPSTREAM_INVALID_RESPONSE', { body: '<html>' }],
    ['UPSTREAM_INVALID_RESPONSE', { body: { contractNo: '8' } }],
    ['UPSTREAM_TIMEOUT', { hang: 'before-headers' }],
  ] as const)('has the rows before it, says %s in its last line, and is cut: with %j', (code, answer) =>
    withThirdPage(
      answer,
      async (ends) => {
        const { status, text, isWhole } = await exportAll(ends.gateway, JSONL, QUERY);
        const lines = toJsonLines(text);
        expect([status, isWhole, lines.length]).toEqual([200, false, 21]);
        expect(lines.at(-1)).toMatchObject({
          complete: false,
          rows: 20,
          endCursor: toCursor(19),
          errors: [{ extensions: { code } }],
        });
        const csv = await exportAll(ends.gateway, CSV, QUERY);
        expect([csv.status, csv.isWhole]).toEqual([200, false]);
        expect(
          toCsvRecords(csv.text)
            .slice(1)
            .map(([number]) => number),
        ).toEqual(Array.from({ length: 20 }, (_, index) => `7-${String(index).padStart(6, '0')}`));
        expect(toRecords(ends)).toEqual([
          expect.objectContaining({ operation: 'Export', path: 'export', outcome: 'partial', codes: [code], calls: 3 }),
          expect.objectContaining({ outcome: 'partial', codes: [code], calls: 3 }),
        ]);
      },
      { BILLING_API_TIMEOUT_MS: '1500' },
    ),
  );

  it('is resumed behind its last row when the billing API answers again', () =>
    withThirdPage({ status: 503 }, async ({ gateway, upstream }) => {
      const first = toJsonLines((await exportAll(gateway, JSONL, QUERY)).text);
      upstream.setScript(({ url }) => ({ body: toBillsBody(toAskedBills(url), 95) }));
      const query = QUERY.replace('invoices', `invoices(after: "${String(first.at(-1)?.['endCursor'])}")`);
      const rest = await exportAll(gateway, JSONL, query);
      expect([rest.isWhole, first.length - 1 + toJsonLines(rest.text).length - 1]).toEqual([true, 95]);
    }));

  it('cannot be taken for a whole one by a client of HTTP/1.0 either', () =>
    withThirdPage({ status: 503 }, async ({ gateway }) => {
      const body = JSON.stringify({ query: QUERY });
      const head = 'content-type: application/json\r\nauthorization: Bearer t\r\naccept: application/jsonl';
      const { socket, closed } = openConnection(gateway.port);
      let code: unknown;
      socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code));
      socket.write(`POST /graphql HTTP/1.0\r\n${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      await closed;
      expect(code).toBe('ECONNRESET');
    }));
});

describe('An export with an invoice of which a field cannot be had', () => {
  const withBroken = (index: number, use: (ends: ScriptedGateway) => Promise<void>): Promise<void> =>
    withScript(({ url }) => {
      const body = toBillsBody(toAskedBills(url), 5) as { invoiceCollection: object[] };
      const invoice = body.invoiceCollection[index];
      if (invoice) body.invoiceCollection[index] = { ...invoice, invoiceAmount: 'much' };
      return { body };
    }, use);

  it("says so in the invoice's line, and goes on", () =>
    withBroken(2, async (ends) => {
      const { text, isWhole } = await exportAll(ends.gateway, JSONL, QUERY);
      const lines = toJsonLines(text);
      expect([isWhole, lines.length]).toEqual([true, 6]);
      expect(lines[2]).toMatchObject({
        node: { number: '7-000002', amount: null },
        errors: [{ path: ['amount'], extensions: { code: 'UPSTREAM_INVALID_RESPONSE' } }],
      });
      expect(lines.filter((line) => 'errors' in line)).toHaveLength(1);
      expect(toRecords(ends)).toMatchObject([{ outcome: 'partial', codes: ['UPSTREAM_INVALID_RESPONSE'] }]);
    }));

  it('as CSV, which has no place for errors, is cut before the invoice', () =>
    withBroken(2, async ({ gateway }) => {
      const { status, text, isWhole } = await exportAll(gateway, CSV, QUERY);
      expect([status, isWhole, toCsvRecords(text).length]).toEqual([200, false, 3]);
    }));

  it('as CSV is refused where that is the first invoice', () =>
    withBroken(0, async ({ gateway }) => {
      const { status, text } = await exportAll(gateway, CSV, QUERY);
      expect([status, text]).toEqual([502, expect.stringContaining('UPSTREAM_INVALID_RESPONSE')]);
    }));
});

describe('A client that goes away during an export', () => {
  it('ends the call for the page that is being read', () =>
    withThirdPage({ hang: 'before-headers' }, async (ends) => {
      const response = await openExport(ends.gateway, JSONL, QUERY);
      await ends.upstream.waitForRequests(3);
      response.destroy();
      await until(() => ends.upstream.requests[2]?.abandoned === true && toRecords(ends).length === 1);
      expect(toRecords(ends)).toMatchObject([{ path: 'export', outcome: 'aborted', calls: 3 }]);
      expect(ends.upstream.requests).toHaveLength(3);
    }));

  it('gives its place back', () =>
    withThirdPage(
      { hang: 'before-headers' },
      async ({ gateway, upstream }) => {
        const response = await openExport(gateway, JSONL, QUERY);
        await upstream.waitForRequests(3);
        const refused = await exportAll(gateway, JSONL, QUERY);
        expect([refused.status, refused.headers['retry-after'], refused.text]).toEqual([503, '5', expect.stringContaining('"OVERLOADED"')]);
        // Another token's has a place of its own.
        const other = await openExport(gateway, JSONL, QUERY, { token: 'another' });
        expect(other.statusCode).toBe(200);
        response.destroy();
        other.destroy();
        upstream.setScript(({ url }) => ({ body: toBillsBody(toAskedBills(url), 95) }));
        await until(async () => (await exportAll(gateway, JSONL, QUERY)).status === 200);
      },
      { MAX_CONCURRENT_EXPORTS: '2' },
    ));

  it('during the first page ends its call', () =>
    withScript(
      () => ({ hang: 'before-headers' }),
      async (ends) => {
        const leaving = new AbortController();
        const asking = ends.gateway.query(QUERY, undefined, { headers: { accept: JSONL }, signal: leaving.signal });
        await ends.upstream.waitForRequests(1);
        leaving.abort();
        await expect(asking).rejects.toThrow();
        await until(() => ends.upstream.requests[0]?.abandoned === true && toRecords(ends).length === 1);
        expect(toRecords(ends)).toMatchObject([{ outcome: 'aborted', calls: 1 }]);
      },
    ));
});
