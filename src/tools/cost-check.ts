import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Source, type DocumentNode } from 'graphql';
import { globSync } from 'tinyglobby';
import { CostCheck, type PricedOperation } from './cost-check/price-operations';
import { parseDocument } from './parse-document';

const HELP = `Predicts how many calls to the billing API each operation of a front end makes, without a gateway or a billing API.

Usage: npm run cost:check -- [options] PATTERN...
       npx billing-graphql-gateway cost:check [options] PATTERN...

  PATTERN               files, such as 'src/**/*.graphql'; .ts, .tsx, .js and .jsx files are searched for gql\`\` and graphql\`\`
  --max N               fail where an operation is predicted to make more calls (default: 100, the gateway's own limit)
  --variables FILE      values of variables, as JSON: { "numbers": ["1", "2"] }; otherwise the operation's defaults, and
                        the worst case for what has none
  --max-quantity N      what the gateway has as BILLING_API_MAX_QUANTITY (default: 1000)
  --max-page-size N     what it has as MAX_PAGE_SIZE (default: 1000)

Exit code: 0, 1 where an operation is too expensive, 2 where something could not be checked.
`;

/** What keeps operations from being checked, in words for the person who started the command. */
class Problem extends Error {
  override readonly name = 'Problem';
}

const CODE = /\.[cm]?[jt]sx?$/;

/** Checks operations. @returns the exit code. */
export async function checkCosts(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    const isTheirs = error instanceof Problem || (error instanceof Error && 'code' in error);
    console.error(isTheirs ? `${error.message}\nSee --help.` : error);
    return 2;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      max: { type: 'string', default: '100' },
      variables: { type: 'string' },
      'max-quantity': { type: 'string', default: '1000' },
      'max-page-size': { type: 'string', default: '1000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const max = toCount('--max', values.max);
  const check = new CostCheck({
    maxQuantity: toCount('--max-quantity', values['max-quantity']),
    maxPageSize: toCount('--max-page-size', values['max-page-size']),
    variables: values.variables === undefined ? {} : readVariables(values.variables),
  });
  const { documents, unreadable } = await readAll(findFiles(positionals));
  const { operations, problems } = check.price(documents);
  const dear = operations.filter(({ calls }) => calls > max);
  for (const operation of dear) console.error(toReport(operation, max));
  // What could not be checked does not hide what is too expensive among the rest.
  if (unreadable.length + problems.length > 0) throw new Problem([...unreadable, ...problems].join('\n\n'));
  if (operations.length === 0) throw new Problem('There are no operations in these files.');
  if (dear.length === 0) console.log(`No operation makes more than ${max} calls (checked: ${operations.length}).`);
  else console.error(`Operations that make more than ${max} calls: ${dear.length} of ${operations.length}.`);
  return dear.length > 0 ? 1 : 0;
}

function toCount(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text) || (option !== '--max' && Number(text) === 0)) throw new Problem(`${option} must be a whole number.`);
  return Number(text);
}

function readVariables(file: string): Readonly<Record<string, unknown>> {
  let values: unknown;
  try {
    values = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Problem(`${file} cannot be read as JSON: ${(error as Error).message}`);
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new Problem(`${file} must be an object of values by name.`);
  return values as Record<string, unknown>;
}

/** The files of all patterns. @throws Problem where a pattern has none: a check of nothing must not look passed. */
function findFiles(patterns: readonly string[]): readonly string[] {
  if (patterns.length === 0) throw new Problem("No files are given: name them, such as 'src/**/*.graphql'.");
  const files = patterns.flatMap((pattern) => {
    const found = globSync(pattern, { ignore: ['**/node_modules/**'] });
    if (found.length === 0) throw new Problem(`No file matches ${pattern}.`);
    return found;
  });
  return [...new Set(files)].sort();
}

/** The documents of all files, and what keeps the other files from being read. */
async function readAll(files: readonly string[]): Promise<{ documents: DocumentNode[]; unreadable: string[] }> {
  const documents: DocumentNode[] = [];
  const unreadable: string[] = [];
  for (const file of files)
    for (const source of await readSources(file, unreadable))
      try {
        const document = parseDocument(source);
        if (document) documents.push(document);
      } catch (error) {
        unreadable.push(String(error));
      }
  return { documents, unreadable };
}

/** The documents of a file: itself, or the tagged templates of a program. */
async function readSources(file: string, unreadable: string[]): Promise<readonly Source[]> {
  const text = readFileSync(file, 'utf8');
  if (!CODE.test(file)) return [new Source(text, file)];
  // The parser is large, and is loaded only where there are programs.
  const library = await import('@graphql-tools/graphql-tag-pluck').catch(() => null);
  if (!library) throw new Problem(`To read ${file}, install @graphql-tools/graphql-tag-pluck beside this package.`);
  try {
    return await library.gqlPluckFromCodeString(file, text, { skipIndent: true });
  } catch (error) {
    unreadable.push(`${file} is no program that can be read: ${(error as Error).message}`);
    return [];
  }
}

function toReport({ name, place, calls, atLeast, shares, assumed }: PricedOperation, max: number): string {
  return [
    `${place} ${name}: ${atLeast ? 'at least ' : ''}${calls} calls, more than ${max}`,
    ...shares.map((share) => `  ${share.place} ${share.field}: ${share.calls}`),
    ...(assumed.length > 0 ? [`  Assumed the worst of ${assumed.join(', ')}; give values with --variables.`] : []),
  ].join('\n');
}

if (require.main === module) void checkCosts(process.argv.slice(2)).then((code) => (process.exitCode = code));
