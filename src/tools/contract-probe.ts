import { createAsk, ProbeFailure } from './probe/ask-api';
import { parseProbeCommand, probeHelp, ProbeUsageError, type ProbeCommand } from './probe/probe-options';
import { interview } from './probe/questions';
import { readRecordings } from './probe/recordings';
import { toReport, type ProbeReport } from './probe/report';

/** Asks an API, or reads recorded responses, and compares them with the contract. Rejects with a `ProbeFailure` where it cannot. */
export async function probeContract({ source, hints }: ProbeCommand): Promise<ProbeReport> {
  const found =
    typeof source === 'string'
      ? await readRecordings(source, hints.parameters)
      : await interview(createAsk(source, hints.extraParameters), hints.parameters);
  return toReport(found, hints);
}

async function main(): Promise<void> {
  const command = parseProbeCommand(process.argv.slice(2), process.env);
  console.log(command === 'help' ? probeHelp : (await probeContract(command)).text);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    // Errors that the user can fix are printed without a stack.
    const isTheirs = error instanceof ProbeUsageError || error instanceof ProbeFailure || (error instanceof Error && 'syscall' in error);
    console.error(isTheirs ? `${error.message}\nSee --help.` : error);
    process.exitCode = 1;
  });
}
