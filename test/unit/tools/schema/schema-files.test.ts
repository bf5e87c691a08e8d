import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  buildSchema,
  findBreakingChanges,
  findDangerousChanges,
  GraphQLEnumType,
  GraphQLObjectType,
  type GraphQLSchema,
  isSpecifiedScalarType,
  isIntrospectionType,
} from 'graphql';
import { findSchemaProblems, printClientSchema, schemaFolder, toSchemaFiles } from '../../../../src/tools/schema/schema-files';
import { startGateway } from '../../../support/gateway';

const run = promisify(execFile);

/** What clients and supergraphs were promised. A change here is a breaking change of the product. */
const PROMISED = `
  type Query {
    customer(idType: String!, id: ID!): Customer!
    fetch__Contract(nodeId: ID!): Contract fetch__Customer(nodeId: ID!): Customer!
  }
  type Customer {
    idType: String! id: ID! nodeId: ID!
    contract(number: ID!): Contract
    contracts(numbers: [ID!]): [Contract]!
    invoices(first: Int = 20, after: String, last: Int, before: String, filter: InvoiceFilter): InvoiceConnection
    invoiceSummary(filter: InvoiceFilter): InvoiceSummary
  }
  type Contract {
    number: ID! nodeId: ID! customer: Customer! dueDate: String billingAddresses: [Address!]
    invoices(first: Int = 20, after: String, last: Int, before: String, filter: InvoiceFilter): InvoiceConnection
    invoiceSummary(filter: InvoiceFilter): InvoiceSummary
    invoice(number: ID!): Invoice
  }
  type Address { street: String neighborhood: String city: String state: String country: String zipCode: String }
  type Invoice { number: ID contractNumber: ID contract: Contract billPeriod: String amount: BigInt status: Boolean state: String currency: String }
  type InvoiceConnection { edges: [InvoiceEdge!]! nodes: [Invoice!]! pageInfo: PageInfo! totalCount: Int }
  input InvoiceFilter { status: Boolean, billPeriods: [String!] }
  type InvoiceSummary { count: Int! amount: BigInt! withoutAmount: Int! isComplete: Boolean! }
  type InvoiceEdge { cursor: String! node: Invoice! }
  type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
  scalar BigInt
`;

/** The parts of a schema without a description: types, fields, arguments, enum values. */
function findUndescribed(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => !isSpecifiedScalarType(type) && !isIntrospectionType(type))
    .flatMap((type) => {
      const parts: { at: string; description?: string | null | undefined }[] = [{ at: type.name, description: type.description }];
      if (type instanceof GraphQLObjectType) {
        for (const field of Object.values(type.getFields())) {
          parts.push(
            { at: `${type.name}.${field.name}`, description: field.description },
            ...field.args.map((arg) => ({ at: `${type.name}.${field.name}(${arg.name})`, description: arg.description })),
          );
        }
      }
      if (type instanceof GraphQLEnumType)
        parts.push(...type.getValues().map((value) => ({ at: `${type.name}.${value.name}`, description: value.description })));
      return parts.filter((part) => !part.description).map((part) => part.at);
    });
}

async function readCommitted(name: string): Promise<string> {
  return readFile(join(schemaFolder, name), 'utf8');
}

describe('The committed schema files', () => {
  it('are what the source tree makes, byte for byte', async () => {
    expect(await findSchemaProblems(toSchemaFiles(), schemaFolder)).toEqual([]);
  });

  it('are made the same way every time', () => {
    expect(toSchemaFiles()).toEqual(toSchemaFiles());
  });

  it('would be found out of date by one changed letter, and missing where one is not there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'schema-'));
    await writeFile(
      join(folder, 'schema.graphql'),
      (await readCommitted('schema.graphql')).replace('  dueDate: String\n', '  dueDate: String!\n'),
    );
    const problems = await findSchemaProblems(toSchemaFiles(), folder);
    await rm(folder, { recursive: true });
    expect(problems).toEqual([
      expect.stringMatching(
        /^schema\/schema\.graphql is out of date from line \d+ on:\n {2}committed: {3}dueDate: String!\n {2}made now: {4}dueDate: String$/,
      ),
      'schema/subgraph.graphql is missing.',
    ]);
  });

  it('fail the command schema:check when one of them is out of date, and pass it again once emitted', async () => {
    // A copy of the project's layout: the command looks for the files beside the folder that it is compiled to.
    const copy = await mkdtemp(join(tmpdir(), 'schema-'));
    for (const part of ['dist', 'schema']) await cp(join(schemaFolder, '..', part), join(copy, part), { recursive: true });
    await symlink(join(schemaFolder, '../node_modules'), join(copy, 'node_modules'));
    await writeFile(join(copy, 'schema/subgraph.graphql'), 'type Query\n');
    const command = (name: string): Promise<unknown> => run(process.execPath, [join(copy, 'dist/tools/schema', name)]);
    const check = await command('schema-check.js').catch((error: unknown) => error);
    await command('schema-emit.js');
    const checkAgain = await command('schema-check.js');
    await rm(copy, { recursive: true });
    expect(check).toMatchObject({ code: 1, stderr: expect.stringContaining('schema/subgraph.graphql is out of date from line 1 on') });
    expect(checkAgain).toMatchObject({ stdout: 'The schema files are up to date.\n' });
  });
});

describe('The schema that clients see', () => {
  it('has exactly the types, fields and arguments that were promised', async () => {
    const committed = buildSchema(await readCommitted('schema.graphql'));
    const promised = buildSchema(PROMISED);
    expect([
      ...findBreakingChanges(promised, committed),
      ...findBreakingChanges(committed, promised),
      ...findDangerousChanges(promised, committed),
    ]).toEqual([]);
  });

  it('would be found to break its promise if a field could be null that could not before, or a field came to it', async () => {
    const committed = await readCommitted('schema.graphql');
    const looser = buildSchema(committed.replace('  cursor: String!\n', '  cursor: String\n'));
    const larger = buildSchema(committed.replace('  cursor: String!\n', '  cursor: String!\n  extra: String\n'));
    expect(findBreakingChanges(buildSchema(PROMISED), looser)).toHaveLength(1);
    expect(findBreakingChanges(larger, buildSchema(PROMISED))).toHaveLength(1);
  });

  it('describes every type, field and argument', async () => {
    expect(findUndescribed(buildSchema(await readCommitted('schema.graphql')))).toEqual([]);
    expect(findUndescribed(buildSchema('enum A { B } type Query { a(b: Int): A }'))).toEqual([
      'A',
      'A.B',
      'Query',
      'Query.a',
      'Query.a(b)',
    ]);
  });

  it('has nothing in it that is for routers or caches', () => {
    const printed = printClientSchema(
      buildSchema('directive @hint(who: Who) on OBJECT enum Who { ME } type Query @hint(who: ME) { a: Int @deprecated(reason: "old") }'),
    );
    expect(printed).toBe('type Query {\n  a: Int @deprecated(reason: "old")\n}');
  });
});

describe('The schema that routers read', () => {
  it('is what the running gateway tells of itself, without a token and with introspection off', async () => {
    const gateway = await startGateway({ INTROSPECTION: 'false' });
    const answer = await gateway.query('{ _service { sdl } }', {}, { token: null });
    await gateway.close();
    expect(`${(answer.data._service.sdl as string).trimEnd()}\n`).toBe(await readCommitted('subgraph.graphql'));
  });

  it('keeps the keys of the entities and says that everything of a customer is private', async () => {
    const sdl = await readCommitted('subgraph.graphql');
    for (const directive of [
      '@key(fields: "idType id")',
      '@key(fields: "customer { idType id } number")',
      '@key(fields: "contract { customer { idType id } number } number")',
    ])
      expect(sdl).toContain(directive);
    expect(sdl).not.toContain('scope: PUBLIC');
  });
});
