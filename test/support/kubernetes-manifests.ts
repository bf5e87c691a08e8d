import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { parse } from 'yaml';

/** An object of Kubernetes'. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

const folder = join(__dirname, '../../deploy/kubernetes');

/** The manifests of `deploy/kubernetes` by file, without the kustomization. */
export function readManifests(): Map<string, Manifest> {
  const files = readdirSync(folder).filter((file) => file !== 'kustomization.yaml');
  return new Map(files.map((file) => [file, parse(readFileSync(join(folder, file), 'utf8')) as Manifest]));
}

/** The kustomization's list of files. */
export function readKustomization(): readonly string[] {
  return (parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as { resources: string[] }).resources;
}

/**
 * What Kubernetes' own types find wrong with objects: names that are not there, missing ones, values of another type.
 * The compiler looks at each object as a literal of the type that its `apiVersion` and `kind` say.
 */
export function checkManifests(manifests: readonly Manifest[]): string[] {
  const file = join(__dirname, 'manifests.generated.ts');
  const text = manifests
    .map(
      (manifest, index) =>
        `import type { ${manifest.kind} as T${index} } from 'kubernetes-types/${toModule(manifest.apiVersion)}';\nexport const m${index}: T${index} = ${JSON.stringify(manifest)};`,
    )
    .join('\n');
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    target: ts.ScriptTarget.ES2022,
  };
  const host = ts.createCompilerHost(options);
  const [fileExists, readFile] = [host.fileExists.bind(host), host.readFile.bind(host)];
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? text : readFile(name));
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** `apps/v1` as it is, `v1` is in `core`, and `networking.k8s.io/v1` in `networking`. */
function toModule(apiVersion: string): string {
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['core', apiVersion];
  return `${group.split('.')[0] ?? ''}/${version}`;
}
