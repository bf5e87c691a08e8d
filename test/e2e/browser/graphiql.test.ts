import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { findChromium, openBrowser, type BrowserWindow, type WindowOptions } from '../../support/browser';
import { startGateway, type Gateway } from '../../support/gateway';
import { byContract, withScript } from '../../support/scripted-gateway';

/** With SCREENSHOTS=1 the pictures that are committed are made anew; otherwise, and the others, go to a folder of the moment. */
const isRenewing = process.env['SCREENSHOTS'] === '1';
const COMMITTED = readdirSync(join(__dirname, 'screenshots'));
const elsewhere = mkdtempSync(join(tmpdir(), 'screenshots-'));

const RUN = '.graphiql-execute-button';
const ANSWER = '.result-window';
const SUMMARY = '#summary';
const UNAUTHORIZED = 'Failed to load resource: the server responded with a status of 401 (Unauthorized)';

async function photograph(page: Page, name: string): Promise<void> {
  await page.mouse.move(640, 5);
  await page.screenshot({
    path: join(isRenewing && COMMITTED.includes(name) ? join(__dirname, 'screenshots') : elsewhere, name),
    animations: 'disabled',
    caret: 'hide',
  });
}

/** Waits until an element says what it should, and gives its text; says what it said instead where it does not. */
async function textOf(page: Page, selector: string, pattern: RegExp): Promise<string> {
  const element = page.locator(selector);
  await element
    .filter({ hasText: pattern })
    .waitFor({ timeout: 15_000 })
    .catch(async () => {
      throw new Error(`${selector} says ${JSON.stringify(await element.innerText())}, and not ${String(pattern)}.`);
    });
  return element.innerText();
}

const QUERY = '.graphiql-query-editor .CodeMirror';
const VARIABLES = '.graphiql-editor-tool > :nth-child(1) .CodeMirror';
const HEADERS = '.graphiql-editor-tool > :nth-child(2) .CodeMirror';

/** What GraphiQL's editors are made of. */
interface Editor {
  readonly CodeMirror: {
    getValue(): string;
    setValue(text: string): void;
    readonly documentAST?: { readonly loc?: { readonly source: { readonly body: string } } };
  };
}

async function write(page: Page, editor: string, text: string): Promise<void> {
  await page.locator(editor).evaluate((element, value) => (element as unknown as Editor).CodeMirror.setValue(value), text);
}

/** Writes a query, and waits until GraphiQL has read it: it does so when the writer pauses. */
async function writeQuery(page: Page, text: string): Promise<void> {
  await write(page, QUERY, text);
  const isRead = (): Promise<boolean> =>
    page
      .locator(QUERY)
      .evaluate((element, value) => (element as unknown as Editor).CodeMirror.documentAST?.loc?.source.body === value, text);
  while (!(await isRead())) await page.waitForTimeout(20);
}

const read = (page: Page, editor: string): Promise<string> =>
  page.locator(editor).evaluate((element) => (element as unknown as Editor).CodeMirror.getValue());

const readTable = (page: Page): Promise<string[][]> =>
  page
    .locator('#rows tr')
    .evaluateAll((rows) =>
      rows.map((row) => [...(row as unknown as { children: Iterable<{ textContent: string }> }).children].map((cell) => cell.textContent)),
    );

/** Opens GraphiQL of a gateway. */
async function withGraphiql(
  use: (ends: { page: Page; gateway: Gateway; window: BrowserWindow }) => Promise<void>,
  environment: Record<string, string> = {},
  options: WindowOptions = {},
): Promise<void> {
  const gateway = await startGateway({ EXPLORER: 'graphiql', ...environment });
  try {
    await visit(gateway, use, options);
  } finally {
    await gateway.close();
  }
}

async function visit(
  gateway: Gateway,
  use: (ends: { page: Page; gateway: Gateway; window: BrowserWindow }) => Promise<void>,
  options: WindowOptions = {},
): Promise<void> {
  const window = await openBrowser(options);
  try {
    await window.page.goto(`${gateway.url}/graphql`);
    await window.page.waitForSelector(QUERY);
    await use({ page: window.page, gateway, window });
  } finally {
    await window.close();
  }
}

afterAll(() => {
  // With KEEP_SCREENSHOTS=1 they can be looked at.
  if (process.env['KEEP_SCREENSHOTS'] === '1') process.stdout.write(`Pictures are in ${elsewhere}\n`);
  else rmSync(elsewhere, { recursive: true });
});

describe('A newcomer in GraphiQL', () => {
  it('runs the example with a token by a button, sees what it cost, and has the browser complain of nothing', () =>
    withGraphiql(async ({ page, gateway, window }) => {
      await page.click('#token');
      await textOf(page, '#note', /A token for an hour/);
      await page.click(RUN);
      expect(await textOf(page, ANSWER, /Asunción/)).toContain('"number": "001100009000000"');
      expect(await textOf(page, SUMMARY, /call/)).toMatch(/^1 call to the billing API · [\d.]+ ms waiting for it/);
      expect(await readTable(page)).toEqual([
        [
          '1',
          expect.stringMatching(/^80012345 [\w-]{12}$/),
          expect.stringMatching(/^700100 [\w-]{12}$/),
          '1 to 3, plus 1 to detect the next page',
          'billing API',
          'OK',
          expect.stringMatching(/^[\d.]+ ms$/),
        ],
      ]);
      await photograph(page, 'graphiql.png');
      expect(window.complaints).toEqual([]);
      expect(window.requests.filter((url) => !url.startsWith(`${gateway.url}/`) && !url.startsWith('data:'))).toEqual([]);
      expect(gateway.upstreamCalls()).toBe(1);
    }));

  it('is told in plain words that a query needs a token, and where to get one', () =>
    withGraphiql(async ({ page, window, gateway }) => {
      await page.click(RUN);
      expect(await textOf(page, ANSWER, /UNAUTHENTICATED/)).toContain('This operation needs a bearer token');
      expect(await textOf(page, SUMMARY, /token/)).toMatch(/^This query needs a token\..*Press "Get a token", and run the query again\./s);
      await photograph(page, 'missing-token.png');
      await page.click('#token');
      await textOf(page, '#note', /A token for an hour/);
      await page.click(RUN);
      await textOf(page, SUMMARY, /^1 call/);
      expect([window.complaints, gateway.upstreamCalls()]).toEqual([[UNAUTHORIZED], 1]);
    }));

  it('reads the docs of the schema', () =>
    withGraphiql(async ({ page, window }) => {
      await page.click('[aria-label="Show Documentation Explorer"]');
      await page.click('.graphiql-doc-explorer-content >> text="Contract"');
      expect(await textOf(page, '.graphiql-doc-explorer-content', /billingAddresses/)).toContain('dueDate');
      await photograph(page, 'docs.png');
      expect(window.complaints).toEqual([]);
    }));

  it('learns what a query would cost, without a call, for the query as it stands in the editor', () =>
    withGraphiql(
      async ({ page, gateway, window }) => {
        await page.click('#token');
        await textOf(page, '#note', /A token for an hour/);
        await page.click('#predict');
        await textOf(page, SUMMARY, /It would make 1 call\b/);
        await writeQuery(
          page,
          '{\n  customer(idType: "RUC", id: "80012345") {\n    contracts(numbers: ["700100", "700101", "700103"]) {\n      number\n      invoices(first: 1500) {\n        nodes { number }\n      }\n    }\n  }\n}\n',
        );
        await page.click('#predict');
        expect(await textOf(page, SUMMARY, /It would make 6 calls/)).toMatch(/a query may make 100.*Nothing was asked/s);
        expect(gateway.upstreamCalls()).toBe(0);
        await write(page, VARIABLES, '');
        await photograph(page, 'predicted-cost.png');
        expect(window.complaints).toEqual([]);
      },
      { MAX_PAGE_SIZE: '2000' },
    ));

  it.each([
    ['a query that is none', '{ customer(', '', /Refused: GRAPHQL_PARSE_FAILED/],
    ['a query that does not fit the schema', '{ nothing }', '', /Refused: GRAPHQL_VALIDATION_FAILED/],
    ['variables that are no JSON', '{ __typename }', '{', /The variables are not a JSON object/],
    [
      'too many calls',
      `{ customer(idType: "RUC", id: "1") { contracts(numbers: [${Array.from({ length: 101 }, (_, index) => `"${index}"`).join(',')}]) { number } } }`,
      '',
      /would make 101 calls.*100 are allowed/,
    ],
    [
      'an argument that is not of its form',
      '{ customer(idType: "RUC", id: "1") { contract(number: "x") { number } } }',
      '',
      /It would make 0 calls.*number/,
    ],
  ])('is told why %s cannot be predicted, or would fail', (_what, query, variables, message) =>
    withGraphiql(async ({ page }) => {
      await page.click('#token');
      await textOf(page, '#note', /A token for an hour/);
      await write(page, QUERY, query);
      await write(page, VARIABLES, variables);
      await page.click('#predict');
      await textOf(page, SUMMARY, message);
    }),
  );

  it('sends the token with every tab, and the headers of a tab win over it', () =>
    withGraphiql(async ({ page }) => {
      await page.click('#token');
      await textOf(page, '#note', /A token for an hour, for every tab/);
      for (const tab of ['ContractInvoicesPage', 'MergedPages', 'ContractsOverview']) {
        await page.click(`.graphiql-tab >> text="${tab}"`);
        await page.click(RUN);
        await textOf(page, SUMMARY, /^[01] calls? to the billing API/);
        expect(await page.locator(SUMMARY).innerText()).not.toContain('error');
      }
      await write(page, HEADERS, '{ "Authorization": "Bearer wrong" }');
      await page.click(RUN);
      await textOf(page, ANSWER, /UNAUTHENTICATED/);
    }));

  it('gets a link to the query and its variables, without headers, that opens it', () =>
    withGraphiql(async ({ page, gateway }) => {
      await page.click('#token');
      await writeQuery(page, '{ __typename }');
      await write(page, VARIABLES, '{ "a": 1 }');
      await write(page, HEADERS, '{ "x-request-id": "mine" }');
      await page.click('#link');
      await textOf(page, '#note', /without headers/);
      const link = new URL(page.url());
      expect([link.pathname, Object.fromEntries(link.searchParams)]).toEqual([
        '/graphql',
        { query: '{ __typename }', variables: '{ "a": 1 }' },
      ]);
      await visit(gateway, async ({ page: other }) => {
        await other.goto(link.href);
        await other.waitForSelector(QUERY);
        expect([await read(other, QUERY), await read(other, VARIABLES), await read(other, HEADERS)]).toEqual([
          '{ __typename }',
          '{ "a": 1 }',
          '',
        ]);
      });
    }));

  it('is told when the costs are no longer those of the query in the editor', () =>
    withGraphiql(async ({ page }) => {
      await page.click('#token');
      await textOf(page, '#note', /A token/);
      await page.click(RUN);
      await textOf(page, SUMMARY, /1 call/);
      expect(await page.locator('#outdated').isVisible()).toBe(false);
      await writeQuery(page, '{ __typename }');
      await page.locator('#outdated').waitFor();
      await page.click(RUN);
      await textOf(page, SUMMARY, /^0 calls/);
      expect(await page.locator('#outdated').isVisible()).toBe(false);
    }));

  it('keeps after a reload the query that was written, but not the token', () =>
    withGraphiql(async ({ page }) => {
      await write(page, HEADERS, '{ "x-request-id": "mine" }');
      await page.click('#token');
      await textOf(page, '#note', /A token for an hour/);
      await writeQuery(page, '{ __typename }');
      await page.click(RUN);
      await textOf(page, ANSWER, /"__typename": "Query"/);
      await page.click('[aria-label="Show History"]');
      await textOf(page, '.graphiql-history', /__typename/);
      // It writes down what it keeps when the writer pauses.
      while (!(await page.evaluate("sessionStorage.getItem('graphiql:tabState')?.includes('{ __typename }')")))
        await page.waitForTimeout(20);
      const storesOf = (): Promise<unknown> => page.evaluate('JSON.stringify([{ ...sessionStorage }, { ...localStorage }])');
      expect(await storesOf()).not.toMatch(/Bearer ey|x-request-id/);
      await page.reload();
      await page.waitForSelector(QUERY);
      expect(await read(page, QUERY)).toBe('{ __typename }');
      expect(await storesOf()).not.toMatch(/Bearer ey|x-request-id/);
      expect(await page.locator('#bearer').inputValue()).toBe('');
    }));
});

describe('GraphiQL', () => {
  it('shows each call of a query that makes many: the origin, the outcome and the time', () =>
    withScript(
      byContract({ 2: { status: 404, body: { error: { message: 'There is no such contract.' } } }, 3: { status: 503 } }),
      async ({ gateway }) => {
        await visit(gateway, async ({ page }) => {
          // There is no button where the billing API is not the embedded one.
          expect(await page.locator('#token').isVisible()).toBe(false);
          await write(page, HEADERS, '{ "Authorization": "Bearer test" }');
          await writeQuery(
            page,
            '{\n  customer(idType: "RUC", id: "80012345") {\n    contracts(numbers: ["1", "2", "3"]) {\n      number\n      dueDate\n    }\n  }\n}\n',
          );
          await page.click(RUN);
          expect(await textOf(page, SUMMARY, /3 calls to the billing API/)).toContain('1 error');
          expect((await readTable(page)).map((cells) => cells.slice(3, 6))).toEqual([
            ['1', 'billing API', 'OK'],
            ['1', 'billing API', 'NOT_FOUND'],
            ['1', 'billing API', 'UPSTREAM_UNAVAILABLE'],
          ]);
          await page.click(RUN);
          await textOf(page, SUMMARY, /1 call to the billing API/);
          expect((await readTable(page)).map((cells) => cells[4])).toEqual(['cache', 'cache', 'billing API']);
          await photograph(page, 'calls.png');
        });
      },
      { EXPLORER: 'graphiql', CACHE_TTL_SECONDS: '60' },
    ));

  it('says so where only trusted documents run, and documents the schema all the same', async () => {
    const manifest = join(await mkdtemp(join(tmpdir(), 'manifest-')), 'manifest.json');
    await writeFile(manifest, JSON.stringify({ abc: '{ __typename }' }));
    await withGraphiql(
      async ({ page }) => {
        await textOf(page, '#note', /Only trusted documents run here \(TRUSTED_DOCUMENTS\)/);
        await page.click(RUN);
        await textOf(page, SUMMARY, /Refused: BAD_REQUEST/);
        await writeQuery(page, '{ __typename }');
        await page.click(RUN);
        await textOf(page, ANSWER, /"__typename": "Query"/);
        await page.click('[aria-label="Show Documentation Explorer"]');
        await textOf(page, '.graphiql-doc-explorer-content', /InvoiceConnection/);
      },
      { TRUSTED_DOCUMENTS: manifest },
    );
  });

  it('says so where introspection is off', () =>
    withGraphiql(
      async ({ page }) => {
        await textOf(page, '#note', /Introspection is off/);
        await page.click('[aria-label="Show Documentation Explorer"]');
        await textOf(page, '.graphiql-doc-explorer', /Error fetching schema|Introspection is off/);
      },
      { INTROSPECTION: 'false' },
    ));

  it.each([
    [1280, 'light'],
    [1280, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)('can be used by all at %i pixels in the %s: nothing overflows, and axe finds no serious problem', (width, colorScheme) =>
    withGraphiql(
      async ({ page }) => {
        await page.click('#token');
        await textOf(page, '#note', /A token for an hour/);
        await page.click(RUN);
        await textOf(page, SUMMARY, /1 call/);
        await photograph(page, `graphiql-${width}-${colorScheme}.png`);
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        const [editors, answer] = [await page.locator(QUERY).boundingBox(), await page.locator(ANSWER).boundingBox()];
        expect(answer!.y > editors!.y + editors!.height).toBe(width < 700);
        await page.evaluate(await readFile(require.resolve('axe-core/axe.min.js'), 'utf8'));
        const { violations } = await page.evaluate<{ violations: { id: string; impact: string }[] }>(
          // Selectors cannot be made while the editors redraw themselves.
          "axe.run(document, { selectors: false, resultTypes: ['violations'] })",
        );
        expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
      },
      {},
      { colorScheme, width, height: 844 },
    ),
  );

  it('is where a browser is sent that opens the root', () =>
    withGraphiql(async ({ page, gateway }) => {
      await page.goto(`${gateway.url}/`);
      expect(new URL(page.url()).pathname).toBe('/graphql');
    }));
});

describe('The pictures that are committed', () => {
  it('are all made by these tests, and small', () => {
    expect([...COMMITTED].sort()).toEqual(['calls.png', 'graphiql.png', 'missing-token.png', 'predicted-cost.png']);
    for (const name of COMMITTED) expect(statSync(join(__dirname, 'screenshots', name)).size).toBeLessThan(200_000);
  });
});

describe('The browser of these tests', () => {
  it('is asked for where it is missing', () => {
    expect(() => findChromium('/nowhere:/tmp')).toThrow(/install-servers\.sh/);
  });

  it('would show a complaint of the policy: a script that is written into the page does not run', () =>
    withGraphiql(async ({ page, window }) => {
      await page.evaluate(
        `(() => { const script = document.createElement('script'); script.textContent = 'globalThis.ran = true'; document.body.append(script); })()`,
      );
      expect(await page.evaluate('globalThis.ran')).toBeUndefined();
      expect(window.complaints).toEqual([expect.stringContaining('Content Security Policy')]);
    }));
});
