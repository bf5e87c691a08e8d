import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compose } from '@apollo/composition';
import { composeSupergraph, CompositionFailure, supergraphConfigFile } from '../../../../src/tools/schema/schema-compose';
import { schemaFolder } from '../../../../src/tools/schema/schema-files';

const run = promisify(execFile);

/** A configuration in a folder of its own, that composes the committed subgraph with another. */
async function withSubgraph<T>(sdl: string, use: (configFile: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'compose-'));
  await writeFile(
    join(folder, 'other.graphql'),
    `extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])\n${sdl}`,
  );
  await writeFile(
    join(folder, 'supergraph.yaml'),
    `subgraphs:\n  billing:\n    routing_url: http://billing\n    schema: { file: ${join(schemaFolder, 'subgraph.graphql')} }\n  other:\n    routing_url: http://other\n    schema: { file: ./other.graphql }\n`,
  );
  try {
    return await use(join(folder, 'supergraph.yaml'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('The composition of the supergraph', () => {
  it('composes the committed subgraph with the example CRM, as the configuration for Rover names them', async () => {
    const { supergraphSdl } = await composeSupergraph();
    expect(supergraphSdl).toContain('BILLING @join__graph(name: "billing", url: "http://127.0.0.1:4000/graphql")');
    expect(supergraphSdl).toContain('CRM @join__graph(name: "crm", url: "http://127.0.0.1:4001/")');
    expect(supergraphSdl).toMatch(/lineCount: Int @join__field\(graph: CRM\)/);
  });

  it('names the version of the library that is installed, so that Rover composes with the same', async () => {
    const { version } = JSON.parse(
      await readFile(join(__dirname, '../../../../node_modules/@apollo/composition/package.json'), 'utf8'),
    ) as { version: string };
    expect(await readFile(supergraphConfigFile, 'utf8')).toContain(`federation_version: =${version}\n`);
    expect(typeof compose).toBe('function');
  });

  it('sends the router to other addresses where they are given', async () => {
    expect((await composeSupergraph(undefined, { billing: 'http://elsewhere/graphql' })).supergraphSdl).toContain(
      'url: "http://elsewhere/graphql"',
    );
  });

  it('lets another subgraph have the value types that are shared', async () => {
    const shared =
      'type Query { offices: OfficeConnection } type OfficeConnection { nodes: [Address!]! pageInfo: PageInfo! } type Address @shareable { street: String neighborhood: String city: String state: String country: String zipCode: String } type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }';
    await expect(withSubgraph(shared, (file) => composeSupergraph(file))).resolves.toMatchObject({
      supergraphSdl: expect.stringContaining('offices'),
    });
  });

  it('lets another subgraph add fields to an invoice by its key', async () => {
    const paid =
      'type Invoice @key(fields: "contract { customer { idType id } number } number") { contract: Contract number: ID paidOn: String } type Contract @key(fields: "customer { idType id } number") { customer: Customer! number: ID! } type Customer @key(fields: "idType id") { idType: String! id: ID! }';
    await expect(withSubgraph(paid, (file) => composeSupergraph(file))).resolves.toMatchObject({
      supergraphSdl: expect.stringContaining('paidOn'),
    });
  });

  it.each([
    [
      'has a field of ours that is not shared',
      'type Query { a: Int } type Contract @key(fields: "customer { idType id } number") { customer: Customer! number: ID! dueDate: String } type Customer @key(fields: "idType id") { idType: String! id: ID! }',
      'Contract.dueDate',
    ],
    [
      'has only a part of a type that is shared, so that the rest of it is nowhere to be had',
      'type Query { office: Address } type Address @shareable { street: String city: String }',
      'Address.zipCode',
    ],
    [
      'knows a field by another type',
      'type Query { a: Customer } type Customer @key(fields: "idType id") { idType: String! id: Int! }',
      'Customer.id',
    ],
  ])('fails where another subgraph %s, and names the field', async (_name, sdl, field) => {
    await expect(withSubgraph(sdl, (file) => composeSupergraph(file))).rejects.toThrow(CompositionFailure);
    await expect(withSubgraph(sdl, (file) => composeSupergraph(file))).rejects.toThrow(field);
  });
});

describe('The command schema:compose', () => {
  const command = join(__dirname, '../../../../dist/tools/schema/schema-compose.js');

  it('says that the subgraphs compose, or writes the supergraph where it is told to', async () => {
    expect((await run(process.execPath, [command])).stdout).toContain('The subgraphs compose.');
    const folder = await mkdtemp(join(tmpdir(), 'compose-'));
    await run(process.execPath, [command, '--out', join(folder, 'supergraph.graphql')]);
    const written = await readFile(join(folder, 'supergraph.graphql'), 'utf8');
    await rm(folder, { recursive: true });
    expect(written).toBe(`${(await composeSupergraph()).supergraphSdl}\n`);
  });

  it('ends with 1 and every problem where they do not compose', async () => {
    const result = await withSubgraph('type Query { a: Int } type BigInt { a: Int }', (file) =>
      run(process.execPath, [command, '--config', file]).catch((error: unknown) => error),
    );
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('The subgraphs do not compose:\n- ') });
  });
});
