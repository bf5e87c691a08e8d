import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An address at which connections are neither accepted nor refused, as behind a firewall that drops packets. */
export interface BlackHole {
  readonly port: number;
  close(): Promise<void>;
}

const LISTEN =
  "const s = require('node:net').createServer(); s.listen({ host: process.argv[1], port: +process.argv[2], backlog: 1 }, () => console.log(s.address().port))";
/** A connection that is not accepted for so long is not going to be, in milliseconds. */
const PENDING_MS = 1500;

/** Makes a black hole on a free port of this machine or on the one given: a process that listens, is stopped, and has a full queue. */
export async function openBlackHole(host: string, port = 0): Promise<BlackHole> {
  const child = spawn(process.execPath, ['-e', LISTEN, host, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const bound = Number(line.toString());
  child.kill('SIGSTOP');
  const queued: Socket[] = [];
  for (;;) {
    const socket = connect(bound, host).on('error', () => undefined);
    queued.push(socket);
    const isQueued = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), PENDING_MS)),
    ]);
    if (!isQueued) break;
  }
  return {
    port: bound,
    close: async () => {
      for (const socket of queued) socket.destroy();
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
