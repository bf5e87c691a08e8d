import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../../package.json';
import type { BillingFailure } from '../../../src/billing/model/billing-error';
import { toCode } from '../../../src/graphql/context/errors';
import { startGateway } from '../../support/gateway';

const root = join(__dirname, '../../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const errors = readFileSync(join(root, 'docs/errors.md'), 'utf8');

/** The rows of the table below a heading, cell by cell. */
function tableBelow(heading: string, text: string): string[][] {
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
  'OVERLOADED',
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

  it('fits on a few screens, and names the current version', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(200);
    expect(readme).toContain(`The current version is ${packageJson.version} `);
  });
});

describe('The documentation', () => {
  it('lists every code of an error, and no other', () => {
    const codes = [...Object.keys(FAILURES).map((failure) => toCode(failure as BillingFailure)), ...OTHER_CODES];
    expect(
      tableBelow('## Error codes', errors)
        .map(([code]) => code)
        .sort(),
    ).toEqual(codes.map((code) => `\`${code}\``).sort());
  });

  it('would be found to lack a row', () => {
    const without = errors.replace(/^\| `FORBIDDEN` .*\n/m, '');
    expect(tableBelow('## Error codes', without)).toHaveLength(tableBelow('## Error codes', errors).length - 1);
  });

  it('explains each decision with a status, a date and its consequences, and lists all of them', () => {
    const folder = join(root, 'docs/decisions');
    const files = readdirSync(folder).filter((file) => file !== 'README.md');
    const index = readFileSync(join(folder, 'README.md'), 'utf8');
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8');
      expect([file, text]).toEqual([
        file,
        expect.stringMatching(/^# .+\n\nStatus: .+, \d{4}-\d\d-\d\d\n[^]*\*\*Decision\.\*\*[^]*\*\*Consequences\.\*\*/),
      ]);
      expect([file, text.split('\n').length <= 20, index.includes(`(${file})`)]).toEqual([file, true, true]);
    }
  });
});
