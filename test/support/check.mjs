// Runs the stages of `npm run check` one after the other, ends with the first that fails, and prints how long each took.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const stages = JSON.parse(readFileSync(new URL('check-stages.json', import.meta.url), 'utf8'));
const durations = [];
let failed = null;
for (const stage of stages) {
  console.log(`\n== ${stage}`);
  const startedMs = performance.now();
  const { status, error } = spawnSync('npm', ['run', '--silent', stage], { stdio: 'inherit', shell: process.platform === 'win32' });
  durations.push([stage, (performance.now() - startedMs) / 1000]);
  if (error) console.error(`npm could not be started: ${error.message}`);
  if (status !== 0) {
    failed = stage;
    break;
  }
}

console.log('\nDurations:');
for (const [stage, seconds] of durations) console.log(`${stage.padEnd(16)}${seconds.toFixed(1).padStart(7)} s`);
if (failed !== null) {
  console.error(`\nThe stage "${failed}" failed. Run it alone with: npm run ${failed}`);
  process.exitCode = 1;
}
