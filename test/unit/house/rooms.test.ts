import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(__dirname, '../../..');
const src = join(root, 'src');

/** What each room may import besides itself: http → graphql → billing ← upstream, cache. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  billing: [],
  'billing-api': [],
  upstream: ['billing', 'telemetry'],
  cache: ['billing', 'telemetry'],
  telemetry: ['billing'],
  graphql: ['billing', 'telemetry'],
  http: ['graphql', 'billing', 'telemetry'],
};

interface Finding {
  readonly line: number;
  readonly ruleId: string | null;
  readonly message: string;
}

/** Lints texts as the content of these files, which must exist. */
async function lint(cases: readonly { file: string; text: string }[]): Promise<Finding[][]> {
  const { stdout } = await run(process.execPath, [join(root, 'test/support/lint-texts.mjs'), JSON.stringify(cases)], { cwd: root });
  return JSON.parse(stdout) as Finding[][];
}

/** A module of a room, by its path below `src` and without its extension. */
function moduleOf(room: string): string {
  const name = readdirSync(join(src, room)).find((file) => file.endsWith('.ts'));
  return `${room}/${name!.replace(/\.ts$/, '')}`;
}

describe('The rooms of the house', () => {
  it('are those that the rule knows', () => {
    const folders = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map((folder) => folder.name).filter((name) => name !== 'tools').sort()).toEqual(Object.keys(ROOMS).sort());
  });

  it('import what they may and nothing else: a stray import is found, of a type or a value, in every room', async () => {
    const rooms = Object.keys(ROOMS);
    const targets = [...rooms.map(moduleOf), moduleOf('tools'), 'app', 'main', 'config', 'settings', 'first-query'];
    const text = targets.map((target, index) => (index % 2 === 0 ? `import '../${target}';` : `import type {} from '../${target}';`)).join('\n');
    const findings = await lint(rooms.map((room) => ({ file: join(src, `${moduleOf(room)}.ts`), text })));
    const refused = findings.map((found) => found.filter((each) => each.ruleId === 'import-x/no-restricted-paths').map((each) => targets[each.line - 1]));
    for (const [index, room] of rooms.entries()) {
      expect([room, refused[index]]).toEqual([room, targets.filter((target) => ![room, ...(ROOMS[room] ?? [])].includes(target.split('/')[0]!))]);
      expect(findings[index]?.find((each) => each.ruleId === 'import-x/no-restricted-paths')?.message).toContain(`The room ${room} may import only: ${room}`);
    }
  });

  it('are open to the composition root, the tools and the tests', async () => {
    const findings = await lint([
      { file: join(src, 'app.ts'), text: "import './billing/billing';\nimport './upstream/transport';\n" },
      { file: join(src, 'tools/dev.ts'), text: "import '../graphql/schema';\n" },
      { file: __filename, text: "import '../../../src/http/server';\n" },
    ]);
    expect(findings).toEqual([[], [], []]);
  });

  it('do not read the environment, write to the console or export a default: lint finds each', async () => {
    const text = "console.log(process.env['PORT']);\nexport default 1;\n";
    const [inRoom, inMain] = await lint([
      { file: join(src, 'http/server.ts'), text },
      { file: join(src, 'main.ts'), text },
    ]);
    expect(inRoom?.map((each) => each.ruleId).sort()).toEqual(['import-x/no-default-export', 'no-console', 'no-restricted-properties']);
    expect(inMain?.map((each) => each.ruleId)).toEqual(['import-x/no-default-export']);
  });
});
