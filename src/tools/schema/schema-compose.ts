import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { composeServices } from '@apollo/composition';
import { parse as parseGraphql } from 'graphql';
import { parse as parseYaml } from 'yaml';

/** A supergraph that is composed. */
export interface ComposedSupergraph {
  readonly supergraphSdl: string;
  /** What composition found worth saying, though nothing is wrong. */
  readonly hints: readonly string[];
}

/** Subgraphs that do not make a supergraph, with every problem that composition found. */
export class CompositionFailure extends Error {
  override readonly name = 'CompositionFailure';

  constructor(readonly problems: readonly string[]) {
    super(`The subgraphs do not compose:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
  }
}

/** The example supergraph's configuration; the same from `src/tools` and from `dist/tools`. */
export const supergraphConfigFile = join(__dirname, '../../../schema/supergraph.yaml');

/** The part of Rover's configuration that is read. */
interface SupergraphConfig {
  readonly subgraphs: Readonly<Record<string, { readonly routing_url: string; readonly schema: { readonly file: string } }>>;
}

/**
 * Composes the subgraphs that a configuration for Rover names, by their files, as Rover does.
 * @param urls routing addresses, by subgraph, that take the place of the configuration's.
 * @throws CompositionFailure, and the file system's error where a file is missing.
 */
export async function composeSupergraph(
  configFile: string = supergraphConfigFile,
  urls: Readonly<Record<string, string>> = {},
): Promise<ComposedSupergraph> {
  const { subgraphs } = parseYaml(await readFile(configFile, 'utf8')) as SupergraphConfig;
  const services = await Promise.all(
    Object.entries(subgraphs).map(async ([name, subgraph]) => ({
      name,
      url: urls[name] ?? subgraph.routing_url,
      typeDefs: parseGraphql(await readFile(resolve(dirname(configFile), subgraph.schema.file), 'utf8')),
    })),
  );
  const { supergraphSdl, hints, errors } = composeServices(services);
  if (errors) throw new CompositionFailure(errors.map((error) => error.message));
  return { supergraphSdl, hints: hints.map((hint) => hint.message) };
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { config: { type: 'string', default: supergraphConfigFile }, out: { type: 'string' } },
  });
  const { supergraphSdl, hints } = await composeSupergraph(values.config);
  for (const hint of hints) console.log(`hint: ${hint}`);
  if (values.out === undefined) console.log('The subgraphs compose.');
  else {
    await writeFile(values.out, `${supergraphSdl}\n`);
    console.log(`${values.out} written.`);
  }
}

if (require.main === module) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
