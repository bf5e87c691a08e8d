import { createReadStream } from 'node:fs';
import { parseArgs } from 'node:util';
import { deriveAuditKeys } from '../telemetry/audit/audit-keys';
import { verifyTrail, type TrailLines, type TrailProblem } from '../telemetry/audit/verify-trail';
import { readSecret } from '../config/read-settings';

const help = `Usage: npm run audit:verify -- [--head HASH] FILE...

Checks the audit trail that AUDIT_LOG makes: finds lines that were removed, changed or moved. AUDIT_SECRET, or the file that
AUDIT_SECRET_FILE names, must be the one that the gateway had. Rotated files are given together, the oldest first.

  --head HASH   a line's hash that was kept elsewhere: the gateway logs the last one whenever it stops. Without it, lines cut
                off at the end of the trail cannot be found where what is left ends with a sealed line

Exit code 0: nothing was found. 1: something was. 2: it could not be checked.
`;

/** A check that could not be made. */
class UsageError extends Error {}

async function main(): Promise<void> {
  const { values, positionals } = parse(process.argv.slice(2));
  if (values.help) {
    console.log(help);
    return;
  }
  const [head = null] = values.head === undefined ? [] : [values.head];
  if (positionals.length === 0) throw new UsageError('Name the files of the trail.');
  if (head !== null && !/^[0-9a-f]{64}$/.test(head)) throw new UsageError('--head must be a hash: 64 hexadecimal digits.');
  const problems: string[] = [];
  const secret = readSecret(process.env, 'AUDIT_SECRET', problems);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  if (secret === undefined) throw new UsageError('AUDIT_SECRET is missing: set it to the secret that the gateway had.');
  const report = await verifyTrail(positionals.map(readLines), deriveAuditKeys(secret).seal, head);
  const tell = ({ file, line, what }: TrailProblem): string => `${positionals[file] ?? ''}:${line} ${what}`;
  for (const problem of report.problems) console.log(`PROBLEM ${tell(problem)}`);
  for (const note of report.notes) console.log(`note    ${tell(note)}`);
  if (report.follows !== null)
    console.log(`note    the first line follows one with the hash ${report.follows}, in a file that was not given`);
  console.log(`${report.lines} lines; the last one has the hash ${report.head ?? '(none)'}`);
  if (report.problems.length > 0) process.exitCode = 1;
  else console.log('No line was removed, changed or moved.');
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { head: { type: 'string' }, help: { type: 'boolean' } },
      strict: true,
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The chunks of a file. @throws UsageError where it cannot be read. */
async function* readChunks(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path) as AsyncIterable<Buffer>;
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new UsageError(`${path} cannot be read (${code}). With WORKERS above 1 each worker has a file: ${path}.1 and so on.`);
  }
}

/** The lines of a file, of any size. */
async function* readLines(path: string): TrailLines {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of readChunks(path)) {
    let from = 0;
    const bytes = Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
      yield { text: bytes.subarray(from, end), isEnded: true };
      from = end + 1;
    }
    rest = bytes.subarray(from);
  }
  if (rest.length > 0) yield { text: rest, isEnded: false };
}

main().catch((error: unknown) => {
  console.error(error instanceof UsageError ? `${error.message}\nSee --help.` : error);
  process.exitCode = 2;
});
