import { toAskedBills } from '../../support/bills-body';
import { CSV, exportAll, JSONL, toCsvRecords, toJsonLines } from '../../support/export-client';
import { good, withScript } from '../../support/scripted-gateway';
import { toCursor } from '../../support/invoice-cursor';

const NODE = '{ number period: billPeriod amount status contract { number customer { idType } } }';
const QUERY = `{ customer(idType: "RUC", id: "1") { contract(number: "7") { invoices { nodes ${NODE} } } } }`;

const invoice = (number: string, billPeriod: string, amount: string, status: string): string =>
  `{"invoiceContractNo":"7","invoiceNumber":${number},"billPeriod":${billPeriod},"invoiceAmount":${amount},"invoiceStatus":${status}}`;
const BODY = `{"contractNo":"7","invoiceCollection":[${[
  invoice('"007"', '"2025-06"', '9007199254740993', 'true'),
  invoice('"a,\\"b\\"\\r\\nc"', '""', '-12345678901234567890123', 'false'),
  invoice('"=1+1"', '"@SUM(A1)"', '-5', 'null'),
  invoice('"-9"', '"+1"', '0', 'true'),
  invoice('"ñ 例 💶"', 'null', 'null', 'true'),
  invoice('"1;=1+1;b"', '"c\\r\\n=2;-3\\t@x"', '1', 'true'),
].join(',')}]}`;

describe('An export', () => {
  it('as JSON Lines has a line for each invoice, as a response would have it, with every digit, and a last line', () =>
    withScript(
      ({ url }) => (toAskedBills(url).pageInit === 0 ? { body: BODY } : { status: 404 }),
      async ({ gateway, upstream }) => {
        const { status, headers, text, isWhole } = await exportAll(gateway, JSONL, QUERY);
        expect([status, headers['content-type'], headers['cache-control'], isWhole]).toEqual([
          200,
          'application/jsonl; charset=utf-8',
          'no-store',
          true,
        ]);
        const lines = toJsonLines(text);
        expect(lines.at(-1)).toMatchObject({ complete: true, rows: 6, endCursor: toCursor(5) });
        const contract = { number: '7', customer: { idType: 'RUC' } };
        expect(lines.slice(0, -1)).toEqual(
          [
            { number: '007', period: '2025-06', amount: '9007199254740993', status: true, contract },
            { number: 'a,"b"\r\nc', period: '', amount: '-12345678901234567890123', status: false, contract },
            { number: '=1+1', period: '@SUM(A1)', amount: -5, status: null, contract },
            { number: '-9', period: '+1', amount: 0, status: true, contract },
            { number: 'ñ 例 💶', period: null, amount: null, status: true, contract },
            { number: '1;=1+1;b', period: 'c\r\n=2;-3\t@x', amount: 1, status: true, contract },
          ].map((node, index) => ({ cursor: toCursor(index), node })),
        );
        expect(upstream.requests).toHaveLength(2);
      },
    ));

  it('as CSV has a header row, quotes by RFC 4180, keeps every digit, and lets no text become a formula', () =>
    withScript(
      () => ({ body: BODY }),
      async ({ gateway }) => {
        const { status, headers, text, isWhole } = await exportAll(gateway, CSV, QUERY);
        expect([status, headers['content-type'], isWhole]).toEqual([200, 'text/csv; charset=utf-8; header=present', true]);
        expect(text).toBe(
          [
            'number,period,amount,status,contract.number,contract.customer.idType,cursor',
            `007,2025-06,9007199254740993,true,7,RUC,${toCursor(0)}`,
            `"a,""b""\r\nc","",-12345678901234567890123,false,7,RUC,${toCursor(1)}`,
            `'=1+1,'@SUM(A1),-5,,7,RUC,${toCursor(2)}`,
            `-9,'+1,0,true,7,RUC,${toCursor(3)}`,
            `ñ 例 💶,,,true,7,RUC,${toCursor(4)}`,
            // Where semicolons or tabs separate cells, quotes within a cell do not quote.
            `1;'=1+1;b,"c\r\n'=2;'-3\t'@x",1,true,7,RUC,${toCursor(5)}`,
            '',
          ].join('\r\n'),
        );
        expect(toCsvRecords(text)[2]?.slice(0, 3)).toEqual(['a,"b"\r\nc', '', '-12345678901234567890123']);
      },
    ));

  it('of a list without invoices has no rows, and is whole', () =>
    withScript(
      (request) => good(request, 0),
      async ({ gateway }) => {
        const lines = await exportAll(gateway, JSONL, QUERY);
        expect([lines.status, toJsonLines(lines.text)]).toEqual([
          200,
          [expect.objectContaining({ complete: true, rows: 0, endCursor: null })],
        ]);
        const csv = await exportAll(gateway, CSV, QUERY);
        expect([csv.status, csv.isWhole, toCsvRecords(csv.text)]).toEqual([200, true, [expect.arrayContaining(['number', 'cursor'])]]);
      },
    ));

  it.each([
    ['edges', 'query Export { ', 'invoices { edges { cursor node { number } } } } } }'],
    [
      'edges under aliases, through fragments',
      'query Export { ',
      `list: invoices { e: edges { ...Edge } pageInfo { hasNextPage endCursor } } } } }
       fragment Edge on InvoiceEdge { n: node { ...Node } } fragment Node on Invoice { number }`,
    ],
    [
      'conditions',
      'query Export($no: Boolean = false) { ',
      'invoices { nodes { number amount @include(if: $no) } edges @include(if: $no) { node { amount } } } } } }',
    ],
    [
      'variables, one with the name of ours',
      'query Export($exportFirst: String) { ',
      'invoices(after: $exportFirst) { nodes { __typename number } } } } }',
    ],
  ])('has the rows that the operation selects by %s', (_what, before, after) =>
    withScript(
      (request) => good(request),
      async ({ gateway }) => {
        const query = `${before} customer(idType: "RUC", id: "1") { contract(number: "7") { ${after}`;
        const { status, text } = await exportAll(gateway, JSONL, query, { variables: { exportFirst: toCursor(0) } });
        const rows = toJsonLines(text).slice(0, -1);
        const nodes = rows.map(({ node }) => (node as { number: string }).number);
        expect([status, nodes]).toEqual([200, ['7-000000', '7-000001', '7-000002'].slice(before.includes('exportFirst') ? 1 : 0)]);
      },
    ),
  );

  it("of all a customer's invoices reads them without naming a contract", () =>
    withScript(
      (request) => good(request),
      async ({ gateway, upstream }) => {
        const { status, text } = await exportAll(gateway, CSV, '{ customer(idType: "RUC", id: "1") { invoices { nodes { number } } } }');
        expect([status, toCsvRecords(text).length]).toEqual([200, 4]);
        expect(upstream.requests.map(({ url }) => toAskedBills(url).contractNumber)).toEqual([null, null]);
      },
    ));
});
