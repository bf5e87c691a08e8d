// The options that the benchmarks have in common, and the line that says where they ran.
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';

export const RUN_OPTIONS = {
  seconds: { type: 'string', default: '2' },
  rounds: { type: 'string', default: '5' },
  connections: { type: 'string', default: '16' },
  variants: { type: 'string', default: '128' },
  node: { type: 'string', default: process.execPath },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false, short: 'h' },
};

/** Reads the command line; a text option stays text, except the numbers. Ends the process with `usage` where it is asked for. */
export function readCommandLine(options, usage) {
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    for (const name of ['seconds', 'rounds', 'connections', 'variants']) if (name in values) values[name] = toNumber(name, values[name]);
    return { values, positionals };
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

function toNumber(name, text) {
  const number = Number(text);
  if (!(number > 0) || (name !== 'seconds' && !Number.isInteger(number)))
    throw new Error(`--${name} must be a ${name === 'seconds' ? '' : 'whole '}number above 0, not "${text}".`);
  return number;
}

/** The machine's shape, for whoever reads the figures later. */
export function describeMachine(cores) {
  const all = cpus();
  const places = cores
    ? `each contestant alone on core ${cores.contestant}, load and billing API on core ${cores.load}`
    : 'nothing pinned to a core: expect noise';
  return `${all.length} cores (${all[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}; ${places}`;
}

/** Runs a benchmark; one that fails says why on one line where it can, and ends with exit code 1. */
export async function runBenchmark(run) {
  try {
    await run();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** A table in Markdown, its columns padded so that a terminal shows them straight. */
export function toTable(header, rows) {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(header), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n');
}
