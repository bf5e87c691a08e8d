// Runs the stages of `npm run check`: those of a group at the same time, and the groups one after the other. Ends with the first
// group in which a stage fails, and prints how long each stage took.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** Runs a stage. The first of a group writes as it goes; what the others write is kept, so that lines do not mix. */
async function runStage(stage, isFirst) {
  const startedMs = performance.now();
  const stdio = isFirst ? 'inherit' : ['ignore', 'pipe', 'pipe'];
  const child = spawn('npm', ['run', '--silent', stage], { stdio, shell: process.platform === 'win32' });
  let output = '';
  for (const stream of isFirst ? [] : [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  const status = await once(child, 'close').then(
    ([code]) => code,
    (error) => {
      output += `npm could not be started: ${error.message}\n`;
      return null;
    },
  );
  return { stage, output, hasFailed: status !== 0, seconds: (performance.now() - startedMs) / 1000 };
}

const durations = [];
const failed = [];
for (const group of JSON.parse(readFileSync(new URL('check-stages.json', import.meta.url), 'utf8'))) {
  console.log(`\n== ${group[0]}`);
  for (const [index, running] of group.map((stage, index) => runStage(stage, index === 0)).entries()) {
    const { stage, output, hasFailed, seconds } = await running;
    if (index > 0) console.log(`\n== ${stage}`);
    process.stdout.write(output);
    durations.push([stage, seconds]);
    if (hasFailed) failed.push(stage);
  }
  if (failed.length > 0) break;
}

console.log('\nDurations:');
for (const [stage, seconds] of durations) console.log(`${stage.padEnd(16)}${seconds.toFixed(1).padStart(7)} s`);
console.log(`${'all'.padEnd(16)}${(performance.now() / 1000).toFixed(1).padStart(7)} s`);
for (const stage of failed) console.error(`\nThe stage "${stage}" failed. Run it alone with: npm run ${stage}`);
if (failed.length > 0) process.exitCode = 1;
