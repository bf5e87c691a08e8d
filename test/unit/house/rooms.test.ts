import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(__dirname, '../../..');
const src = join(root, 'src');

const { rooms: ROOMS, innerRooms: INNER_ROOMS } = JSON.parse(readFileSync(join(root, 'test/support/rooms.json'), 'utf8')) as {
  /** What each room may import besides itself: http → graphql → billing ← upstream, cache. */
  rooms: Readonly<Record<string, readonly string[]>>;
  /** What each inner room may import of its own room, besides itself. */
  innerRooms: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
};
/** How many files may lie side by side. */
const MAX_FILES = 12;

interface Finding {
  readonly line: number;
  readonly ruleId: string | null;
  readonly message: string;
}

/** ESLint, started once for all tests: that takes longer than the linting. */
const eslint = spawn(process.execPath, [join(root, 'test/support/lint-texts.mjs')], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
const answers = createInterface({ input: eslint.stdout })[Symbol.asyncIterator]();
afterAll(async () => {
  eslint.stdin.end();
  await once(eslint, 'exit');
});

/** Lints texts as the content of these files, which must exist. */
async function lint(cases: readonly { file: string; text: string }[]): Promise<Finding[][]> {
  eslint.stdin.write(`${JSON.stringify(cases)}\n`);
  const answer = await answers.next();
  if (answer.done) throw new Error('ESLint ended without an answer.');
  return JSON.parse(answer.value) as Finding[][];
}

/** A module of a room, by its path below `src` and without its extension. */
function moduleOf(room: string): string {
  const file = readdirSync(join(src, room), { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.ts'));
  return `${room}/${file!.replace(/\.ts$/, '')}`;
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

interface Expectation {
  readonly room: string;
  readonly targets: readonly string[];
  /** What the room may import, as prefixes of targets. */
  readonly allowed: readonly string[];
}

/** Lints one file a room that imports all targets. */
async function findRefused(expectations: readonly Expectation[]): Promise<{ refused: string[]; message: string | undefined }[]> {
  const cases = expectations.map(({ room, targets }) => {
    const file = join(src, `${moduleOf(room)}.ts`);
    const paths = targets
      .map((target) => relative(dirname(file), join(src, target)))
      .map((path) => (path.startsWith('.') ? path : `./${path}`));
    return {
      file,
      text: paths.map((path, index) => (index % 2 === 0 ? `import '${path}';` : `import type {} from '${path}';`)).join('\n'),
    };
  });
  return (await lint(cases)).map((all, index) => {
    const findings = all.filter((each) => each.ruleId === 'import-x/no-restricted-paths');
    return { refused: findings.map((each) => expectations[index]!.targets[each.line - 1]!), message: findings[0]?.message };
  });
}

describe('The rooms of the house', () => {
  it('are those that the rule knows', () => {
    expect(
      foldersIn(src)
        .filter((name) => name !== 'tools')
        .sort(),
    ).toEqual(Object.keys(ROOMS).sort());
    for (const [room, inner] of Object.entries(INNER_ROOMS)) expect(foldersIn(join(src, room)).sort()).toEqual(Object.keys(inner).sort());
    for (const room of Object.keys(ROOMS)) if (!(room in INNER_ROOMS)) expect(foldersIn(join(src, room))).toEqual([]);
  });

  it('have no cycle: what a room may import never leads back to it', () => {
    const leadsTo = (table: Readonly<Record<string, readonly string[]>>, from: string): string[] =>
      (table[from] ?? []).flatMap((next) => [next, ...leadsTo(table, next)]);
    for (const table of [ROOMS, ...Object.values(INNER_ROOMS)])
      for (const room of Object.keys(table)) expect(leadsTo(table, room)).not.toContain(room);
  });

  it(`hold at most ${MAX_FILES} files side by side`, () => {
    const folders = [
      '',
      ...readdirSync(src, { recursive: true, withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [join(entry.parentPath, entry.name)] : [],
      ),
    ];
    for (const folder of folders) {
      const files = readdirSync(folder || src, { withFileTypes: true }).filter((entry) => entry.isFile());
      expect([folder, files.length <= MAX_FILES]).toEqual([folder, true]);
    }
  });

  it('import what they may and nothing else: a stray import is found, of a type or a value, in every room', async () => {
    const outside = readdirSync(src).flatMap((name) => (name.endsWith('.ts') && name !== 'version.ts' ? [name.replace(/\.ts$/, '')] : []));
    expect(outside).toContain('app');
    const outer = Object.keys(ROOMS).map((room) => ({
      room,
      targets: [...Object.keys(ROOMS), 'tools'].map(moduleOf).concat(outside),
      allowed: [room, ...ROOMS[room]!],
    }));
    const inner = Object.entries(INNER_ROOMS).flatMap(([room, table]) =>
      Object.entries(table).map(([name, allowed]) => ({
        room: `${room}/${name}`,
        targets: Object.keys(table).map((each) => moduleOf(`${room}/${each}`)),
        allowed: [name, ...allowed].map((each) => `${room}/${each}`),
      })),
    );
    const expectations = [...outer, ...inner];
    const found = await findRefused(expectations);
    for (const [index, { room, targets, allowed }] of expectations.entries()) {
      const { refused, message } = found[index]!;
      expect([room, refused]).toEqual([room, targets.filter((target) => !allowed.some((each) => target.startsWith(`${each}/`)))]);
      if (refused.length > 0) expect(message).toContain(`The room ${room} may import only: ${room}`);
    }
  });

  it('are open to the composition root and the tools', async () => {
    const findings = await lint([
      { file: join(src, 'app.ts'), text: "import './billing/billing';\nimport './upstream/http/transport';\n" },
      { file: join(src, 'tools/dev.ts'), text: "import '../graphql/schema/schema';\n" },
    ]);
    expect(findings).toEqual([[], []]);
  });
});
