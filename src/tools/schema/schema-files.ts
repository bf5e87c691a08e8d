import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getNamedType, graphqlSync, GraphQLSchema, printSchema, specifiedDirectives } from 'graphql';
import { getClientSchema } from '../../graphql/schema/schema';
import { buildServedSchema } from '../../graphql/schema/subgraph';

/** A file that is made from the source tree, and committed. */
export interface SchemaFile {
  readonly name: string;
  readonly text: string;
}

/** Where the committed files are; the same from `src/tools` and from `dist/tools`. */
export const schemaFolder = join(__dirname, '../../../schema');

/** All files of the folder `schema` that are made from the source tree. A pure function of it. */
export function toSchemaFiles(): readonly SchemaFile[] {
  return [
    { name: 'schema.graphql', text: `${printClientSchema(getClientSchema())}\n` },
    { name: 'subgraph.graphql', text: `${readServiceSdl(buildServedSchema())}\n` },
  ];
}

/** What clients see: sorted and described, without the directives that are for routers and caches, and their types. */
export function printClientSchema(schema: GraphQLSchema): string {
  const config = schema.toConfig();
  const hidden = config.directives.filter((directive) => !specifiedDirectives.includes(directive));
  const hiddenTypes = new Set(hidden.flatMap((directive) => directive.args.map((arg) => getNamedType(arg.type).name)));
  return printSchema(
    new GraphQLSchema({
      ...config,
      directives: [...specifiedDirectives],
      types: config.types.filter((type) => !hiddenTypes.has(type.name)),
    }),
  );
}

/** The subgraph's SDL for routers: the value of `_service.sdl` itself, so that the two cannot differ. */
function readServiceSdl(schema: GraphQLSchema): string {
  const { data, errors } = graphqlSync({ schema, source: '{ _service { sdl } }' });
  const sdl = (data?.['_service'] as { sdl?: unknown } | undefined)?.sdl;
  if (typeof sdl !== 'string') throw new Error('The subgraph does not tell its SDL.', { cause: errors?.[0] });
  return sdl.trimEnd();
}

/** Says, for each file that is not byte for byte what the source tree makes, where it begins to differ. */
export async function findSchemaProblems(files: readonly SchemaFile[], folder: string): Promise<readonly string[]> {
  const problems = await Promise.all(files.map(async (file) => describeDifference(file, await readIfThere(join(folder, file.name)))));
  return problems.filter((problem) => problem !== null);
}

function describeDifference(file: SchemaFile, committed: string | null): string | null {
  if (committed === null) return `schema/${file.name} is missing.`;
  if (committed === file.text) return null;
  const [are, be] = [committed.split('\n'), file.text.split('\n')];
  const at = be.findIndex((line, index) => line !== are[index]);
  const line = at === -1 ? be.length : at;
  return (
    `schema/${file.name} is out of date from line ${line + 1} on:\n  committed: ${are[line] ?? '(nothing)'}` +
    `\n  made now:  ${be[line] ?? '(nothing)'}`
  );
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
