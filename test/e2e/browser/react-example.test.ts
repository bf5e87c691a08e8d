import { join } from 'node:path';
import { openBrowser, type BrowserWindow } from '../../support/browser';
import { repository } from '../../support/documents';
import { spawnCommand, type RunningCommand } from '../../support/gateway-process';

describe('The React example', () => {
  let example: RunningCommand;
  let url: string;
  let window: BrowserWindow;
  beforeAll(async () => {
    example = spawnCommand('node', [join(repository, 'examples/react/start.cjs'), '--port', '0'], {
      cwd: repository,
      env: { PATH: process.env['PATH'] },
    });
    url = (await example.waitFor(/The page is at (\S+)/))[1] as string;
    window = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    await window.close();
    await example.kill();
  });

  it('shows a contract with its first invoices, and more at each press of the button until there are no more', async () => {
    const { page } = window;
    await page.goto(url);
    await page.getByRole('heading', { name: 'Contract 700100' }).waitFor();
    for (const rows of [10, 20, 30, 36]) {
      await page.getByText(`${rows} invoices`, { exact: true }).waitFor();
      const numbers = await page.locator('tbody tr td:first-child').allTextContents();
      expect([numbers.length, new Set(numbers).size]).toEqual([rows, rows]);
      if (rows < 36) await page.getByRole('button', { name: 'Load more' }).click();
    }
    expect(await page.getByRole('button').count()).toBe(0);
    expect(window.complaints).toEqual([]);
  });

  it('tells a contract that does not exist from one that could not be read', async () => {
    const { page } = window;
    await page.goto(`${url}?contract=999999`);
    await page.getByText('This customer has no contract 999999.').waitFor();
    await page.goto(`${url}?contract=nonsense`);
    expect(await page.getByRole('alert').innerText()).toBe('The invoices could not be loaded (BAD_USER_INPUT).');
  });
});
