import { buildSubgraphSchema } from '@apollo/subgraph';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { GraphQLNonNull, GraphQLString, isObjectType, isUnionType, parse, type GraphQLSchema } from 'graphql';
import { resolveEntities, typenameOf } from './entities';
import { BigIntScalar } from './scalars/big-int';
import { buildClientSchema } from './schema';

/** The lowest version that has what the schema uses: `@link` and `@shareable` came with 2.0, and nothing here is newer. */
const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])';

/** The schema with its federation directives, as SDL. A pure function of the source tree. */
export function printSubgraph(schema: GraphQLSchema = buildClientSchema()): string {
  return `${LINK}\n\n${printSchemaWithDirectives(schema)}\n`;
}

/**
 * The schema that is served: the clients' schema with `_service` and `_entities`. Fields that only read a property
 * have no resolver, so that the executor reads the property itself.
 */
export function buildServedSchema(): GraphQLSchema {
  const clientSchema = buildClientSchema();
  const sdl = printSubgraph(clientSchema);
  const served = buildSubgraphSchema({ typeDefs: parse(sdl), resolvers: resolversOf(clientSchema) });
  serveService(served, sdl);
  const entities = served.getQueryType()?.getFields()['_entities'];
  if (entities) entities.resolve = resolveEntities;
  const union = served.getType('_Entity');
  if (isUnionType(union)) union.resolveType = typenameOf;
  return served;
}

/**
 * `Query._service`: the SDL as it is committed and composed, without the definitions that the library adds to it.
 * The specification has `sdl: String!`; the library's type is nullable.
 */
function serveService(served: GraphQLSchema, sdl: string): void {
  const service = served.getQueryType()?.getFields()['_service'];
  if (service) service.resolve = () => ({ sdl });
  const type = served.getType('_Service');
  const field = isObjectType(type) ? type.getFields()['sdl'] : undefined;
  if (field) field.type = new GraphQLNonNull(GraphQLString);
}

type Resolvers = NonNullable<Extract<Parameters<typeof buildSubgraphSchema>[0], { resolvers?: unknown }>['resolvers']>;

/** The resolvers that TypeGraphQL made, of the fields that do more than read a property, and the scalars' functions. */
function resolversOf(schema: GraphQLSchema): Resolvers {
  const resolvers: Resolvers = { [BigIntScalar.name]: BigIntScalar };
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    const withResolver = Object.values(type.getFields()).filter((field) => field.resolve);
    if (withResolver.length > 0) resolvers[type.name] = Object.fromEntries(withResolver.map((field) => [field.name, field.resolve])) as Resolvers[string];
  }
  return resolvers;
}
