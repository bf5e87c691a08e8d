import { spawn } from 'node:child_process';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { repository } from './documents';

/** A package registry on this machine. */
export interface LocalRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/** A package that is published in it. */
export interface PublishedPackage {
  readonly manifest: { readonly name: string; readonly version: string };
  /** Path of its archive. */
  readonly archive: string;
}

const UNREAD = ['./node_modules', './build/esm', './build/esnext', './dist/esm', '*.map', '*.d.ts', '*.d.mts', '*.d.cts', '*.md'];

/**
 * Serves the packages that are installed here, in the versions that are installed, as the npm registry would; and one more
 * that has a shrinkwrap. So an installation can be tested without a network.
 */
export async function startLocalRegistry(published: PublishedPackage): Promise<LocalRegistry> {
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as { packages: Record<string, unknown> };
  const folders = Object.keys(lock.packages).filter((path) => path !== '' && existsSync(join(repository, path, 'package.json')));
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').slice(1));
    const [name = '', version] = path.split('/-/');
    if (name === published.manifest.name) {
      if (version !== undefined) return void createReadStream(published.archive).pipe(response);
      const manifest = { ...published.manifest, _hasShrinkwrap: true, dist: { tarball: `${urlOf()}${name}/-/1.tgz` } };
      const document = { name, versions: { [manifest.version]: manifest }, 'dist-tags': { latest: manifest.version } };
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    }
    const found = folders
      .filter((folder) => folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length) === name)
      .map((folder) => ({ folder, manifest: readManifest(folder) }));
    if (version !== undefined) {
      const folder = found.find(({ manifest }) => `${manifest.version}.tgz` === version)?.folder;
      if (folder === undefined) return void response.writeHead(404).end();
      // Without what no program reads here, and not compressed, which npm does not insist on: the test waits for it.
      const tar = spawn('tar', [
        '-c',
        ...UNREAD.map((pattern) => `--exclude=${pattern}`),
        '--transform=s,^\\.,package,',
        '-C',
        join(repository, folder),
        '.',
      ]);
      return void tar.stdout.pipe(response);
    }
    if (found.length === 0) return void response.writeHead(404).end('{}');
    const versions = Object.fromEntries(
      found.map(({ manifest }) => [
        manifest.version,
        { ...manifest, scripts: {}, dist: { tarball: `${urlOf()}${encodeURIComponent(name)}/-/${manifest.version}.tgz` } },
      ]),
    );
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ name, versions, 'dist-tags': { latest: found[0]?.manifest.version } }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const urlOf = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url: urlOf(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function readManifest(folder: string): { readonly version: string } {
  return JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8')) as { version: string };
}
