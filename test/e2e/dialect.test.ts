import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toAskedBills } from '../support/bills-body';
import { toCursor } from '../support/invoice-cursor';
import { byContract, withScript, errorsOf } from '../support/scripted-gateway';
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

  it('lists the contracts of a customer with their invoices, in one call, as predicted', () =>
    withScript(
      vendor,
      async ({ gateway, upstream }) => {
        const query =
          'query ($numbers: [ID!]) { customer(idType: "RUC", id: "2") { contracts(numbers: $numbers) { number invoices(first: 2) { nodes { number } pageInfo { hasNextPage } } } } }';
        const dry = await gateway.query(query, {}, { headers: { 'x-billing-dry-run': '1' } });
        expect(dry.extensions?.['billing'].prediction).toMatchObject({ calls: 1, atLeast: false });
        for (const path of [{ 'apollo-federation-include-trace': 'none' }, {}, {}]) {
          const before = upstream.requests.length;
          const { data, errors } = await gateway.query(query, {}, { headers: path });
          expect([errors, upstream.requests.length - before]).toEqual([[], 1]);
          expect(data.customer.contracts).toEqual([
            { number: '7', invoices: { nodes: [{ number: '7-0' }, { number: '7-1' }], pageInfo: { hasNextPage: true } } },
            { number: '8', invoices: { nodes: [{ number: '8-0' }, { number: '8-1' }], pageInfo: { hasNextPage: false } } },
          ]);
        }
        const bare = '{ customer(idType: "RUC", id: "ID") { contracts { number customer { id } } } }';
        const ask = async (id: string) => (await gateway.query(bare.replace('ID', id))).data.customer.contracts as unknown;
        expect(await ask('2')).toEqual(['7', '8'].map((number) => ({ number, customer: { id: '2' } })));
        expect(await ask('1')).toEqual([{ number: '7', customer: { id: '1' } }]);
        expect(await ask('404')).toEqual([]);
      },
      ENVIRONMENT,
    ));

  it('caches what lists the contracts, and takes lists for granted where the contract is checked strictly', () =>
    withScript(
      vendor,
      async ({ gateway, upstream }) => {
        const query = '{ customer(idType: "RUC", id: "2") { contracts { number invoices(first: 1) { nodes { number } } } } }';
        for (let i = 0; i < 4; i++) {
          const { data, errors } = await gateway.query(i < 2 ? query : query.replace('number invoices', 'invoices'));
          expect([errors, data.customer.contracts.length]).toEqual([[], 2]);
        }
        expect(upstream.requests).toHaveLength(1);
        const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
        expect(metrics).not.toContain('kind="retyped",path="(body)"');
      },
      { ...ENVIRONMENT, CACHE_TTL_SECONDS: '30' },
    ));

  it('costs a contract without a number its place, and an error about all of them no other field', () =>
    withScript(
      () => ({ body: [{ billingAccountId: 'A', invoicesCollection: [] }, account('7', 1, new URLSearchParams('offset=1&limit=5'))] }),
      async ({ gateway, upstream }) => {
        const query = '{ customer(idType: "RUC", id: "2") { id contracts { number dueDate } } }';
        const { data, errors } = await gateway.query(query);
        expect(data.customer.contracts).toEqual([null, { number: '7', dueDate: null }]);
        expect(errors).toMatchObject([{ path: ['customer', 'contracts', 0], extensions: { code: 'UPSTREAM_INVALID_RESPONSE' } }]);
        upstream.setScript(() => ({ status: 503 }));
        const failed = await gateway.query(query);
        expect(failed.data).toEqual({ customer: { id: '2', contracts: [null] } });
        expect(errorsOf(failed)).toEqual([{ code: 'UPSTREAM_UNAVAILABLE', path: ['customer', 'contracts', 0] }]);
      },
      ENVIRONMENT,
    ));

  it("pages through all of the customer's invoices, though the API pages within each contract", () =>
    withScript(
      vendor,
      async ({ gateway, upstream }) => {
        const ask = async (args: string) => {
          const { data, errors } = await gateway.query(
            `{ customer(idType: "RUC", id: "2") { invoices(${args}) { totalCount nodes { number } pageInfo { hasNextPage endCursor } } } }`,
          );
          expect(errors).toEqual([]);
          const { nodes, pageInfo, totalCount } = data.customer.invoices;
          return [
            (nodes as { number: string }[]).map(({ number }) => number),
            pageInfo.hasNextPage,
            totalCount,
            pageInfo.endCursor,
          ] as const;
        };
        const first = await ask('first: 2');
        expect(first.slice(0, 3)).toEqual([['7-0', '7-1'], true, 5]);
        const second = await ask(`first: 2, after: "${first[3] as string}"`);
        expect(second.slice(0, 3)).toEqual([['7-2', '8-0'], true, 5]);
        expect((await ask(`first: 2, after: "${second[3] as string}"`)).slice(0, 3)).toEqual([['8-1'], false, 5]);
        expect((await ask('last: 2')).slice(0, 3)).toEqual([['8-0', '8-1'], false, 5]);
        expect((await ask('first: 2, filter: { status: false }')).slice(0, 3)).toEqual([['7-1', '8-1'], false, 2]);
        expect(upstream.requests).toHaveLength(5);
      },
      ENVIRONMENT,
    ));

  it('says what to do where contracts are asked for without numbers and the API lists none', () =>
    withScript(vendor, async ({ gateway, upstream }) => {
      for (let i = 0; i < 3; i++) {
        const answer = await gateway.query('{ customer(idType: "RUC", id: "2") { id contracts { number } } }');
        expect(answer.data).toEqual({ customer: { id: '2', contracts: [null] } });
        expect(errorsOf(answer)).toEqual([{ code: 'BAD_USER_INPUT', path: ['customer', 'contracts', 0] }]);
        expect(answer.errors[0]?.message).toContain('BILLING_API_DIALECT');
      }
      expect(upstream.requests).toHaveLength(0);
    }));

  it('does not take a contract for unknown that does not say which one it is, and reads lists past their end', async () => {
    await withScript(
      ({ url }) => {
        const query = new URL(url, 'http://upstream').searchParams;
        return { body: toAskedBills(url).id === '1' ? account('7', 10, query) : account('7', 0, query) };
      },
      async ({ gateway }) => {
        const ask = (id: string, after: string | null) =>
          gateway.query(
            `query ($after: String) { customer(idType: "RUC", id: "${id}") { contract(number: "7") { invoices(first: 5, after: $after) { nodes { number } } } } }`,
            { after },
          );
        expect(errorsOf(await ask('2', null))).toEqual([{ code: 'UPSTREAM_INVALID_RESPONSE', path: ['customer', 'contract'] }]);
        const past = await ask('1', toCursor(19));
        expect([past.errors, past.data.customer.contract]).toEqual([[], { invoices: { nodes: [] } }]);
        expect((await ask('1', toCursor(4))).data.customer.contract.invoices.nodes).toHaveLength(5);
      },
      ENVIRONMENT,
    );
  });

  it('finds an error body whose message is no member of another one', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dialect-'));
    writeFileSync(join(directory, 'dialect.yaml'), 'errorMessage: message\n');
    const script = byContract({
      7: { status: 404, body: { message: 'There is no such contract.' } },
      8: { status: 404, body: { detail: 'There is no such page.' } },
    });
    await withScript(
      script,
      async ({ gateway }) => {
        const answer = await gateway.query(
          '{ customer(idType: "RUC", id: "1") { none: contract(number: "7") { dueDate } page: contract(number: "8") { dueDate } } }',
        );
        expect(answer.data).toEqual({ customer: { none: null, page: null } });
        expect(errorsOf(answer)).toEqual([{ code: 'UPSTREAM_INVALID_RESPONSE', path: ['customer', 'page'] }]);
      },
      { BILLING_API_DIALECT: join(directory, 'dialect.yaml') },
    );
    rmSync(directory, { recursive: true });
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
