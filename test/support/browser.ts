import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

/** A browser window that shares nothing with others: no cookies, no storage, no cache. */
export interface BrowserWindow {
  readonly page: Page;
  /** What the browser complained of so far: errors of scripts, its policy's refusals, and what it could not load. */
  readonly complaints: readonly string[];
  /** Addresses that the page asked for so far, without its own. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** How the window is opened. */
export interface WindowOptions {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** No part of the browser's own that reaches for the network, and none that needs more of a machine than tests have. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The browser of a test file: to start one takes longer than most of what its windows are opened for. */
let browser: Promise<Browser> | undefined;
afterAll(async () => (await browser)?.close());

/** Opens a window in Debian's Chromium. Rejects, saying what to do, where there is none. */
export async function openBrowser({ colorScheme = 'light', width = 1280, height = 800 }: WindowOptions = {}): Promise<BrowserWindow> {
  browser ??= chromium.launch({ executablePath: findChromium(process.env['PATH'] ?? ''), headless: true, args: FLAGS });
  const context = await (await browser).newContext({ colorScheme, viewport: { width, height } });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  return {
    page,
    complaints,
    requests,
    close: () => context.close(),
  };
}

/** The browser's program in one of the folders of a PATH. @throws Error that says what to do where it is in none. */
export function findChromium(path: string): string {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, 'chromium');
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // The next one.
    }
  }
  throw new Error(
    'The browser tests need Chromium on the PATH: run "bash test/support/install-servers.sh", or install the package "chromium".',
  );
}
