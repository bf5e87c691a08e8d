import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findCodeBlocks } from './code-blocks';
import { repository } from './documents';

const PAGE = 'docs/relay.md';

/**
 * Makes the front end that docs/relay.md describes in an empty folder, and compiles its documents with relay-compiler, to
 * `src/__generated__`. @param more further sources, by their names in `src`.
 */
export async function makeRelayProject(folder: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const blocks = findCodeBlocks(await readFile(join(repository, PAGE), 'utf8'), PAGE);
  const find = (language: string, word: string): string => {
    const found = blocks.filter((block) => block.language === language && block.text.includes(word));
    expect([word, found.length]).toEqual([word, 1]);
    return found[0]!.text;
  };
  await Promise.all(['src', 'relay'].map((name) => mkdir(join(folder, name))));
  await Promise.all([
    copyFile(join(repository, 'schema/schema.graphql'), join(folder, 'schema.graphql')),
    writeFile(join(folder, 'relay.config.json'), find('json', 'schemaConfig')),
    writeFile(join(folder, 'relay/fetchable.graphql'), find('graphql', '@fetchable')),
    writeFile(join(folder, 'src/Bills.ts'), find('ts', '@refetchable')),
    ...Object.entries(more).map(([name, text]) => writeFile(join(folder, 'src', name), text)),
  ]);
  await promisify(execFile)(process.execPath, [require.resolve('relay-compiler/cli.js'), 'relay.config.json'], { cwd: folder });
}
