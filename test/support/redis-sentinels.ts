import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './cache-fixtures';
import { findFreePort, runRedisCommand } from './redis-server';

/** Real Sentinels that watch one primary. */
export interface Sentinels {
  /** As REDIS_URL takes them. */
  readonly url: string;
  /** The port of the primary that they name now. */
  primaryPort(): Promise<number>;
  close(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts three Sentinels, and waits until they know each other and the primary's replicas. */
export async function startSentinels(name: string, primaryPort: number, replicas: number): Promise<Sentinels> {
  const directory = mkdtempSync(join(tmpdir(), 'sentinels-'));
  const ports = [await findFreePort(), await findFreePort(), await findFreePort()];
  const children = ports.map((port) => {
    const file = join(directory, `${port}.conf`);
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor ${name} 127.0.0.1 ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${name} 2000`,
      `sentinel failover-timeout ${name} 4000`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
    running.add(child);
    return child;
  });
  const ask = (port: number, ...words: string[]) => runRedisCommand(`redis://127.0.0.1:${port}`, words);
  for (const port of ports) {
    await until(async () => {
      const fields = (await ask(port, 'SENTINEL', 'MASTER', name).catch(() => [])) as string[];
      const valueOf = (field: string) => Number(fields[fields.indexOf(field) + 1]);
      return valueOf('num-other-sentinels') === 2 && valueOf('num-slaves') === replicas;
    }, 60_000);
  }
  return {
    url: `redis-sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(',')}/${name}`,
    primaryPort: async () => Number(((await ask(ports[0] as number, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)) as string[])[1]),
    close: async () => {
      for (const child of children) {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await gone;
        running.delete(child);
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
