import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import packageJson from '../../package.json';
import { openApiFile } from '../support/openapi-document';

const run = promisify(execFile);
const root = join(__dirname, '../..');
const generator = join(root, 'node_modules/openapi-typescript/bin/cli.js');
const [, ...flags] = packageJson.scripts['wire:types'].split(' ');

/** Runs what `npm run wire:check` runs, on this document. */
function check(document: string): Promise<unknown> {
  return run(process.execPath, [generator, document, ...flags.slice(1), '--check'], { cwd: root });
}

describe('The generated types of the wire', () => {
  it('are those of the contract', async () => {
    await expect(check(openApiFile)).resolves.toBeDefined();
  });

  it('would be found out of date if the contract changed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wire-'));
    const changed = join(folder, 'changed.yaml');
    await writeFile(changed, (await readFile(openApiFile, 'utf8')).replace('invoiceAmount:', 'amount:'));
    await expect(check(changed)).rejects.toMatchObject({ code: 1 });
    await rm(folder, { recursive: true });
  });
});
