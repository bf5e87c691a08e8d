import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { printSubgraph } from '../../../../src/graphql/schema/subgraph';
import { diffSubgraphs, readCommitted, toReport } from '../../../../src/tools/schema/schema-diff';

const SDL = printSubgraph();
const DUE_DATE = / {2}"""\n {2}The account's expiration date[^\n]*\n {2}"""\n {2}dueDate: String\n/.exec(SDL)![0];
const run = promisify(execFile);

/** The changes that matter, with one part of the SDL written otherwise. */
async function changed(from: string, to: string): Promise<string[]> {
  expect(SDL).toContain(from);
  const changes = await diffSubgraphs(SDL, SDL.replace(from, to));
  return changes.map((change) => `${change.weight} ${change.path}`);
}

describe('The comparison of two revisions of the schema', () => {
  it('finds nothing between a schema and itself', async () => {
    expect(await diffSubgraphs(SDL, SDL)).toEqual([]);
    expect(toReport([], 'main')).toBe("The subgraph's schema is the same as at main.");
  });

  it.each([
    ['a field is gone', DUE_DATE, '', 'Contract.dueDate'],
    ['a field changes its type', '  dueDate: String\n', '  dueDate: Int\n', 'Contract.dueDate'],
    ['a field may be null that could not', '  cursor: String!\n', '  cursor: String\n', 'InvoiceEdge.cursor'],
    ['an argument becomes a must', '    after: String\n', '    after: String!\n', 'Contract.invoices.after'],
    ['a key is gone', 'type Contract @key(fields: "customer { idType id } number")', 'type Contract', 'Contract'],
    ['a shared type is no longer shared', 'type PageInfo @shareable', 'type PageInfo', 'PageInfo'],
  ])('calls it breaking where %s', async (_name, from, to, path) => {
    expect(await changed(from, to)).toEqual([`breaking ${path}`]);
  });

  it('calls a key that changes breaking, though another takes its place', async () => {
    expect(await changed('@key(fields: "idType id")', '@key(fields: "id")')).toEqual(['breaking Customer', 'safe Customer']);
  });

  it.each([
    [
      'a newer version of Federation, which asks for a newer router',
      'federation/v2.0',
      'federation/v2.3',
      ['dangerous schema', 'safe schema'],
    ],
    [
      'a hint that says who may be given a kept answer',
      'type Customer @key(fields: "idType id") @cacheControl(scope: PRIVATE)',
      'type Customer @key(fields: "idType id")',
      ['dangerous Customer'],
    ],
    [
      'a field that comes to a shared type, which other subgraphs then have only a part of',
      '  endCursor: String\n',
      '  endCursor: String\n  total: Int\n',
      ['dangerous PageInfo.total'],
    ],
    ['a default that changes', 'first: Int = 20', 'first: Int = 50', ['dangerous Contract.invoices.first']],
  ])('warns of %s', async (_name, from, to, expected) => {
    expect(await changed(from, to)).toEqual(expected);
  });

  it.each([
    ['a new field', '  dueDate: String\n', '  dueDate: String\n  closedOn: String\n', ['safe Contract.closedOn']],
    ['a further key', '@key(fields: "idType id")', '@key(fields: "idType id") @key(fields: "id")', ['safe Customer']],
    [
      'a field that is deprecated',
      '  dueDate: String\n',
      '  dueDate: String @deprecated(reason: "old")\n',
      ['safe Contract.dueDate.@deprecated', 'safe Contract.dueDate.@deprecated'],
    ],
    [
      'a new type with a key of its own',
      'type Query {',
      'type Payment @key(fields: "id") { id: ID! }\ntype Query {',
      ['safe Payment', 'safe Payment.id'],
    ],
  ])('lets pass %s', async (_name, from, to, expected) => {
    const weights = (await changed(from, to)).map((line) => line.split(' ')[0]);
    expect(new Set(weights)).toEqual(new Set(expected.map((line) => line.split(' ')[0])));
  });

  it('reports what breaks first, with a count', async () => {
    const report = toReport(await diffSubgraphs(SDL, SDL.replace(DUE_DATE, '  closedOn: String\n')), 'main');
    expect(report.split('\n')).toEqual([
      "The subgraph's schema against main:",
      expect.stringMatching(/^ {2}breaking {3}Contract\.dueDate {12} .*dueDate.* was removed/),
      expect.stringMatching(/^ {2}safe {7}Contract\.closedOn/),
      '1 breaking, 0 dangerous, 1 safe.',
    ]);
  });
});

describe('The command schema:diff', () => {
  const command = join(__dirname, '../../../../dist/tools/schema/schema-diff.js');
  const fails = (...args: string[]): Promise<unknown> =>
    run(process.execPath, [command, ...args]).then(
      () => 'passed',
      (error: unknown) => error,
    );

  it('ends with 2 where there is no such revision', async () => {
    expect(await fails('--base', 'no-such-revision')).toMatchObject({ code: 2 });
    expect(await fails('--base', '--output=/dev/null')).toMatchObject({ code: 2 });
  });

  it('ends with 1 where something breaks, unless that is allowed, and with 0 where nothing does', async () => {
    const repository = await createRepository(SDL.replace('  dueDate: String\n', '  dueDate: String\n  gone: String\n'));
    const inRepository = (...args: string[]) =>
      run(process.execPath, [join(repository, 'dist/tools/schema/schema-diff.js'), ...args]).then(
        ({ stdout }) => ({ code: 0, stdout }),
        (error: unknown) => error as { code: number; stdout: string },
      );
    const breaking = await inRepository();
    const allowed = await inRepository('--allow-breaking');
    await commit(repository, `${SDL}\n`);
    const same = await inRepository('--base', 'HEAD');
    const against = await inRepository('--base', 'HEAD~1');
    const committed = await readCommitted('HEAD~1', join(repository, 'schema'));
    await remove(repository);
    expect([breaking.code, allowed.code, same.code, against.code]).toEqual([1, 0, 0, 1]);
    expect(breaking.stdout).toMatch(/breaking +Contract\.gone/);
    expect(same.stdout).toBe("The subgraph's schema is the same as at HEAD.\n");
    expect(committed).toContain('gone: String');
  });
});

/** A repository with the built tools in it, whose one commit has this SDL. */
async function createRepository(sdl: string): Promise<string> {
  const repository = await mkdtemp(join(tmpdir(), 'schema-diff-'));
  await cp(join(__dirname, '../../../../dist'), join(repository, 'dist'), { recursive: true });
  await symlink(join(__dirname, '../../../../node_modules'), join(repository, 'node_modules'));
  await mkdir(join(repository, 'schema'));
  await run('git', ['init', '--quiet'], { cwd: repository });
  await commit(repository, sdl);
  return repository;
}

async function commit(repository: string, sdl: string): Promise<void> {
  await writeFile(join(repository, 'schema/subgraph.graphql'), sdl);
  await run('git', ['add', 'schema'], { cwd: repository });
  await run('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--no-verify', '-m', 'Schema'], {
    cwd: repository,
  });
}

async function remove(repository: string): Promise<void> {
  await rm(repository, { recursive: true });
}
