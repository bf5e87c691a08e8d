import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';

const root = join(__dirname, '../../..');
const MAX_LENGTH = 140;

/** Whether a line has a comment that makes it too long. Code is left to the formatter; an address may be longer. */
function isTooLong(line: string): boolean {
  return line.length > MAX_LENGTH && !line.includes('://') && /^\s*(?:\/\/|\/?\*)|\s\/\/ [^'"`]*$/.test(line);
}

describe('Comments', () => {
  it('reach to the 140th column at most', () => {
    const files = globSync(['{src,test,examples,deploy}/**/*.{ts,tsx,js,jsx,mjs,cjs}', '*.{mjs,cjs}'], {
      cwd: root,
      ignore: ['**/node_modules/**', 'test/generated/**', '**/gql/**', '**/dist/**'],
    });
    expect(files.length).toBeGreaterThan(500);
    const tooLong = files.flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, index) => (isTooLong(line) ? [`${file}:${index + 1}`] : [])),
    );
    expect(tooLong).toEqual([]);
  });

  it.each([
    ['of one line', `// it's ${'a'.repeat(MAX_LENGTH)}`],
    ['of several lines', `   * ${'a'.repeat(MAX_LENGTH)}`],
    ['after code', `use('a'); // ${'a'.repeat(MAX_LENGTH)}`],
  ])('are found where they are longer: %s', (_what, line) => {
    expect(isTooLong(line)).toBe(true);
    expect(isTooLong(line.slice(0, MAX_LENGTH))).toBe(false);
  });

  it.each([`const a = '${'a'.repeat(MAX_LENGTH)}';`, `// https://example.com/${'a'.repeat(MAX_LENGTH)}`])(
    'do not make a text or an address too long: %.20s',
    (line) => {
      expect(isTooLong(line)).toBe(false);
    },
  );
});
