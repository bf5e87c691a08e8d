import { toCursor } from '../support/invoice-cursor';
import { toAskedBills, toBillsBody, type AskedBills } from '../support/bills-body';
import { exportAll, toJsonLines } from '../support/export-client';
import { errorsOf, withScript } from '../support/scripted-gateway';
import type { Script } from '../support/scripted-upstream';

type OfList = (asked: AskedBills) => number;

/** An API that sends `cap` invoices at most, whatever it is asked for, and says nothing of it. */
function capped(cap: number | OfList, total: number | OfList): Script {
  const of = (value: number | OfList, asked: AskedBills): number => (typeof value === 'number' ? value : value(asked));
  return ({ url }) => {
    const asked = toAskedBills(url);
    return { body: toBillsBody({ ...asked, quantity: Math.min(asked.quantity, of(cap, asked)) }, of(total, asked)) };
  };
}

const ofContract = (number: string, selection: string): string =>
  `{ customer(idType: "RUC", id: "1") { contract(number: "${number}") { ${selection} } } }`;
const inContract = (selection: string): string => ofContract('7', selection);
const PAGE = 'invoices(first: 100) { nodes { number } pageInfo { hasNextPage endCursor } }';
const SUMMARY = 'invoiceSummary { count amount isComplete }';
const JSONL = 'application/jsonl';
const sumOf = (count: number): number => count * 1000 + (count * (count - 1)) / 2;
const numbersOf = (contract: string, from: number, to: number): { number: string }[] =>
  Array.from({ length: to - from }, (_, index) => ({ number: `${contract}-${String(from + index).padStart(6, '0')}` }));

const KINDS = [
  ['uncached', '0'],
  ['cached', '30'],
] as const;

describe.each(KINDS)('A billing API that sends fewer invoices than it is asked for, and says nothing, %s', (_kind, CACHE_TTL_SECONDS) => {
  const over = (script: Script, use: Parameters<typeof withScript>[1], environment: Record<string, string> = {}): Promise<void> =>
    withScript(script, use, { CACHE_TTL_SECONDS, UPSTREAM_CALL_BUDGET: '1000', ...environment });

  it.each([10, 16, 25, 50, 64])('of %d at most has no page that seems to be the last, from the first one on', (cap) =>
    over(capped(cap, 120), async ({ gateway }) => {
      for (let i = 0; i < 2; i++) {
        const { data, errors } = await gateway.query(inContract(PAGE));
        expect(errors).toEqual([]);
        expect(data.customer.contract.invoices).toEqual({
          nodes: numbersOf('7', 0, 100),
          pageInfo: { hasNextPage: true, endCursor: toCursor(99) },
        });
        const rest = await gateway.query(inContract(PAGE.replace('100', `100, after: "${toCursor(99)}"`)));
        expect(rest.data.customer.contract.invoices).toMatchObject({ nodes: numbersOf('7', 100, 120), pageInfo: { hasNextPage: false } });
      }
    }),
  );

  it.each([1, 2, 5, 12, 50])('of %d at most has no sum or number of a part of a list, and no invoice that is missing', (cap) =>
    over(capped(cap, 61), async ({ gateway }) => {
      const { data, errors } = await gateway.query(inContract(SUMMARY));
      expect(errors).toEqual([]);
      expect(data.customer.contract.invoiceSummary).toEqual({ count: 61, amount: sumOf(61), isComplete: true });
      const others = await gateway.query(
        inContract('last: invoice(number: "7-000060") { amount } none: invoice(number: "x") { amount } invoices(first: 3) { totalCount }'),
      );
      expect(others.data.customer.contract).toEqual({ last: { amount: 1060 }, none: null, invoices: { totalCount: 61 } });
    }),
  );

  it.each([3, 20])('of %d at most hides no invoice from a filter, from either end', (cap) =>
    over(capped(cap, 40), async ({ gateway }) => {
      const { data, errors } = await gateway.query(
        inContract(
          'none: invoices(first: 5, filter: { status: false }) { nodes { number } pageInfo { hasNextPage } } ' +
            'all: invoices(first: 50, filter: { status: true }) { nodes { number } totalCount pageInfo { hasNextPage } } ' +
            `last: invoices(last: 2, filter: { status: true }) { nodes { number } } before: invoices(last: 2, before: "${toCursor(35)}", filter: { status: true }) { nodes { number } }`,
        ),
      );
      expect(errors).toEqual([]);
      expect(data.customer.contract).toEqual({
        none: { nodes: [], pageInfo: { hasNextPage: false } },
        all: { nodes: numbersOf('7', 0, 40), totalCount: 40, pageInfo: { hasNextPage: false } },
        last: { nodes: numbersOf('7', 38, 40) },
        before: { nodes: numbersOf('7', 33, 35) },
      });
    }),
  );

  it.each([4, 30])('of %d at most has no export that ends too early', (cap) =>
    over(capped(cap, 95), async ({ gateway }) => {
      const { text, isWhole } = await exportAll(gateway, JSONL, inContract('invoices { nodes { number } }'));
      const lines = toJsonLines(text);
      expect(isWhole).toBe(true);
      expect(lines.slice(0, -1).map(({ node }) => node)).toEqual(numbersOf('7', 0, 95));
      expect(lines.at(-1)).toMatchObject({ complete: true, rows: 95 });
    }),
  );

  it('has no export that ends too early where it is resumed within a page, of which it sends the rest', () =>
    over(
      capped(4, 95),
      async ({ gateway }) => {
        const { text, isWhole } = await exportAll(gateway, JSONL, inContract(`invoices(after: "${toCursor(7)}") { nodes { number } }`));
        const lines = toJsonLines(text);
        expect([isWhole, lines.slice(0, -1).map(({ node }) => node)]).toEqual([true, numbersOf('7', 8, 95)]);
      },
      { BILLING_API_MAX_QUANTITY: '10' },
    ));

  it('is asked for no more than it sends from then on, which is logged once, counted, and predicted', () =>
    over(capped(50, 120), async ({ gateway, upstream }) => {
      await gateway.query(inContract(SUMMARY));
      const before = upstream.requests.length;
      const { extensions } = await gateway.query(ofContract('8', PAGE), undefined, { headers: { 'x-billing-trace': '1' } });
      expect(upstream.requests.slice(before).map(({ url }) => toAskedBills(url))).toMatchObject([
        { pageInit: 0, quantity: 50 },
        { pageInit: 50, quantity: 50 },
        { pageInit: 100, quantity: 1 },
      ]);
      const dry = await gateway.query(ofContract('9', PAGE), undefined, { headers: { 'x-billing-dry-run': '1' } });
      expect([extensions?.['billing'].calls, dry.extensions?.['billing'].prediction.calls]).toEqual([3, 3]);
      expect(gateway.logLines.filter((line) => line.includes('fewer invoices than requested'))).toHaveLength(1);
      expect(await (await fetch(`${gateway.url}/metrics`)).text()).toMatch(/upstream_pages_cut_total [1-9]/);
    }));

  it('by contract has whole lists everywhere', () =>
    over(
      capped(({ contractNumber }) => (contractNumber === '8' ? 20 : 50), 120),
      async ({ gateway }) => {
        for (const number of ['7', '8', '7', '8']) {
          const { data } = await gateway.query(ofContract(number, SUMMARY));
          expect(data.customer.contract.invoiceSummary).toEqual({ count: 120, amount: sumOf(120), isComplete: true });
          const page = await gateway.query(ofContract(number, PAGE));
          expect(page.data.customer.contract.invoices).toMatchObject({ nodes: numbersOf(number, 0, 100), pageInfo: { hasNextPage: true } });
        }
      },
    ));

  it('where a contract is named alone has whole lists with and without one', () =>
    over(
      capped(({ contractNumber }) => (contractNumber === null ? 1000 : 25), 60),
      async ({ gateway }) => {
        const { data } = await gateway.query(
          `{ customer(idType: "RUC", id: "1") { ${SUMMARY} contract(number: "1") { ${SUMMARY} ${PAGE} } } }`,
        );
        const summary = { count: 60, amount: sumOf(60), isComplete: true };
        expect(data.customer).toMatchObject({
          invoiceSummary: summary,
          contract: { invoiceSummary: summary, invoices: { nodes: numbersOf('1', 0, 60) } },
        });
      },
    ));

  it('by page numbers has every invoice in its place', () =>
    over(
      ({ url }) => {
        const asked = toAskedBills(url);
        const quantity = Math.min(asked.quantity, 20);
        return { body: toBillsBody({ ...asked, pageInit: asked.pageInit * quantity, quantity }, 70) };
      },
      async ({ gateway }) => {
        const later = await gateway.query(
          inContract(`invoices(first: 40, after: "${toCursor(39)}") { nodes { number } pageInfo { hasNextPage } }`),
        );
        expect(later.data.customer.contract.invoices).toEqual({ nodes: numbersOf('7', 40, 70), pageInfo: { hasNextPage: false } });
        const { data } = await gateway.query(inContract(`${SUMMARY} ${PAGE}`));
        expect(data.customer.contract).toMatchObject({
          invoiceSummary: { count: 70, amount: sumOf(70), isComplete: true },
          invoices: { nodes: numbersOf('7', 0, 70) },
        });
      },
      { BILLING_API_PAGING: 'page' },
    ));

  it('of 10 at most that pages by page numbers shows each invoice once in small pages', () =>
    over(
      ({ url }) => {
        const asked = toAskedBills(url);
        const quantity = Math.min(asked.quantity, 10);
        return { body: toBillsBody({ ...asked, pageInit: asked.pageInit * quantity, quantity }, 100) };
      },
      async ({ gateway }) => {
        const numbers: { number: string }[] = [];
        for (let after = -1; numbers.length <= 100;) {
          const from = after < 0 ? '' : `, after: "${toCursor(after)}"`;
          const { data } = await gateway.query(inContract(`invoices(first: 4${from}) { nodes { number } pageInfo { hasNextPage } }`));
          const { nodes, pageInfo } = data.customer.contract.invoices;
          numbers.push(...(nodes as { number: string }[]));
          after = numbers.length - 1;
          if (pageInfo.hasNextPage !== true) break;
        }
        expect(numbers).toEqual(numbersOf('7', 0, 100));
      },
      { BILLING_API_PAGING: 'page' },
    ));

  it('whose call for the end fails leaves a sum that is not called complete, and a page that may go on', () =>
    over(
      (request, index) => (toAskedBills(request.url).pageInit === 0 ? capped(50, 120)(request, index) : { status: 500 }),
      async ({ gateway }) => {
        const { data, errors } = await gateway.query(inContract(`${SUMMARY} ${PAGE}`));
        expect(errors).toEqual([]);
        expect(data.customer.contract).toMatchObject({
          invoiceSummary: { count: 50, amount: sumOf(50), isComplete: false },
          invoices: { nodes: numbersOf('7', 0, 50), pageInfo: { hasNextPage: true } },
        });
        const { status, text } = await exportAll(gateway, JSONL, inContract('invoices { nodes { number } }'));
        expect([status, text]).toEqual([503, expect.not.stringContaining('complete')]);
      },
    ));
});

describe('A billing API that sends as many invoices as it has', () => {
  it('is not asked again behind short pages, but for the first one that is longer than any other', () =>
    withScript(
      capped(1000, ({ contractNumber }) => (contractNumber === '1' ? 30 : 12)),
      async ({ gateway, upstream }) => {
        const quantities = (): unknown[] => upstream.requests.map(({ url }) => toAskedBills(url).quantity);
        for (const number of ['1', '2', '3', '4']) await gateway.query(ofContract(number, PAGE));
        expect(quantities()).toEqual([101, 1, 101, 101, 101]);
      },
    ));

  it('is asked once where many contracts of one operation are equally long', () =>
    withScript(capped(1000, 20), async ({ gateway, upstream }) => {
      const numbers = Array.from({ length: 9 }, (_, index) => String(index + 1));
      await gateway.query(`{ customer(idType: "RUC", id: "1") { contracts(numbers: [${numbers.join()}]) { ${PAGE} } } }`);
      expect(upstream.requests).toHaveLength(10);
    }));

  it('is not asked where their length is no round number, but for what is said to be complete', () =>
    withScript(capped(1000, 36), async ({ gateway, upstream }) => {
      await gateway.query(ofContract('1', PAGE));
      expect(upstream.requests).toHaveLength(1);
      await gateway.query(ofContract('2', 'invoiceSummary { count isComplete }'));
      expect(upstream.requests).toHaveLength(3);
    }));

  it('may say by 400, 404 or an empty list that there is nothing behind the end', async () => {
    for (const end of [{ status: 400, body: { error: { message: 'out of range' } } }, { status: 404 }, {}])
      await withScript(
        (request, index) => (toAskedBills(request.url).pageInit >= 30 && end.status ? end : capped(1000, 30)(request, index)),
        async ({ gateway }) => {
          const { data, errors } = await gateway.query(inContract(`${SUMMARY} ${PAGE}`));
          expect(errors).toEqual([]);
          expect(data.customer.contract).toMatchObject({
            invoiceSummary: { count: 30, isComplete: true },
            invoices: { pageInfo: { hasNextPage: false } },
          });
        },
      );
  });

  it('whose list grows between two calls is not taken for one that cuts lists', async () => {
    let total = 30;
    await withScript(
      capped(1000, () => total++),
      async ({ gateway, upstream }) => {
        const { data } = await gateway.query(inContract(SUMMARY));
        expect(data.customer.contract.invoiceSummary.count).toBeGreaterThanOrEqual(31);
        const before = upstream.requests.length;
        await gateway.query(ofContract('8', 'invoices(first: 500) { nodes { number } }'));
        expect(toAskedBills(upstream.requests[before]!.url).quantity).toBe(500);
        expect(gateway.logLines.filter((line) => line.includes('fewer invoices than'))).toEqual([]);
      },
    );
  });

  it('may have the same invoice twice', () =>
    withScript(
      ({ url }) => {
        const asked = toAskedBills(url);
        const { invoiceCollection, ...body } = toBillsBody({ ...asked, quantity: Math.min(asked.quantity, 20) }, 60);
        const twice = (invoiceCollection as { invoiceNumber: string }[]).map((invoice) => ({ ...invoice, invoiceNumber: 'same' }));
        return { body: { ...body, invoiceCollection: twice } };
      },
      async ({ gateway }) => {
        const { data, errors } = await gateway.query(
          inContract(`${SUMMARY} a: ${PAGE} b: invoices(first: 20, after: "${toCursor(19)}") { nodes { number } }`),
        );
        expect(errors).toEqual([]);
        expect(data.customer.contract.invoiceSummary).toEqual({ count: 60, amount: sumOf(60), isComplete: true });
        expect([data.customer.contract.a.nodes.length, data.customer.contract.b.nodes.length]).toEqual([60, 20]);
      },
    ));
});

describe('A short page that was cached before it was known that the billing API cuts lists', () => {
  it('does not go on claiming to be the whole list, also as a whole response', () =>
    withScript(
      capped(5, 40),
      async ({ gateway }) => {
        const short = async (): Promise<unknown> =>
          (await gateway.query(inContract(PAGE.replace('100', '9')))).data.customer.contract.invoices.nodes;
        // Fewer than ten are not doubted.
        for (let i = 0; i < 3; i++) expect(await short()).toHaveLength(5);
        await gateway.query(ofContract('8', SUMMARY));
        expect(await short()).toEqual(numbersOf('7', 0, 9));
      },
      { CACHE_TTL_SECONDS: '30', UPSTREAM_CALL_BUDGET: '1000' },
    ));
});

describe('Errors behind a short page', () => {
  it('of the token are errors', () =>
    withScript(
      (request, index) => (toAskedBills(request.url).pageInit === 0 ? capped(50, 120)(request, index) : { status: 401 }),
      async ({ gateway }) => {
        expect(errorsOf(await gateway.query(inContract(SUMMARY)))).toMatchObject([{ code: 'UNAUTHENTICATED' }]);
      },
    ));
});
