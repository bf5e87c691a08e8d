import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { WRONG_EXAMPLES } from '../../support/wrong-examples';

const root = join(__dirname, '../../..');

interface Configuration {
  readonly rules: Readonly<Record<string, unknown>>;
  readonly overrides: readonly { readonly rules?: Readonly<Record<string, unknown>> }[];
}

/** The rules that the configuration turns on by name, besides the category `correctness`. */
function rulesByName(): string[] {
  const { rules, overrides } = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as Configuration;
  const named = [rules, ...overrides.map((each) => each.rules ?? {})].flatMap((each) => Object.entries(each));
  return named.filter(([, level]) => level !== 'off').map(([rule]) => (rule.includes('/') ? rule : `eslint/${rule}`));
}

/** Lints the files of a folder as `npm run lint` does, and says which rules found something, as `file rule`. */
async function lintFolder(folder: string): Promise<Set<string>> {
  const bin = join(root, 'node_modules/oxlint/bin/oxlint');
  const report = await new Promise<string>((resolve) =>
    execFile(process.execPath, [bin, '--format=json', 'src'], { cwd: folder, maxBuffer: 2 ** 24 }, (_failed, stdout, stderr) =>
      resolve(stdout || stderr),
    ),
  );
  const { diagnostics } = JSON.parse(report) as { diagnostics: { code?: string; filename: string }[] };
  return new Set(diagnostics.map(({ code = '', filename }) => `${filename} ${code.replace(/^([\w-]+)\((.+)\)$/, '$1/$2')}`));
}

describe('Lint', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lint-'));
    for (const file of ['.oxlintrc.json', 'tsconfig.json']) cpSync(join(root, file), join(folder, file));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has a wrong example of each rule that is turned on by name', () => {
    const examples = new Set(WRONG_EXAMPLES.map(([rule]) => rule));
    expect(rulesByName().filter((rule) => !examples.has(rule))).toEqual([]);
  });

  it('finds each wrong example, by its rule', async () => {
    for (const [, file, text] of WRONG_EXAMPLES) {
      const path = join(folder, 'src', file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    const found = await lintFolder(folder);
    expect(WRONG_EXAMPLES.filter(([rule, file]) => !found.has(`src/${file} ${rule}`)).map(([rule]) => rule)).toEqual([]);
  });

  it('lets main.ts and the tools alone read the environment and write to the console', async () => {
    const text = "console.log(process.env['PORT']);\n";
    for (const file of ['http/server.ts', 'main.ts', 'tools/dev.ts']) {
      mkdirSync(dirname(join(folder, 'src', file)), { recursive: true });
      writeFileSync(join(folder, 'src', file), text);
    }
    const found = [...(await lintFolder(folder))].filter((each) => /^src\/(http|tools|main)/.test(each));
    expect(found.sort()).toEqual(['src/http/server.ts eslint/no-console', 'src/http/server.ts eslint/no-restricted-properties']);
  });
});
