import fc from 'fast-check';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { CSV, exportAll, JSONL, toCsvRecords, toJsonLines } from '../../support/export-client';
import { toCursor } from '../../support/invoice-cursor';
import { withScript, type ScriptedGateway } from '../../support/scripted-gateway';

const QUERY = `query ($first: Int, $after: String, $before: String, $filter: InvoiceFilter) {
  customer(idType: "RUC", id: "1") {
    contract(number: "7") { invoices(first: $first, after: $after, before: $before, filter: $filter) { nodes { number } } }
  }
}`;

/** A list of 57 invoices, which the billing API hands out by ten; `odd`: what one of them has otherwise. */
function withList(
  use: (ends: ScriptedGateway) => Promise<void>,
  odd: { readonly at: number; readonly has: object } | null = null,
): Promise<void> {
  return withScript(
    ({ url }) => {
      const asked = toAskedBills(url);
      const { invoiceCollection, ...body } = toBillsBody(asked, 57) as { invoiceCollection: object[] };
      const invoices = invoiceCollection.map((invoice, index) => {
        const at = asked.pageInit + index;
        return { ...invoice, invoiceStatus: at % 3 === 0, billPeriod: `2025-${at % 7}`, ...(at === odd?.at && odd.has) };
      });
      return { body: { ...body, invoiceCollection: invoices } };
    },
    use,
    { BILLING_API_MAX_QUANTITY: '10', UPSTREAM_CALL_BUDGET: '2' },
  );
}

const isMeant = (at: number, { status, billPeriods }: { readonly status?: boolean; readonly billPeriods?: readonly string[] }): boolean =>
  (status === undefined || status === (at % 3 === 0)) && (!billPeriods || billPeriods.includes(`2025-${at % 7}`));

describe('An export with a filter', () => {
  it('has the invoices that match, reads each page once, whatever the call budget, and is resumed by any cursor', () =>
    withList(async ({ gateway, upstream }) => {
      const filter = fc.record(
        { status: fc.boolean(), billPeriods: fc.uniqueArray(fc.constantFrom('2025-0', '2025-3', '2025-6', 'never')) },
        { requiredKeys: [] },
      );
      const position = fc.option(fc.nat(60), { nil: undefined });
      const first = fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined });
      await fc.assert(
        fc.asyncProperty(filter, position, fc.tuple(position, first), async (meant, after, [before, rows]) => {
          const cursors = {
            after: after === undefined ? undefined : toCursor(after),
            before: before === undefined ? undefined : toCursor(before),
          };
          const calls = upstream.requests.length;
          const { text, isWhole } = await exportAll(gateway, JSONL, QUERY, { variables: { first: rows, ...cursors, filter: meant } });
          const from = after === undefined ? 0 : after + 1;
          const expected = Array.from({ length: 57 }, (_, at) => at)
            .filter((at) => at >= from && at < (before ?? Infinity) && isMeant(at, meant))
            .slice(0, rows);
          const lines = toJsonLines(text);
          expect(lines.slice(0, -1)).toEqual(
            expected.map((at) => ({ cursor: toCursor(at), node: { number: `7-${String(at).padStart(6, '0')}` } })),
          );
          expect([isWhole, lines.at(-1)]).toEqual([true, expect.objectContaining({ complete: true, rows: expected.length })]);
          expect(upstream.requests.length - calls).toBeLessThanOrEqual(7);
        }),
        { numRuns: 60 },
      );
    }));

  it('neither shows nor leaves out an invoice of which nobody knows whether it matches', () =>
    withList(
      async ({ gateway }) => {
        const { text, isWhole } = await exportAll(gateway, JSONL, QUERY, { variables: { filter: { status: true } } });
        expect(isWhole).toBe(false);
        expect(toJsonLines(text).at(-1)).toMatchObject({ complete: false, endCursor: toCursor(19), errors: [{}] });
        // Its period is known.
        const byPeriod = await exportAll(gateway, CSV, QUERY, { variables: { filter: { billPeriods: ['2025-0'] } } });
        expect([byPeriod.isWhole, toCsvRecords(byPeriod.text).length]).toEqual([true, 1 + 9]);
      },
      { at: 25, has: { invoiceStatus: 'perhaps' } },
    ));

  it('goes by the period where its status is not asked for, and ends where that cannot be read', () =>
    withList(
      async ({ gateway }) => {
        const by = async (filter: object): Promise<unknown[]> => {
          const { text, isWhole } = await exportAll(gateway, JSONL, QUERY, { variables: { filter } });
          return [isWhole, toJsonLines(text).length - 1];
        };
        expect(await by({ status: false })).toEqual([true, 38]);
        expect(await by({ billPeriods: ['2025-4'] })).toEqual([false, 3]);
      },
      { at: 25, has: { billPeriod: {} } },
    ));

  it('has an invoice that matches with the error of another field, and with fields of any alias', () =>
    withList(
      async ({ gateway }) => {
        const query = QUERY.replace('number }', 'number exportStatus: billPeriod exportStatus_: status exportBillPeriod: amount }');
        const { text, isWhole } = await exportAll(gateway, JSONL, query, {
          variables: { filter: { status: true, billPeriods: ['2025-3'] } },
        });
        const [first, second, ...others] = toJsonLines(text);
        expect([isWhole, others.length, first]).toMatchObject([true, 2, { node: { exportStatus: '2025-3', exportStatus_: true } }]);
        expect(Object.keys(first?.['node'] as object)).toEqual(['number', 'exportStatus', 'exportStatus_', 'exportBillPeriod']);
        expect(second).toMatchObject({
          node: { exportStatus: '2025-3', exportBillPeriod: null },
          errors: [{ path: ['exportBillPeriod'] }],
        });
      },
      { at: 24, has: { invoiceAmount: {} } },
    ));
});
