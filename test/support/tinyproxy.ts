import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './cache-fixtures';

/** A real proxy that belongs to the test alone. */
export interface Tinyproxy {
  readonly port: number;
  /** What it has logged: a line with the target of every CONNECT. */
  log(): string;
  close(): Promise<void>;
}

/** Starts Debian's `tinyproxy` on a free port; with `user:password`, it wants these. */
export async function startTinyproxy(credentials?: string): Promise<Tinyproxy> {
  const directory = mkdtempSync(join(tmpdir(), 'tinyproxy-'));
  const port = await findFreePort();
  const [configFile, logFile] = [join(directory, 'tinyproxy.conf'), join(directory, 'log')];
  const auth = credentials === undefined ? '' : `BasicAuth ${credentials.replace(':', ' ')}\n`;
  writeFileSync(configFile, `Port ${port}\nListen 127.0.0.1\nTimeout 600\nLogFile "${logFile}"\nLogLevel Connect\n${auth}`);
  writeFileSync(logFile, '');
  const child = spawn('tinyproxy', ['-d', '-c', configFile], { stdio: 'ignore' });
  await until(() => isListening(port));
  return {
    port,
    log: () => readFileSync(logFile, 'utf8'),
    close: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
