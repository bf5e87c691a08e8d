import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import packageJson from '../../../package.json';
import { findAnchors, findDocuments, findLinks, repository, type Document } from '../../support/documents';

const documents = findDocuments();

/** What is wrong with the links of a page. */
function findBrokenLinks({ file, text }: Document): string[] {
  return findLinks(text).filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? file : relative(repository, join(repository, dirname(file), path));
    if (!existsSync(join(repository, target))) return true;
    if (anchor === undefined) return false;
    const page = target === file ? text : documents.find((other) => other.file === target)?.text;
    return page === undefined || !findAnchors(page).has(anchor);
  });
}

/** Commands of the project that a page names, and that do not exist. */
function findUnknownCommands({ text }: Document): string[] {
  return [...text.matchAll(/npm run (?:-s |--silent )?([a-z0-9:-]+)/g)]
    .map((match) => match[1] as string)
    .filter((command) => !(command in packageJson.scripts));
}

describe('The documentation', () => {
  it.each(documents.map((document) => [document.file, document] as const))('%s has no broken link or anchor', (_file, document) => {
    expect(findBrokenLinks(document)).toEqual([]);
  });

  it.each(documents.map((document) => [document.file, document] as const))('%s names no command that does not exist', (_file, document) => {
    expect(findUnknownCommands(document)).toEqual([]);
  });

  it('would be found to have a broken link, anchor or command', () => {
    const text =
      '# A `b` c\n[1](nowhere.md) [2](#a-b-c) [3](#d) [4](docs/errors.md#error-codes) [5](docs/errors.md#x) `[6](code.md)`\nnpm run tea';
    expect(findBrokenLinks({ file: 'README.md', text })).toEqual(['nowhere.md', '#d', 'docs/errors.md#x']);
    expect(findUnknownCommands({ file: 'README.md', text })).toEqual(['tea']);
  });

  it('is reachable from the README, page by page', () => {
    const reached = new Set(['README.md']);
    for (const file of reached) {
      const text = documents.find((document) => document.file === file)?.text ?? '';
      for (const link of findLinks(text)) {
        const target = relative(repository, join(repository, dirname(file), link.split('#')[0] as string));
        if (target.endsWith('.md')) reached.add(target);
        else if (target !== '' && existsSync(join(repository, target, 'README.md')) && statSync(join(repository, target)).isDirectory())
          reached.add(join(target, 'README.md'));
      }
    }
    expect(documents.map(({ file }) => file).filter((file) => !reached.has(file))).toEqual([]);
  });
});
