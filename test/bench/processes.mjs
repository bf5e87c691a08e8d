// Starts what a benchmark runs, each in a process of its own, and keeps them on cores of their own where it can.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const STARTED = /"url":"(https?:[^"]+)"/;

/**
 * The two cores that the benchmark uses: one for the contestant that is measured, one for load and billing API. Null
 * where a process cannot be pinned: no Linux, no `taskset`, or one core.
 */
export function chooseCores() {
  if (process.platform !== 'linux' || spawnSync('taskset', ['--version']).error) return null;
  const list = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const cores = list.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
  return cores.length < 2 ? null : { contestant: cores[0], load: cores[1] };
}

/**
 * Starts a script of Node's. `core`: the one to stay on; null is any. Its environment is `env` and nothing else, so that
 * no setting of the shell's changes what is measured.
 */
export function startProcess(script, { node = process.execPath, flags = [], args = [], env = {}, core = null } = {}) {
  const command = [...(core === null ? [] : ['taskset', '-c', String(core)]), node, ...flags, script, ...args];
  const child = spawn(command[0], command.slice(1), { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let output = '';
  const keep = (piece) => (output = (output + piece).slice(-4000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise((_, reject) => {
    child.once('error', (error) => reject(new Error(`${command[0]} cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) => reject(new Error(`${script} ended (${signal ?? `exit code ${code}`}):\n${output}`)));
  });
  ended.catch(() => undefined);
  return {
    /** The address that it says it listens on. Rejects where it ends before. */
    url: () =>
      Promise.race([
        ended,
        new Promise((resolve) => {
          const look = () => {
            const found = STARTED.exec(output);
            if (!found) return;
            child.stdout.off('data', look);
            resolve(found[1]);
          };
          child.stdout.on('data', look);
          look();
        }),
      ]),
    /** Sends a message, and resolves with the answer. One question at a time. */
    ask: (question) => {
      const answer = once(child, 'message').then(([message]) => message);
      child.send(question);
      return Promise.race([ended, answer]);
    },
    pid: child.pid,
    /** Asks it to end, as an orchestrator does, and resolves with its exit code. */
    terminate: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      return (await exit)[0];
    },
    /** Ends it, and resolves when it has ended. */
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
