import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { CriticalityLevel, diff, type Change } from '@graphql-inspector/core';
import { buildSchema, Kind, parse, print, type DocumentNode } from 'graphql';
import { schemaFolder, toSchemaFiles } from './schema-files';

/** How much a change matters to those who use the schema: clients, other subgraphs and routers. */
export type Weight = 'breaking' | 'dangerous' | 'safe';

/** One change between two revisions of the subgraph's SDL. */
export interface SchemaChange {
  readonly weight: Weight;
  /** The part of the schema, such as `Contract.dueDate`. */
  readonly path: string;
  readonly message: string;
}

const WEIGHTS: Readonly<Record<CriticalityLevel, Weight>> = {
  [CriticalityLevel.Breaking]: 'breaking',
  [CriticalityLevel.Dangerous]: 'dangerous',
  [CriticalityLevel.NonBreaking]: 'safe',
};

/** Everything that changed between two SDLs of the subgraph, what breaks first. */
export async function diffSubgraphs(before: string, after: string): Promise<readonly SchemaChange[]> {
  const changes = await diff(toSchema(before), toSchema(after));
  const uses = findDirectives(parse(before));
  const shared = new Set([...uses.values()].filter((use) => use.name === 'shareable').map((use) => use.path));
  const all = [
    ...changes.filter((change) => !isAboutDirectives(change)).map((change) => toChange(change, shared)),
    ...diffDirectives(parse(before), parse(after)),
  ];
  const order: readonly Weight[] = ['breaking', 'dangerous', 'safe'];
  return all.sort((a, b) => order.indexOf(a.weight) - order.indexOf(b.weight) || a.path.localeCompare(b.path));
}

function toSchema(sdl: string): ReturnType<typeof buildSchema> {
  // Federation's directives are imported, not defined.
  return buildSchema(sdl, { assumeValidSDL: true });
}

function toChange(change: Change, shared: ReadonlySet<string>): SchemaChange {
  const { path = '', message } = change;
  // Where another subgraph returns the shared type, a router can find the new field nowhere: composition fails there.
  if (change.type === 'FIELD_ADDED' && shared.has(path.split('.', 1)[0] ?? ''))
    return { weight: 'dangerous', path, message: `${message}, which other subgraphs share` };
  return { weight: WEIGHTS[change.criticality.level], path, message };
}

/** Uses of directives are compared below: what they mean to routers, the library cannot know. */
function isAboutDirectives(change: Change): boolean {
  return String(change.type).startsWith('DIRECTIVE_USAGE') && change.path?.includes('@deprecated') !== true;
}

/** What is lost, and what is new, where a use of a directive comes or goes. */
const DIRECTIVES: Readonly<Record<string, { readonly removed: Weight; readonly added: Weight }>> = {
  // Others hold references by the key, and fields that only one subgraph may then have.
  key: { removed: 'breaking', added: 'safe' },
  shareable: { removed: 'breaking', added: 'safe' },
  // A newer version asks for a newer router.
  link: { removed: 'safe', added: 'dangerous' },
  // What a router reckons with; what it answers stays the same.
  cost: { removed: 'safe', added: 'safe' },
  // Says who may be given a kept answer.
  cacheControl: { removed: 'dangerous', added: 'dangerous' },
};

function diffDirectives(before: DocumentNode, after: DocumentNode): SchemaChange[] {
  const [was, is] = [findDirectives(before), findDirectives(after)];
  const changes: SchemaChange[] = [];
  for (const [use, { path, name }] of was)
    if (!is.has(use)) changes.push({ weight: DIRECTIVES[name]?.removed ?? 'dangerous', path, message: `${use} was removed` });
  for (const [use, { path, name }] of is)
    if (!was.has(use))
      changes.push({ weight: isOptional(use, was) ? 'safe' : (DIRECTIVES[name]?.added ?? 'dangerous'), path, message: `${use} was added` });
  const types = typesOf(before);
  // A type that is new as a whole breaks nobody by what it says of itself.
  return changes.filter((change) => change.path === 'schema' || types.has(change.path));
}

/** Whether a use links a feature that was not linked before, and that routers may ignore: it says of no purpose that they must not. */
function isOptional(use: string, before: ReadonlyMap<string, unknown>): boolean {
  const feature = /@link\(url: "([^"]+)\/v[^"]*"/.exec(use)?.[1];
  return feature !== undefined && !use.includes(' for: ') && ![...before.keys()].some((each) => each.includes(`"${feature}/v`));
}

/** Each use of a directive on a type or on the schema, as it is written; a repeated one counts as many. */
function findDirectives(document: DocumentNode): Map<string, { path: string; name: string }> {
  const found = new Map<string, { path: string; name: string }>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION || definition.kind === Kind.FRAGMENT_DEFINITION || !('directives' in definition))
      continue;
    const path = 'name' in definition ? definition.name.value : 'schema';
    for (const directive of definition.directives ?? []) found.set(`${path} ${print(directive)}`, { path, name: directive.name.value });
  }
  return found;
}

function typesOf(document: DocumentNode): Set<string> {
  return new Set(document.definitions.flatMap((definition) => ('name' in definition ? [definition.name.value] : [])));
}

/** The report that a person reads. */
export function toReport(changes: readonly SchemaChange[], base: string): string {
  if (changes.length === 0) return `The subgraph's schema is the same as at ${base}.`;
  const count = (weight: Weight): string => `${changes.filter((change) => change.weight === weight).length} ${weight}`;
  return [
    `The subgraph's schema against ${base}:`,
    ...changes.map((change) => `  ${change.weight.padEnd(10)} ${change.path.padEnd(28)} ${change.message}`),
    `${count('breaking')}, ${count('dangerous')}, ${count('safe')}.`,
  ].join('\n');
}

const HELP = `Compares the subgraph's schema, as the source tree makes it, with what was committed at a git revision.

Usage: npm run schema:diff -- [--base REVISION] [--allow-breaking]

  --base REVISION     default HEAD; in CI the branch that is merged into, such as origin/main
  --allow-breaking    tell of breaking changes, but let them pass

Exit code: 0, 1 where a change breaks clients or other subgraphs, 2 where the two cannot be compared.`;

/** What was committed at the revision. Rejects where there is no such revision, or no such file in it. */
export async function readCommitted(base: string, folder: string = schemaFolder): Promise<string> {
  // A revision that begins with "-" would be an option of git's.
  const { stdout } = await promisify(execFile)('git', ['show', '--end-of-options', `${base}:./subgraph.graphql`], {
    cwd: folder,
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      base: { type: 'string', default: 'HEAD' },
      'allow-breaking': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const current = toSchemaFiles().find((file) => file.name === 'subgraph.graphql')?.text ?? '';
  const changes = await diffSubgraphs(await readCommitted(values.base), current);
  console.log(toReport(changes, values.base));
  if (changes.some((change) => change.weight === 'breaking') && !values['allow-breaking']) process.exitCode = 1;
}

if (require.main === module) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  });
}
