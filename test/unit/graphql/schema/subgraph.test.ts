import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { ApolloServerPluginInlineTrace } from '@apollo/server/plugin/inlineTrace';
import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  buildSchema,
  extendSchema,
  isObjectType,
  Kind,
  parse,
  printSchema,
  validateSchema,
  visit,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { getClientSchema } from '../../../../src/graphql/schema/schema';
import { buildServedSchema, printSubgraph, SUBGRAPH_FIELDS } from '../../../../src/graphql/schema/subgraph';
import { startGateway, type Gateway } from '../../../support/gateway';

const SDL = printSubgraph();
const FEDERATION = /extend schema @link\(url: "https:\/\/specs\.apollo\.dev\/federation\/v(\d+\.\d+)", import: \[([^\]]*)\]\)/;

/** The directives that an SDL uses, without GraphQL's own. */
function findUsedDirectives(sdl: string): Set<string> {
  const used = new Set<string>();
  visit(parse(sdl), { Directive: ({ name }) => void used.add(name.value) });
  return used;
}

describe('The SDL of the subgraph', () => {
  it('links to the first version of Federation 2, which has all that it imports', () => {
    const [, version, imports] = FEDERATION.exec(SDL)!;
    expect(version).toBe('2.0');
    expect(imports).toBe('"@key", "@shareable", "@inaccessible"');
    expect(() => buildSubgraphSchema({ typeDefs: parse(SDL) })).not.toThrow();
  });

  it('would not build with an import that came later than the version it links to', () => {
    const later = SDL.replace('import: [', 'import: ["@cacheTag", ');
    expect(() => buildSubgraphSchema({ typeDefs: parse(later) })).toThrow('Cannot import unknown element "@cacheTag"');
  });

  it('imports exactly the federation directives that it uses', () => {
    const used = findUsedDirectives(SDL);
    expect([...used].sort()).toEqual(['cacheControl', 'cost', 'inaccessible', 'key', 'link', 'listSize', 'shareable']);
  });

  it('has its definitions and their fields in order', () => {
    const { definitions } = parse(SDL);
    const types = definitions.flatMap((definition) =>
      'name' in definition && definition.kind !== Kind.DIRECTIVE_DEFINITION ? [definition.name.value] : [],
    );
    expect(types).toEqual([...types].sort());
    for (const definition of definitions) {
      if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
      const fields = definition.fields!.map((field) => field.name.value);
      expect(fields).toEqual([...fields].sort());
    }
  });

  it('says of every type that belongs to a customer that an answer with it is for its caller alone', () => {
    const types = parse(SDL).definitions.filter((definition) => definition.kind === Kind.OBJECT_TYPE_DEFINITION);
    const open = types.filter((type) => !type.directives!.some((directive) => directive.name.value === 'cacheControl'));
    expect(open.map((type) => type.name.value)).toEqual(['Query']);
    expect(SDL).not.toMatch(/scope: PUBLIC/);
  });

  it('gives every type that other subgraphs may share @shareable, and no entity', () => {
    const types = parse(SDL).definitions.filter((definition) => definition.kind === Kind.OBJECT_TYPE_DEFINITION);
    const having = (name: string) =>
      types.filter((type) => type.directives!.some((directive) => directive.name.value === name)).map((type) => type.name.value);
    expect(having('shareable')).toEqual(['Address', 'PageInfo']);
    expect(having('key')).toEqual(['Contract', 'Customer', 'Invoice']);
  });
});

// What Apollo's subgraph compatibility suite asks of a subgraph (apollographql/apollo-federation-subgraph-compatibility),
// as far as this schema has what the suite's own schema has. docs/federation.md lists the rest.
describe("Apollo's compatibility suite", () => {
  const customer = { idType: 'RUC', id: '80012345' };
  let gateway: Gateway;
  let closed: Gateway;

  beforeAll(async () => {
    gateway = await startGateway({ CACHE_TTL_SECONDS: '0' });
    closed = await startGateway({ NODE_ENV: 'production', BILLING_API_URL: 'http://127.0.0.1:9', INTROSPECTION: 'false' });
  });
  afterAll(async () => {
    await gateway.close();
    await closed.close();
  });

  async function entity(representation: unknown, selection: string) {
    const { data, errors } = await gateway.query(`query($r: [_Any!]!) { _entities(representations: $r) { ${selection} } }`, {
      r: [representation],
    });
    return { entity: data._entities[0], errors };
  }

  it('is answered its question for _service, as the schema that is committed, without a token and with introspection off', async () => {
    const committed = readFileSync(join(__dirname, '../../../../schema/subgraph.graphql'), 'utf8').trimEnd();
    for (const each of [gateway, closed]) {
      const { status, data } = await each.query('query { _service { sdl } }', undefined, { token: null });
      expect(status).toBe(200);
      expect((data._service.sdl as string).trimEnd()).toBe(committed);
    }
    const { data, errors } = await closed.query('{ __schema { types { name } } }', undefined, { token: null });
    expect([data, errors.length]).toEqual([undefined, 1]);
  });

  it('finds the types of the specification', async () => {
    const { data } = await gateway.query(
      '{ service: __type(name: "_Service") { kind fields { name type { kind ofType { name kind } } } } entity: __type(name: "_Entity") { kind possibleTypes { name } } any: __type(name: "_Any") { kind } fieldSet: __type(name: "federation__FieldSet") { kind } purpose: __type(name: "link__Purpose") { kind } }',
      undefined,
      { token: null },
    );
    expect(data).toEqual({
      service: { kind: 'OBJECT', fields: [{ name: 'sdl', type: { kind: 'NON_NULL', ofType: { name: 'String', kind: 'SCALAR' } } }] },
      entity: { kind: 'UNION', possibleTypes: [{ name: 'Contract' }, { name: 'Customer' }, { name: 'Invoice' }] },
      any: { kind: 'SCALAR' },
      fieldSet: { kind: 'SCALAR' },
      purpose: { kind: 'ENUM' },
    });
  });

  it('finds the two fields of the specification with their types', async () => {
    const { data } = await gateway.query(
      '{ __schema { queryType { fields { name type { kind ofType { kind name ofType { kind name } } } args { name type { kind ofType { kind ofType { kind ofType { name } } } } } } } } }',
      undefined,
      { token: null },
    );
    const fields = data.__schema.queryType.fields as { name: string }[];
    expect(fields.find((field) => field.name === '_service')).toMatchObject({ type: { kind: 'NON_NULL', ofType: { name: '_Service' } } });
    expect(fields.find((field) => field.name === '_entities')).toMatchObject({
      type: { kind: 'NON_NULL', ofType: { kind: 'LIST', ofType: { kind: 'UNION', name: '_Entity' } } },
      args: [
        {
          name: 'representations',
          type: { kind: 'NON_NULL', ofType: { kind: 'LIST', ofType: { kind: 'NON_NULL', ofType: { name: '_Any' } } } },
        },
      ],
    });
  });

  it('finds one @link to Federation, of a version and with imports that it knows', () => {
    const links = [...SDL.matchAll(/@link\(/g)];
    // The other one is that of the cost directives.
    expect(links).toHaveLength(2);
    expect(FEDERATION.exec(SDL)?.[1]).toMatch(/^2\.[0-7]$/);
  });

  it('gets an entity by a key of several fields', async () => {
    expect(await entity({ __typename: 'Customer', ...customer }, '... on Customer { idType id }')).toEqual({
      entity: customer,
      errors: [],
    });
  });

  it('gets an entity by a composite key', async () => {
    const { entity: contract } = await entity(
      { __typename: 'Contract', customer, number: '700100' },
      '... on Contract { number customer { idType id } dueDate }',
    );
    expect(contract).toEqual({ number: '700100', customer, dueDate: '2025-07-15' });
  });

  it('gets an entity by a composite key that is nested twice', async () => {
    const { entity: invoice } = await entity(
      { __typename: 'Invoice', contract: { customer, number: '700100' }, number: '001100009000000' },
      '... on Invoice { number billPeriod contract { number customer { idType id } } }',
    );
    expect(invoice).toEqual({ number: '001100009000000', billPeriod: '2025-06', contract: { number: '700100', customer } });
  });

  it('gets a shareable type', async () => {
    const { entity: contract } = await entity(
      { __typename: 'Contract', customer, number: '700100' },
      '... on Contract { billingAddresses { city country } }',
    );
    expect(contract.billingAddresses[0]).toEqual({ city: 'Asunción', country: 'Paraguay' });
  });

  it('gets a trace in extensions.ftv1 where it asks for one, and none where it does not', async () => {
    const query = '{ customer(idType: "RUC", id: "80012345") { contract(number: "700100") { traced: dueDate } } }';
    const { extensions, data } = await gateway.query(query, undefined, { headers: { 'apollo-federation-include-trace': 'ftv1' } });
    expect(data.customer.contract).toEqual({ traced: '2025-07-15' });
    const trace = Buffer.from(extensions?.['ftv1'] as string, 'base64');
    expect(trace.includes('traced')).toBe(true);
    expect((await gateway.query(query)).extensions).not.toHaveProperty('ftv1');
  });

  it('gets in a trace no message of an error, and nothing of the token', async () => {
    const { extensions, errors } = await gateway.query(
      '{ customer(idType: "RUC", id: "80012345") { contract(number: "x") { dueDate } } }',
      undefined,
      { token: 'a-secret-token', headers: { 'apollo-federation-include-trace': 'ftv1' } },
    );
    const trace = Buffer.from(extensions?.['ftv1'] as string, 'base64');
    expect(trace.includes('<masked>')).toBe(true);
    expect(trace.includes(errors[0]!.message)).toBe(false);
    expect(trace.includes('a-secret-token')).toBe(false);
  });
});

describe('The schema that is served', () => {
  const fieldsOf = (schema: GraphQLSchema) =>
    Object.values(schema.getTypeMap()).flatMap((type) =>
      isObjectType(type) && !type.name.startsWith('__') ? Object.values(type.getFields()) : [],
    );

  it('is another one each time, so that what a gateway changes in its own is not seen in the next', () => {
    const [one, two] = [buildServedSchema(), buildServedSchema()];
    const shared = new Set(fieldsOf(one));
    expect(shared.size).toBeGreaterThan(30);
    expect(fieldsOf(two).filter((field) => shared.has(field))).toEqual([]);
    for (const field of shared) field.resolve = () => 'changed';
    const changed = fieldsOf(buildServedSchema()).filter(({ resolve }) => resolve?.toString().includes('changed'));
    expect(changed).toEqual([]);
    expect(printSchema(two)).toBe(printSchema(one));
  });

  it('is valid', () => {
    expect(() => extendSchema(getClientSchema(), SUBGRAPH_FIELDS)).not.toThrow();
    expect(validateSchema(buildServedSchema())).toEqual([]);
  });
});

describe('A traced request', () => {
  it('makes Apollo Server wrap every field of its schema for good, which is why compiled operations have a schema of their own', async () => {
    const schema = buildServedSchema();
    const findPlain = () => Object.values((schema.getType('Address') as GraphQLObjectType).getFields()).filter((field) => !field.resolve);
    expect(findPlain()).toHaveLength(6);
    const apollo = new ApolloServer({ schema, plugins: [ApolloServerPluginInlineTrace()] });
    await apollo.start();
    const headers = new HeaderMap([
      ['content-type', 'application/json'],
      ['apollo-federation-include-trace', 'ftv1'],
    ]);
    await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: 'POST', headers, search: '', body: { query: '{ __typename }' } },
      context: () => Promise.resolve({}),
    });
    await apollo.stop();
    expect(findPlain()).toHaveLength(0);
  });
});

describe('A schema built from the SDL', () => {
  it('is valid GraphQL once the federation directives are defined', () => {
    const definitions =
      'scalar FieldSet scalar Import directive @link(url: String!, import: [Import]) repeatable on SCHEMA directive @key(fields: FieldSet!) on OBJECT directive @shareable on OBJECT directive @inaccessible on FIELD_DEFINITION ';
    expect(() => buildSchema(definitions + SDL)).not.toThrow();
  });
});
