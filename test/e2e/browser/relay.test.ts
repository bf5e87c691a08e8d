import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { toAskedBills, toBillsBody } from '../../support/bills-body';
import { openBrowser, type BrowserWindow } from '../../support/browser';
import { repository } from '../../support/documents';
import { startGateway, type Gateway } from '../../support/gateway';
import { makeRelayProject } from '../../support/relay-project';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream';

const TOTAL = 45;

/** Compiles the page and its documents to one script. */
async function bundlePage(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-page-'));
  try {
    await makeRelayProject(folder);
    const { outputFiles } = await build({
      entryPoints: [join(__dirname, 'relay-page.jsx')],
      alias: { 'relay-artifacts': join(folder, 'src/__generated__') },
      bundle: true,
      write: false,
      format: 'iife',
      jsx: 'automatic',
      nodePaths: [join(repository, 'test/node_modules')],
      define: { 'process.env.NODE_ENV': '"production"' },
      logLevel: 'error',
    });
    return outputFiles[0]!.text;
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("The pagination fragment of docs/relay.md in Relay's hooks, in a browser", () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let server: Server;
  let window: BrowserWindow;
  beforeAll(async () => {
    upstream = await startScriptedUpstream(({ url }) => {
      const asked = toAskedBills(url);
      const body = toBillsBody(asked, TOTAL) as { invoiceCollection: { invoiceNumber: string }[] };
      // Of each customer's own: their contracts have the same number, too.
      const invoiceCollection = body.invoiceCollection.map((each) => ({ ...each, invoiceNumber: `${asked.idType}-${each.invoiceNumber}` }));
      return { body: { ...body, invoiceCollection } };
    });
    gateway = await startGateway({ BILLING_API_URL: upstream.url });
    const script = await bundlePage();
    const page = `<!DOCTYPE html><html lang="en"><head><title>Bills</title><link rel="icon" href="data:,"></head>
      <body data-gateway="${gateway.url}/graphql"><main id="app"></main><script src="/page.js"></script></body></html>`;
    server = createServer((request, response) => {
      const isScript = request.url === '/page.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html').end(isScript ? script : page);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    window = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    await window.close();
    server.closeAllConnections();
    server.close();
    await gateway.close();
    await upstream.close();
  });

  it('pages through the invoices of two customers with the same number, each to its own end, by one call a page', async () => {
    const { page } = window;
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const shown = { RUC: 20, CPF: 20 };
    const check = async (): Promise<void> => {
      for (const [idType, rows] of Object.entries(shown)) {
        const customer = page.getByRole('region', { name: idType });
        await customer.getByText(`${rows} invoices`, { exact: true }).waitFor();
        expect(await customer.locator('li').allTextContents()).toEqual(
          Array.from({ length: rows }, (_, index) => `${idType}-7-${String(index).padStart(6, '0')}`),
        );
      }
    };
    await check();
    for (const idType of ['RUC', 'CPF', 'CPF', 'RUC'] as const) {
      const before = upstream.requests.length;
      await page.getByRole('region', { name: idType }).getByRole('button', { name: 'Load more' }).click();
      shown[idType] = Math.min(TOTAL, shown[idType] + 20);
      await check();
      expect(upstream.requests.length - before).toBe(1);
    }
    expect([shown, await page.getByRole('button').count()]).toEqual([{ RUC: TOTAL, CPF: TOTAL }, 0]);
    expect(window.complaints).toEqual([]);
  }, 120_000);
});
