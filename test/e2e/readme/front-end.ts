import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { parse, stringify } from 'yaml';
import { root } from './commands';

const run = promisify(execFile);

/** A folder of a front end's own, made of what the documentation tells its author to write. */
export interface FrontEnd {
  readonly folder: string;
  /** What the compiler finds wrong in `src`. */
  compile(): string[];
  /** Runs a compiled file of `src` and gives what it prints. */
  run(file: string, env: Readonly<Record<string, string>>): Promise<string>;
  remove(): Promise<void>;
}

/**
 * Makes a front end of a `codegen.yml` and files, and runs GraphQL Code Generator in it against a gateway.
 * Documents for clients that want them parsed are made as well, as `src/parsed`.
 */
export async function createFrontEnd(codegen: string, files: Readonly<Record<string, string>>, gatewayUrl: string): Promise<FrontEnd> {
  const folder = await mkdtemp(join(tmpdir(), 'front-end-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  const config = parse(codegen) as { schema: string; generates: Record<string, { config: Record<string, unknown> }> };
  const [[output, settings]] = Object.entries(config.generates) as [[string, { config: Record<string, unknown> }]];
  const { documentMode, ...others } = settings.config;
  if (config.schema !== 'http://127.0.0.1:4000/graphql' || output !== 'src/gql/' || documentMode !== 'string')
    throw new Error('The codegen.yml of docs/front-end.md is not what its text says of it.');
  const generates = { [output]: settings, 'src/parsed/': { ...settings, config: others } };
  await writeFile(join(folder, 'codegen.yml'), stringify({ ...config, schema: `${gatewayUrl}/graphql`, generates }));
  await run(process.execPath, [join(root, 'node_modules/@graphql-codegen/cli/cjs/bin.js'), '--config', 'codegen.yml'], { cwd: folder });
  return {
    folder,
    compile: () => {
      const options: ts.CompilerOptions = {
        strict: true,
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.CommonJS,
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
        skipLibCheck: true,
        outDir: join(folder, 'out'),
        rootDir: join(folder, 'src'),
      };
      const program = ts.createProgram(
        Object.keys(files).map((file) => join(folder, file)),
        options,
      );
      program.emit();
      return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    },
    run: async (file, env) => (await run(process.execPath, [join(folder, 'out', file)], { env })).stdout,
    remove: () => rm(folder, { recursive: true }),
  };
}
