import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';

/** The root of the repository. */
export const repository = join(__dirname, '../..');

const FOLDERS = ['docs', 'deploy', 'examples', 'schema', 'src', 'test'];

/** A page of the documentation. */
export interface Document {
  /** From the root of the repository. */
  readonly file: string;
  readonly text: string;
}

/** Every Markdown file of the repository. */
export function findDocuments(): Document[] {
  const nested = globSync(`{${FOLDERS.join(',')}}/**/*.md`, { cwd: repository, ignore: ['**/node_modules/**'], expandDirectories: false });
  const pages = readdirSync(repository).filter((name) => name.endsWith('.md'));
  return [...pages, ...nested].sort().map((file) => ({ file, text: readFileSync(join(repository, file), 'utf8') }));
}

/** The text without code: neither fenced blocks nor code in a line. */
function withoutCode(text: string): string {
  return text.replaceAll(/^ *(```+)[^]*?^ *\1$/gm, '').replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, '_'));
}

/** The anchors of a page: of its headings, as GitHub makes them. */
export function findAnchors(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading] of text.replaceAll(/^ *(```+)[^]*?^ *\1$/gm, '').matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = (heading as string)
      .replaceAll(/[`*]|\]\([^)]*\)|\[/g, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    // A second heading of the same text gets a number.
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/** Where the links and pictures of a page lead, such as `docs/errors.md#error-codes`, without those to other sites. */
export function findLinks(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] as string)
    .filter((target) => !/^[a-z]+:/.test(target));
}
