import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { argumentsOf, type DockerStage } from './dockerfile';

const run = promisify(execFile);
const root = join(__dirname, '../..');

/** What a Dockerfile would put into an image, in a folder of this machine. */
export interface DockerBuild {
  /** The last stage's working directory. */
  readonly directory: string;
  /** The last stage's ENV. */
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

/**
 * Does what `docker build` does with a Dockerfile, in a folder for each stage instead of an image: the same files are
 * copied, the same lines are run. Two things differ. The system around the folder is this machine's; and where packages
 * are to be installed, it takes those that are here, which came from the same lock.
 */
export async function buildStages(stages: readonly DockerStage[]): Promise<DockerBuild> {
  const top = mkdtempSync(join(tmpdir(), 'docker-build-'));
  const directories = new Map<string, string>();
  let directory = top;
  for (const [index, stage] of stages.entries()) {
    const name = stage.name ?? String(index);
    directory = join(top, name);
    directories.set(name, directory);
    mkdirSync(directory);
    await replay(stage, directory, directories);
  }
  const last = stages.at(-1) as DockerStage;
  const pairs = argumentsOf(last, 'ENV').map((pair) => pair.split('=') as [string, string]);
  return { directory, env: Object.fromEntries(pairs), remove: () => rmSync(top, { recursive: true, force: true }) };
}

async function replay(stage: DockerStage, directory: string, directories: ReadonlyMap<string, string>): Promise<void> {
  const workdir = argumentsOf(stage, 'WORKDIR')[0] ?? '/';
  for (const { keyword, text, args } of stage.instructions) {
    if (keyword === 'COPY') copy(args, { directory, workdir, directories });
    if (keyword !== 'RUN') continue;
    if (text === 'npm ci') symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
    else if (text === 'npm ci --omit=dev') copyProductionPackages(directory);
    else
      await run('sh', ['-c', text], {
        cwd: directory,
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
      });
  }
}

/** What no program reads, and the packages within a package, which the lock lists by themselves. */
const UNREAD = /\/node_modules$|\.map$|\.d\.[cm]?ts$|\.md$/;

/** Copies the packages that the lock does not have for development alone. Links to them would find all the others that are here. */
function copyProductionPackages(directory: string): void {
  const { packages } = JSON.parse(readFileSync(join(directory, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  for (const [path, { dev }] of Object.entries(packages)) {
    const source = join(root, path);
    // Some are for other systems.
    if (path === '' || dev === true || !existsSync(source)) continue;
    cpSync(source, join(directory, path), { recursive: true, filter: (file) => !UNREAD.test(file.slice(source.length)) });
  }
}

function copy(
  args: readonly string[],
  { directory, workdir, directories }: { directory: string; workdir: string; directories: ReadonlyMap<string, string> },
): void {
  const from = args.find((arg) => arg.startsWith('--from='))?.slice('--from='.length);
  const paths = args.filter((arg) => !arg.startsWith('--'));
  const target = paths.pop() as string;
  for (const path of paths) {
    if (from === undefined && !isInContext(path)) throw new Error(`.dockerignore leaves out ${path}, which the Dockerfile copies.`);
    const source = from === undefined ? join(root, path) : join(directories.get(from) ?? '', path.replace(`${workdir}/`, ''));
    if (!existsSync(source)) throw new Error(`The Dockerfile copies ${path}, which is not there.`);
    cpSync(source, join(directory, target === './' ? basename(path) : target), { recursive: true });
  }
}

/** Whether `.dockerignore` lets this path through: it leaves out everything but what it names. */
function isInContext(path: string): boolean {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  return !lines.includes('*') || lines.includes(`!${path}`);
}
