import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeSupergraph } from '../../src/tools/schema/schema-compose';

const folder = join(__dirname, '../e2e/supergraph');

/** A part of the example supergraph that runs as a process of its own, as platform teams run it. */
export interface Service {
  readonly url: string;
  close(): Promise<void>;
}

/** The routers that the example can run with. */
export const ROUTERS = { "Apollo's gateway": 'apollo-router.cjs', 'Hive Gateway': 'hive-router.mjs' } as const;

/** Starts the CRM subgraph on a free port. */
export function startCrm(): Promise<Service> {
  return startService('crm.cjs');
}

/** Composes the example supergraph with its subgraphs at these addresses, and starts a router over it on a free port. */
export async function startRouter(
  script: (typeof ROUTERS)[keyof typeof ROUTERS],
  urls: Readonly<Record<'billing' | 'crm', string>>,
  ...options: readonly string[]
): Promise<Service> {
  const directory = await mkdtemp(join(tmpdir(), 'supergraph-'));
  const file = join(directory, 'supergraph.graphql');
  await writeFile(file, (await composeSupergraph(undefined, urls)).supergraphSdl);
  try {
    return await startService(script, '--supergraph', file, ...options);
  } finally {
    // A router that has told its address has read the file.
    await rm(directory, { recursive: true });
  }
}

async function startService(script: string, ...args: readonly string[]): Promise<Service> {
  const child = spawn(process.execPath, [join(folder, script), '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await readUrl(child);
  return {
    url,
    close: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The address that the process prints when it is ready. Rejects with what it printed where it ends instead. */
function readUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const read = (chunk: Buffer): void => {
      printed += chunk.toString('utf8');
      const url = /is at (\S+)\n/.exec(printed)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('close', (code) => reject(new Error(`The process ended with ${code ?? 'a signal'}:\n${printed}`)));
  });
}
