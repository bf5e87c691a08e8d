import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Runs a test file's environment to its end, and says whether the memory of its globals can be had back. */
const script = `
const perfHooks = require('node:perf_hooks');
const vm = require('node:vm');
const Environment = require(${JSON.stringify(join(__dirname, '../../support/plain-globals.cjs'))});
const gateway = 'hooks => { new hooks.PerformanceObserver(() => {}).observe({ entryTypes: ["gc"] }); hooks.monitorEventLoopDelay().enable(); }';
async function runFile() {
  const environment = new Environment({ globalConfig: {}, projectConfig: { globals: {}, testEnvironmentOptions: {} } }, {});
  await environment.setup();
  new vm.Script(gateway).runInContext(environment.getVmContext())(perfHooks);
  const globals = new WeakRef(environment.global);
  await environment.teardown();
  return globals;
}
runFile().then(async (globals) => {
  for (let turn = 0; turn < 10 && globals.deref(); turn++) {
    await new Promise(setImmediate);
    gc();
  }
  console.log(globals.deref() ? 'retained' : 'released');
});`;

describe('The globals of a test file', () => {
  it('are released when it ends, though its gateways have observed the process until then', () => {
    expect(execFileSync(process.execPath, ['--expose-gc', '-e', script], { encoding: 'utf8' })).toBe('released\n');
  });
});
