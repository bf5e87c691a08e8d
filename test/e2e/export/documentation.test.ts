import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findCodeBlocks } from '../../support/code-blocks';
import { toCsvRecords } from '../../support/export-client';
import { startGateway, type Gateway } from '../../support/gateway';

const PAGE = 'docs/export.md';

describe('The commands of the page about exports', () => {
  let gateway: Gateway;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'export-'));
    gateway = await startGateway({ NODE_ENV: 'production', BILLING_API_URL: 'embedded', HOST: '127.0.0.1' });
  });
  afterAll(async () => {
    await gateway.close();
    await rm(folder, { recursive: true });
  });

  /** Runs a block in a shell, as a reader would, and returns what it prints. */
  async function run(block: string): Promise<string> {
    const script = block.replaceAll('http://127.0.0.1:4000', gateway.url);
    const env = { PATH: process.env['PATH'], TOKEN: gateway.app.billingApi?.issueToken() };
    return (await promisify(execFile)('bash', ['-ec', script], { cwd: folder, env })).stdout;
  }

  it('do what it says', async () => {
    const blocks = findCodeBlocks(await readFile(join(__dirname, '../../..', PAGE), 'utf8'), PAGE);
    expect(blocks.map(({ language }) => language)).toEqual(['sh', 'sh', 'jsonl', 'sh']);
    const [csv, jsonl, shown, resume] = blocks.map(({ text }) => text) as [string, string, string, string];
    await run(csv);
    const file = join(folder, 'invoices.csv');
    const whole = await readFile(file, 'utf8');
    expect(toCsvRecords(whole)).toHaveLength(37);
    expect(await run(jsonl)).toBe(shown);
    // Cut within a row, behind one, and behind all of them.
    for (const length of [1000, whole.indexOf('\r\n', 700) + 2, whole.length]) {
      await writeFile(file, whole.slice(0, length));
      await run(resume);
      expect(await readFile(file, 'utf8')).toBe(whole);
    }
    // Line feeds within a text end no row.
    await writeFile(file, 'number,cursor\r\n"a\nb",x\r\n"c\nd');
    await run(resume.slice(0, resume.indexOf('\n')));
    expect(await readFile(file, 'utf8')).toBe('number,cursor\r\n"a\nb",x\r\n');
  });
});
