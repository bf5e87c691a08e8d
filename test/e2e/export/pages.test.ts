import fc from 'fast-check';
import { toCursor } from '../../support/invoice-cursor';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { CSV, exportAll, JSONL, toCsvRecords, toJsonLines, type ExportedText } from '../../support/export-client';
import { until } from '../../support/cache-fixtures';
import { good, withScript, type ScriptedGateway } from '../../support/scripted-gateway';

const QUERY = `query ($first: Int, $after: String, $before: String) {
  customer(idType: "RUC", id: "1") {
    contract(number: "7") { invoices(first: $first, after: $after, before: $before) { nodes { number } } }
  }
}`;
const DRY = { 'x-billing-dry-run': '1' };
const numberAt = (position: number): string => `7-${String(position).padStart(6, '0')}`;

/** Numbers and cursors of the rows that are whole. */
function toRows(accept: string, { text }: ExportedText): { readonly number: unknown; readonly cursor: unknown }[] {
  if (accept === CSV)
    return toCsvRecords(text)
      .slice(1)
      .map(([number, cursor]) => ({ number, cursor }));
  return toJsonLines(text).flatMap(({ node, cursor }) => (node ? [{ number: (node as { number: string }).number, cursor }] : []));
}

/** Runs a test over a list of `total` invoices, which the billing API hands out by ten. */
function withList(total: number, use: (ends: ScriptedGateway) => Promise<void>, environment: Record<string, string> = {}): Promise<void> {
  const paging = environment['BILLING_API_PAGING'] ?? 'offset';
  return withScript(
    ({ url }) => {
      const asked = toAskedBills(url);
      const pageInit = paging === 'page' ? asked.pageInit * asked.quantity : asked.pageInit;
      return { body: toBillsBody({ ...asked, pageInit }, total) };
    },
    use,
    { BILLING_API_MAX_QUANTITY: '10', ...environment },
  );
}

describe('An export', () => {
  it.each([
    [0, 1],
    // Whether a short page is the last one only the API can say; after a full one it is.
    [9, 2],
    // Whether a full page is the last one only the next call can say.
    [10, 2],
    [95, 10],
  ])('of %d invoices reads each page once: %d calls', (total, calls) =>
    withList(total, async ({ gateway, upstream }) => {
      const exported = await exportAll(gateway, JSONL, QUERY);
      expect(toRows(JSONL, exported).map(({ number }) => number)).toEqual(Array.from({ length: total }, (_, index) => numberAt(index)));
      expect(toJsonLines(exported.text).at(-1)).toMatchObject({ complete: true, rows: total, extensions: { billing: { calls } } });
      expect(upstream.requests).toHaveLength(calls);
    }),
  );

  it.each([
    [{ first: 3 }, 0, 3],
    [{ after: toCursor(4) }, 5, 25],
    [{ after: toCursor(4), before: toCursor(17) }, 5, 17],
    [{ first: 20, after: toCursor(2), before: toCursor(17) }, 3, 17],
    [{ after: toCursor(24) }, 25, 25],
    [{ after: toCursor(400) }, 25, 25],
    [{ after: toCursor(9), before: toCursor(3) }, 25, 25],
  ])('has the invoices that %j mean', (variables, from, to) =>
    withList(25, async ({ gateway }) => {
      const exported = await exportAll(gateway, CSV, QUERY, { variables });
      expect([exported.isWhole, toRows(CSV, exported).map(({ number }) => number)]).toEqual([
        true,
        Array.from({ length: to - from }, (_, index) => numberAt(from + index)),
      ]);
    }),
  );

  it.each([
    ['', QUERY],
    // Of more than 32 KiB, so that the billing API decides on the token before the variables are looked at.
    [', also where the request is large', `${QUERY}#${' '.repeat(40_000)}`],
  ])('that takes more calls than one operation may make is read page by page, each within the call budget%s', (_which, query) =>
    withList(
      95,
      async ({ gateway }) => {
        const variables = { first: 55 };
        const exported = await exportAll(gateway, JSONL, query, { variables });
        expect([exported.status, toRows(JSONL, exported).length, exported.isWhole]).toEqual([200, 55, true]);
        const dry = await exportAll(gateway, JSONL, query, { variables, headers: DRY });
        expect(dry.text).toContain('"prediction":{"calls":6,');
        // As one page, it is refused.
        const { errors } = await gateway.query(query, variables);
        expect(errors[0]?.extensions?.['code']).toBe('UPSTREAM_BUDGET_EXCEEDED');
      },
      { UPSTREAM_CALL_BUDGET: '2' },
    ),
  );

  it.each(['offset', 'page'])("of a range costs what its dry run says, with paging by %s; to the list's end, at least that", (paging) =>
    withList(
      1000,
      async ({ gateway, upstream }) => {
        const position = fc.option(fc.nat(60), { nil: null });
        await fc.assert(
          fc.asyncProperty(position, position, fc.option(fc.integer({ min: 1, max: 50 }), { nil: null }), async (after, before, first) => {
            const variables = {
              first,
              after: after === null ? null : toCursor(after),
              before: before === null ? null : toCursor(before),
            };
            const dry = await exportAll(gateway, JSONL, QUERY, { variables, headers: DRY });
            const { prediction, page } = (JSON.parse(dry.text) as { extensions: { billing: Record<string, Record<string, unknown>> } })
              .extensions.billing;
            expect(page).toEqual({ invoices: 10, calls: 1 });
            const calls = upstream.requests.length;
            if (first === null && before === null) expect(prediction).toMatchObject({ calls: 1, atLeast: true });
            else {
              expect((await exportAll(gateway, JSONL, QUERY, { variables })).isWhole).toBe(true);
              expect(prediction).toMatchObject({ calls: upstream.requests.length - calls, atLeast: false });
            }
          }),
          { numRuns: 40 },
        );
      },
      { BILLING_API_PAGING: paging },
    ),
  );

  it.each([JSONL, CSV])("as %s, interrupted anywhere and resumed by the last whole row's cursor, has each row once", (accept) =>
    withList(95, async ({ gateway }) => {
      const whole = await exportAll(gateway, accept, QUERY);
      const expected = toRows(accept, whole);
      expect(expected).toHaveLength(95);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: whole.text.length }), { maxLength: 6 }), async (stops) => {
          const rows: unknown[] = [];
          let after: unknown = null;
          for (const stopAtBytes of [...stops, Infinity]) {
            const part = await exportAll(gateway, accept, QUERY, { variables: { after }, stopAtBytes });
            const read = toRows(accept, part);
            rows.push(...read);
            after = read.at(-1)?.cursor ?? after;
          }
          expect(rows).toEqual(expected);
        }),
        { numRuns: 30 },
      );
    }),
  );

  it('reads smaller pages where a page would be larger than a response may be', () =>
    withList(
      60,
      async ({ gateway, upstream }) => {
        const exported = await exportAll(gateway, JSONL, QUERY);
        expect([exported.isWhole, toRows(JSONL, exported).length]).toEqual([true, 60]);
        // Pages of 10, which are too large, of 5, and of 3.
        expect(new Set(upstream.requests.map(({ url }) => toAskedBills(url).quantity))).toEqual(new Set([10, 5, 3]));
      },
      { MAX_RESULTS: '11' },
    ));

  it('takes a contract behind whose end it begins for a contract, and one that is not there for none', () =>
    withScript(
      (request) => (toAskedBills(request.url).pageInit > 0 ? { status: 404 } : good(request)),
      async ({ gateway, upstream }) => {
        const behind = await exportAll(gateway, JSONL, QUERY, { variables: { after: toCursor(99) } });
        expect([behind.status, toJsonLines(behind.text)]).toEqual([
          200,
          [expect.objectContaining({ complete: true, rows: 0, endCursor: toCursor(99) })],
        ]);
        upstream.setScript(() => ({ status: 404 }));
        for (const variables of [{}, { after: toCursor(99) }]) {
          const { status, text } = await exportAll(gateway, JSONL, QUERY, { variables });
          expect([status, text]).toEqual([404, expect.stringContaining('knows no such contract')]);
        }
      },
    ));

  it('uses cached pages, and leaves its own in the cache', () =>
    withList(
      25,
      async ({ gateway, upstream }) => {
        await exportAll(gateway, JSONL, QUERY);
        const again = await exportAll(gateway, JSONL, QUERY);
        expect(toJsonLines(again.text).at(-1)).toMatchObject({ rows: 25, extensions: { billing: { calls: 0, cached: 3 } } });
        expect(upstream.requests).toHaveLength(3);
        await exportAll(gateway, JSONL, QUERY, { headers: { 'cache-control': 'no-cache' } });
        expect(upstream.requests).toHaveLength(6);
      },
      { CACHE_TTL_SECONDS: '300' },
    ));

  it('holds no response of the billing API any more when it has ended, whether it was read to its end or not', () =>
    withList(95, async ({ gateway }) => {
      for (const stopAtBytes of [Infinity, 1]) await exportAll(gateway, JSONL, QUERY, { stopAtBytes });
      await until(async () => (await (await fetch(`${gateway.url}/metrics`)).text()).includes('upstream_held_bytes 0\n'));
    }));
});
