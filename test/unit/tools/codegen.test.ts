import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kind, parse } from 'graphql';

const run = promisify(execFile);
const root = join(__dirname, '../../..');
const operations = join(root, 'test/operations');

/** A copy of what the generator reads and writes, in which a test may change things. */
async function copyProject(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'codegen-'));
  for (const part of [
    'codegen.yml',
    'package.json',
    'schema',
    'test/operations',
    'test/generated',
    'test/e2e/client',
    'examples/react/src',
  ])
    await cp(join(root, part), join(copy, part), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** What `npm run codegen:check` says of a project: null where all is current. */
async function check(project: string): Promise<string | null> {
  try {
    // As a developer's shell has it: with NODE_ENV=test the generator says nothing.
    await run('npm', ['run', '--silent', 'codegen:check'], { cwd: project, env: { ...process.env, NODE_ENV: undefined } });
    return null;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return stdout + stderr;
  }
}

describe('The typed documents', () => {
  it('are current, and would be found out of date if an operation changed, or refused if one did not fit the schema', async () => {
    const project = await copyProject();
    const operation = join(project, 'test/operations/contracts-overview.graphql');
    const text = await readFile(operation, 'utf8');
    const untouched = await check(project);
    await writeFile(operation, text.replace('dueDate', 'billingAddresses { city }'));
    const changed = await check(project);
    await writeFile(operation, text.replace('dueDate', 'dueDates'));
    const misfit = await check(project);
    await writeFile(operation, text);
    const client = join(project, 'test/e2e/client/bills.ts');
    await writeFile(client, (await readFile(client, 'utf8')).replace('dueDate', 'number'));
    const changedClient = await check(project);
    await rm(project, { recursive: true });
    expect(untouched).toBeNull();
    expect(changed).toContain('test/generated/operations.ts');
    expect(changedClient).toContain('test/e2e/client/gql/');
    expect(misfit).toContain('Cannot query field "dueDates" on type "Contract"');
  }, 120_000);

  it('give an amount as a number or as text, and leave nothing untyped', async () => {
    for (const file of ['test/generated/operations.ts', 'test/e2e/client/gql/graphql.ts']) {
      const generated = await readFile(join(root, file), 'utf8');
      expect(generated).toContain('readonly amount: number | string | null');
      expect(generated).not.toMatch(/: any\b|<any>/);
    }
  });

  it('are made of one operation or fragment a file, named after it', async () => {
    for (const file of await readdir(operations)) {
      const [definition, ...others] = parse(await readFile(join(operations, file), 'utf8')).definitions;
      expect(others).toEqual([]);
      const name =
        definition?.kind === Kind.OPERATION_DEFINITION || definition?.kind === Kind.FRAGMENT_DEFINITION
          ? definition.name?.value
          : undefined;
      expect(`${name?.replaceAll(/(?<!^)[A-Z]/g, '-$&').toLowerCase()}.graphql`).toBe(file);
    }
  });
});
