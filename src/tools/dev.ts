import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../..');

/** Compiles whenever a source file changes, and restarts the gateway whenever what is compiled changes. Ends both together. */
function main(): void {
  const children = [
    // Not TypeScript 7, which compiles otherwise: 7.0 notices no changes in a project directly below the root or in /tmp.
    run(require.resolve('typescript/bin/tsc6'), '-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'),
    run('--watch', '--watch-preserve-output', 'dist/main.js'),
  ];
  let ending = false;
  const end = (exitCode: number): void => {
    if (ending) return;
    ending = true;
    process.exitCode = exitCode;
    // SIGTERM also where Ctrl-C sent SIGINT to all of us: a child that is ending already does not mind.
    for (const child of children) child.kill('SIGTERM');
  };
  for (const child of children) child.once('exit', (code) => end(code ?? 0));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(0));
}

function run(...args: string[]): ChildProcess {
  return spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}

main();
