import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Environment } from '../../src/config/config';

const root = join(__dirname, '../..');

/** A command that runs. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** All that it has written so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when its standard output matches, and rejects where it ends before. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with the exit code when the process has ended and all its output is here. */
  exited: Promise<number | null>;
  /** Ends it at once, where it still runs. */
  kill(): Promise<void>;
}

/** `node dist/main.js`, as an operator starts it. */
export interface GatewayProcess extends RunningCommand {
  /** The URL in the line that says it is ready, without the path; rejects where the process ends before it. */
  ready(): Promise<string>;
}

/** Starts the built gateway with these settings and no others of the test's own environment. */
export function spawnGateway(env: Environment = {}, args: readonly string[] = []): GatewayProcess {
  const command = spawnCommand(process.execPath, [join(root, 'dist/main.js'), ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], PORT: '0', ...env },
  });
  return { ...command, ready: async () => (await command.waitFor(/"url":"(http:[^"]+)\/graphql"[^\n]*"msg":"ready"\}\n/))[1] as string };
}

/** Runs a command and keeps what it writes. */
export function spawnCommand(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Environment },
): RunningCommand {
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const waitFor = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(out);
        if (found) resolve(found);
      };
      look();
      child.stdout.on('data', look);
      void exited.then(() => reject(new Error(`The command ended without writing ${String(pattern)}.\n${out}${err}`)));
    });
  return {
    child,
    stdout: () => out,
    stderr: () => err,
    waitFor,
    exited,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
