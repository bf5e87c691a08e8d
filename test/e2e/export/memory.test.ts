import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createBrotliDecompress } from 'node:zlib';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { until } from '../../support/cache-fixtures';
import { exportAll, JSONL, openExport } from '../../support/export-client';
import { spawnGateway, type GatewayProcess } from '../../support/gateway-process';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream';

const INVOICES = 100_000;
/** Twice, so that the export has more than 200 MB: far more than the heap. */
const NODE = '{ number a: billPeriod b: billPeriod amount }';
const QUERY = `{ customer(idType: "RUC", id: "1") { contract(number: "7") { invoices { nodes ${NODE} } } } }`;
const PERIOD = 'p'.repeat(1000);

describe('In a process with 96 MB of heap', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  let port: number;
  beforeAll(async () => {
    upstream = await startScriptedUpstream(({ url }) => {
      const { invoiceCollection, ...body } = toBillsBody(toAskedBills(url), INVOICES) as { invoiceCollection: object[] };
      return { body: { ...body, invoiceCollection: invoiceCollection.map((invoice) => ({ ...invoice, billPeriod: PERIOD })) } };
    });
    gateway = spawnGateway({
      BILLING_API_URL: upstream.url,
      NODE_OPTIONS: '--max-old-space-size=96',
      CACHE_MAX_BYTES: '16777216',
      WRITE_TIMEOUT_MS: '3000',
      REQUEST_DEADLINE_MS: '60000',
      BILLING_API_TIMEOUT_MS: '60000',
    });
    port = Number(new URL(await gateway.ready()).port);
  });
  afterAll(async () => {
    await gateway.kill();
    await upstream.close();
  });

  /** The most memory that the process has had, in MiB. */
  async function peakMib(): Promise<number> {
    return Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${gateway.child.pid ?? 0}/status`, 'utf8'))?.[1]) / 1024;
  }

  it.each(['identity', 'br'])(
    'exports 100,000 invoices, while others are answered: %s',
    async (coding) => {
      const response = await openExport({ port }, JSONL, QUERY, { headers: { 'accept-encoding': coding } });
      const body: AsyncIterable<Buffer> = coding === 'br' ? response.pipe(createBrotliDecompress()) : response;
      let bytes = 0;
      let rows = 0;
      let answered = 0;
      let last = '';
      for await (const chunk of body) {
        bytes += chunk.length;
        const text = last + chunk.toString('latin1');
        const end = text.lastIndexOf('\n', text.length - 2) + 1;
        rows += text.slice(0, end).split('\n').length - 1;
        last = text.slice(end);
        if (bytes > answered * 40_000_000) {
          expect((await exportAll({ port }, JSONL, QUERY.replace('invoices', 'invoices(first: 1)'), { token: 'another' })).status).toBe(
            200,
          );
          answered++;
        }
      }
      expect([response.complete, rows, JSON.parse(last)]).toEqual([
        true,
        INVOICES,
        expect.objectContaining({ complete: true, rows: INVOICES }),
      ]);
      expect(bytes).toBeGreaterThan(200_000_000);
      expect(answered).toBeGreaterThan(4);
      expect(await peakMib()).toBeLessThan(400);
    },
    300_000,
  );

  it('reads nothing ahead for clients that do not read, answers others, and cuts the former after WRITE_TIMEOUT_MS', async () => {
    const before = upstream.requests.length;
    const silent: IncomingMessage[] = [];
    for (let index = 0; index < 4; index++)
      silent.push((await openExport({ port }, JSONL, QUERY, { token: 'silent' })).on('error', () => undefined).pause());
    silent.forEach(({ socket }) => socket.pause());
    expect((await exportAll({ port }, JSONL, QUERY, { token: 'silent' })).status).toBe(503);
    expect((await exportAll({ port }, JSONL, QUERY.replace('invoices', 'invoices(first: 1)'))).status).toBe(200);
    const scrape = async (name: string): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`billing_gateway_${name} `))
          ?.split(' ')
          .at(-1),
      );
    };
    await until(async () => (await scrape('connections_cut_total{reason="no-progress"}')) === 4);
    // What the operating system takes for a client is a few MiB; each page is more than two.
    expect(upstream.requests.length - before).toBeLessThan(4 * 20);
    await until(async () => (await scrape('requests_under_way')) === 0);
    silent.forEach((response) => response.destroy());
    expect((await exportAll({ port }, JSONL, QUERY.replace('invoices', 'invoices(first: 1)'), { token: 'silent' })).status).toBe(200);
  }, 120_000);
});
