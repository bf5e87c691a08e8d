import { existsSync } from 'node:fs';
import { join } from 'node:path';

interface TestFile {
  readonly path: string;
  readonly duration?: number;
  readonly context: { readonly config: { readonly cacheDirectory: string; readonly id: string }; readonly hasteFS: unknown };
}

const root = join(__dirname, '../../..');
const LongestFirst = jest.requireActual<{
  new (options: unknown): { sort(tests: readonly TestFile[]): TestFile[] };
  readonly LONGEST: readonly string[];
}>('../../support/longest-first.cjs');
const context = {
  config: { cacheDirectory: join(root, 'none'), id: 'none' },
  hasteFS: { getSize: (path: string) => path.length },
};
const fileOf = (name: string): TestFile => ({ path: join(root, 'test', name), context });

describe('The order of the test files', () => {
  it('begins with the longest, and is for all others what Jest makes of it', () => {
    const others = ['a.test.ts', 'unit/billing/of-a-longer-name.test.ts'].map(fileOf);
    const longest = LongestFirst.LONGEST.slice(0, 2).map((end) => fileOf(end.replace('/test/', '')));
    const sequencer = new LongestFirst({ contexts: [context], globalConfig: {} });
    expect(sequencer.sort([others[0]!, longest[1]!, others[1]!, longest[0]!])).toEqual([...longest, others[1]!, others[0]!]);
  });

  it('names files that are there', () => {
    expect(LongestFirst.LONGEST.filter((end) => !existsSync(join(root, end)))).toEqual([]);
  });
});
