import 'reflect-metadata';
import {
  DirectiveLocation,
  GraphQLBoolean,
  GraphQLDirective,
  GraphQLEnumType,
  GraphQLInt,
  GraphQLObjectType,
  GraphQLSchema,
  lexicographicSortSchema,
  specifiedDirectives,
} from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { ContractResolver } from './contract/contract.resolver';
import { CustomerResolver } from './customer/customer.resolver';
import { InvoiceConnectionResolver } from './invoice/invoice-connection.resolver';
import { InvoiceResolver } from './invoice/invoice.resolver';
import { RefetchResolver } from './refetch.resolver';

/** Apollo's directive for cache hints, as Apollo Server defines it. */
const CacheControlDirective = new GraphQLDirective({
  name: 'cacheControl',
  description: 'For how many seconds a part of a response may be cached, and for whom: PRIVATE means for its caller alone.',
  args: {
    maxAge: { type: GraphQLInt },
    scope: {
      type: new GraphQLEnumType({
        name: 'CacheControlScope',
        description: 'Who may be sent a cached response.',
        values: { PUBLIC: { description: 'Anybody.' }, PRIVATE: { description: 'The caller who asked, and nobody else.' } },
      }),
    },
    inheritMaxAge: { type: GraphQLBoolean },
  },
  locations: [DirectiveLocation.FIELD_DEFINITION, DirectiveLocation.OBJECT, DirectiveLocation.INTERFACE, DirectiveLocation.UNION],
});

let clientSchema: GraphQLSchema | undefined;

/**
 * The schema as clients see it, sorted. A pure function of the source tree, built only once, since building it is the slowest
 * part of a start that involves the schema. Callers must not modify it.
 */
export function getClientSchema(): GraphQLSchema {
  return (clientSchema ??= buildClientSchema());
}

function buildClientSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [CustomerResolver, ContractResolver, InvoiceResolver, InvoiceConnectionResolver, RefetchResolver],
    // Arguments are validated where the domain makes its values of them.
    validate: false,
    directives: [...specifiedDirectives, CacheControlDirective],
    // Apollo Server refuses an invalid schema when it starts.
    skipCheck: true,
  });
  return lexicographicSortSchema(withQueryDescribed(schema));
}

/** TypeGraphQL makes the root type by itself, and offers no place for its description. */
function withQueryDescribed(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig();
  const described = new GraphQLObjectType({
    ...config.query?.toConfig(),
    name: 'Query',
    fields: config.query?.toConfig().fields ?? {},
    description: 'Where every query starts.',
  });
  return new GraphQLSchema({ ...config, query: described, types: config.types.filter((type) => type !== config.query) });
}
