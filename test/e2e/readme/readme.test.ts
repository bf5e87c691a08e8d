import { readFileSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { parse as parseYaml } from 'yaml';
import { findCodeBlocks, toCommands, type CodeBlock } from '../../support/code-blocks';
import { findDocuments } from '../../support/documents';
import { startGateway, type Gateway } from '../../support/gateway';
import { COMMANDS, findProof, root } from './commands';
import { createFrontEnd } from './front-end';
import { parseDialect } from '../../../src/upstream/bills/dialect';

const blocks = findDocuments().flatMap(({ file, text }) => findCodeBlocks(text, file));
const clientFiles = readdirSync(join(root, 'test/e2e/client')).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

const fileOf = ({ place }: CodeBlock): string => place.slice(0, place.lastIndexOf(':'));
/** The block so many blocks after another one of the same page; before it if negative. */
function near(block: CodeBlock, distance: number): CodeBlock | undefined {
  const other = blocks[blocks.indexOf(block) + distance];
  return other && fileOf(other) === fileOf(block) ? other : undefined;
}

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const PRINTED_QUERIES = join(root, 'test/e2e/client/printed-queries.test.ts');

/** Where the source stands that a page shows an excerpt of. */
const SOURCES: Readonly<Record<string, string>> = { 'CONTRIBUTING.md': 'src/config/table/limits.ts' };

/** What the test of Relay compiles, and executes. */
const isRelays = (block: CodeBlock): boolean =>
  fileOf(block) === 'docs/relay.md' && /schemaConfig|@fetchable|@refetchable/.test(block.text);
const RELAY = join(root, 'test/support/relay-project.ts');

/** How a block of each language is run. Rejects, or throws, where the block does not do what it shows. */
const RUNNERS: Readonly<Record<string, (block: CodeBlock) => Promise<void>>> = {
  graphql: async (block) => {
    if (isRelays(block)) {
      expect(await readFile(RELAY, 'utf8')).toContain("find('graphql', '@fetchable')");
      return;
    }
    // Operations with variables are run with the client that is printed beside them.
    if (block.text.includes('($')) {
      expect(await readFile(PRINTED_QUERIES, 'utf8')).toContain(`of ${fileOf(block)}`);
      return;
    }
    const { text } = await gateway.query(block.text);
    const shown = near(block, 1);
    if (shown?.language !== 'json') throw new Error('A query of the documentation is followed by its answer.');
    expect(JSON.parse(text)).toEqual(JSON.parse(shown.text));
  },
  json: async (block) => {
    if (isRelays(block)) {
      expect(await readFile(RELAY, 'utf8')).toContain("find('json', 'schemaConfig')");
      return;
    }
    // The answer to the query above it, which is compared there.
    if (near(block, -1)?.language === 'graphql') return;
    if (!block.text.includes('"msg":"operation"')) throw new Error('Nothing is known to give this answer.');
    expect(Object.keys(await logFirstQuery())).toEqual(Object.keys(JSON.parse(block.text) as object));
  },
  jsonl: async () => {
    // What the command above it prints.
    expect(await readFile(join(root, 'test/e2e/export/documentation.test.ts'), 'utf8')).toContain('expect(await run(jsonl)).toBe(shown)');
  },
  sh: async (block) => {
    for (const command of toCommands(block.text)) {
      const proof = findProof(command);
      if (!proof) throw new Error(`Nothing proves the command "${command}": say in test/e2e/readme/commands.ts what does.`);
      await proof(command);
    }
  },
  ts: async (block) => {
    if (isRelays(block)) {
      expect(await readFile(RELAY, 'utf8')).toContain("find('ts', '@refetchable')");
      return;
    }
    // A file of the client to copy from, which its tests run, or an excerpt of the source that the text above it names.
    const texts = await Promise.all(clientFiles.map((file) => readFile(join(root, 'test/e2e/client', file), 'utf8')));
    const excerpt = SOURCES[fileOf(block)];
    if (excerpt !== undefined && (await readFile(join(root, excerpt), 'utf8')).includes(block.text)) return;
    expect(texts).toContain(block.text);
  },
  yaml: async (block) => {
    const document = parseYaml(block.text) as Record<string, unknown>;
    if ('generates' in document) await runCodegen(block);
    else if (`${INGRESS}proxy-next-upstream` in document) await checkIngress(document);
    else if ('paging' in document || 'filters' in document) parseDialect(block.text);
    else throw new Error('Nothing is known to read this.');
  },
  redis: async (block) => {
    // The rights of a user, in the words in which a test gives them to one.
    const tested = await readFile(join(root, 'test/unit/cache/redis/connecting.test.ts'), 'utf8');
    const rights = block.text.match(/[~+]\S+/g) ?? [];
    expect(rights).not.toEqual([]);
    expect(tested).toContain(rights.map((right) => `'${right}'`).join(', '));
  },
  text: async (block) => {
    // The output of a command, which the test of that command compares with what it prints.
    if (fileOf(block) !== 'docs/contract-probe.md') throw new Error('Nothing is known to print this.');
    const tested = await readFile(join(root, 'test/unit/tools/contract-probe.test.ts'), 'utf8');
    expect(tested).toContain(`['${block.heading}', `);
  },
  mermaid: (block) => draw(block.text),
};

/** The log line of the README's first query, sent for the second time. */
async function logFirstQuery(): Promise<object> {
  const query = blocks.find(({ language }) => language === 'graphql')!.text;
  const logging = await startGateway();
  await logging.query(query);
  await logging.query(query);
  await logging.close();
  return JSON.parse(logging.logLines.findLast((line) => line.includes('"msg":"operation"'))!) as object;
}

/** Makes the front end that a page describes, and sends the operation that it shows. */
async function runCodegen(block: CodeBlock): Promise<void> {
  const [bills, ask] = [near(block, 1)?.text ?? '', near(block, 2)?.text ?? ''];
  const call = /`(await ask\([^`]+)`/.exec(readFileSync(join(root, fileOf(block)), 'utf8').replaceAll('\n', ' '))?.[1] ?? '';
  const first = `import { ask } from './ask';\nimport { Bills } from './bills';\nconst url = process.env['URL'] ?? '';\nconst token = process.env['TOKEN'] ?? '';\nvoid (async () => {\n  const { data } = ${call};\n  const nodes = data?.customer.contract?.invoices?.nodes ?? [];\n  const amounts: (number | string | null | undefined)[] = nodes.map(({ amount }) => amount);\n  console.log(JSON.stringify([data?.customer.contract?.dueDate, amounts.length, amounts[0]]));\n})();\n`;
  const frontEnd = await createFrontEnd(block.text, { 'src/bills.ts': bills, 'src/ask.ts': ask, 'src/first.ts': first }, gateway.url);
  try {
    expect(frontEnd.compile()).toEqual([]);
    const printed = await frontEnd.run('first.js', { URL: `${gateway.url}/graphql`, TOKEN: gateway.app.billingApi!.issueToken() });
    expect(JSON.parse(printed)).toEqual(['2025-07-15', 20, 922900]);
    expect(await readFile(join(frontEnd.folder, 'src/parsed/graphql.ts'), 'utf8')).toContain(
      'as unknown as DocumentNode<BillsQuery, BillsQueryVariables>',
    );
  } finally {
    await frontEnd.remove();
  }
}

const INGRESS = 'nginx.ingress.kubernetes.io/';

/** Each annotation says what a directive of deploy/nginx.conf says, in seconds where that has a time. */
async function checkIngress(document: Record<string, unknown>): Promise<void> {
  const nginx = await readFile(join(root, 'deploy/nginx.conf'), 'utf8');
  for (const [annotation, value] of Object.entries(document)) {
    const directive = annotation.replace(INGRESS, '').replaceAll('-', '_');
    expect([directive, new RegExp(`^ +${directive} (.+?)s?;$`, 'm').exec(nginx)?.[1]]).toEqual([directive, value]);
  }
}

/** Draws a diagram in a browser, as sites that show a README do. */
async function draw(text: string): Promise<void> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ path: require.resolve('@mermaid-js/tiny') });
    const svg = await page.evaluate<string>(`mermaid.render('diagram', ${JSON.stringify(text)}).then(({ svg }) => svg)`);
    expect(svg).toContain('<svg');
  } finally {
    await browser.close();
  }
}

async function runBlock(block: CodeBlock): Promise<void> {
  const runner = RUNNERS[block.language];
  if (!runner) throw new Error(`Nothing runs a block of the language "${block.language}".`);
  await runner(block);
}

describe('A code block of the documentation', () => {
  it.each(blocks.map((block) => [block.language, block.place, block.heading, block] as const))(
    'in %s, at %s ("%s"), does what it shows',
    (_language, _place, _heading, block) => runBlock(block),
  );

  it.each([
    ['of a language that nothing runs', 'cobol', 'DISPLAY "HELLO".', 'Nothing runs a block of the language "cobol"'],
    ['without a language', '', 'hello', 'Nothing runs a block of the language ""'],
    ['with a command that nothing proves', 'sh', 'npm run build\nmake coffee # strong', 'Nothing proves the command'],
    ['with a query that has no answer beside it', 'graphql', '{ __typename }', 'followed by its answer'],
    ['with an answer that nothing gives', 'json', '{}', 'Nothing is known to give this answer'],
    ['with TypeScript that is no file of the client', 'ts', 'export {};', 'toContain'],
    ['with YAML that nothing reads', 'yaml', 'coffee: strong', 'Nothing is known to read this'],
    ['with output that nothing prints', 'text', 'coffee', 'Nothing is known to print this'],
    ['with a diagram that cannot be drawn', 'mermaid', 'flowchart TB\n  a[open -->|x| b', 'Parse error'],
  ])('would be found, were it one %s', async (_what, language, text, problem) => {
    await expect(runBlock({ place: 'README.md:1', heading: '', language, text })).rejects.toThrow(problem);
  });

  it('would be found where it does not close', () => {
    expect(() => findCodeBlocks('# A\n```sh\nnpm test\n', 'README.md')).toThrow('The block at README.md:2 is not closed.');
  });

  it('needs every proof that is there', () => {
    const commands = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => toCommands(text));
    expect(
      COMMANDS.filter(([known]) => !commands.some((command) => (typeof known === 'string' ? known === command : known.test(command)))).map(
        ([known]) => known,
      ),
    ).toEqual([]);
  });
});
