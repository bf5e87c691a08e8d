import { join } from 'node:path';
import { BILLS } from '../../src/billing/model/bills';
import { toCursor } from '../../src/billing/model/cursor';
import { toActiveFilter, toFilteredList } from '../../src/billing/model/invoice-filter';
import { toAskedBills, toBillsBody, toWireInvoice } from '../support/bills-body';
import { errorsOf, withScript } from '../support/scripted-gateway';
import type { RecordedRequest, ScriptedAnswer } from '../support/scripted-upstream';

const ENVIRONMENT = { BILLING_API_DIALECT: join(__dirname, '../support/filters-dialect.yaml'), REQUEST_DEADLINE_MS: '60000' };
const TOTAL = 40;
/** A header by which graphql-js executes a request, whatever is known of its operation. */
const BY_GRAPHQL_JS = { 'apollo-federation-include-trace': 'none' };
const PAGE = '{ nodes { number status billPeriod } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } }';

const invoiceAt = (index: number) => ({
  ...toWireInvoice('1', index),
  invoiceStatus: index % 3 === 0,
  billPeriod: `2025-0${(index % 4) + 1}`,
});
const ALL = Array.from({ length: TOTAL }, (_, index) => invoiceAt(index));
const shown = ({ invoiceNumber, invoiceStatus, billPeriod }: (typeof ALL)[number]) => ({
  number: invoiceNumber,
  status: invoiceStatus,
  billPeriod,
});

/** A billing API that filters, where it does, before it pages. Of a customer 9 it knows nothing, and of 8 nothing that is filtered. */
function script(filters: boolean): (request: RecordedRequest) => ScriptedAnswer {
  return ({ url }) => {
    const asked = toAskedBills(url);
    const query = new URL(url, 'http://upstream').searchParams;
    const [status, periods] = [query.get('status'), query.get('periods')?.split(',')];
    const isFiltered = status !== 'PC|CA' || periods !== undefined;
    if (asked.id === '9' || (asked.id === '8' && isFiltered)) return { status: 404 };
    const list = ALL.filter(
      ({ invoiceStatus, billPeriod }) =>
        !filters || ((status === 'PC|CA' || invoiceStatus === (status === 'PC')) && (!periods || periods.includes(billPeriod))),
    );
    return { body: toBillsBody(asked, 0, { invoiceCollection: list.slice(asked.pageInit, asked.pageInit + asked.quantity) }) };
  };
}

const inContract = (body: string, id = '1'): string => `{ customer(idType: "RUC", id: "${id}") { contract(number: "1") { ${body} } } }`;
const searchOf = ({ url }: RecordedRequest): string => decodeURIComponent(new URL(url, 'http://upstream').search);

describe('Filters that the billing API has parameters for', () => {
  it('are left to it, beside the call that brings the contract, as predicted', () =>
    withScript(
      script(true),
      async ({ gateway, upstream }) => {
        const query = inContract(`dueDate invoices(first: 5, filter: { status: true }) ${PAGE}`);
        const dry = await gateway.query(query, {}, { headers: { 'x-billing-dry-run': '1' } });
        expect(dry.extensions?.['billing'].prediction).toMatchObject({ calls: 2, atLeast: false });
        for (const headers of [BY_GRAPHQL_JS, {}, {}]) {
          const before = upstream.requests.length;
          const { data, errors } = await gateway.query(query, {}, { headers });
          expect(errors).toEqual([]);
          expect(data.customer.contract.dueDate).toBe('2025-07-15');
          expect(data.customer.contract.invoices.nodes).toEqual([0, 3, 6, 9, 12].map((index) => shown(invoiceAt(index))));
          expect(data.customer.contract.invoices.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
          expect(upstream.requests.slice(before).map(searchOf).sort()).toEqual([
            '?pageInit=0&quantity=1&contractNumber=1&status=PC|CA',
            '?pageInit=0&quantity=6&contractNumber=1&status=PC',
          ]);
        }
      },
      ENVIRONMENT,
    ));

  it.each([
    ['{ status: false }', ({ invoiceStatus }: (typeof ALL)[number]) => !invoiceStatus],
    ['{ billPeriods: ["2025-02", "2025-04"] }', ({ billPeriod }: (typeof ALL)[number]) => ['2025-02', '2025-04'].includes(billPeriod)],
    [
      '{ status: true, billPeriods: "2025-01" }',
      ({ invoiceStatus, billPeriod }: (typeof ALL)[number]) => invoiceStatus && billPeriod === '2025-01',
    ],
  ])('page to the end and back through what %s means, whether it heeds them or not', async (filter, isMeant) => {
    for (const filters of [true, false])
      await withScript(
        script(filters),
        async ({ gateway, upstream }) => {
          const seen: unknown[] = [];
          const ask = async (args: string) => {
            const { data, errors } = await gateway.query(inContract(`invoices(${args}, filter: ${filter}) ${PAGE}`));
            expect(errors).toEqual([]);
            const { nodes, pageInfo } = data.customer.contract.invoices;
            return { nodes: nodes as unknown[], ...(pageInfo as { hasNextPage: boolean; startCursor: string; endCursor: string }) };
          };
          for (let after = ''; ;) {
            const { nodes, hasNextPage, startCursor, endCursor } = await ask(`first: 4${after}`);
            if (seen.length > 0 && filters) {
              const back = await ask(`last: 2, before: "${startCursor}"`);
              expect([back.nodes, back.hasNextPage]).toEqual([seen.slice(-2), true]);
            }
            seen.push(...nodes);
            after = `, after: "${endCursor}"`;
            if (!hasNextPage) break;
          }
          expect(seen).toEqual(ALL.filter(isMeant).map(shown));
          const whole = upstream.requests.filter((request) => toAskedBills(request.url).quantity === 1000);
          const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
          const isCounted = metrics.includes('billing_gateway_contract_drift_total{kind="retyped",path="(filter)"}');
          expect([whole.length === 0, isCounted]).toEqual([filters, !filters]);
        },
        ENVIRONMENT,
      );
  });

  it("find a customer's invoices in one call, and tell one without such invoices from one that is not known", () =>
    withScript(
      script(true),
      async ({ gateway, upstream }) => {
        const ask = async (id: string): Promise<unknown[]> => {
          const before = upstream.requests.length;
          const query = `{ customer(idType: "RUC", id: "${id}") { invoices(first: 2, filter: { status: true }) { nodes { number } } } }`;
          const { data, errors } = await gateway.query(query);
          return [errors, data.customer.invoices as unknown, upstream.requests.length - before];
        };
        expect(await ask('1')).toEqual([[], { nodes: [{ number: '1-000000' }, { number: '1-000003' }] }, 1]);
        expect(await ask('8')).toEqual([[], { nodes: [] }, 2]);
        expect(await ask('9')).toEqual([[], null, 2]);
        const contract = async (id: string): Promise<unknown> =>
          (await gateway.query(inContract('invoices(filter: { status: true }) { nodes { number } }', id))).data.customer.contract;
        expect(await contract('8')).toEqual({ invoices: { nodes: [] } });
        expect(await contract('9')).toBeNull();
      },
      ENVIRONMENT,
    ));

  it('are cached apart from each other and from the whole list', () =>
    withScript(
      script(true),
      async ({ gateway, upstream }) => {
        const numbers = async (args: string) => {
          const before = upstream.requests.length;
          const { data } = await gateway.query(inContract(`invoices(${args}) { nodes { number } }`));
          const nodes = data.customer.contract.invoices.nodes as { number: string }[];
          return [nodes.map(({ number }) => Number(number.slice(2))).join(), upstream.requests.length - before];
        };
        expect(await numbers('first: 40')).toEqual([ALL.map((_, index) => index).join(), 1]);
        // The head is in what is cached of the whole list.
        expect(await numbers('first: 3, filter: { status: true }')).toEqual(['0,3,6', 1]);
        expect(await numbers('first: 3, filter: { status: false }')).toEqual(['1,2,4', 1]);
        expect(await numbers('first: 3, filter: { status: true, billPeriods: ["2025-01"] }')).toEqual(['0,12,24', 1]);
        expect(await numbers('first: 2, filter: { status: true }')).toEqual(['0,3', 0]);
        expect(await numbers('first: 2, filter: { status: false }')).toEqual(['1,2', 0]);
        expect(await numbers('first: 2')).toEqual(['0,1', 0]);
      },
      { ...ENVIRONMENT, CACHE_TTL_SECONDS: '30' },
    ));

  it('have cursors of their own; those of the whole list go on in it', () =>
    withScript(
      script(true),
      async ({ gateway, upstream }) => {
        const list = toFilteredList(BILLS, toActiveFilter({ status: true })!);
        const after = toCursor(1, list);
        for (const filter of ['', ', filter: { status: false }', ', filter: { status: true, billPeriods: ["2025-01"] }']) {
          const refused = await gateway.query(inContract(`invoices(first: 2, after: "${after}"${filter}) { nodes { number } }`));
          expect(errorsOf(refused)).toEqual([{ code: 'BAD_USER_INPUT', path: ['customer', 'contract', 'invoices'] }]);
        }
        expect(upstream.requests).toHaveLength(0);
        const query = (cursor: string) =>
          inContract(`invoices(first: 2, after: "${cursor}", filter: { status: true }) { nodes { number } totalCount edges { cursor } }`);
        const invoices = async (cursor: string): Promise<unknown> => (await gateway.query(query(cursor))).data.customer.contract.invoices;
        const page = (numbers: number[], cursors: string[]) => ({
          nodes: numbers.map((number) => ({ number: toWireInvoice('1', number).invoiceNumber })),
          totalCount: 14,
          edges: cursors.map((cursor) => ({ cursor })),
        });
        expect(await invoices(after)).toEqual(page([6, 9], [toCursor(2, list), toCursor(3, list)]));
        expect(await invoices(toCursor(6, BILLS))).toEqual(page([9, 12], [toCursor(9, BILLS), toCursor(12, BILLS)]));
      },
      ENVIRONMENT,
    ));

  it('are searched for by a scan where the API cannot be asked for all of them', () =>
    withScript(
      script(true),
      async ({ gateway, upstream }) => {
        for (const filter of ['{ billPeriods: [] }', '{ billPeriods: ["2025-01,2025-02"] }', '{ status: true, billPeriods: [""] }']) {
          const { data, errors } = await gateway.query(inContract(`invoices(filter: ${filter}) { nodes { number } }`));
          expect([errors, data.customer.contract.invoices.nodes]).toEqual([[], []]);
        }
        const { data } = await gateway.query(inContract('invoices(last: 2, filter: { status: true }) { nodes { number } }'));
        expect(data.customer.contract.invoices.nodes).toEqual([{ number: '1-000036' }, { number: '1-000039' }]);
        expect(upstream.requests.every((request) => searchOf(request).includes('status=PC|CA') && !request.url.includes('periods'))).toBe(
          true,
        );
      },
      ENVIRONMENT,
    ));
});
