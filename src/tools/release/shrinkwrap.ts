import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is read of a lock file (npm, "package-lock.json", lockfileVersion 3). */
export interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly [member: string]: unknown }>>;
  readonly [member: string]: unknown;
}

/**
 * The lock of the published package: what production needs, and nothing for development. With it, anyone who installs the
 * package gets the versions that were tested here. Without it, the `overrides` of package.json would not apply: npm reads
 * them only from the root of an installation.
 */
export function toShrinkwrap({ packages, ...others }: Lock): Lock {
  const production = Object.entries(packages).filter(([, { dev }]) => dev !== true);
  return {
    ...others,
    packages: Object.fromEntries(
      production.map(([path, entry]) => [path, path === '' ? { ...entry, devDependencies: undefined } : entry] as const),
    ),
  };
}

/** Writes `npm-shrinkwrap.json` beside the lock in the current folder; `npm pack` takes it into the package. */
function main(): void {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
  writeFileSync(join(process.cwd(), 'npm-shrinkwrap.json'), `${JSON.stringify(toShrinkwrap(lock), null, 2)}\n`);
}

if (require.main === module) main();
