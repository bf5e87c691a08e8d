import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  concatAST,
  GraphQLError,
  Kind,
  print,
  separateOperations,
  Source,
  validate,
  visit,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { toManifest, type Manifest } from '../graphql/limits/trusted-documents';
import { buildServedSchema } from '../graphql/schema/subgraph';
import { parseDocument } from './parse-document';

const help = `Usage: npm run trusted-documents -- --out FILE [--typename] PATH...

Makes the manifest for TRUSTED_DOCUMENTS from a client's operations: the .graphql files at each PATH, folders included.
Each operation must have a name of its own, and be valid against the gateway's schema.

  --out FILE    where the manifest goes
  --typename    adds __typename to every selection, as Apollo Client does before it sends
`;

/** Operations that cannot go into a manifest, all of them at once. */
export class OperationsError extends Error {
  override readonly name = 'OperationsError';
}

/**
 * Makes a manifest from the texts of a client's operations; fragments may be in other texts than the operations that
 * use them. The same texts give the same manifest, in whatever order they come.
 * @throws OperationsError with every problem, and where it is.
 */
export function buildManifest(sources: readonly Source[], schema: GraphQLSchema, addTypename = false): Manifest {
  const problems: string[] = [];
  const documents = sources.flatMap((source) => {
    try {
      return parseDocument(source) ?? [];
    } catch (error) {
      problems.push((error as Error).toString());
      return [];
    }
  });
  const all = concatAST(documents);
  const names = new Set<string>();
  for (const definition of all.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (!definition.name) problems.push(new GraphQLError('An operation has no name.', { nodes: definition }).toString());
    else if (names.has(definition.name.value))
      problems.push(new GraphQLError(`Two operations have the name "${definition.name.value}".`, { nodes: definition }).toString());
    else names.add(definition.name.value);
  }
  const separate = problems.length > 0 ? {} : separateOperations(all);
  const operations = Object.keys(separate)
    .sort()
    .map((name) => {
      const document = inOrder(separate[name] as DocumentNode);
      problems.push(...validate(schema, document).map(String));
      const { operation } = document.definitions[0] as OperationDefinitionNode;
      return { name, type: operation, body: print(addTypename ? withTypename(document) : document) };
    });
  if (problems.length === 0 && operations.length === 0) problems.push('There are no operations.');
  if (problems.length > 0) throw new OperationsError(problems.join('\n\n'));
  return toManifest(operations);
}

/** The operation first, its fragments by name: files can be moved without a change to the manifest. */
function inOrder(document: DocumentNode): DocumentNode {
  const key = (definition: DocumentNode['definitions'][number]): string =>
    definition.kind === Kind.FRAGMENT_DEFINITION ? definition.name.value : '';
  return { ...document, definitions: [...document.definitions].sort((a, b) => (key(a) < key(b) ? -1 : 1)) };
}

function withTypename(document: DocumentNode): DocumentNode {
  return visit(document, {
    SelectionSet: (set, _key, parent) => {
      const atRoot = parent !== undefined && !Array.isArray(parent) && 'kind' in parent && parent.kind === Kind.OPERATION_DEFINITION;
      if (atRoot || set.selections.some((selection) => selection.kind === Kind.FIELD && selection.name.value === '__typename'))
        return undefined;
      return { ...set, selections: [...set.selections, { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }] };
    },
  });
}

/** The .graphql files at a path, in the order of their names. */
function readSources(path: string): Source[] {
  if (!statSync(path).isDirectory()) return [new Source(readFileSync(path, 'utf8'), path)];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || /\.(graphql|gql)$/.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => readSources(join(path, entry.name)));
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string' }, typename: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help || values.out === undefined || positionals.length === 0) {
    (values.help ? process.stdout : process.stderr).write(help);
    if (!values.help) process.exitCode = 1;
    return;
  }
  const manifest = buildManifest(positionals.flatMap(readSources), buildServedSchema(), values.typename);
  writeFileSync(values.out, `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`${values.out} written: ${manifest.operations.length} operations.`);
}

if (require.main === module) {
  try {
    main();
  } catch (error) {
    // Errors that the user can fix (operations, options, unreadable files) are printed without a stack.
    const isTheirs = error instanceof OperationsError || (error instanceof Error && 'code' in error);
    console.error(isTheirs ? `${error.message}\nSee --help.` : error);
    process.exitCode = 1;
  }
}
