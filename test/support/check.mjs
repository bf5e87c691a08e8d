// Runs the stages of `npm run check`, each as soon as the stages that it needs have ended well, and prints how long each took.
// Runs all that can be run, also where a stage fails.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

// How much nicer stages in the background are: they take what the tests leave of the processors, which wait much of their time.
const ADDED_NICENESS = 10;
// And they share no work between threads: with one, Oxlint's types take a third less CPU time, which is what there is least of.
const ONE_THREAD = { GOMAXPROCS: '1' };

/** The results of stages by name, each of which resolves when its stage has ended. */
const results = new Map();

/** Runs a command of package.json. A streamed one writes as it goes; what others write is kept, so that lines do not mix. */
async function runStage({ name, isStreamed = false, isBackground = false }) {
  const startedMs = performance.now();
  if (isStreamed) process.stdout.write(`\n== ${name}\n`);
  const stdio = isStreamed ? 'inherit' : ['ignore', 'pipe', 'pipe'];
  const env = isBackground ? { ...process.env, ...ONE_THREAD } : process.env;
  const child = spawn('npm', ['run', '--silent', name], { stdio, env, shell: process.platform === 'win32' });
  if (isBackground && child.pid !== undefined) setPriority(child.pid, Math.min(getPriority() + ADDED_NICENESS, 19));
  let output = '';
  for (const stream of isStreamed ? [] : [child.stdout, child.stderr])
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
  if (!isStreamed || status !== 0) process.stdout.write(`\n== ${name}${status === 0 ? '' : ' failed'}\n${output}`);
  return { outcome: status === 0 ? 'passed' : 'failed', seconds: (performance.now() - startedMs) / 1000 };
}

/** Runs a stage once all stages that it needs have passed. */
async function runInOrder(stage) {
  const needed = await Promise.all((stage.after ?? []).map((name) => results.get(name)));
  return needed.every(({ outcome }) => outcome === 'passed') ? runStage(stage) : { outcome: 'not run', seconds: 0 };
}

for (const stage of JSON.parse(readFileSync(new URL('check-stages.json', import.meta.url), 'utf8')))
  results.set(stage.name, runInOrder(stage));

let durations = '\nDurations:\n';
let failures = '';
for (const [name, result] of results) {
  const { outcome, seconds } = await result;
  durations += `${name.padEnd(16)}${outcome === 'not run' ? '  not run' : `${seconds.toFixed(1).padStart(7)} s`}\n`;
  if (outcome === 'failed') failures += `\nThe stage "${name}" failed. Run it alone with: npm run ${name}\n`;
}
console.log(`${durations}${'all'.padEnd(16)}${(performance.now() / 1000).toFixed(1).padStart(7)} s`);
process.stderr.write(failures);
if (failures !== '') process.exitCode = 1;
