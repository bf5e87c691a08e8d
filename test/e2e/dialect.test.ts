import { join } from 'node:path';
import { toAskedBills } from '../support/bills-body';
import { withScript, errorsOf } from '../support/scripted-gateway';
import type { Script } from '../support/scripted-upstream';

const DIALECT = join(__dirname, '../support/vendor-dialect.yaml');
const ENVIRONMENT = { BILLING_API_DIALECT: DIALECT };

const invoice = (contract: string, index: number) => ({
  contract,
  invoiceNumber: `${contract}-${index}`,
  billPeriod: 202506,
  invoiceAmount: '9007199254740993',
  invoiceStatus: index % 2 === 0 ? 'CA' : 'PC',
  expirationDate: '2025-07-15',
  billingAddress: { street: 'Palma 435' },
});

/** A page of a contract's invoices: `offset` counts pages from 1. */
function account(contract: string, total: number, query: URLSearchParams) {
  const limit = Number(query.get('limit'));
  const start = (Number(query.get('offset')) - 1) * limit;
  const count = Math.max(0, Math.min(limit, total - start));
  return {
    billingAccountId: `A-${contract}`,
    debtAmount: 12,
    unpaidInvoiceCount: total,
    invoicesCollection: Array.from({ length: count }, (_, index) => invoice(contract, start + index)),
  };
}

/** A service of the same vendor: one object, or a list where the customer has several contracts. */
const vendor: Script = ({ url }) => {
  const query = new URL(url, 'http://upstream').searchParams;
  if (query.get('status') !== 'PC|CA' || [...query.keys()].join() !== 'offset,limit,status')
    return { status: 400, body: { response: { error: { message: 'Unknown parameters.' } } } };
  const { id } = toAskedBills(url);
  if (id === '404') return { status: 404, body: { response: { error: { message: 'unknown' } } } };
  return { body: id === '2' ? [account('7', 3, query), account('8', 2, query)] : account('7', 30, query) };
};

const FIELDS = 'number contractNumber billPeriod amount status';

describe('A billing API of another dialect', () => {
  it('works with nothing but a dialect file: pages, members, values of the status', async () => {
    await withScript(
      vendor,
      async ({ gateway }) => {
        const query = (after: string | null) =>
          gateway.query(
            `query ($after: String) { customer(idType: "RUC", id: "1") { contract(number: "7") { invoices(first: 10, after: $after) { nodes { ${FIELDS} } pageInfo { endCursor } } } } }`,
            { after },
          );
        const first = await query(null);
        expect(first.errors).toEqual([]);
        const { nodes, pageInfo } = first.data.customer.contract.invoices as { nodes: unknown[]; pageInfo: { endCursor: string } };
        expect(nodes).toHaveLength(10);
        expect(nodes.slice(0, 2)).toEqual([
          { number: '7-0', contractNumber: '7', billPeriod: '202506', amount: '9007199254740993', status: true },
          { number: '7-1', contractNumber: '7', billPeriod: '202506', amount: '9007199254740993', status: false },
        ]);
        const second = await query(pageInfo.endCursor);
        expect(second.data.customer.contract.invoices.nodes[0].number).toBe('7-10');
      },
      ENVIRONMENT,
    );
  });

  it("finds a contract in a list of contracts, and lists all of the customer's invoices", async () => {
    await withScript(
      vendor,
      async ({ gateway }) => {
        const { data, errors } = await gateway.query(
          '{ customer(idType: "RUC", id: "2") { contract(number: "8") { invoices(first: 5) { nodes { number status } } } other: contract(number: "9") { number } invoices(first: 10) { nodes { number contract { number } } } } }',
        );
        expect(errors).toEqual([]);
        expect(data.customer.contract.invoices.nodes).toEqual([
          { number: '8-0', status: true },
          { number: '8-1', status: false },
        ]);
        expect(data.customer.other).toBeNull();
        expect(data.customer.invoices.nodes).toEqual(
          ['7-0', '7-1', '7-2', '8-0', '8-1'].map((number) => ({ number, contract: { number: number.slice(0, 1) } })),
        );
      },
      ENVIRONMENT,
    );
  });

  it('finds the errors of the dialect where they are', async () => {
    await withScript(
      vendor,
      async ({ gateway, upstream }) => {
        const ask = (id: string) => gateway.query(`{ customer(idType: "RUC", id: "${id}") { contract(number: "7") { dueDate } } }`);
        expect(await ask('404')).toMatchObject({ errors: [], data: { customer: { contract: null } } });
        upstream.setScript(() => ({ status: 400, body: { response: { error: { message: 'Wrong customer type.' } } } }));
        expect((await ask('1')).errors[0]?.message).toBe('Wrong customer type.');
        upstream.setScript(() => ({ body: { response: { error: { message: 'unknown' } } } }));
        expect(errorsOf(await ask('1'))).toEqual([{ code: 'UPSTREAM_INVALID_RESPONSE', path: ['customer', 'contract'] }]);
      },
      ENVIRONMENT,
    );
  });
});
