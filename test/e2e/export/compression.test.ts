import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { until } from '../../support/cache-fixtures';
import { CSV, exportAll, JSONL, openExport, toJsonLines } from '../../support/export-client';
import { withScript } from '../../support/scripted-gateway';

const QUERY = 'query Export { customer(idType: "RUC", id: "1") { contract(number: "7") { invoices { nodes { number amount } } } } }';
const PAGES = { BILLING_API_MAX_QUANTITY: '10', NODE_ENV: 'production' };
const CODINGS = ['gzip', 'br'] as const;

/** What of a compressed body can be read so far, whether or not more comes. */
function decompress(response: IncomingMessage): { readonly text: string; readonly isWhole: boolean | null } {
  const state = { text: '', isWhole: null as boolean | null };
  const decoder = response.headers['content-encoding'] === 'gzip' ? createGunzip() : createBrotliDecompress();
  decoder.on('data', (chunk: Buffer) => (state.text += chunk.toString()));
  // An end of the decoder's is an end of the compressed body; one of the connection's is not.
  decoder.on('end', () => (state.isWhole = true));
  decoder.on('error', () => (state.isWhole = false));
  response.on('error', () => (state.isWhole = false));
  response.pipe(decoder);
  return state;
}

const open = (port: number, accept: string, coding: string): Promise<IncomingMessage> =>
  openExport({ port }, accept, QUERY, { headers: { 'accept-encoding': coding } });

describe('An export for a client that accepts a coding', () => {
  it.each([
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['deflate', undefined],
    ['identity', undefined],
    ['gzip;q=0', undefined],
  ])('has the same rows for %p, as %p', (acceptEncoding, coding) =>
    withScript(
      ({ url }) => ({ body: toBillsBody(toAskedBills(url), 95) }),
      async ({ gateway }) => {
        for (const accept of [JSONL, CSV]) {
          const plain = await exportAll(gateway, accept, QUERY);
          expect([plain.isWhole, plain.headers['content-encoding'], plain.headers.vary]).toEqual([
            true,
            undefined,
            'Origin, accept-encoding',
          ]);
          const response = await open(gateway.port, accept, acceptEncoding);
          expect([response.headers['content-encoding'], response.headers.vary]).toEqual([coding, 'Origin, accept-encoding']);
          if (coding === undefined) {
            response.destroy();
            continue;
          }
          const read = decompress(response);
          await until(() => read.isWhole !== null);
          expect([read.isWhole, read.text]).toEqual([true, plain.text]);
        }
      },
      PAGES,
    ),
  );

  it('is not compressed with COMPRESSION=off', () =>
    withScript(
      ({ url }) => ({ body: toBillsBody(toAskedBills(url), 95) }),
      async ({ gateway }) => {
        const { text, headers } = await exportAll(gateway, JSONL, QUERY, { headers: { 'accept-encoding': 'gzip, br' } });
        expect([headers['content-encoding'], headers.vary, toJsonLines(text).length]).toEqual([undefined, 'Origin', 96]);
      },
      { ...PAGES, COMPRESSION: 'off' },
    ));

  it.each(CODINGS)('has each page as soon as it was read: %s', async (coding) => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await withScript(
      async ({ url }) => {
        const asked = toAskedBills(url);
        if (asked.pageInit >= 20) await held;
        return { body: toBillsBody(asked, 25) };
      },
      async ({ gateway }) => {
        const read = decompress(await open(gateway.port, JSONL, coding));
        await until(() => toJsonLines(read.text).length === 20);
        expect(read.isWhole).toBeNull();
        release();
        await until(() => read.isWhole !== null);
        expect([read.isWhole, toJsonLines(read.text).at(-1)]).toEqual([true, expect.objectContaining({ complete: true, rows: 25 })]);
      },
      PAGES,
    );
  });

  it.each(CODINGS)('that is interrupted has all rows until then, does not look whole, and is resumed behind them: %s', (coding) =>
    withScript(
      ({ url }) => {
        const asked = toAskedBills(url);
        return asked.pageInit === 20 ? { status: 503 } : { body: toBillsBody(asked, 95) };
      },
      async ({ gateway, upstream }) => {
        const read = decompress(await open(gateway.port, JSONL, coding));
        await until(() => read.isWhole !== null);
        const lines = toJsonLines(read.text);
        expect([read.isWhole, lines.length, lines.at(-1)!['complete']]).toEqual([false, 21, false]);
        upstream.setScript(({ url }) => ({ body: toBillsBody(toAskedBills(url), 95) }));
        const query = QUERY.replace('invoices', `invoices(after: "${String(lines.at(-1)!['endCursor'])}")`);
        const rest = toJsonLines((await exportAll(gateway, JSONL, query)).text);
        expect([...lines.slice(0, -1), ...rest.slice(0, -1)].map((line) => (line['node'] as { number: string }).number)).toEqual(
          Array.from({ length: 95 }, (_, index) => `7-${String(index).padStart(6, '0')}`),
        );
      },
      PAGES,
    ),
  );

  it.each(CODINGS)('reads nothing ahead for a client that does not read: %s', (coding) =>
    withScript(
      ({ url }) => {
        const { invoiceCollection, ...body } = toBillsBody(toAskedBills(url), 100_000) as {
          invoiceCollection: { invoiceNumber: string }[];
        };
        // Some 500 KB a page, of which no coding makes less than half.
        const toNoise = (text: string): string =>
          Array.from({ length: 8 }, (_, part) => createHash('sha512').update(`${part}${text}`).digest('base64')).join('');
        return {
          body: { ...body, invoiceCollection: invoiceCollection.map((each) => ({ ...each, billPeriod: toNoise(each.invoiceNumber) })) },
        };
      },
      async ({ gateway, upstream }) => {
        const query = QUERY.replace('amount', 'billPeriod');
        const response = await openExport(gateway, JSONL, query, { headers: { 'accept-encoding': coding } });
        expect(response.headers['content-encoding']).toBe(coding);
        response.on('error', () => undefined).pause();
        response.socket.pause();
        const metrics = async (): Promise<string> => (await fetch(`${gateway.url}/metrics`)).text();
        await until(async () => (await metrics()).includes('connections_cut_total{reason="no-progress"} 1'));
        // What the operating system takes for a client is a few MiB.
        expect(upstream.requests.length).toBeLessThan(40);
        response.destroy();
      },
      { ...PAGES, BILLING_API_MAX_QUANTITY: '500', WRITE_TIMEOUT_MS: '2000' },
    ),
  );
});
