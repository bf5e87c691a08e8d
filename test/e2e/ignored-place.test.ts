import { toAskedBills, toBillsBody } from '../support/bills-body';
import { exportAll } from '../support/export-client';
import { toCursor } from '../support/invoice-cursor';
import type { Script, ScriptedAnswer } from '../support/scripted-upstream';
import { errorsOf, withScript } from '../support/scripted-gateway';

const inContract = (selection: string): string => `{ customer(idType: "RUC", id: "1") { contract(number: "7") { ${selection} } } }`;
const invoices = (count: number): ScriptedAnswer => ({
  body: { dueDate: 'soon', invoiceCollection: Array.from({ length: count }, (_, i) => ({ invoiceNumber: `7-${i}` })) },
});

describe('A billing API that pages by number', () => {
  const page = (first: number, position: number): string =>
    inContract(`invoices(first: ${first}${position > 0 ? `, after: "${toCursor(position - 1)}"` : ''}) { nodes { number } }`);
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ number: `7-${from + i}` }));

  it('is not taken for one with pages of its own size because small pages were cut from a cached large one', () =>
    withScript(
      ({ url }) => {
        const { searchParams } = new URL(url, 'http://billing');
        const [number, size] = ['pageInit', 'quantity'].map((name) => Number(searchParams.get(name))) as [number, number];
        const all = Array.from({ length: 60 }, (_, i) => ({ invoiceNumber: `7-${i}` }));
        return { body: { dueDate: 'soon', invoiceCollection: all.slice(number * size, (number + 1) * size) } };
      },
      async ({ gateway }) => {
        for (const [first, position] of [
          [26, 0],
          [1, 0],
          [2, 0],
          [7, 49],
          [5, 30],
        ] as const) {
          const answer = await gateway.query(page(first, position));
          expect(errorsOf(answer)).toEqual([]);
          expect(answer.data.customer.contract.invoices.nodes).toEqual(numbers(position, position + first));
        }
      },
      { BILLING_API_PAGING: 'page', CACHE_TTL_SECONDS: '30' },
    ));
});

describe('A billing API that sends the same invoices for every place', () => {
  it('has no number of invoices, rather than one that is made up', () =>
    withScript(
      () => invoices(9),
      async ({ gateway }) => {
        const answer = await gateway.query(inContract('invoices(first: 2) { nodes { number } totalCount }'));
        const { nodes, totalCount } = answer.data.customer.contract.invoices;
        expect([nodes, totalCount]).toEqual([[{ number: '7-0' }, { number: '7-1' }], null]);
        expect(errorsOf(answer)).toEqual([{ code: 'UPSTREAM_INVALID_RESPONSE', path: ['customer', 'contract', 'invoices', 'totalCount'] }]);
      },
    ));

  it('shows what it has where it pages in no way, and claims that it is all', () =>
    withScript(
      () => invoices(31),
      async ({ gateway }) => {
        const answer = await gateway.query(
          inContract('invoiceSummary { count isComplete } invoices(first: 50) { nodes { number } pageInfo { hasNextPage } totalCount }'),
        );
        expect(errorsOf(answer)).toEqual([]);
        expect(answer.data.customer.contract).toMatchObject({
          invoiceSummary: { count: 31, isComplete: true },
          invoices: { nodes: { length: 31 }, pageInfo: { hasNextPage: false }, totalCount: 31 },
        });
      },
    ));

  it('does not claim that it is all where their number may be the most that it sends', () =>
    withScript(
      ({ url }) => invoices(toAskedBills(url).contractNumber === '8' ? 31 : 20),
      async ({ gateway }) => {
        const sum = inContract('invoiceSummary { count isComplete }');
        expect((await gateway.query(sum)).data.customer.contract.invoiceSummary).toEqual({ count: 20, isComplete: false });
        const count = await gateway.query(inContract('invoices(first: 50) { totalCount }'));
        expect(errorsOf(count)).toEqual([{ code: 'UPSTREAM_INVALID_RESPONSE', path: ['customer', 'contract', 'invoices', 'totalCount'] }]);
        // It sends longer lists, too: then 20 are all.
        await gateway.query(sum.replace('"7"', '"8"'));
        expect((await gateway.query(sum)).data.customer.contract.invoiceSummary).toEqual({ count: 20, isComplete: true });
      },
    ));

  it('shows each invoice once where the first one cannot be told from others', () =>
    withScript(
      () => ({ body: { contractNo: '7', invoiceCollection: [{ invoiceNumber: {}, invoiceAmount: 3 }] } }),
      async ({ gateway }) => {
        const query = inContract('invoiceSummary { count isComplete } invoices(first: 5) { nodes { amount } pageInfo { hasNextPage } }');
        for (let i = 0; i < 2; i++) {
          const { data } = await gateway.query(query);
          expect(data.customer.contract).toEqual({
            invoiceSummary: { count: 1, isComplete: true },
            invoices: { nodes: [{ amount: 3 }], pageInfo: { hasNextPage: false } },
          });
        }
      },
    ));

  it('shows each invoice once where they come in another order each time', () =>
    withScript(
      ({ url }) => {
        const numbers = ['7-0', '7-1', '7-2'];
        if (toAskedBills(url).pageInit > 0) numbers.reverse();
        return { body: { contractNo: '7', invoiceCollection: numbers.map((invoiceNumber) => ({ invoiceNumber })) } };
      },
      async ({ gateway }) => {
        const { data } = await gateway.query(inContract('invoiceSummary { count isComplete }'));
        expect(data.customer.contract.invoiceSummary).toEqual({ count: 3, isComplete: true });
      },
    ));
});

describe('A billing API that sends its last invoices for every place behind the end', () => {
  it.each([3, 10])('has a list of %d that ends', (count) =>
    withScript(
      ({ url }) => {
        const { pageInit, quantity, ...asked } = toAskedBills(url);
        return { body: toBillsBody({ ...asked, quantity, pageInit: Math.min(pageInit, Math.max(0, count - quantity)) }, count) };
      },
      async ({ gateway }) => {
        const query = inContract('invoiceSummary { count isComplete } invoices(first: 60) { nodes { number } pageInfo { hasNextPage } }');
        const { data } = await gateway.query(query);
        expect(data.customer.contract).toMatchObject({
          invoiceSummary: { count, isComplete: true },
          invoices: { nodes: { length: count }, pageInfo: { hasNextPage: false } },
        });
      },
    ),
  );
});

/** An API that sends as many invoices as it is asked for, always the first ones; 40 at most. */
const firstOnes: Script = ({ url }) => ({ body: toBillsBody({ ...toAskedBills(url), pageInit: 0 }, 40) });
const LATER = `invoices(first: 5, after: "${toCursor(4)}") { nodes { number } }`;
const FIRST = 'invoices(first: 5) { nodes { number } pageInfo { hasNextPage } }';

describe.each(['0', '30'])('A billing API that heeds the number of invoices and not the place, cached for %s s', (CACHE_TTL_SECONDS) => {
  const over = (use: Parameters<typeof withScript>[1], environment: Record<string, string> = {}): Promise<void> =>
    withScript(firstOnes, use, { CACHE_TTL_SECONDS, BILLING_API_MAX_QUANTITY: '10', ...environment });
  const failed = (...path: string[]) => ({ code: 'UPSTREAM_INVALID_RESPONSE', path: ['customer', 'contract', ...path] });

  it('has no sum in which its first invoices count again and again, no filtered page, and no export of them', () =>
    over(async ({ gateway }) => {
      const answer = await gateway.query(
        inContract('invoiceSummary { count amount } invoices(first: 5, filter: { status: false }) { nodes { number } }'),
      );
      expect(errorsOf(answer)).toEqual([failed('invoiceSummary'), failed('invoices')]);
      const { isWhole, text } = await exportAll(gateway, 'application/jsonl', inContract('invoices { nodes { number } }'));
      expect([isWhole, text.match(/000000/g)?.length]).toEqual([false, 1]);
    }));

  it('has no second page: neither in the operation of the first one nor in a later one', () =>
    over(async ({ gateway }) => {
      expect(errorsOf(await gateway.query(inContract(`a: ${FIRST} b: ${LATER.replace(toCursor(4), toCursor(19))}`)))).toEqual([
        failed('b'),
      ]);
      expect(errorsOf(await gateway.query(inContract(FIRST)))).toEqual([]);
      for (let i = 0; i < 2; i++) expect(errorsOf(await gateway.query(inContract(LATER)))).toEqual([failed('invoices')]);
    }));

  it('is not taken for one that sends fewer invoices than it is asked for, whatever pages were asked for before', () =>
    over(
      async ({ gateway }) => {
        const first = 'invoices(first: 15) { nodes { number } pageInfo { hasNextPage } }';
        await gateway.query(inContract(first));
        // The second one would be a part of the response for the first one.
        for (const [count, after] of [
          [15, 29],
          [3, 31],
        ] as const) {
          const later = await gateway.query(inContract(first.replace('15', `${count}, after: "${toCursor(after)}"`)));
          expect(errorsOf(later)).toEqual([failed('invoices')]);
        }
        const { data, errors } = await gateway.query(inContract(first.replace('15', '60')));
        expect(errors).toEqual([]);
        expect(data.customer.contract.invoices).toMatchObject({ nodes: { length: 40 }, pageInfo: { hasNextPage: false } });
      },
      { BILLING_API_MAX_QUANTITY: '1000' },
    ));

  it('has no sum that is said to be complete where it sends fewer than it is asked for', () =>
    over(
      async ({ gateway }) => {
        const { data } = await gateway.query(inContract('invoiceSummary { count isComplete }'));
        expect(data.customer.contract.invoiceSummary).toEqual({ count: 40, isComplete: false });
      },
      { BILLING_API_MAX_QUANTITY: '1000' },
    ));
});

describe('A billing API that heeds the place', () => {
  it('takes no call more for the second page of a list', () =>
    withScript(
      ({ url }) => ({ body: toBillsBody(toAskedBills(url), 40) }),
      async ({ gateway, upstream }) => {
        await gateway.query(inContract(FIRST));
        await gateway.query(inContract(LATER));
        await gateway.query(inContract(LATER));
        expect(upstream.requests).toHaveLength(3);
      },
    ));
});
