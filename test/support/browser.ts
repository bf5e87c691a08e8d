import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

/** A browser window of a profile that nobody used before. */
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

/** Opens a window in Debian's Chromium. Rejects, saying what to do, where there is none. */
export async function openBrowser({ colorScheme = 'light', width = 1280, height = 800 }: WindowOptions = {}): Promise<BrowserWindow> {
  const executablePath = findChromium(process.env['PATH'] ?? '');
  const profile = await mkdtemp(join(tmpdir(), 'browser-'));
  let context: BrowserContext;
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      args: FLAGS,
      colorScheme,
      viewport: { width, height },
    });
  } catch (error) {
    await rm(profile, { recursive: true, force: true });
    throw error;
  }
  const page = context.pages()[0] ?? (await context.newPage());
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
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
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
