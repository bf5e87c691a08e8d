import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../../package.json';
import type { BillingFailure } from '../../../src/billing/model/billing-error';
import { toCode } from '../../../src/graphql/context/errors';
import { startGateway } from '../../support/gateway';

const root = join(__dirname, '../../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The rows of the table below a heading, cell by cell. */
function tableBelow(heading: string, text = readme): string[][] {
  const section = text.slice(text.indexOf(`${heading}\n`)).split('\n');
  const start = section.findIndex((line) => line.startsWith('|'));
  const rows = section.slice(
    start,
    section.findIndex((line, index) => index > start && !line.startsWith('|')),
  );
  return rows.slice(2).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function blockOf(language: string): string {
  return new RegExp('```' + language + '\\n([^]*?)```').exec(readme)?.[1] ?? '';
}

/** What can go wrong in the domain: the compiler asks for an entry here where there is one more. */
const FAILURES: Readonly<Record<BillingFailure, true>> = {
  unauthenticated: true,
  forbidden: true,
  'invalid-input': true,
  'rate-limited': true,
  timeout: true,
  unavailable: true,
  'invalid-response': true,
  'budget-exceeded': true,
};
const OTHER_CODES = [
  'RESULT_LIMIT_EXCEEDED',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_QUERY_NOT_FOUND',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'INTERNAL_SERVER_ERROR',
];

describe('The README', () => {
  it('shows a first query, and the very answer that it gets', async () => {
    const gateway = await startGateway();
    const answer = await gateway.query(blockOf('graphql'));
    await gateway.close();
    expect(JSON.parse(answer.text)).toEqual(JSON.parse(blockOf('json')));
  });

  it('lists every code of an error, and no other', () => {
    const codes = [...Object.keys(FAILURES).map((failure) => toCode(failure as BillingFailure)), ...OTHER_CODES];
    expect(
      tableBelow('### Errors')
        .map(([code]) => code)
        .sort(),
    ).toEqual(codes.map((code) => `\`${code}\``).sort());
  });

  it('would be found to lack a row', () => {
    const without = readme.replace(/^\| `FORBIDDEN` .*\n/m, '');
    expect(tableBelow('### Errors', without)).toHaveLength(tableBelow('### Errors').length - 1);
  });

  it('names no file and no command that is not there', () => {
    const files = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map((match) => match[1]!);
    const commands = [...readme.matchAll(/npm run (?:-s )?([a-z0-9:-]+)/g)].map((match) => match[1]!);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(commands.filter((command) => !(command in packageJson.scripts))).toEqual([]);
    expect([files.length, commands.length].every((count) => count > 4)).toBe(true);
  });

  it('explains each decision in ten lines at most', () => {
    const decisions = readme.slice(readme.indexOf('## Decisions\n'), readme.indexOf('## License')).split('\n\n').slice(1);
    for (const decision of decisions) expect(decision.trim().split('\n').length).toBeLessThanOrEqual(10);
  });
});
