import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(__dirname, '../../..');

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const CONTRACTS = `query Overview($numbers: [ID!]!) {
  customer(idType: "CPF", id: 1) {
    contracts(numbers: $numbers) {
      ...Bills
    }
  }
}
`;
const BILLS = 'fragment Bills on Contract { dueDate invoices(first: 5) { nodes { amount } } }\n';

describe('The command cost:check', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cost-check-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function check(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Outcome> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    return run(join(root, 'dist/tools/cost-check.js'), ...args);
  }

  function run(script: string, ...args: readonly string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(process.execPath, [script, ...args], { cwd: folder }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });
  }

  it('passes operations within the limit, whose fragments are in other files', async () => {
    const files = { 'src/a/overview.graphql': CONTRACTS, 'src/b/bills.graphql': BILLS, 'variables.json': '{ "numbers": ["1", "2", "3"] }' };
    const outcome = await check(files, '--max', '3', '--variables', 'variables.json', 'src/**/*.graphql');
    expect(outcome).toEqual({ code: 0, stdout: 'No operation makes more than 3 calls (checked: 1).\n', stderr: '' });
  });

  it('names each operation that is too dear, with its place, its calls and what makes them', async () => {
    const files = { 'src/overview.graphql': CONTRACTS, 'src/bills.graphql': BILLS, 'variables.json': '{ "numbers": ["1", "2", "3"] }' };
    const { code, stderr } = await check(files, '--max=2', '--variables=variables.json', 'src/*.graphql');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'src/overview.graphql:1 Overview: 3 calls, more than 2\n  src/overview.graphql:3 contracts: 3\nOperations that make more than 2 calls: 1 of 1.\n',
    );
  });

  it('counts what it does not know at the worst, and says so', async () => {
    const { code, stderr } = await check({ 'src/overview.graphql': CONTRACTS, 'src/bills.graphql': BILLS }, '--max', '3', 'src/*.graphql');
    expect(code).toBe(1);
    expect(stderr).toContain('Overview: 100 calls, more than 3\n');
    expect(stderr).toContain('Assumed the worst of $numbers; give values with --variables.\n');
  });

  it('takes the defaults of an operation, and counts two pages that may lie apart as two', async () => {
    const page = (name: string): string => `${name}: invoices(first: $first, after: $${name}) { nodes { number } }`;
    const files = {
      'a.graphql': `query Two($first: Int = 5, $a: String, $b: String) { customer(idType: "CPF", id: 1) { contract(number: 1) { ${page('a')} ${page('b')} } } }`,
    };
    expect((await check(files, '--max', '2', 'a.graphql')).code).toBe(0);
    const { code, stderr } = await check(files, '--max', '1', 'a.graphql');
    expect(code).toBe(1);
    expect(stderr).toContain('Two: 2 calls, more than 1\n');
    expect(stderr).toMatch(/ {2}a\.graphql:1 a: invoices: 1\n {2}a\.graphql:1 b: invoices: 1\n/);
  });

  it('reports an operation that the schema has no type for', async () => {
    for (const kind of ['mutation', 'subscription']) {
      const { code, stderr } = await check({ 'a.graphql': `${kind} Pay { pay(invoice: 1) }` }, 'a.graphql');
      expect([code, stderr]).toEqual([2, expect.stringContaining(`The schema has queries only, and no ${kind}`)]);
    }
  });

  it('leaves out what Apollo Client does not send', async () => {
    const text = `query A($n: ID!, $local: Int) {
      isLoggedIn @client
      customer(idType: "RUC", id: 1) { contract(number: $n) { number @client note(n: $local) @client } a: contract(number: 2) { dueDate ...N } }
    }
    fragment N on Contract { seen @client }
    query B { cart @client { size } }`;
    const outcome = await check({ 'a.graphql': text }, '--max', '2', 'a.graphql');
    expect(outcome).toEqual({ code: 0, stdout: 'No operation makes more than 2 calls (checked: 1).\n', stderr: '' });
  });

  it('finds operations in programs', async () => {
    const files = {
      'src/page.tsx': `import { gql } from '@apollo/client';\n\nexport const PAGE = gql\`\n  ${CONTRACTS}\`;\nexport const Page = () => <p>{1}</p>;\n`,
      'src/bills.ts': `import { graphql } from './gql';\nexport const bills = graphql(\`${BILLS}\`);\n`,
    };
    const { code, stderr } = await check(files, '--max', '3', 'src/**/*.{ts,tsx}');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^src\/page\.tsx:\d Overview: 100 calls/);
  });

  it.each([
    ['no pattern', [], 'No files are given'],
    ['a pattern that matches nothing', ['nothing/*.graphql'], 'No file matches nothing/*.graphql.'],
    ['a limit that is no number', ['--max', 'three', 'a.graphql'], '--max must be a whole number.'],
    ['an option that there is not', ['--most', '3', 'a.graphql'], "Unknown option '--most'"],
    ['variables that are not there', ['--variables', 'x.json', 'a.graphql'], 'x.json cannot be read'],
    ['what is not GraphQL', ['broken.graphql'], 'broken.graphql:1'],
    ['a field that the schema does not have', ['wrong.graphql'], 'Cannot query field "nothing" on type "Customer"'],
    ['fragments alone', ['bills.graphql'], 'There are no operations in these files.'],
    ['two operations of one name', ['a.graphql', 'b.graphql', 'bills.graphql'], 'Two operations have the name "Overview"'],
  ])('ends with 2 for %s', async (_name, args, message) => {
    const files = {
      'a.graphql': CONTRACTS,
      'b.graphql': CONTRACTS,
      'bills.graphql': BILLS,
      'broken.graphql': 'query {',
      'wrong.graphql': '{ customer(idType: "CPF", id: 1) { nothing } }',
    };
    const outcome = await check(files, ...args);
    expect([outcome.code, outcome.stdout]).toEqual([2, '']);
    expect(outcome.stderr).toContain(message);
  });

  it('names everything that cannot be checked, and what is too dear among the rest', async () => {
    const files = {
      'src/overview.graphql': CONTRACTS,
      'src/bills.graphql': BILLS,
      'src/broken.graphql': 'query {',
      'src/comment.graphql': '# Nothing yet.\n',
      'src/wrong.graphql': 'query W { customer(idType: "CPF", id: 1) { nothing } }',
      'src/page.ts': 'const page = ;',
    };
    const { code, stdout, stderr } = await check(files, '--max', '3', 'src/*');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('src/overview.graphql:1 Overview: 100 calls, more than 3\n');
    for (const where of ['src/broken.graphql:1', 'src/wrong.graphql:1', 'src/page.ts is no program that can be read: '])
      expect(stderr).toContain(where);
    expect(stderr).not.toContain('comment.graphql');
  });

  it('is a command of the package as well', async () => {
    await check({ 'a.graphql': CONTRACTS, 'bills.graphql': BILLS });
    const outcome = await run(join(root, 'dist/main.js'), 'cost:check', '--max', '3', '*.graphql');
    expect([outcome.code, outcome.stderr.split('\n')[0]]).toEqual([1, 'a.graphql:1 Overview: 100 calls, more than 3']);
  });
});
