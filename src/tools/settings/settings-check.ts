import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, toSettingsFiles } from './settings-files';

/** Compares `.env.example` and `docs/settings.md` with the table of settings; exit code 1 where they differ. */
function main(): void {
  const outdated = toSettingsFiles().filter(({ path, text }) => readIfThere(join(root, path)) !== text);
  if (outdated.length === 0) {
    console.log('.env.example and docs/settings.md are up to date.');
    return;
  }
  for (const { path } of outdated) console.error(`${path} is not what the table of settings makes: run npm run settings:emit.`);
  process.exitCode = 1;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

main();
