import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root, toSettingsFiles } from './settings-files';

/** Writes `.env.example` and `docs/settings.md` from the table of settings. */
async function main(): Promise<void> {
  for (const { path, text } of toSettingsFiles()) {
    await writeFile(join(root, path), text);
    console.log(`${path} written.`);
  }
}

void main();
